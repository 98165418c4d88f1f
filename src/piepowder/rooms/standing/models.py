"""The standing of each app and developer, and every change it went through."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from piepowder.core.facts.model import StandingFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.standing.rules import CAPABILITIES, SLOWED, TRANSITIONS, Capability, Standing, combined


class SubjectQuerySet(StateQuerySet["Subject"]):
    def named(self, subject_id: str) -> "Subject":
        """One subject; `standing_subject_unknown` if there is none."""
        if subject := self.filter(pk=subject_id).first():
            return subject
        raise PiepowderError(
            "standing_subject_unknown",
            f"no app or developer `{subject_id}`",
            hint="a subject is an id of the form `app_…` or `dev_…`",
            kind=ErrorKind.NOT_FOUND,
        )

    def capabilities(self, *subject_ids: str) -> frozenset[Capability]:
        """What all of these subjects together may do just now; an unknown subject may do nothing."""
        found = self.in_bulk(subject_ids)
        if set(found) != set(subject_ids):
            return frozenset()
        return combined(*(Standing(subject.status) for subject in found.values()))

    def of(self, subject_ids: Iterable[str]) -> dict[str, str]:
        """Subject id -> standing, for lists."""
        return dict(self.filter(pk__in=list(subject_ids)).values_list("id", "status"))


class Subject(StatefulModel):
    """An app or a developer, by its id. This room knows nothing else about either."""

    transitions = TRANSITIONS

    id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=20, choices=[("app", "app"), ("developer", "developer")])
    status = models.CharField(max_length=40, choices=[(one.value, one.value) for one in Standing])
    last_reason = models.TextField(blank=True)
    changed_at = models.DateTimeField()

    objects = SubjectQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.id}: {self.status}"

    @property
    def capabilities(self) -> frozenset[Capability]:
        return CAPABILITIES[Standing(self.status)]

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "subject": self.id,
            "kind": self.kind,
            "standing": self.status,
            "capabilities": sorted(self.capabilities),
            "reason": self.last_reason,
            "changed_at": self.changed_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {self.kind: self.id}

    def fact(self) -> StandingFact:
        return StandingFact(capabilities=tuple(sorted(self.capabilities)), slowed=self.status in SLOWED)


class ChangeQuerySet(models.QuerySet["Change"]):
    def of_subject(self, subject_id: str) -> "ChangeQuerySet":
        return self.filter(subject=subject_id).order_by("-id")


class Change(PrefixedModel):
    """One change of a standing. Rows are only added."""

    id_prefix = "stc"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="changes")
    old = models.CharField(max_length=40, blank=True)  # empty: this is where it began
    new = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    changed_by = models.CharField(max_length=100)
    changed_at = models.DateTimeField()

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.old} -> {self.new}"

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "from": self.old,
            "to": self.new,
            "reason": self.reason,
            "by": self.changed_by,
            "at": self.changed_at,
        }
