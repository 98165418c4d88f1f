"""Counts how calls ended, from a saved place in the ledger on.

saved place -> endings of a batch (core/ledger/tally.py) -> added to hours and reasons, place moved on (one transaction)
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from piepowder.core.ledger import tally
from piepowder.core.ledger.tally import Ending
from piepowder.rooms.records.endings import column_of, reasons_of
from piepowder.rooms.records.models import Hour, Place, Reason

BATCH_RECORDS = 20_000
BATCHES = 20  # in one look; what is left waits for the next
KEPT_DAYS = 40


def count_due(*, at: datetime) -> int:
    """Counts what was recorded since the last look; in how many batches. Safe to run in several processes at once."""
    batches = 0
    while batches < BATCHES and _next_batch(at):
        batches += 1
    first = at - timedelta(days=KEPT_DAYS)
    Hour.objects.filter(hour__lt=first).delete()
    Reason.objects.filter(hour__lt=first).delete()
    return batches


@transaction.atomic
def _next_batch(at: datetime) -> bool:
    """Whether there was anything to count and nobody else counts it."""
    place = Place.objects.taken()
    if place is None:
        return False
    since = at - timedelta(days=KEPT_DAYS)
    upto = tally.reach(_ledger(), place.place, records=BATCH_RECORDS, since=since)
    if upto != place.place:
        _add(list(tally.endings(_ledger(), place.place, upto, since=since)))
    Place.objects.filter(pk=1).update(place=upto, counted_at=at)
    return upto != place.place


def _add(endings: Iterable[Ending]) -> None:
    hours: dict[datetime, Counter[str]] = {}
    reasons: dict[tuple[datetime, str, str], tuple[int, str]] = {}
    for ending in endings:
        counts = hours.setdefault(ending.hour, Counter())
        counts[column_of(ending)] += ending.calls
        counts["personal"] += ending.calls if ending.personal else 0
        for kind, why in reasons_of(ending):
            calls, newest = reasons.get((ending.hour, kind, why[:120]), (0, ""))
            reasons[ending.hour, kind, why[:120]] = (calls + ending.calls, max(newest, ending.newest))
    for hour, counts in hours.items():
        _add_hour(hour, counts)
    for (hour, kind, why), (calls, newest) in reasons.items():
        _add_reason(hour, kind, why, calls, newest)


def _add_hour(hour: datetime, counts: Counter[str]) -> None:
    Hour.objects.get_or_create(hour=hour)
    Hour.objects.filter(hour=hour).update(**{name: F(name) + number for name, number in counts.items()})


def _add_reason(hour: datetime, kind: str, why: str, calls: int, newest: str) -> None:
    row, _ = Reason.objects.get_or_create(hour=hour, kind=kind, why=why, defaults={"newest": newest})
    Reason.objects.filter(pk=row.pk).update(calls=F("calls") + calls, newest=max(row.newest, newest))


def _ledger() -> Any:
    connection.ensure_connection()
    return connection.connection
