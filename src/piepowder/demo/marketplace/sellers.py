"""Sellers: where a seller sells, and who the seller is. The businesses are made up, see `demo/shops.py`."""

from typing import Any

from piepowder.demo.marketplace.wire import Call
from piepowder.demo.shops import Shop, shop


def get_marketplace_participations(call: Call) -> Any:
    return {"payload": [_participation(call)]}


def get_account(call: Call) -> Any:
    seller = _shop(call)
    business = {
        "name": seller.business_name,
        "registeredBusinessAddress": _address(seller),
        "companyRegistrationNumber": seller.registration,
        "companyTaxIdentificationNumber": seller.tax_id,
    }
    payload = {
        "marketplaceParticipationList": [_participation(call)],
        "businessType": "PRIVATE_LIMITED",
        "sellingPlan": "PROFESSIONAL" if call.seller.orders > 40 else "INDIVIDUAL",
        "business": business,
        "primaryContact": {"name": seller.contact, "address": _address(seller)},
    }
    return {"payload": payload}


def _shop(call: Call) -> Shop:
    return shop(call.book.source, call.seller.id, call.book.market.country)


def _participation(call: Call) -> dict[str, Any]:
    market = call.book.market
    return {
        "marketplace": {
            "id": market.id,
            "name": market.name,
            "countryCode": market.country,
            "defaultCurrencyCode": market.currency,
            "defaultLanguageCode": market.language,
            "domainName": market.domain,
        },
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
        "storeName": _shop(call).store_name,
    }


def _address(seller: Shop) -> dict[str, str]:
    return {
        "addressLine1": seller.line_1,
        "countryCode": seller.country,
        "stateOrProvinceCode": seller.region,
        "city": seller.city,
        "postalCode": seller.postcode,
    }
