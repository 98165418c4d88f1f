"""Dates as clients really send them: with `Z`, with an offset, naive (read as UTC), or a day alone."""

from datetime import UTC, datetime


def parse_moment(value: object) -> datetime | None:
    """Aware, in UTC; None where it is no ISO 8601 date. A moment that was parsed already is only put into UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else _in_utc(value)
    if not isinstance(value, str) or not value.isascii():
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else _in_utc(moment)


def _in_utc(moment: datetime) -> datetime | None:
    if moment.tzinfo is UTC:
        return moment
    if moment.year in (1, 9999):  # an offset could lead out of the calendar
        return None
    return moment.astimezone(UTC)
