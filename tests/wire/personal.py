"""Which fields are personal, written down by hand from the API's own description and the default policy, as a naive oracle.

path of a leaf -> (data element that unlocks it, purposes that may read it while the order is open). Only Orders v0 knows elements.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

OPEN = frozenset({"unshipped", "shipped", "delivered"})
BOTH, SHIPPING, TAX = frozenset({"shipping", "tax"}), frozenset({"shipping"}), frozenset({"tax"})
NOBODY: frozenset[str] = frozenset()
Field = tuple[str | None, frozenset[str]]


def _below(above: str, fields: Mapping[str, Field]) -> dict[str, Field]:
    return {f"{above}.{name}": field for name, field in fields.items()}


_ADDRESS: dict[str, Field] = {
    "Name": ("shippingAddress", BOTH),
    "CompanyName": ("shippingAddress", BOTH),
    "AddressLine1": ("shippingAddress", BOTH),
    "AddressLine2": ("shippingAddress", BOTH),
    "AddressType": ("shippingAddress", BOTH),
    "Phone": ("shippingAddress", SHIPPING),
    "ExtendedFields.StreetName": ("shippingAddress", BOTH),
    "PostalCode": (None, BOTH),
}
_BUYER: dict[str, Field] = {
    "BuyerEmail": (None, NOBODY),
    "BuyerName": ("buyerInfo", BOTH),
    "BuyerCounty": ("buyerInfo", BOTH),
    "BuyerTaxInfo.CompanyLegalName": ("buyerInfo", BOTH),
    "BuyerTaxInfo.TaxingRegion": ("buyerInfo", TAX),
    "BuyerTaxInfo.TaxClassifications[].Name": ("buyerInfo", TAX),
    "BuyerTaxInfo.TaxClassifications[].Value": ("buyerInfo", TAX),
    "PurchaseOrderNumber": ("buyerInfo", TAX),
}
_ITEM_BUYER: dict[str, Field] = {
    "GiftMessageText": ("buyerInfo", SHIPPING),
    "BuyerCustomizedInfo.CustomizedURL": ("buyerInfo", SHIPPING),
}
_ORDER: dict[str, Field] = {
    **_below("ShippingAddress", _ADDRESS),
    **_below("BuyerInfo", _BUYER),
    "BuyerTaxInformation.BuyerLegalCompanyName": ("buyerTaxInformation", BOTH),
    "BuyerTaxInformation.BuyerBusinessAddress": ("buyerTaxInformation", BOTH),
    "BuyerTaxInformation.BuyerTaxRegistrationId": ("buyerTaxInformation", TAX),
    "BuyerTaxInformation.BuyerTaxOffice": ("buyerTaxInformation", TAX),
}
_WISHES: dict[str, Field] = dict.fromkeys(
    (
        "DropOffLocation",
        "AddressInstructions",
        "OtherAttributes[]",
        "PreferredDeliveryTime.BusinessHours[].DayOfWeek",
        "PreferredDeliveryTime.BusinessHours[].OpenIntervals[].StartTime.Hour",
        "PreferredDeliveryTime.BusinessHours[].OpenIntervals[].StartTime.Minute",
        "PreferredDeliveryTime.BusinessHours[].OpenIntervals[].EndTime.Hour",
        "PreferredDeliveryTime.BusinessHours[].OpenIntervals[].EndTime.Minute",
    ),
    ("shippingAddress", SHIPPING),
)
_ADDRESS_2026: dict[str, Field] = {
    "name": (None, BOTH),
    "companyName": (None, BOTH),
    "addressLine1": (None, BOTH),
    "addressLine2": (None, BOTH),
    "addressType": (None, BOTH),
    "postalCode": (None, BOTH),
    "phone": (None, SHIPPING),
}
_WISHES_2026: dict[str, Field] = dict.fromkeys(
    (
        "dropOffLocation",
        "addressInstruction",
        "deliveryTime.businessHours[].dayOfWeek",
        "deliveryTime.businessHours[].timeWindows[].startTime.hour",
        "deliveryTime.businessHours[].timeWindows[].startTime.minute",
        "deliveryTime.businessHours[].timeWindows[].endTime.hour",
        "deliveryTime.businessHours[].timeWindows[].endTime.minute",
    ),
    (None, SHIPPING),
)
_ORDER_2026: dict[str, Field] = {
    "buyer.buyerName": (None, BOTH),
    "buyer.buyerEmail": (None, NOBODY),
    "buyer.buyerCompanyName": (None, BOTH),
    "buyer.buyerPurchaseOrderNumber": (None, TAX),
    **_below("recipient.deliveryAddress", _ADDRESS_2026),
    **_below("recipient.deliveryPreference", _WISHES_2026),
    "tax.taxRegistrations[].legalName": (None, BOTH),
    "tax.taxRegistrations[].taxRegistrationNumber": (None, TAX),
    **_below("tax.taxRegistrations[].taxRegistrationAddress", _ADDRESS_2026),
    "orderItems[].product.customization.customizedUrl": (None, SHIPPING),
    "orderItems[].fulfillment.packing.giftOption.giftMessage": (None, SHIPPING),
    "orderItems[].cancellation.cancellationRequest.cancelReason": (None, SHIPPING),
    "orderItems[].cancellation.cancellationExecution.cancelReason": (None, SHIPPING),
}
PERSONAL: dict[str, dict[str, Field]] = {
    "orders.v0.getOrder": _below("payload", _ORDER),
    "orders.v0.getOrderItems": {
        **_below("payload.OrderItems[].BuyerInfo", _ITEM_BUYER),
        "payload.OrderItems[].BuyerRequestedCancel.BuyerCancelReason": (None, SHIPPING),
    },
    "orders.v0.getOrderAddress": {
        **_below("payload.ShippingAddress", _ADDRESS),
        "payload.BuyerCompanyName": ("shippingAddress", BOTH),
        **_below("payload.DeliveryPreferences", _WISHES),
    },
    "orders.v0.getOrderBuyerInfo": _below("payload", _BUYER),
    "orders.v0.getOrderItemsBuyerInfo": _below("payload.OrderItems[]", _ITEM_BUYER),
    "orders.v0.getOrderRegulatedInfo": {"payload.RegulatedInformation.Fields[].FieldValue": ("buyerInfo", SHIPPING)},
    "orders.2026-01-01.getOrder": _below("order", _ORDER_2026),
}


def readable(operation: str, *, purpose: str, elements: Iterable[str], state: str) -> set[str]:
    """Paths of personal fields that may go out in plain; `elements`: those that the token unlocks."""
    unlocked = {None, *elements}
    fields = PERSONAL[operation].items() if state in OPEN else ()
    return {path for path, (element, purposes) in fields if element in unlocked and purpose in purposes}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every leaf; `[]` stands for each element of a list."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, f"{path}[]")
    else:
        yield path, value
