"""Orders 2026-01-01: searchOrders and getOrder, bare objects, with data sets that `includedData` asks for."""

from typing import Any

from piepowder.demo.marketplace.paging import read_token, turn_page
from piepowder.demo.marketplace.v2026_shapes import DATA_SETS, order_shape
from piepowder.demo.marketplace.wire import Call, invalid, iso
from piepowder.demo.orders import Filter

_STATUSES = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
}
_FULFILLED_BY = {"MERCHANT": "MFN", "AMAZON": "AFN"}
_RECENT_SECONDS = 120


def search_orders(call: Call) -> Any:
    """A page of a seller's orders, oldest first."""
    wanted_data = _included(call)
    token = call.one("paginationToken")
    wanted = read_token(call, token) if token else _filter(call)
    orders, next_token = turn_page(call, wanted)
    answer: dict[str, Any] = {"orders": [order_shape(call, order, wanted_data, wanted.as_of) for order in orders]}
    if next_token:
        answer["pagination"] = {"nextToken": next_token}
    if wanted.by_update:
        answer["lastUpdatedBefore"] = iso(wanted.updated_before or wanted.as_of)
    else:
        answer["createdBefore"] = iso(wanted.created_before or wanted.as_of)
    return answer


def get_order(call: Call) -> Any:
    return {"order": order_shape(call, call.order(), _included(call), call.now)}


def _included(call: Call) -> frozenset[str]:
    return frozenset(call.choices("includedData", DATA_SETS))


def _filter(call: Call) -> Filter:
    created, updated = call.moment("createdAfter"), call.moment("lastUpdatedAfter")
    if (created is None) == (updated is None):
        raise invalid("Exactly one of createdAfter and lastUpdatedAfter is needed.")
    created_before, updated_before = call.moment("createdBefore"), call.moment("lastUpdatedBefore")
    if (created_before and created is None) or (updated_before and updated is None):
        raise invalid("createdBefore and lastUpdatedBefore need their own After.")
    end = created_before or updated_before or call.now - _RECENT_SECONDS
    if (created or updated or 0) > call.now or end > call.now - _RECENT_SECONDS + 5:
        raise invalid("Times must lie in the past, the later one at least two minutes.")
    marketplaces = call.many("marketplaceIds")
    elsewhere = bool(marketplaces) and call.book.market.id not in marketplaces
    return Filter(
        created_after=created,
        created_before=end if updated is None else None,
        updated_after=updated,
        updated_before=end if updated is not None else None,
        statuses=tuple(_STATUSES[status] for status in call.choices("fulfillmentStatuses", frozenset(_STATUSES))),
        channels=tuple(_FULFILLED_BY[name] for name in call.choices("fulfilledBy", frozenset(_FULFILLED_BY))),
        buyers=() if elsewhere else None,
        as_of=call.now,
        by_update=updated is not None,
        limit=call.number("maxResultsPerPage", 100, low=1, high=100),
    )
