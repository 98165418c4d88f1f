"""Orders v0: seven reads, each in the envelope `{payload}`."""

from typing import Any

from piepowder.demo.buyers import wishes
from piepowder.demo.marketplace.paging import read_token, turn_page
from piepowder.demo.marketplace.v0_shapes import (
    address,
    buyer_info,
    delivery_preferences,
    item_buyer_info,
    item_shape,
    order_shape,
    regulated_info,
)
from piepowder.demo.marketplace.wire import Call, Fault, invalid, iso, without_empty
from piepowder.demo.orders import PROMISE_SECONDS, Filter

STATUSES = frozenset(
    {
        "PendingAvailability",
        "Pending",
        "Unshipped",
        "PartiallyShipped",
        "Shipped",
        "InvoiceUnconfirmed",
        "Canceled",
        "Unfulfillable",
    }
)
_CHANNELS = frozenset({"AFN", "MFN"})
_PAYMENTS = frozenset({"COD", "CVS", "Other"})
_RECENT_SECONDS = 120
_SHIP_BY_SECONDS = 3 * 86_400  # earliest delivery
_ITEMS_LIMIT = 100


def get_orders(call: Call) -> Any:
    """A page of a seller's orders, oldest first."""
    token = call.one("NextToken")
    wanted = read_token(call, token) if token else _filter(call)
    orders, next_token = turn_page(call, wanted)
    payload: dict[str, Any] = {"Orders": [order_shape(call, order, wanted.as_of) for order in orders]}
    if next_token:
        payload["NextToken"] = next_token
    if wanted.by_update:
        payload["LastUpdatedBefore"] = iso(wanted.updated_before or wanted.as_of)
    else:
        payload["CreatedBefore"] = iso(wanted.created_before or wanted.as_of)
    return {"payload": payload}


def get_order(call: Call) -> Any:
    return {"payload": order_shape(call, call.order(), call.now)}


def get_order_buyer_info(call: Call) -> Any:
    order = call.order()
    person = call.book.buyer(order)
    return {"payload": {"AmazonOrderId": order.id, **buyer_info(person, wishes(order.id, person))}}


def get_order_address(call: Call) -> Any:
    order = call.order()
    person = call.book.buyer(order)
    payload = {
        "AmazonOrderId": order.id,
        "BuyerCompanyName": person.company,
        "ShippingAddress": address(person),
        "DeliveryPreferences": delivery_preferences(wishes(order.id, person)),
    }
    return {"payload": without_empty(payload)}


def get_order_items(call: Call) -> Any:
    order = call.order()
    items, next_token = _item_page(call)
    payload = {"AmazonOrderId": order.id, "OrderItems": [item_shape(call, order, item) for item in items]}
    return {"payload": payload | ({"NextToken": next_token} if next_token else {})}


def get_order_items_buyer_info(call: Call) -> Any:
    order = call.order()
    items, next_token = _item_page(call)
    payload = {
        "AmazonOrderId": order.id,
        "OrderItems": [{"OrderItemId": item.id, **item_buyer_info(call, order, item)} for item in items],
    }
    return {"payload": payload | ({"NextToken": next_token} if next_token else {})}


def get_order_regulated_info(call: Call) -> Any:
    order = call.order()
    return {"payload": regulated_info(order, call.book.buyer(order))}


def _item_page(call: Call) -> tuple[list[Any], str]:
    """At most a hundred items; the token is the number of items before."""
    token = call.one("NextToken", "0")
    items = call.book.items(call.order())
    if not (token.isascii() and token.isdigit()) or int(token[:9]) >= max(len(items), 1):
        raise invalid("NextToken is not valid.")
    start = int(token)
    end = start + _ITEMS_LIMIT
    return items[start:end], str(end) if end < len(items) else ""


def _filter(call: Call) -> Filter:
    _check_marketplaces(call)
    times = {
        name: call.moment(name) for name in ("CreatedAfter", "CreatedBefore", "LastUpdatedAfter", "LastUpdatedBefore")
    }
    ids = (*call.many("AmazonOrderIds"), *call.many("SellerOrderId", limit=1))
    _check_times(call, times, ids)
    by_update = times["LastUpdatedAfter"] is not None
    return Filter(
        created_after=_latest(times["CreatedAfter"], _delivery_bound(call, "After")),
        created_before=None
        if by_update
        else _earliest(times["CreatedBefore"], call.now - _RECENT_SECONDS, _delivery_bound(call, "Before")),
        updated_after=times["LastUpdatedAfter"],
        updated_before=_earliest(times["LastUpdatedBefore"], call.now - _RECENT_SECONDS) if by_update else None,
        statuses=call.choices("OrderStatuses", STATUSES),
        channels=call.choices("FulfillmentChannels", _CHANNELS),
        buyers=_buyers(call),
        ids=ids,
        as_of=call.now,
        by_update=by_update,
        limit=call.number("MaxResultsPerPage", 100, low=1, high=100),
    )


def _check_marketplaces(call: Call) -> None:
    marketplaces = call.many("MarketplaceIds")
    if not marketplaces:
        raise invalid("MarketplaceIds is missing.")
    if call.book.market.id not in marketplaces:
        raise Fault(
            403,
            "Unauthorized",
            "Access to requested resource is denied.",
            "the seller does not sell on these marketplaces",
        )


def _check_times(call: Call, times: dict[str, int | None], ids: tuple[str, ...]) -> None:
    created, updated = times["CreatedAfter"], times["LastUpdatedAfter"]
    if created is not None and updated is not None:
        raise invalid("CreatedAfter and LastUpdatedAfter exclude each other.")
    if created is None and updated is None and not ids:
        raise invalid("Either CreatedAfter or LastUpdatedAfter is needed.")
    for kind, start in (("Created", created), ("LastUpdated", updated)):
        end = times[f"{kind}Before"]
        if start is not None and start > call.now:
            raise invalid(f"{kind}After must not lie in the future.")
        if end is not None and end > call.now - _RECENT_SECONDS + 5:
            raise invalid(f"{kind}Before must be at least two minutes in the past.")
        if start is not None and end is not None and end < start:
            raise invalid(f"{kind}Before must not be earlier than {kind}After.")


def _delivery_bound(call: Call, side: str) -> int | None:
    """Filters on delivery dates, as bounds on the time of the order they were promised from."""
    earliest, latest = call.moment(f"EarliestDeliveryDate{side}"), call.moment(f"LatestDeliveryDate{side}")
    bounds = (earliest - _SHIP_BY_SECONDS if earliest else None, latest - PROMISE_SECONDS if latest else None)
    return _latest(*bounds) if side == "After" else _earliest(*bounds)


def _buyers(call: Call) -> tuple[str, ...] | None:
    """Keys of the buyers that BuyerEmail names; nobody, where a filter asks for what this marketplace does not have."""
    if call.choices("PaymentMethods", _PAYMENTS) not in ((), ("Other",)) and "Other" not in call.many("PaymentMethods"):
        return ()
    if call.one("IsISPU").lower() == "true" or call.one("StoreChainStoreId") or call.many("EasyShipShipmentStatuses"):
        return ()
    email = call.one("BuyerEmail").lower()
    if not email:
        return None
    return tuple(person.key for person in call.book.buyers_of(call.seller) if person.email == email)


def _latest(*moments: int | None) -> int | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _earliest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)
