"""What was decided, how it is carried out, and who appealed."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from piepowder.rooms.enforcement.models.cases import Case, choices, missing
from piepowder.rooms.enforcement.rules.cases import (
    APPEAL_TRANSITIONS,
    DECISION_TRANSITIONS,
    SANCTION_TRANSITIONS,
    AppealStatus,
    DecisionStatus,
    SanctionStatus,
)
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet


class DecisionQuerySet(StateQuerySet["Decision"]):
    def named(self, decision_id: str) -> "Decision":
        if decision := self.filter(pk=decision_id).first():
            return decision
        raise missing("enforcement_decision_unknown", "decision", decision_id)

    def waiting(self) -> "DecisionQuerySet":
        """For a second person."""
        return self.filter(status=DecisionStatus.PROPOSED).order_by("id")


class Decision(PrefixedModel, StatefulModel):
    """One decision in a case. `proposal` is what the ladder proposed, `departs` why it was not followed, `blast` whom it touches."""

    id_prefix = "dcs"
    transitions = DECISION_TRANSITIONS

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    status = models.CharField(max_length=20, choices=choices(DecisionStatus))
    measure = models.CharField(max_length=40, choices=choices(Measure))
    because = models.TextField()
    proposal = models.JSONField()
    departs = models.TextField(blank=True)
    conditions = models.JSONField(default=list)
    days = models.PositiveIntegerField(null=True, blank=True)  # how long it lasts; None: until its conditions are met
    blast = models.JSONField(default=dict)
    decided_by = models.CharField(max_length=100)
    decided_at = models.DateTimeField()
    second = models.CharField(max_length=100, blank=True)
    second_at = models.DateTimeField(null=True, blank=True)
    second_because = models.TextField(blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(status="proposed"), name="enforcement_decision_proposed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} in {self.case_id}"

    def ledger_fields(self) -> dict[str, str]:
        return self.case.ledger_fields()


class SanctionQuerySet(StateQuerySet["Sanction"]):
    def named(self, sanction_id: str) -> "Sanction":
        if sanction := self.filter(pk=sanction_id).first():
            return sanction
        raise missing("enforcement_sanction_unknown", "sanction", sanction_id)

    def in_force(self, kind: SubjectKind, subject: str) -> "SanctionQuerySet":
        return self.filter(case__subject_kind=kind, case__subject=subject, status=SanctionStatus.IN_FORCE)

    def in_force_of(self, case: Case) -> "SanctionQuerySet":
        return self.filter(case=case, status=SanctionStatus.IN_FORCE)

    def to_begin(self, at: datetime) -> "SanctionQuerySet":
        """Announced, and its day has come; while an appeal against it is heard it waits."""
        due = self.filter(status=SanctionStatus.ANNOUNCED, starts_at__lte=at).exclude(case__status="appealed")
        return due.order_by("starts_at", "id")

    def to_end(self, at: datetime) -> "SanctionQuerySet":
        return self.filter(status=SanctionStatus.IN_FORCE, ends_at__lte=at).order_by("ends_at", "id")

    def to_tell_sellers(self, at: datetime) -> "SanctionQuerySet":
        live = (SanctionStatus.ANNOUNCED, SanctionStatus.IN_FORCE)
        return self.filter(status__in=live, sellers_told=False, tell_sellers_at__lte=at).order_by("id")


class Sanction(PrefixedModel, StatefulModel):
    """A measure being carried out."""

    id_prefix = "snc"
    transitions = SANCTION_TRANSITIONS

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="sanctions")
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="sanctions")
    status = models.CharField(max_length=20, choices=choices(SanctionStatus))
    measure = models.CharField(max_length=40, choices=choices(Measure))
    emergency = models.BooleanField(default=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    tell_sellers_at = models.DateTimeField(null=True, blank=True)
    sellers_told = models.BooleanField(default=False)
    conditions = models.JSONField(default=list)  # as `rules.conditions.Condition`
    imposed_by = models.CharField(max_length=100, blank=True)  # of an emergency, who did not wait
    confirmed_by = models.CharField(max_length=100, blank=True)  # and the second person
    ended_because = models.TextField(blank=True)

    objects = SanctionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["starts_at"], condition=Q(status="announced"), name="enforcement_sanction_begins"),
            models.Index(fields=["ends_at"], condition=Q(status="in_force"), name="enforcement_sanction_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} ({self.status})"

    def ledger_fields(self) -> dict[str, str]:
        return self.case.ledger_fields()


class AppealQuerySet(StateQuerySet["Appeal"]):
    def named(self, appeal_id: str) -> "Appeal":
        if appeal := self.filter(pk=appeal_id).first():
            return appeal
        raise missing("enforcement_appeal_unknown", "appeal", appeal_id)


class Appeal(PrefixedModel, StatefulModel):
    """Against a decision. `judge` had no part in it."""

    id_prefix = "apl"
    transitions = APPEAL_TRANSITIONS

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="appeals")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    status = models.CharField(max_length=20, choices=choices(AppealStatus))
    text = models.TextField()
    filed_by = models.CharField(max_length=100)
    filed_at = models.DateTimeField()
    judge = models.CharField(max_length=100, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)
    because = models.TextField(blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case"], condition=Q(status="filed"), name="enforcement_appeal_filed_once")
        ]

    def __str__(self) -> str:
        return f"appeal in {self.case_id}"

    def ledger_fields(self) -> dict[str, str]:
        return self.case.ledger_fields()
