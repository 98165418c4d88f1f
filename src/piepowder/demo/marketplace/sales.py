"""Sales: getOrderMetrics. The figures are sums over the very orders that Orders serves, cancelled ones left out.

`totalSales` is the sum of the orders' totals (items and shipping charge), so that a seller can add it up.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from piepowder.demo.marketplace.wire import Call, amount, invalid
from piepowder.demo.orders import Filter, Sale

GRANULARITIES = frozenset({"Hour", "Day", "Week", "Month", "Year", "Total"})
_NETWORKS = frozenset({"MFN", "AFN"})
_LONGEST = {"Hour": timedelta(days=30, hours=1)}
_LONGEST_OTHER = timedelta(days=2 * 366)


def get_order_metrics(call: Call) -> Any:
    """One entry per sub-interval, `from` inclusive, `to` exclusive, the first and last cut to the interval asked for."""
    if call.many("marketplaceIds", limit=1) != (call.book.market.id,):
        raise invalid("marketplaceIds must be the one marketplace of the seller.")
    granularity = call.one("granularity")
    if granularity not in GRANULARITIES:
        raise invalid(f"granularity must be one of {', '.join(sorted(GRANULARITIES))}.")
    start, end = _interval(call, granularity)
    sales = _sales(call, start, end)
    moments = [sale.placed for sale in sales]
    payload = []
    for lower, upper in _parts(start, end, granularity, call.one("firstDayOfWeek", "Monday")):
        first, last = bisect_left(moments, lower.timestamp()), bisect_left(moments, upper.timestamp())
        payload.append(_figures(call, lower, upper, sales[first:last]))
    return {"payload": payload}


def _interval(call: Call, granularity: str) -> tuple[datetime, datetime]:
    start_text, separator, end_text = call.one("interval").partition("--")
    if not separator:
        raise invalid("interval must have the form from--to.")
    start, end = _absolute(start_text), _absolute(end_text)
    if end <= start:
        raise invalid("the end of the interval must come after its start.")
    if end - start > _LONGEST.get(granularity, _LONGEST_OTHER):
        raise invalid("the interval is too long for this granularity.")
    zone = _zone(call, granularity, start)
    return start.astimezone(zone), end.astimezone(zone)


def _absolute(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise invalid("interval must consist of two ISO 8601 date-times.") from None
    if moment.tzinfo is None:
        raise invalid("interval must be absolute: each time needs Z or an offset.")
    return moment


def _zone(call: Call, granularity: str, start: datetime) -> tzinfo:
    name = call.one("granularityTimeZone")
    if not name:
        if granularity not in ("Hour", "Total"):
            raise invalid("granularityTimeZone is needed for this granularity.")
        return start.tzinfo or ZoneInfo("UTC")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("granularityTimeZone must be a time zone of the IANA database.") from None
    if start.utcoffset() != start.astimezone(zone).utcoffset():
        raise invalid("granularityTimeZone does not agree with the offset of the interval.")
    return zone


def _sales(call: Call, start: datetime, end: datetime) -> list[Sale]:
    buyer_type = call.one("buyerType", "All")
    if buyer_type not in ("B2B", "B2C", "All") or call.one("firstDayOfWeek", "Monday") not in ("Monday", "Sunday"):
        raise invalid("buyerType must be B2B, B2C or All, firstDayOfWeek Monday or Sunday.")
    if call.one("asin") and call.one("sku"):
        raise invalid("asin and sku exclude each other.")
    if call.one("amazonProgram"):
        return []
    buyers = None
    if buyer_type != "All":
        buyers = tuple(
            person.key for person in call.book.buyers_of(call.seller) if person.business == (buyer_type == "B2B")
        )
    wanted = Filter(
        created_after=-int(-start.timestamp() // 1),
        created_before=min(-int(-end.timestamp() // 1) - 1, call.now),
        channels=call.choices("fulfillmentNetwork", _NETWORKS),
        buyers=buyers,
        as_of=call.now,
    )
    return call.book.sales(call.seller, wanted, asin=call.one("asin"), sku=call.one("sku"))


def _parts(start: datetime, end: datetime, granularity: str, first_day: str) -> Iterator[tuple[datetime, datetime]]:
    lower = start
    while lower < end:
        upper = min(_next(lower, granularity, first_day) or end, end, key=datetime.timestamp)
        yield lower, upper
        lower = upper


def _next(moment: datetime, granularity: str, first_day: str) -> datetime | None:
    """The next boundary, by the clock on the wall of the time zone; None where there is only one interval."""
    if granularity == "Total":
        return None
    if granularity == "Hour":
        floor = moment.replace(minute=0, second=0, microsecond=0)
        return datetime.fromtimestamp(floor.timestamp() + 3600, moment.tzinfo)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if granularity == "Day":
        return midnight + timedelta(days=1)
    if granularity == "Week":
        passed = moment.weekday() if first_day == "Monday" else (moment.weekday() + 1) % 7
        return midnight + timedelta(days=7 - passed)
    if granularity == "Month":
        return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    return midnight.replace(year=moment.year + 1, month=1, day=1)


def _figures(call: Call, lower: datetime, upper: datetime, sales: list[Sale]) -> dict[str, Any]:
    units, cents = sum(sale.units for sale in sales), sum(sale.cents for sale in sales)
    currency = call.book.market.currency
    return {
        "interval": f"{lower.isoformat(timespec='minutes')}--{upper.isoformat(timespec='minutes')}",
        "unitCount": units,
        "orderItemCount": sum(sale.lines for sale in sales),
        "orderCount": len(sales),
        "averageUnitPrice": {"currencyCode": currency, "amount": amount(round(cents / units) if units else 0)},
        "totalSales": {"currencyCode": currency, "amount": amount(cents)},
    }
