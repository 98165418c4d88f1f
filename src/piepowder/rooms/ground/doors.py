"""What every door of the JSON API shares: shapes of what is sent, pages of lists, the present moment."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.db import models
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from piepowder.core.kernel.clock import SystemClock

_NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"  # PostgreSQL stores no NUL, and nobody reads the others

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=_NO_CONTROL)]
Prose = Annotated[str, StringConstraints(max_length=2000, pattern=_NO_CONTROL)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.*:@+-]+$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]  # an id, ours or theirs
Limit = Annotated[int, Field(ge=1, le=500)]


def _in_utc(moment: datetime) -> datetime:
    """PostgreSQL takes no zone beyond 16 hours, and no calendar goes past its ends."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Sent(Schema):
    """The body of a request: a member that is not documented is refused, so that no wish is silently dropped."""

    model_config = ConfigDict(extra="forbid")


def now() -> datetime:
    """The present moment, for the `at=` of an action."""
    return SystemClock().now()


def page(rows: "models.QuerySet[Any]", *, after: str, limit: int) -> list[Any]:
    """The next rows by id (ids sort by the time they were made), following the row `after`."""
    return list(rows.filter(pk__gt=after).order_by("pk")[:limit])
