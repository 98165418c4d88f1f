"""Assessments of developers, and their answers as they are written.

Answers are about organisations; the people in them (a contact, who wrote what) are business contacts, never buyers.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import decode
from piepowder.rooms.assessments.rules.answers import Given, given_from
from piepowder.rooms.assessments.rules.conditions import Case
from piepowder.rooms.assessments.rules.law import LegalFacts, legal_facts
from piepowder.rooms.assessments.rules.questionnaire import Questionnaire, parse
from piepowder.rooms.assessments.rules.score import Result, judge
from piepowder.rooms.assessments.rules.status import (
    CONCLUSIONS,
    CORRECTABLE,
    MOVES,
    OPEN,
    TRANSITIONS,
    WAITING,
    Side,
    Status,
)
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet

if TYPE_CHECKING:
    from piepowder.rooms.assessments.models.review import Submission

_APPROVALS = (Status.APPROVED, Status.PARTLY_APPROVED)


@lru_cache(maxsize=32)
def _parsed(text: str) -> Questionnaire:
    return parse(decode(text))


class QuestionnaireVersion(PrefixedModel):
    """A version of a questionnaire as it was when somebody began to answer it; kept when its file is gone."""

    id_prefix = "qst"

    name = models.CharField(max_length=100)
    version = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    body = models.TextField()  # JSON
    kept_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name", "version"], name="assessments_questionnaire_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def parsed(self) -> Questionnaire:
        return _parsed(self.body)


class AssessmentQuerySet(StateQuerySet["Assessment"]):
    def named(self, assessment_id: str, developer: str | None = None) -> "Assessment":
        """One assessment; with `developer`, another's is as good as none (`assessments_unknown`)."""
        rows = self.with_parts() if developer is None else self.with_parts().filter(developer=developer)
        if assessment := rows.filter(pk=assessment_id).first():
            return assessment
        raise PiepowderError("assessments_unknown", f"no assessment `{assessment_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, assessment_id: str) -> "Assessment":
        """As `named`, and nobody else changes it, its answers or decisions until the transaction ends."""
        self.select_for_update().filter(pk=assessment_id).first()
        return self.named(assessment_id)

    def with_parts(self) -> "AssessmentQuerySet":
        return self.select_related("developer", "questionnaire")

    def of(self, developer: str) -> "AssessmentQuerySet":
        """All of a developer's, newest first."""
        return self.with_parts().filter(developer=developer).order_by("-id")

    def newest(self, developer: str) -> "Assessment | None":
        """The one a developer works on, else the last one."""
        return self.of(developer).filter(status__in=OPEN).first() or self.of(developer).first()

    def in_force(self, developer: str, at: datetime) -> "AssessmentQuerySet":
        """Those whose approved roles hold at a moment."""
        return self.of(developer).filter(valid_until__gt=at).exclude(status__in=(Status.EXPIRED, Status.WITHDRAWN))

    def approved_roles(self, developer: str, at: datetime) -> frozenset[str]:
        """The roles within which a developer's apps may be approved; none without an assessment in force."""
        return frozenset(role for one in self.in_force(developer, at) for role in one.roles_approved)

    def legal_facts(self, developer: str, at: datetime) -> LegalFacts | None:
        """What a developer last handed in about itself as law asks for it; None before it was approved of."""
        newest = self.in_force(developer, at).first()
        submission = newest.submissions.filter(outcome__in=_APPROVALS).order_by("-number").first() if newest else None
        return legal_facts(submission.case()) if submission else None

    def ending(self, at: datetime, ahead: timedelta) -> "AssessmentQuerySet":
        """Approvals that end within a time."""
        rows = self.with_parts().filter(status__in=_APPROVALS, valid_until__gt=at, valid_until__lte=at + ahead)
        return rows.order_by("valid_until")

    def over(self, at: datetime) -> "AssessmentQuerySet":
        """Approvals that have ended and do not say so yet."""
        return self.with_parts().filter(status__in=_APPROVALS, valid_until__lte=at)


class Assessment(PrefixedModel, StatefulModel):
    """One pass of a developer through a questionnaire, with every correction of it."""

    id_prefix = "asm"
    transitions = TRANSITIONS

    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="assessments")
    questionnaire = models.ForeignKey(QuestionnaireVersion, on_delete=models.PROTECT, related_name="+")
    changed_from = models.ForeignKey(  # the version that answers were first given to, while the differences are shown
        QuestionnaireVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    renews = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="renewals")
    status = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Status])
    roles = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # asked for
    roles_approved = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)  # of the approved roles
    due_at = models.DateTimeField(null=True, blank=True)  # by when the marketplace decides
    reason = models.TextField(blank=True)  # of the last conclusion
    reminded = ArrayField(models.PositiveIntegerField(), default=list, blank=True)  # days before the end
    begun_at = models.DateTimeField()
    begun_by = models.CharField(max_length=100)
    changed_at = models.DateTimeField()

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["developer", "-id"], name="assessments_of_developer"),
            models.Index(
                fields=["valid_until"],
                condition=Q(status__in=["approved", "partly_approved"]),
                name="assessments_ending",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["developer"], condition=Q(status__in=[one.value for one in OPEN]), name="assessments_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire} of {self.developer_id}"

    @property
    def state(self) -> Status:
        return Status(self.status)

    @property
    def moves(self) -> Side:
        """Whose move it is."""
        return MOVES[self.state]

    @property
    def correctable(self) -> bool:
        return self.state in CORRECTABLE

    @property
    def waiting(self) -> bool:
        return self.state in WAITING

    @property
    def asked(self) -> Questionnaire:
        return self.questionnaire.parsed

    def given(self) -> dict[str, Given]:
        """The answers as they are just now."""
        return {answer.question: answer.given for answer in self.answers.all()}

    def case(self, at: datetime) -> Case:
        return Case(questionnaire=self.asked, answers=self.given(), roles=tuple(self.roles), today=at.date())

    def result(self, at: datetime) -> Result:
        """Score, open points and roles, by the rules that a reviewer starts from."""
        return judge(self.case(at))

    def last_submission(self) -> "Submission | None":
        return self.submissions.order_by("-number").first()

    def last_review(self) -> "Submission | None":
        """The newest submission that was concluded."""
        return self.submissions.filter(outcome__in=CONCLUSIONS).order_by("-number").first()

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "developer": self.developer_id,
            "questionnaire": self.questionnaire.name,
            "version": self.questionnaire.version,
            "status": self.status,
            "moves": str(self.moves),
            "roles": self.roles,
            "roles_approved": self.roles_approved,
            "valid_until": self.valid_until,
            "due_at": self.due_at,
            "reason": self.reason,
            "renews": self.renews_id or "",
            "begun_at": self.begun_at,
            "changed_at": self.changed_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.developer_id}


class Answer(models.Model):
    """The answer to one question, as it is just now. `revision` counts changes, so that a stale form is noticed."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="answers")
    question = models.CharField(max_length=100)
    value = models.JSONField(null=True, blank=True)
    note = models.TextField(blank=True)
    evidence = models.JSONField(default=list, blank=True)  # of `rules.answers.Proof`
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["assessment", "question"], name="assessments_answer_once")
        ]

    def __str__(self) -> str:
        return f"{self.question} in {self.assessment_id}"

    @property
    def given(self) -> Given:
        return given_from({"value": self.value, "note": self.note, "evidence": self.evidence})

    def described(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "value": self.value,
            "note": self.note,
            "evidence": self.evidence,
            "revision": self.revision,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }
