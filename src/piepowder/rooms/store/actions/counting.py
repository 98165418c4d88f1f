"""The store follows the ledger from a saved place and counts what apps read. Told from top to bottom.

    saved place -> sums of a batch (core/ledger/tally.py) -> added to days and tallies, place moved on (one transaction)
                -> labels of the apps concerned -> medians of the shelves

If we die before the commit, the batch is counted again from the same place; after it, only labels are late, and the next look
sums them up. The job rests twenty times as long as it worked, so it never takes more than a twentieth of a processor.
"""

import time
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from django.db import connection, models, transaction

from piepowder.core.ledger import tally as ledger
from piepowder.core.ledger.read import present_place
from piepowder.core.marketplace.model import OrderState
from piepowder.rooms.appstore.models import App
from piepowder.rooms.store.models import Day, Label, Listing, Median, Place, Tally
from piepowder.rooms.store.observed import Counted, add_up, middle, shares
from piepowder.rooms.store.released import declared
from piepowder.rooms.store.rules import SELLERS_SHOWN_MIN, WINDOW
from piepowder.rooms.store.sketch import added, from_registers
from piepowder.rooms.store.verdicts import Became, became

BATCH_RECORDS = 20_000
BUDGET_SECONDS = 10.0
REST = 20
KEPT_DAYS = 40
STALE_AT_ONCE = 1_000
CHUNK = 200
MEDIANS_EVERY = timedelta(hours=1)
SMALL_STORE = 500  # up to so many labels, medians are made with every look
Row = TypeVar("Row", bound=models.Model)


def count_due(*, at: datetime) -> int:
    """Counts what was recorded since the last look; how many apps got a new label. Safe to run in several processes."""
    begun = time.monotonic()
    touched: set[str] = set()
    while (batch := _next_batch(at)) is not None:
        touched |= batch
        if time.monotonic() - begun > BUDGET_SECONDS:
            break
    touched.update(Label.objects.stale(at.date(), STALE_AT_ONCE))
    if touched:
        sum_up(touched, at=at)
        _make_medians(at)
    Place.objects.filter(pk=1, counted_at=at).update(took_seconds=time.monotonic() - begun)
    return len(touched)


@transaction.atomic
def _next_batch(at: datetime) -> set[str] | None:
    """Ids of the apps in the next batch; None where there is nothing more, it is too early, or somebody else counts."""
    place = Place.objects.taken()
    if place is None or (
        at != place.counted_at and at < place.counted_at + timedelta(seconds=REST * place.took_seconds)
    ):
        return None
    since = at - timedelta(days=KEPT_DAYS)
    upto = ledger.reach(_ledger(), place.place, records=BATCH_RECORDS, since=since)
    if upto == place.place:
        Place.objects.filter(pk=1).update(counted_at=at)
        return None
    apps = _add(Batch.read(place.place, upto, since))
    Place.objects.filter(pk=1).update(place=upto, counted_at=at)
    return apps if apps or int(upto) < int(present_place(_ledger())) else None


class Batch:
    """Records between two places, added up by their keys."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, date, str], Day] = {}
        self.tallies: dict[tuple[str, date, str, str], Tally] = {}

    @classmethod
    def read(cls, place: str, upto: str, since: datetime) -> "Batch":
        batch = cls()
        for told in ledger.tallies(_ledger(), place, upto, since=since, states=[str(state) for state in OrderState]):
            batch.take(told)
        for sketch in ledger.sketches(_ledger(), place, upto, since=since):
            batch.day(sketch.app, sketch.day, sketch.purpose).seen = from_registers(sketch.registers)
        return batch

    def day(self, app: str, day: date, purpose: str) -> Day:
        key = (app, day, purpose[:200])
        return self.days.setdefault(key, Day(app_id=app, day=day, purpose=key[2], sellers=[]))

    def take(self, told: ledger.Tally) -> None:
        day = self.day(told.app, told.day, told.purpose)
        if told.outcome != "served":
            day.refused += told.calls if told.outcome == "refused" else 0
            return
        day.calls += told.calls
        day.personal += told.calls if told.personal else 0
        day.orders += sum(told.orders.values())
        day.sellers = _three(day.sellers, [told.seller])
        for one in became(told.verdicts, told.orders):
            self._count(told, one)

    def _count(self, told: ledger.Tally, one: Became) -> None:
        key = (told.app, told.day, told.purpose[:200], one.category)
        row = self.tallies.setdefault(
            key, Tally(app_id=told.app, day=told.day, purpose=key[2], category=one.category, sellers=[])
        )
        setattr(row, one.done, getattr(row, one.done) + told.calls)
        row.orders_read += one.orders_read
        row.sellers = _three(row.sellers, [told.seller])


def _add(batch: Batch) -> set[str]:
    """Adds a batch to the tables. Whoever holds the place is the only one who writes them."""
    apps, days = {key[0] for key in batch.days}, {key[1] for key in batch.days}
    for day in Day.objects.of(apps, days):
        if more := batch.days.get((day.app_id, day.day, day.purpose)):
            _plus(more, day, ("calls", "personal", "refused", "orders"))
            more.seen = added(bytes(day.seen), bytes(more.seen))
    for row in Tally.objects.of(apps, days):
        if also := batch.tallies.get((row.app_id, row.day, row.purpose, row.category)):
            _plus(also, row, ("read", "replaced", "withheld", "orders_read"))
    _put(Day, batch.days.values(), ["app_id", "day", "purpose"])
    _put(Tally, batch.tallies.values(), ["app_id", "day", "purpose", "category"])
    return apps


def _plus(row: Any, before: Any, names: Iterable[str]) -> None:
    for name in names:
        setattr(row, name, getattr(row, name) + getattr(before, name))
    row.sellers = _three(before.sellers, row.sellers)


def _three(before: Collection[str], more: Collection[str]) -> list[str]:
    return list(dict.fromkeys([*before, *(one for one in more if one)]))[:SELLERS_SHOWN_MIN]


def _put(table: type[Row], rows: Iterable[Row], key: list[str]) -> None:
    columns = [field.name for field in table._meta.concrete_fields if field.name not in (*key, "id")]
    table._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=key, update_fields=columns, batch_size=1_000
    )


def sum_up(app_ids: Collection[str], *, at: datetime) -> None:
    """Writes the labels of these apps anew, of the 30 days up to `at`."""
    ordered = sorted(app_ids)
    for start in range(0, len(ordered), CHUNK):
        _sum_up(ordered[start : start + CHUNK], at)
    Day.objects.older(at.date() - timedelta(days=KEPT_DAYS)).delete()
    Tally.objects.older(at.date() - timedelta(days=KEPT_DAYS)).delete()


def _sum_up(app_ids: list[str], at: datetime) -> None:
    first = at.date() - WINDOW + timedelta(days=1)
    days, tallies = Day.objects.since(app_ids, first), Tally.objects.summed(app_ids, first)
    asked = {app.id: declared(app.manifest()) for app in App.objects.filter(pk__in=app_ids).exclude(current_version="")}
    labels = []
    for app_id in app_ids:
        own = Counted(
            days=tuple(day for day in days if day["app_id"] == app_id),
            tallies=tuple(row for row in tallies if row["app_id"] == app_id),
        )
        total = add_up(own)
        body, parts = msgspec.to_builtins(total), shares(total, asked.get(app_id, {}))
        labels.append(Label(app_id=app_id, day=at.date(), body=body, shares=parts, summed_at=at))
    _put(Label, labels, ["app_id"])


@transaction.atomic
def _make_medians(at: datetime) -> None:
    place = Place.objects.taken()
    if place is None:
        return
    recent = place.medians_at is not None and at < place.medians_at + MEDIANS_EVERY
    if recent and Label.objects.count() > SMALL_STORE:
        return
    several: dict[tuple[str, str], list[float]] = {}
    shelves = dict(Listing.objects.exclude(categories=[]).values_list("app_id", "categories"))
    for app_id, parts in Label.objects.values_list("app_id", "shares"):
        for shelf in shelves.get(app_id, ()):
            for category, share in parts.items():
                several.setdefault((shelf, category), []).append(share)
    rows = [
        Median(shelf=shelf, category=category, share=middle(found), apps=len(found), summed_at=at)
        for (shelf, category), found in several.items()
        if len(found) >= SELLERS_SHOWN_MIN
    ]
    Median.objects.all().delete()
    Median.objects.bulk_create(rows)
    Place.objects.filter(pk=1).update(medians_at=at)


def _ledger() -> Any:
    connection.ensure_connection()
    return connection.connection
