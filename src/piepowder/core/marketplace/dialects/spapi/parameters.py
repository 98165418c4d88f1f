"""The API's own rules between request parameters. Each answers with a sentence for the app, or None."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from piepowder.core.marketplace.dialects.spapi.moments import parse_moment

Query = Mapping[str, Sequence[str]]

SETTLED = timedelta(minutes=2)  # a "before" must be this far in the past
CLOCKS_APART = timedelta(minutes=5)  # how far a client's clock may run ahead or behind
HOURLY_REACH = timedelta(days=30)
REACH = timedelta(days=731)

_BESIDE_SELLER_ORDER_ID = (
    "FulfillmentChannels",
    "OrderStatuses",
    "PaymentMethods",
    "LastUpdatedAfter",
    "LastUpdatedBefore",
    "BuyerEmail",
)
_DATES = (
    "CreatedAfter",
    "CreatedBefore",
    "LastUpdatedAfter",
    "LastUpdatedBefore",
    "EarliestDeliveryDateAfter",
    "EarliestDeliveryDateBefore",
    "LatestDeliveryDateAfter",
    "LatestDeliveryDateBefore",
)


def broken_rule(operation: str, query: Query, now: datetime) -> str | None:
    """The first rule of that operation which the query breaks."""
    rule = _RULES.get(operation)
    return None if rule is None else rule(query, now)


def _first(query: Query, name: str) -> str | None:
    """The value of a parameter; an empty one counts as absent, as the API has it."""
    values = query.get(name)
    return values[0] if values and values[0] else None


def _get_orders(query: Query, now: datetime) -> str | None:
    """A next token stands for all filters. Order numbers or a seller's order number alone will do, too (leniently)."""
    if _first(query, "NextToken"):
        return None
    if not _first(query, "MarketplaceIds"):
        return "`MarketplaceIds` is required"
    if _first(query, "SellerOrderId"):
        beside = [name for name in _BESIDE_SELLER_ORDER_ID if _first(query, name)]
        if beside:
            return f"`SellerOrderId` cannot be combined with `{beside[0]}`"
    alone = bool(_first(query, "AmazonOrderIds") or _first(query, "SellerOrderId"))
    return (
        _unreadable(query, _DATES)
        or _one_start(query, "CreatedAfter", "LastUpdatedAfter", needed=not alone)
        or _window(query, now, "CreatedAfter", "CreatedBefore", settled=SETTLED)
        or _window(query, now, "LastUpdatedAfter", "LastUpdatedBefore", settled=SETTLED)
        or _apart(query, "CreatedAfter", "LastUpdatedBefore")
        or _apart(query, "LastUpdatedAfter", "CreatedBefore")
    )


def _search_orders(query: Query, now: datetime) -> str | None:
    """With a pagination token the filters may be left out: public clients do so, and the token is bound to them."""
    names = ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")
    return (
        _unreadable(query, names)
        or _one_start(query, "createdAfter", "lastUpdatedAfter", needed=not _first(query, "paginationToken"))
        or _pair(query, "createdAfter", "createdBefore")
        or _pair(query, "lastUpdatedAfter", "lastUpdatedBefore")
        or _window(query, now, "createdAfter", "createdBefore")
        or _window(query, now, "lastUpdatedAfter", "lastUpdatedBefore")
    )


def _unreadable(query: Query, names: Sequence[str]) -> str | None:
    bad = [name for name in names if (value := _first(query, name)) and parse_moment(value) is None]
    return f"`{bad[0]}` is not an ISO 8601 date" if bad else None


def _one_start(query: Query, created: str, updated: str, *, needed: bool) -> str | None:
    given = bool(_first(query, created)) + bool(_first(query, updated))
    if given > 1:
        return f"`{created}` and `{updated}` exclude each other"
    return f"one of `{created}` and `{updated}` is required" if needed and not given else None


def _apart(query: Query, after: str, before: str) -> str | None:
    return f"`{before}` cannot be set beside `{after}`" if _first(query, after) and _first(query, before) else None


def _pair(query: Query, after: str, before: str) -> str | None:
    alone = _first(query, before) and not _first(query, after)
    return f"`{before}` needs `{after}`" if alone and not _first(query, "paginationToken") else None


def _window(query: Query, now: datetime, after: str, before: str, settled: timedelta | None = None) -> str | None:
    start, end = parse_moment(_first(query, after)), parse_moment(_first(query, before))
    if start is not None and start > now + CLOCKS_APART:
        return f"`{after}` lies in the future"
    if start is not None and end is not None and end < start:
        return f"`{before}` must not be earlier than `{after}`"
    if end is not None and settled is not None and end > now - settled:
        return f"`{before}` must be at least two minutes in the past"
    return None


def _get_order_metrics(query: Query, now: datetime) -> str | None:
    if len([value for value in query.get("marketplaceIds", ()) if value]) != 1:
        return "`marketplaceIds` takes exactly one marketplace"
    if _first(query, "asin") and _first(query, "sku"):
        return "`asin` and `sku` exclude each other"
    granularity = _first(query, "granularity")
    if granularity is None:
        return "`granularity` is required"
    ends = _interval(_first(query, "interval") or "")
    if isinstance(ends, str):
        return ends
    reach = HOURLY_REACH if granularity == "Hour" else REACH
    if ends[0] < now - reach - CLOCKS_APART:
        return f"`interval` may begin {'30 days' if granularity == 'Hour' else 'two years'} ago at most"
    return _time_zone(_first(query, "granularityTimeZone"), granularity, ends)


def _interval(value: str) -> tuple[datetime, datetime] | str:
    """Both ends with the offsets they were given; or the sentence that says what is wrong."""
    parts = value.split("--")
    if len(parts) != 2 or any(parse_moment(part) is None for part in parts):
        return "`interval` must be two ISO 8601 dates joined by `--`"
    start, end = (datetime.fromisoformat(part) for part in parts)
    if start.tzinfo is None or end.tzinfo is None:
        return "`interval` must be absolute: give `Z` or an offset with each date"
    return (start, end) if start < end else "`interval` must end after it begins"


def _time_zone(name: str | None, granularity: str, ends: tuple[datetime, datetime]) -> str | None:
    """Needed for days and longer; a total has no inner boundaries, so it may do without."""
    if name is None:
        needed = granularity not in ("Hour", "Total")
        return f"`granularityTimeZone` is required with granularity `{granularity}`" if needed else None
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "`granularityTimeZone` is not an IANA time zone"
    differs = any(end.utcoffset() != end.astimezone(UTC).astimezone(zone).utcoffset() for end in ends)
    return "`granularityTimeZone` does not agree with the offset of `interval`" if differs else None


_RULES: dict[str, Callable[[Query, datetime], str | None]] = {
    "orders.v0.getOrders": _get_orders,
    "orders.2026-01-01.searchOrders": _search_orders,
    "sales.v1.getOrderMetrics": _get_order_metrics,
}
