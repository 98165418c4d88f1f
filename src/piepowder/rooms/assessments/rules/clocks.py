"""Dates that are promised, and figures that are published. Pure."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil

REMINDERS_DAYS = (60, 30, 14, 7, 3, 1)  # before an approval ends
PUBLISHED_DAYS = 180  # how far back published waits look
_END_OF_DAY = time(23, 59, 59)


def business_days_after(start: datetime, days: int, holidays: Collection[date] = ()) -> datetime:
    """The end of the n-th business day after a moment: Monday to Friday, holidays left out. UTC."""
    day = start.date()
    while days > 0:
        day += timedelta(days=1)
        days -= is_business_day(day, holidays)
    return datetime.combine(day, _END_OF_DAY, tzinfo=start.tzinfo)


def is_business_day(day: date, holidays: Collection[date] = ()) -> bool:
    return day.weekday() < 5 and day not in holidays


def business_days_between(start: datetime, end: datetime, holidays: Collection[date] = ()) -> int:
    """Business days that began after `start` and up to `end`: handed in and decided on the same day is 0."""
    days = (end.date() - start.date()).days
    return sum(is_business_day(start.date() + timedelta(days=ahead), holidays) for ahead in range(1, days + 1))


def percentile(values: Sequence[int], share: float) -> int | None:
    """The smallest value that at least that share of the values does not exceed (nearest rank); None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def reminder_due(valid_until: datetime, at: datetime, sent: Collection[int]) -> int | None:
    """How many days ahead the reminder is that is due now and was not sent; one of several missed is enough."""
    passed = [days for days in REMINDERS_DAYS if at >= valid_until - timedelta(days=days)]
    if not passed or at >= valid_until:
        return None
    nearest = min(passed)
    return None if nearest in sent else nearest
