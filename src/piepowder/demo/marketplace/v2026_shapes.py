"""Orders 2026-01-01: an order as JSON. Blocks outside `includedData` are absent."""

from typing import Any

from piepowder.demo.buyers import Buyer, Draw, Wishes, wishes
from piepowder.demo.marketplace.wire import Call, amount, iso, without_empty
from piepowder.demo.orders import Item, Life, Order, life
from piepowder.demo.shops import shop

DAY = 86_400
DATA_SETS = frozenset(
    {
        "BUYER",
        "RECIPIENT",
        "PROCEEDS",
        "EXPENSE",
        "PROMOTION",
        "CANCELLATION",
        "FULFILLMENT",
        "PACKAGES",
        "TAX",
        "PAYMENT",
        "FULFILLMENT_ORDERS",
    }
)
_STATUSES = {
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "Canceled": "CANCELLED",
}
_REASONS = {1: "BUYER_CHANGED_MIND", 2: "RETURNED"}


def order_shape(call: Call, order: Order, data: frozenset[str], now: int) -> dict[str, Any]:
    """An order with the blocks of `data`; `now` decides its status."""
    person, state = call.book.buyer(order), life(order, now)
    said = wishes(order.id, person)
    items = call.book.items(order)
    fields = {
        "orderId": order.id,
        "orderAliases": [{"aliasId": order.id, "aliasType": "SELLER_ORDER_ID"}],
        "createdTime": iso(order.placed),
        "lastUpdatedTime": iso(state.updated),
        "programs": ["AMAZON_BUSINESS"] if person.business else [],
        "salesChannel": _channel(call),
        "buyer": _buyer(order, state, person, said) if "BUYER" in data else {},
        "recipient": _recipient(person, said) if "RECIPIENT" in data else {},
        "proceeds": _proceeds(call, order) if "PROCEEDS" in data else {},
        "payment": _payment(call, order, person) if "PAYMENT" in data else {},
        "tax": _tax(person) if "TAX" in data else {},
        "fulfillment": _fulfilment(order, state) if "FULFILLMENT" in data else {},
        "packages": _packages(call, order, state, items) if "PACKAGES" in data else [],
        "fulfillmentOrders": _fulfilment_orders(order) if "FULFILLMENT_ORDERS" in data else [],
    }
    return without_empty(fields) | {"orderItems": [_item(call, order, state, item, data, said) for item in items]}


def _channel(call: Call) -> dict[str, str]:
    return {"channelName": "AMAZON", "marketplaceId": call.book.market.id, "marketplaceName": call.book.market.name}


def _recipient(person: Buyer, said: Wishes) -> dict[str, Any]:
    return without_empty({"deliveryAddress": _address(person), "deliveryPreference": _preference(said)})


def _payment(call: Call, order: Order, person: Buyer) -> dict[str, Any]:
    method = "Invoice" if person.business else "CreditCard"
    return {"paymentExecutions": [{"paymentMethod": method, "paymentAmount": _money(call, order.total_cents)}]}


def _fulfilment_orders(order: Order) -> list[dict[str, str]]:
    return [{"fulfillmentOrderId": f"FO-{order.id}"}] if order.channel == "AFN" else []


def _money(call: Call, cents: int) -> dict[str, str]:
    return {"amount": amount(cents), "currencyCode": call.book.market.currency}


def _buyer(order: Order, state: Life, person: Buyer, said: Wishes) -> dict[str, Any]:
    """The e-mail address is there for merchant-fulfilled orders that were not cancelled."""
    fields = {
        "buyerName": person.name,
        "buyerEmail": person.email if order.channel == "MFN" and state.status != "Canceled" else "",
        "buyerCompanyName": person.company,
        "buyerPurchaseOrderNumber": said.purchase_order,
    }
    return without_empty(fields)


def _address(person: Buyer) -> dict[str, Any]:
    fields = {
        "name": person.name,
        "companyName": person.company,
        "addressLine1": person.line_1,
        "addressLine2": person.line_2,
        "city": person.city,
        "stateOrRegion": person.region,
        "postalCode": person.postcode,
        "countryCode": person.country,
        "phone": person.phone,
        "addressType": "COMMERCIAL" if person.business else "RESIDENTIAL",
    }
    return without_empty(fields)


def _preference(said: Wishes) -> dict[str, Any]:
    saturday = {
        "dayOfWeek": "SAT",
        "timeWindows": [{"startTime": {"hour": 9, "minute": 0}, "endTime": {"hour": 12, "minute": 30}}],
    }
    fields = {
        "dropOffLocation": said.drop_off,
        "addressInstruction": said.instructions,
        "deliveryTime": {"businessHours": [saturday]} if said.drop_off and said.instructions else {},
    }
    return without_empty(fields)


def _proceeds(call: Call, order: Order) -> dict[str, Any]:
    parts = [{"type": "ITEM", "subtotal": _money(call, order.cents)}]
    if order.shipping_cents:
        parts.append({"type": "SHIPPING", "subtotal": _money(call, order.shipping_cents)})
    return {"grandTotal": _money(call, order.total_cents), "breakdowns": parts}


def _tax(person: Buyer) -> dict[str, Any]:
    registration = {
        "entityType": "BUYER",
        "legalName": person.company,
        "taxRegistrationType": "VAT" if person.country != "US" else "BUSINESS",
        "taxRegistrationNumber": person.tax_id,
        "taxRegistrationAddress": _address(person),
    }
    invoicing = {
        "buyerInvoicePreference": "BUSINESS" if person.business else "INDIVIDUAL",
        "invoiceStatus": "NOT_REQUIRED",
    }
    return {"taxRegistrations": [registration] if person.business else [], "taxInvoicing": invoicing}


def _fulfilment(order: Order, state: Life) -> dict[str, Any]:
    return {
        "fulfillmentStatus": _STATUSES[state.status],
        "fulfilledBy": "AMAZON" if order.channel == "AFN" else "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {"earliestDateTime": iso(order.placed), "latestDateTime": iso(order.placed + 2 * DAY)},
        "deliverByWindow": {"earliestDateTime": iso(order.placed + 3 * DAY), "latestDateTime": iso(order.promised)},
    }


def _packages(call: Call, order: Order, state: Life, items: list[Item]) -> list[dict[str, Any]]:
    """One parcel once something is shipped; the marketplace's own parcels are not told."""
    if order.channel == "AFN" or not state.shipped_units:
        return []
    sent = items if state.status == "Shipped" else items[:1]
    shipped = (order.shipped if state.status == "Shipped" else order.partial) or order.placed
    return [
        {
            "packageReferenceId": "1",
            "createdTime": iso(shipped),
            "packageStatus": {"status": "DELIVERED" if state.delivered else "IN_TRANSIT"},
            "carrier": "Example Post",
            "shipTime": iso(shipped),
            "shippingService": "Standard",
            "trackingNumber": Draw("parcel", order.id).fill("EX#########"),
            "shipFromAddress": _ship_from(call),
            "packageItems": [{"orderItemId": item.id, "quantity": item.quantity} for item in sent],
        }
    ]


def _ship_from(call: Call) -> dict[str, Any]:
    seller = shop(call.book.source, call.seller.id, call.book.market.country)
    fields = {
        "name": seller.business_name,
        "addressLine1": seller.line_1,
        "city": seller.city,
        "stateOrRegion": seller.region,
        "postalCode": seller.postcode,
        "countryCode": seller.country,
    }
    return without_empty(fields)


def _item(call: Call, order: Order, state: Life, item: Item, data: frozenset[str], said: Wishes) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "orderItemId": item.id,
        "measurement": {"unit": "GALLONS", "value": item.measure / 1000} if item.measure is not None else {},
        "product": _product(call, item, said),
    }
    if "PROCEEDS" in data:
        fields["proceeds"] = _item_proceeds(call, order, item)
    if "EXPENSE" in data:
        fields["expense"] = {
            "pointsCost": {"pointsGranted": {"pointsNumber": 0, "pointsMonetaryValue": _money(call, 0)}}
        }
    if "PROMOTION" in data and item.promoted:
        fields["promotion"] = {"breakdowns": [{"promotionId": f"LOYALTY-{call.seller.number}"}]}
    if "CANCELLATION" in data and state.status == "Canceled":
        fields["cancellation"] = _cancellation(order, said)
    if "FULFILLMENT" in data:
        fields["fulfillment"] = _item_fulfilment(order, state, item, said)
    if "TAX" in data and order.country == "US":
        fields["tax"] = {
            "taxCollections": [{"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}]
        }
    return without_empty(fields) | {"quantityOrdered": item.quantity}


def _product(call: Call, item: Item, said: Wishes) -> dict[str, Any]:
    fields = {
        "asin": item.asin,
        "title": item.title,
        "sellerSku": item.sku,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
        "price": {"unitPrice": _money(call, round(item.cents / max(item.quantity, 1)))},
        "customization": {"customizedUrl": said.customisation_url}
        if said.customisation_url and item.position == 1
        else {},
    }
    return without_empty(fields)


def _item_proceeds(call: Call, order: Order, item: Item) -> dict[str, Any]:
    shipping = order.shipping_cents if item.position == 1 else 0
    parts = [{"type": "ITEM", "subtotal": _money(call, item.cents)}]
    if shipping:
        parts.append({"type": "SHIPPING", "subtotal": _money(call, shipping)})
    return {"proceedsTotal": _money(call, item.cents + shipping), "breakdowns": parts}


def _cancellation(order: Order, said: Wishes) -> dict[str, Any]:
    return {
        "cancellationRequest": {"requester": "BUYER", "cancelReason": said.cancel_reason},
        "cancellationExecution": {
            "cancelledBy": "BUYER",
            "cancelReason": _REASONS.get(order.cancel_reason or 1, "OTHER"),
        },
    }


def _item_fulfilment(order: Order, state: Life, item: Item, said: Wishes) -> dict[str, Any]:
    shipped = (
        item.quantity if state.status == "Shipped" or (state.status == "PartiallyShipped" and item.position == 1) else 0
    )
    fields = {
        "quantityFulfilled": shipped,
        "quantityUnfulfilled": 0 if state.status == "Canceled" else item.quantity - shipped,
        "packing": {"giftOption": {"giftMessage": said.gift_message, "giftWrapLevel": "Classic"}}
        if said.gift_message and item.position == 1
        else {},
        "shipping": {"shippingConstraints": {"recipientAgeVerification": "MANDATORY"}} if said.pet_name else {},
    }
    return without_empty(fields)
