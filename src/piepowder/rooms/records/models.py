"""How calls ended, counted hour by hour from the ledger, so that a page need not read a day of it.

`Hour` and `Reason` are added to in the same transaction that moves `Place` on, so a record is counted once, whatever dies when.
"""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Max, Sum

from piepowder.rooms.records.endings import Why


class PlaceQuerySet(models.QuerySet["Place"]):
    def taken(self) -> "Place | None":
        """The saved place, locked; None while another process counts."""
        return self.select_for_update(skip_locked=True).filter(pk=1).first()


class Place(models.Model):
    """One row: up to where the ledger is counted, in the order of commits, and when that was."""

    id = models.SmallIntegerField(primary_key=True)
    place = models.CharField(max_length=30)
    counted_at = models.DateTimeField()

    objects = PlaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.place


class HourQuerySet(models.QuerySet["Hour"]):
    def since(self, first: datetime) -> "HourQuerySet":
        return self.filter(hour__gte=first).order_by("hour")


class Hour(models.Model):
    """Calls of one hour (its beginning, UTC). `reduced` were served with something replaced or withheld that the app asked for."""

    hour = models.DateTimeField(primary_key=True)
    whole = models.BigIntegerField(default=0)
    reduced = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    personal = models.BigIntegerField(default=0)  # of all of them, those whose answer carried a shopper's data in plain

    objects = HourQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"


class ReasonQuerySet(models.QuerySet["Reason"]):
    def top(self, first: datetime, kind: str, limit: int) -> list[Why]:
        """The reasons with most calls since an hour; each with the id of the newest call."""
        rows = self.filter(hour__gte=first, kind=kind).values("why").order_by()
        summed = rows.annotate(number=Sum("calls"), example=Max("newest")).order_by("-number", "why")
        return [Why(row["why"], row["number"], row["example"]) for row in summed[:limit]]


class Reason(models.Model):
    """Why calls of one hour were refused (`why`: an error code) or lost something (`why`: a policy, or what else it rests on)."""

    hour = models.DateTimeField()
    kind = models.CharField(max_length=16)  # refused | withheld
    why = models.CharField(max_length=120)
    calls = models.BigIntegerField(default=0)
    newest = models.CharField(max_length=64)  # id of a record

    objects = ReasonQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hour", "kind", "why"], name="records_reason_once")
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.why}"
