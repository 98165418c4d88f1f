"""What was handed in, frozen; what a reviewer decided of it; what the two sides wrote to each other."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.models.assessment import Assessment, QuestionnaireVersion
from piepowder.rooms.assessments.rules.answers import Given, given_from
from piepowder.rooms.assessments.rules.clocks import PUBLISHED_DAYS, percentile
from piepowder.rooms.assessments.rules.conditions import Case
from piepowder.rooms.assessments.rules.score import Result, judge
from piepowder.rooms.assessments.rules.status import CONCLUSIONS, Occasion, Side, Status, Word
from piepowder.rooms.ground.models import PrefixedModel


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def named(self, submission_id: str) -> "Submission":
        """One submission with its assessment; `assessments_submission_unknown` if there is none."""
        if submission := self.with_parts().filter(pk=submission_id).first():
            return submission
        raise PiepowderError(
            "assessments_submission_unknown", f"no submission `{submission_id}`", kind=ErrorKind.NOT_FOUND
        )

    def with_parts(self) -> "SubmissionQuerySet":
        """The questionnaire comes once for all rows: it is far longer than they are."""
        return self.select_related("assessment__developer").prefetch_related("questionnaire")

    def waiting(self) -> "SubmissionQuerySet":
        """The queue: what was promised first comes first, whoever handed it in."""
        return self.with_parts().filter(concluded_at=None).order_by("promised_at", "id")

    def unassigned(self) -> "SubmissionQuerySet":
        return self.waiting().filter(reviewer="")

    def to_confirm(self) -> "SubmissionQuerySet":
        """Approvals of personal data that wait for a second person."""
        return self.waiting().exclude(proposed_at=None)

    def approvers_of(self, developer: str) -> set[str]:
        """Every actor who had a part in an approval of this developer."""
        approved = self.filter(assessment__developer=developer, outcome__in=(Status.APPROVED, Status.PARTLY_APPROVED))
        rows = approved.values_list("reviewer", "confirmed_by", "decisions__decided_by")
        return {actor for row in rows for actor in row if actor}

    def last_approved(self) -> "SubmissionQuerySet":
        """The newest approved answers of each developer."""
        approved = self.filter(outcome__in=(Status.APPROVED, Status.PARTLY_APPROVED)).select_related("assessment")
        return (
            approved.prefetch_related("questionnaire")
            .order_by("assessment__developer_id", "-concluded_at")
            .distinct("assessment__developer_id")
        )

    def place(self, submission: "Submission") -> int | None:
        """Its place among those that wait for a reviewer, from 1; None once it has one."""
        if submission.reviewer or submission.concluded_at:
            return None
        earlier = Q(promised_at__lt=submission.promised_at) | Q(
            promised_at=submission.promised_at, id__lt=submission.id
        )
        return self.unassigned().filter(earlier).count() + 1

    def late(self, at: datetime) -> "SubmissionQuerySet":
        """Promises that were broken and not yet noted."""
        return self.waiting().filter(promised_at__lt=at, breached_at=None)

    def waits(self, at: datetime, occasions: Iterable[Occasion]) -> dict[str, int | None]:
        """What is published of the last 180 days: `count`, and `median` and `p90` of the wait in business days."""
        rows = self.filter(
            concluded_at__gt=at - timedelta(days=PUBLISHED_DAYS), outcome__in=CONCLUSIONS, occasion__in=list(occasions)
        )
        days = [one for one in rows.values_list("wait_days", flat=True) if one is not None]
        return {"count": len(days), "median": percentile(days, 0.5), "p90": percentile(days, 0.9)}


class Submission(PrefixedModel):
    """What was handed in at one time, frozen, and what one reviewer concluded of it. `wait_days` are business days."""

    id_prefix = "sub"

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    occasion = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Occasion])
    request = models.TextField(blank=True)  # why another reviewer is asked for
    questionnaire = models.ForeignKey(QuestionnaireVersion, on_delete=models.PROTECT, related_name="+")
    roles = ArrayField(models.CharField(max_length=64), default=list)
    answers = models.JSONField()  # question -> value, note, evidence
    submitted_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=100)
    promised_at = models.DateTimeField()
    breached_at = models.DateTimeField(null=True, blank=True)
    reviewer = models.CharField(max_length=100, blank=True)  # an actor
    assigned_at = models.DateTimeField(null=True, blank=True)
    concluded_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    roles_approved = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    wait_days = models.PositiveIntegerField(null=True, blank=True)
    proposed_outcome = models.CharField(max_length=20, blank=True)  # by its reviewer, until a second person confirms it
    proposed_roles = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    proposed_reason = models.TextField(blank=True)
    proposed_at = models.DateTimeField(null=True, blank=True)
    declined_because = models.TextField(blank=True)  # what the second person said against the last proposal
    confirmed_by = models.CharField(max_length=100, blank=True)  # an actor

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["promised_at", "id"], condition=Q(concluded_at=None), name="assessments_queue"),
            models.Index(fields=["concluded_at"], name="assessments_concluded"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["assessment", "number"], name="assessments_submission_once")
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id}, {self.number}"

    def given(self) -> dict[str, Given]:
        return {question: given_from(kept) for question, kept in self.answers.items()}

    def case(self) -> Case:
        """As on the day it was handed in: what has expired since is no fault of the answer."""
        return Case(
            questionnaire=self.questionnaire.parsed,
            answers=self.given(),
            roles=tuple(self.roles),
            today=self.submitted_at.date(),
        )

    def result(self) -> Result:
        """What the rules said when it was handed in: where a reviewer starts."""
        return judge(self.case())

    def words(self) -> dict[str, Word]:
        """Question -> what was decided of its answer."""
        return {one.question: Word(one.word) for one in self.decisions.all()}

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "assessment": self.assessment_id,
            "number": self.number,
            "occasion": self.occasion,
            "request": self.request,
            "roles": self.roles,
            "submitted_at": self.submitted_at,
            "promised_at": self.promised_at,
            "breached_at": self.breached_at,
            "reviewer": self.reviewer,
            "concluded_at": self.concluded_at,
            "outcome": self.outcome,
            "reason": self.reason,
            "roles_approved": self.roles_approved,
            "wait_days": self.wait_days,
            "proposed_outcome": self.proposed_outcome,
            "proposed_roles": self.proposed_roles,
            "proposed_at": self.proposed_at,
            "confirmed_by": self.confirmed_by,
        }


class Decision(PrefixedModel):
    """What a reviewer says of one answer. `kept`: decided in an earlier round, and the answer is the same."""

    id_prefix = "dec"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    question = models.CharField(max_length=100)
    word = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Word])
    reason = models.TextField(blank=True)
    fix = models.TextField(blank=True)
    clause = models.CharField(max_length=40)
    kept = models.BooleanField(default=False)
    decided_by = models.CharField(max_length=100)
    decided_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["submission", "question"], name="assessments_decision_once")
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.word}"

    @property
    def stamp(self) -> str:
        """Changes with every new decision of the same answer."""
        return f"{self.decided_at:%Y%m%d%H%M%S%f}-{self.word}"

    def described(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "word": self.word,
            "reason": self.reason,
            "fix": self.fix,
            "clause": self.clause,
            "kept": self.kept,
            "decided_at": self.decided_at,
            "stamp": self.stamp,
        }


class Message(PrefixedModel):
    """Written by one side of a case to the other."""

    id_prefix = "msg"

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in (Side.DEVELOPER, Side.MARKETPLACE)]
    )
    question = models.CharField(max_length=100, blank=True)
    body = models.TextField()
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=100)
    answer_due_at = models.DateTimeField(null=True, blank=True)  # of the developer's: by when the marketplace answers
    breached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["answer_due_at"], condition=Q(breached_at=None), name="assessments_unanswered")
        ]

    def __str__(self) -> str:
        return f"{self.side} in {self.assessment_id}"

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "side": self.side,
            "question": self.question,
            "body": self.body,
            "written_at": self.written_at,
            "answer_due_at": self.answer_due_at,
        }
