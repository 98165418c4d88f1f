"""Calendar months of the marketplace, in its own time zone. A month is named by its first day. Pure.

Bounds are moments: a month ends at the very moment the next one begins, whatever clocks did in between.
"""

from datetime import date, datetime, timedelta, tzinfo

from piepowder.core.kernel.errors import PiepowderError

Span = tuple[datetime, datetime]


def parsed(text: str) -> date:
    """`2026-11` as the first of that month; `billing_month_malformed` otherwise."""
    try:
        if len(text) != 7:
            raise ValueError(text)
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise PiepowderError("billing_month_malformed", f"`{text}` is no month", hint="`2026-11`") from None


def month_of(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date().replace(day=1)


def following(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def days_in(month: date) -> int:
    return (following(month) - month).days


def beginning(month: date, zone: tzinfo) -> datetime:
    """Midnight there; where clocks skipped midnight, the first moment after it."""
    return datetime(month.year, month.month, 1, tzinfo=zone)


def bounds(month: date, zone: tzinfo) -> Span:
    return beginning(month, zone), beginning(following(month), zone)


def within(span: Span, since: datetime, until: datetime | None) -> Span | None:
    """What two spans have in common; None if nothing. `until` None has no end."""
    begins, ends = max(span[0], since), span[1] if until is None else min(span[1], until)
    return (begins, ends) if begins.timestamp() < ends.timestamp() else None


def days_touched(span: Span, zone: tzinfo) -> int:
    """How many days, there, have a moment of the span; the day of its end counts only if the span reaches into it."""
    first = span[0].astimezone(zone).date()
    last = (span[1] - timedelta(microseconds=1)).astimezone(zone).date()
    return (last - first).days + 1


def words(month: date) -> str:
    return f"{month:%B %Y}"
