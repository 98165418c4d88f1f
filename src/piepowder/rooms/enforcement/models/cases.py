"""Cases, what was found, what was served, what was answered. No text here holds a buyer's data."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.enforcement.rules.cases import MOVES, TRANSITIONS, CaseStatus, Move, Severity, Side
from piepowder.rooms.enforcement.rules.findings import SHORT_MAX, SubjectKind
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet

_FINAL = [status for status, moves in TRANSITIONS.items() if not moves]
OVER = frozenset({CaseStatus.CLOSED, CaseStatus.WITHDRAWN})


def choices(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(word), str(word)) for word in words]


def missing(code: str, what: str, name: str) -> PiepowderError:
    return PiepowderError(code, f"no {what} `{name}`", kind=ErrorKind.NOT_FOUND)


class CaseQuerySet(StateQuerySet["Case"]):
    def named(self, case_id: str) -> "Case":
        if case := self.filter(pk=case_id).first():
            return case
        raise missing("enforcement_case_unknown", "case", case_id)

    def locked(self, case_id: str) -> "Case":
        """Held to the end of the transaction: all that belongs to a case changes one after the other."""
        if case := self.select_for_update().filter(pk=case_id).first():
            return case
        raise missing("enforcement_case_unknown", "case", case_id)

    def open(self) -> "CaseQuerySet":
        return self.exclude(status__in=OVER)

    def gathering(self, kind: SubjectKind, subject: str) -> "Case | None":
        """The case that a new finding about somebody joins: one of which no notice was served yet."""
        return self.select_for_update().filter(subject_kind=kind, subject=subject, status=CaseStatus.OPENED).first()

    def of(self, subjects: Iterable[str]) -> "CaseQuerySet":
        """What these may know of: before a notice is served a case is the marketplace's own."""
        several = list(subjects)
        theirs = Q(subject__in=several) | Q(developer_id__in=several, developer_id__gt="")
        return self.filter(theirs, served_at__isnull=False).order_by("-id")

    def due(self, at: datetime, *statuses: CaseStatus) -> "CaseQuerySet":
        return self.filter(status__in=statuses, due_at__lte=at).order_by("due_at", "id")

    def waiting(self) -> "CaseQuerySet":
        """For the marketplace, the oldest promise first."""
        ours = [status for status, move in MOVES.items() if move.side == Side.MARKETPLACE]
        return self.filter(status__in=ours).order_by("due_at", "id")

    def upheld(self, kind: SubjectKind, subject: str, since: datetime) -> int:
        return self.filter(subject_kind=kind, subject=subject, upheld_at__gte=since).count()


class Case(PrefixedModel, StatefulModel):
    """One case about one subject."""

    id_prefix = "cas"
    transitions = TRANSITIONS

    subject_kind = models.CharField(max_length=20, choices=choices(SubjectKind))
    subject = models.CharField(max_length=64)
    developer_id = models.CharField(max_length=64, blank=True)  # of an app, whoever answers for it
    name = models.CharField(max_length=SHORT_MAX)  # of the subject, when the case was opened
    severity = models.CharField(max_length=20, choices=choices(Severity))
    status = models.CharField(max_length=30, choices=choices(CaseStatus))
    due_at = models.DateTimeField(null=True, blank=True)
    late_noted = models.BooleanField(
        default=False
    )  # the marketplace's own promise was broken, and both sides were told
    officer = models.CharField(max_length=100, blank=True)
    opened_by = models.CharField(max_length=100)
    opened_at = models.DateTimeField()
    served_at = models.DateTimeField(null=True, blank=True)
    extended = models.BooleanField(default=False)
    silent = models.BooleanField(default=False)  # the term passed without an answer
    frank = models.BooleanField(default=False)  # said it before anybody asked, or admitted it in the answer
    cooperated = models.BooleanField(default=False)
    upheld_at = models.DateTimeField(null=True, blank=True)
    appeal_until = models.DateTimeField(null=True, blank=True)
    appealed_from = models.CharField(max_length=30, blank=True)
    changed_at = models.DateTimeField()

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["subject", "-id"], name="enforcement_case_subject"),
            models.Index(fields=["due_at", "id"], condition=~Q(status__in=_FINAL), name="enforcement_case_due"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subject"], condition=Q(status="opened"), name="enforcement_case_gathers_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} about {self.name}"

    @property
    def state(self) -> CaseStatus:
        return CaseStatus(self.status)

    @property
    def move(self) -> Move | None:
        return MOVES.get(self.state)

    def ledger_fields(self) -> dict[str, str]:
        fields = {"developer": self.developer_id} if self.developer_id else {}
        return fields if self.subject_kind == SubjectKind.STAFF else {**fields, self.subject_kind: self.subject}


class FindingQuerySet(models.QuerySet["Finding"]):
    def of_case(self, case: Case) -> "FindingQuerySet":
        return self.filter(case=case)

    def reported(self, once: str) -> "Finding | None":
        return self.filter(once=once).first() if once else None


class Finding(PrefixedModel):
    """What was reported. Only its outcome is ever written to."""

    id_prefix = "fnd"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=100)
    clause = models.CharField(max_length=SHORT_MAX)
    severity = models.CharField(max_length=20, choices=choices(Severity))
    says = models.TextField()
    evidence = models.JSONField()  # as `rules.findings.Evidence`
    innocent = models.JSONField(default=list)
    clears = models.JSONField(default=list)
    policy_version = models.CharField(max_length=200, blank=True)
    once = models.CharField(max_length=200, unique=True, null=True, blank=True)
    reported_by = models.CharField(max_length=100)
    confidential = models.BooleanField(default=False)  # who reported it is hidden from whoever decides
    found_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, blank=True)  # upheld | dismissed
    because = models.TextField(blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.says


class Notice(PrefixedModel):
    """What was served: the statement of reasons as a value and as text, in the words it was served in. Never changed."""

    id_prefix = "ntc"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=30)
    statement = models.JSONField()
    title = models.CharField(max_length=SHORT_MAX)
    text = models.TextField()
    served_at = models.DateTimeField()
    served_by = models.CharField(max_length=100)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.title


class Answer(PrefixedModel):
    """What the subject said. `stances`: finding id -> accepted, disputed or mended, with its own words."""

    id_prefix = "ans"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="answers")
    stances = models.JSONField(default=dict)
    text = models.TextField(blank=True)
    answered_by = models.CharField(max_length=100)
    answered_at = models.DateTimeField()
    late = models.BooleanField(default=False)  # after its term: read all the same, as long as nothing is decided

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.text[:80]

    def accepts(self) -> bool:
        return any(one.get("stance") == "accepted" for one in self.stances.values())

    def mends(self) -> bool:
        return any(one.get("stance") == "mended" for one in self.stances.values())


class Message(PrefixedModel):
    """A word on a case, of either side. `answer_by`: when the marketplace has promised to answer it."""

    id_prefix = "msg"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(max_length=20, choices=choices((Side.MARKETPLACE, Side.SUBJECT)))
    text = models.TextField()
    written_by = models.CharField(max_length=100)
    written_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.text[:80]
