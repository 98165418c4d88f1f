"""Orders v0: an order, its items and its buyer as JSON. Types follow Amazon's models, whose flags are sometimes texts."""

from typing import Any

from piepowder.demo.buyers import Buyer, Draw, Wishes, wishes
from piepowder.demo.marketplace.wire import Call, amount, iso, without_empty
from piepowder.demo.orders import Item, Life, Order, life
from piepowder.demo.shops import shop

DAY = 86_400


def money(call: Call, cents: int) -> dict[str, str]:
    return {"CurrencyCode": call.book.market.currency, "Amount": amount(cents)}


def order_shape(call: Call, order: Order, now: int) -> dict[str, Any]:
    """An order with everything inline; `now` decides its status."""
    person, state = call.book.buyer(order), life(order, now)
    said = wishes(order.id, person)
    draw = Draw("programme", order.id)
    fields = {
        "AmazonOrderId": order.id,
        "SellerOrderId": order.id,
        "PurchaseDate": iso(order.placed),
        "LastUpdateDate": iso(state.updated),
        "OrderStatus": state.status,
        "FulfillmentChannel": order.channel,
        **_commerce(call, order, state, person, draw),
        **_dates(order),
        "DefaultShipFromLocationAddress": ship_from(call),
        "SellerDisplayName": shop(call.book.source, call.seller.id, call.book.market.country).store_name,
        "BuyerInvoicePreference": "BUSINESS" if person.business else "INDIVIDUAL",
        "BuyerTaxInformation": tax_information(person),
        "FulfillmentInstruction": {"FulfillmentSupplySourceId": f"location-{call.seller.number:04d}"},
        "MarketplaceTaxInfo": {
            "TaxClassifications": [{"Name": person.tax_kind, "Value": f"{call.book.market.country} seller"}]
        }
        if person.business
        else {},
        "AutomatedShippingSettings": {"HasAutomatedShippingSettings": False},
        "ElectronicInvoiceStatus": "NotRequired",
        "HasRegulatedItems": bool(said.pet_name),
        "ShippingAddress": address(person),
        "BuyerInfo": buyer_info(person, said),
    }
    return without_empty(fields)


def _commerce(call: Call, order: Order, state: Life, person: Buyer, draw: Draw) -> dict[str, Any]:
    total = money(call, order.total_cents)
    prime = draw.below(5) == 0
    return {
        "SalesChannel": call.book.market.name,
        "OrderChannel": call.book.market.name,
        "ShipServiceLevel": "Expedited" if prime else "Standard",
        "ShipmentServiceLevelCategory": "Expedited" if prime else "Standard",
        "OrderTotal": total,
        "NumberOfItemsShipped": state.shipped_units,
        "NumberOfItemsUnshipped": 0 if state.status == "Canceled" else order.units - state.shipped_units,
        "PaymentExecutionDetail": [{"Payment": total, "PaymentMethod": "Invoice"}] if person.business else [],
        "PaymentMethod": "Other",
        "PaymentMethodDetails": ["Invoice" if person.business else "Standard"],
        "MarketplaceId": call.book.market.id,
        "OrderType": "StandardOrder",
        "IsBusinessOrder": person.business,
        "IsPrime": prime,
        "IsPremiumOrder": False,
        "IsGlobalExpressEnabled": False,
        "IsReplacementOrder": False,
        "IsSoldByAB": False,
        "IsIBA": False,
        "IsISPU": False,
        "IsAccessPointOrder": False,
    }


def _dates(order: Order) -> dict[str, Any]:
    return {
        "EarliestShipDate": iso(order.placed),
        "LatestShipDate": iso(order.placed + 2 * DAY),
        "EarliestDeliveryDate": iso(order.placed + 3 * DAY),
        "LatestDeliveryDate": iso(order.promised),
        "IsEstimatedShipDateSet": True,
    }


def address(person: Buyer) -> dict[str, Any]:
    street = person.line_1
    fields = {
        "Name": person.name,
        "CompanyName": person.company,
        "AddressLine1": street,
        "AddressLine2": person.line_2,
        "City": person.city,
        "StateOrRegion": person.region,
        "PostalCode": person.postcode,
        "CountryCode": person.country,
        "Phone": person.phone,
        "AddressType": "Commercial" if person.business else "Residential",
        "ExtendedFields": {"StreetName": street} if person.country == "BR" else {},
    }
    return without_empty(fields)


def buyer_info(person: Buyer, said: Wishes) -> dict[str, Any]:
    company = {
        "CompanyLegalName": person.company,
        "TaxingRegion": person.country,
        "TaxClassifications": [{"Name": person.tax_kind, "Value": person.tax_id}],
    }
    fields = {
        "BuyerEmail": person.email,
        "BuyerName": person.name,
        "BuyerCounty": person.region,
        "BuyerTaxInfo": company if person.business else {},
        "PurchaseOrderNumber": said.purchase_order,
    }
    return without_empty(fields)


def tax_information(person: Buyer) -> dict[str, Any]:
    if not person.business:
        return {}
    return {
        "BuyerLegalCompanyName": person.company,
        "BuyerBusinessAddress": f"{person.line_1}, {person.postcode} {person.city}",
        "BuyerTaxRegistrationId": person.tax_id,
        "BuyerTaxOffice": f"{person.city} (Madeup)",
    }


def ship_from(call: Call) -> dict[str, Any]:
    """The seller's own address: not a buyer's data."""
    seller = shop(call.book.source, call.seller.id, call.book.market.country)
    fields = {
        "Name": seller.business_name,
        "AddressLine1": seller.line_1,
        "City": seller.city,
        "StateOrRegion": seller.region,
        "PostalCode": seller.postcode,
        "CountryCode": seller.country,
    }
    return without_empty(fields)


def delivery_preferences(said: Wishes) -> dict[str, Any]:
    hours = {
        "BusinessHours": [
            {
                "DayOfWeek": "SAT",
                "OpenIntervals": [{"StartTime": {"Hour": 9, "Minute": 0}, "EndTime": {"Hour": 12, "Minute": 30}}],
            }
        ]
    }
    fields = {
        "DropOffLocation": said.drop_off,
        "AddressInstructions": said.instructions,
        "PreferredDeliveryTime": hours if said.drop_off and said.instructions else {},
        "OtherAttributes": ["HAS_ACCESS_POINT"] if said.instructions else [],
    }
    return without_empty(fields)


def item_shape(call: Call, order: Order, item: Item) -> dict[str, Any]:
    state = life(order, call.now)
    gift = _gift(call, order, item)
    fields = {
        "ASIN": item.asin,
        "SellerSKU": item.sku,
        "OrderItemId": item.id,
        "Title": item.title,
        "QuantityOrdered": item.quantity,
        "QuantityShipped": _shipped(state, item),
        "ProductInfo": {"NumberOfItems": "1"},
        "ItemPrice": money(call, item.cents),
        "ShippingPrice": money(call, order.shipping_cents if item.position == 1 else 0),
        "ItemTax": money(call, 0),
        "ShippingTax": money(call, 0),
        "PromotionDiscount": money(call, 0)
        if item.promoted
        else {},  # prices are what was paid: the discount is in them
        "PromotionIds": [f"LOYALTY-{call.seller.number}"] if item.promoted else [],
        "IsGift": "true" if gift.get("GiftMessageText") else "false",
        "ConditionId": "New",
        "ConditionSubtypeId": "New",
        "TaxCollection": {"Model": "MarketplaceFacilitator", "ResponsibleParty": "Amazon Services, Inc."}
        if order.country == "US"
        else {},
        "SerialNumberRequired": False,
        "IsTransparency": False,
        "BuyerInfo": gift,
        "BuyerRequestedCancel": _cancellation(call, order, state),
        "Measurement": {"Unit": "GALLONS", "Value": item.measure / 1000} if item.measure is not None else {},
    }
    return without_empty(fields)


def _shipped(state: Life, item: Item) -> int:
    if state.status == "Shipped":
        return item.quantity
    return item.quantity if state.status == "PartiallyShipped" and item.position == 1 else 0


def _gift(call: Call, order: Order, item: Item) -> dict[str, Any]:
    """Gift wrapping and customisation, said of an order's first item."""
    if item.position > 1:
        return {}
    said = wishes(order.id, call.book.buyer(order))
    wrapped = {
        "GiftWrapPrice": money(call, 0),
        "GiftWrapTax": money(call, 0),
        "GiftMessageText": said.gift_message,
        "GiftWrapLevel": "Classic",
    }
    custom = {"BuyerCustomizedInfo": {"CustomizedURL": said.customisation_url}}
    return (wrapped if said.gift_message else {}) | (custom if said.customisation_url else {})


item_buyer_info = _gift


def _cancellation(call: Call, order: Order, state: Life) -> dict[str, Any]:
    if state.status != "Canceled":
        return {}
    said = wishes(order.id, call.book.buyer(order))
    return {"IsBuyerRequestedCancel": "true", "BuyerCancelReason": said.cancel_reason}


def regulated_info(order: Order, person: Buyer) -> dict[str, Any]:
    """What a buyer had to say for a regulated product; most orders have none, and then no fields."""
    said = wishes(order.id, person)
    fields = (("pet_name", "Name of the pet", said.pet_name), ("keeper", "Keeper of the pet", person.name))
    stated = [
        {"FieldId": name, "FieldLabel": label, "FieldType": "Text", "FieldValue": value}
        for name, label, value in fields
    ]
    return {
        "AmazonOrderId": order.id,
        "RegulatedInformation": {"Fields": stated if said.pet_name else []},
        "RequiresDosageLabel": bool(said.pet_name),
        "RegulatedOrderVerificationStatus": {
            "Status": "Pending" if said.pet_name else "Approved",
            "RequiresMerchantAction": bool(said.pet_name),
            "ValidRejectionReasons": [
                {"RejectionReasonId": "1", "RejectionReasonDescription": "The prescription is not valid"}
            ],
        },
    }
