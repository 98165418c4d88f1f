"""What apps read, counted from the ledger: per day, and summed up for pages.

`Tally` and `Day` are added to in the same transaction that moves `Place` on, so a record is counted once, whatever dies when.
Of sellers a row keeps at most three ids: enough to know whether a count may be shown, too few to tell who an app's sellers are.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, ClassVar

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Sum

from piepowder.rooms.ground.models import PrefixedModel


class PlaceQuerySet(models.QuerySet["Place"]):
    def taken(self) -> "Place | None":
        """The saved place, locked; None while another process counts."""
        return self.select_for_update(skip_locked=True).filter(pk=1).first()


class Place(models.Model):
    """One row: up to where the ledger is counted, in the order of commits; when, and how long the last look took."""

    id = models.SmallIntegerField(primary_key=True)
    place = models.CharField(max_length=30)
    counted_at = models.DateTimeField()
    took_seconds = models.FloatField(default=0)
    medians_at = models.DateTimeField(null=True, blank=True)

    objects = PlaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.place


class _Joined(models.Func):
    """An array of words as one text."""

    function = "array_to_string"
    template = "%(function)s(%(expressions)s, ',')"
    output_field = models.TextField()


class TallyQuerySet(models.QuerySet["Tally"]):
    def of(self, app_ids: Collection[str], days: Collection[date]) -> "TallyQuerySet":
        return self.filter(app_id__in=app_ids, day__in=days)

    def summed(self, app_ids: Collection[str], first: date) -> list[dict[str, Any]]:
        """From a day on, each app, purpose and category: sums, and up to three sellers of each day."""
        sums = {name: Sum(name) for name in ("read", "replaced", "withheld", "orders_read")}
        rows = self.filter(app_id__in=app_ids, day__gte=first).values("app_id", "purpose", "category").order_by()
        found = rows.annotate(**sums, names=StringAgg(_Joined("sellers"), ",", distinct=True))
        return [{**row, "sellers": _names(row["names"])} for row in found]

    def older(self, first: date) -> "TallyQuerySet":
        return self.filter(day__lt=first)


class Tally(models.Model):
    """One app, day, purpose and data category (or a word above categories): what became of it, in calls and in orders."""

    app_id = models.CharField(max_length=64)
    day = models.DateField()
    purpose = models.CharField(max_length=200, blank=True)  # as the gateway names it; several joined by `+`
    category = models.CharField(max_length=64)
    read = models.BigIntegerField(default=0)  # calls that got it in plain
    replaced = models.BigIntegerField(default=0)  # calls that got a substitute
    withheld = models.BigIntegerField(default=0)  # calls that would have carried it, and got neither
    orders_read = models.BigIntegerField(default=0)  # orders of which it was given in plain; again each time
    sellers = ArrayField(models.CharField(max_length=64), default=list)

    objects = TallyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app_id", "day", "purpose", "category"], name="store_tally_once")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["day"], name="store_tally_day")]

    def __str__(self) -> str:
        return f"{self.app_id} {self.day} {self.category}"


class DayQuerySet(models.QuerySet["Day"]):
    def of(self, app_ids: Collection[str], days: Collection[date]) -> "DayQuerySet":
        return self.filter(app_id__in=app_ids, day__in=days)

    def since(self, app_ids: Collection[str], first: date) -> list[dict[str, Any]]:
        return [dict(row) for row in self.filter(app_id__in=app_ids, day__gte=first).values()]

    def older(self, first: date) -> "DayQuerySet":
        return self.filter(day__lt=first)


class Day(models.Model):
    """One app, day and purpose: how many calls, refusals and orders. `seen` is a sketch of the distinct orders (`sketch.py`)."""

    app_id = models.CharField(max_length=64)
    day = models.DateField()
    purpose = models.CharField(max_length=200, blank=True)
    calls = models.BigIntegerField(default=0)
    personal = models.BigIntegerField(default=0)  # calls whose answer carried a shopper's data in plain
    refused = models.BigIntegerField(default=0)
    orders = models.BigIntegerField(default=0)
    seen = models.BinaryField(default=bytes)
    sellers = ArrayField(models.CharField(max_length=64), default=list)

    objects = DayQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app_id", "day", "purpose"], name="store_day_once")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["day"], name="store_day_day")]

    def __str__(self) -> str:
        return f"{self.app_id} {self.day}"


class LabelQuerySet(models.QuerySet["Label"]):
    def bodies(self, app_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """App id -> what was observed; an app that never called has none."""
        return dict(self.filter(pk__in=list(app_ids)).values_list("app_id", "body"))

    def stale(self, today: date, limit: int) -> list[str]:
        """Apps whose 30 days have not been summed up since the day began."""
        return list(self.filter(day__lt=today).order_by("day").values_list("app_id", flat=True)[:limit])


class Label(models.Model):
    """What an app did in the 30 days up to `day`, summed up: the JSON of `observed.Observed`.

    `shares`: data category that it asks for -> share of its calls that read it, where it may be shown; medians are made of them.
    """

    app_id = models.CharField(primary_key=True, max_length=64)
    day = models.DateField(db_index=True)
    body = models.JSONField()
    shares = models.JSONField(default=dict)
    summed_at = models.DateTimeField()

    objects = LabelQuerySet.as_manager()

    def __str__(self) -> str:
        return self.app_id


class MedianQuerySet(models.QuerySet["Median"]):
    def of(self, shelves: Collection[str]) -> dict[tuple[str, str], "Median"]:
        return {(one.shelf, one.category): one for one in self.filter(shelf__in=shelves)}


class Median(PrefixedModel):
    """Half of the apps on a shelf of the store read a data category in fewer calls than this share, half in more."""

    id_prefix = "med"

    shelf = models.CharField(max_length=40)
    category = models.CharField(max_length=64)
    share = models.FloatField()
    apps = models.PositiveIntegerField()
    summed_at = models.DateTimeField()

    objects = MedianQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["shelf", "category"], name="store_median_once")
        ]

    def __str__(self) -> str:
        return f"{self.shelf} {self.category}"


def _names(joined: str | None) -> list[str]:
    return sorted({name for name in (joined or "").split(",") if name})
