"""The date by which every app has to be approved. Rows are only added; the newest counts."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from piepowder.rooms.ground.models import PrefixedModel


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def present(self) -> "Deadline | None":
        """The deadline that is set just now; None where none is, or where it was lifted."""
        newest = self.order_by("-id").first()
        return newest if newest is not None and newest.due_at is not None else None

    def due(self, at: datetime) -> "Deadline | None":
        """The present one, locked, if it is still ahead."""
        present = self.present()
        ahead = present is not None and present.due_at is not None and present.due_at > at
        return self.select_for_update().filter(pk=present.pk).first() if present is not None and ahead else None


class Deadline(PrefixedModel):
    """A date for existing apps to be approved by. What follows for those that are not is no business of this row."""

    id_prefix = "dln"

    due_at = models.DateTimeField(null=True, blank=True)  # None: lifted
    reason = models.TextField(blank=True)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=100)
    reminded = ArrayField(models.PositiveIntegerField(), default=list, blank=True)  # days ahead, as they were sent

    objects = DeadlineQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "due_at": self.due_at,
            "reason": self.reason,
            "set_at": self.set_at,
            "set_by": self.set_by,
            "reminded": sorted(self.reminded, reverse=True),
        }
