"""Draws, audits, what is asked for, what was checked and what was found. Texts are about organisations, never about buyers."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.audits.rules import (
    FINDING_TRANSITIONS,
    MOVES,
    OPEN,
    REQUEST_TRANSITIONS,
    SEEN_BY_DEVELOPER,
    SETTLED,
    TRANSITIONS,
    AuditStatus,
    FindingStatus,
    Method,
    Move,
    RequestStatus,
    Severity,
    Side,
    Stance,
    Verdict,
)
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet


def _choices(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(word), str(word)) for word in words]


def _missing(code: str, what: str, name: str) -> PiepowderError:
    return PiepowderError(code, f"no {what} `{name}`", kind=ErrorKind.NOT_FOUND)


class DrawQuerySet(models.QuerySet["Draw"]):
    def named(self, draw_id: str) -> "Draw":
        if draw := self.filter(pk=draw_id).first():
            return draw
        raise _missing("audits_draw_unknown", "draw", draw_id)

    def newest(self) -> "DrawQuerySet":
        """Without the pools, which may be long."""
        return self.defer("pool").order_by("-id")


class Draw(PrefixedModel):
    """Who was drawn, from which pool, by which lots: enough to draw again and get the same. Never changed."""

    id_prefix = "draw"

    method = models.CharField(max_length=20, choices=_choices(Method))
    size = models.PositiveIntegerField()
    seed = models.CharField(max_length=100)
    seed_given = models.BooleanField(default=False)  # by a person; else Piepowder chose it
    pool = models.JSONField()  # developer -> {"stratum": …} or {"score": …, "factors": […]}
    pool_digest = models.CharField(max_length=64)  # SHA-256, also on the ledger
    pool_size = models.PositiveIntegerField()
    picked = ArrayField(models.CharField(max_length=64))
    drawn_by = models.CharField(max_length=100)
    drawn_at = models.DateTimeField()

    objects = DrawQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.size} by {self.method}"

    def described(self) -> dict[str, Any]:
        """What API and command line show; the pool is asked for by id."""
        return {
            "id": self.id,
            "method": self.method,
            "size": self.size,
            "seed": self.seed,
            "seed_given": self.seed_given,
            "pool_digest": self.pool_digest,
            "pool_size": self.pool_size,
            "picked": list(self.picked),
            "drawn_by": self.drawn_by,
            "drawn_at": self.drawn_at,
        }


class AuditQuerySet(StateQuerySet["Audit"]):
    def named(self, audit_id: str) -> "Audit":
        """One audit with its developer; `audits_unknown` if there is none."""
        if audit := self.select_related("developer", "draw").defer("draw__pool").filter(pk=audit_id).first():
            return audit
        raise _missing("audits_unknown", "audit", audit_id)

    def locked(self, audit_id: str) -> "Audit":
        """As `named`; changes of one audit, its requests and findings wait for each other."""
        self.select_for_update().filter(pk=audit_id).first()
        return self.named(audit_id)

    def of(self, developer_id: str) -> "AuditQuerySet":
        """What this developer sees of audits, newest first: not those that are planned only."""
        return self.filter(developer=developer_id, status__in=SEEN_BY_DEVELOPER).order_by("-id")

    def open(self) -> "AuditQuerySet":
        return self.filter(status__in=OPEN)

    def listed(self) -> "AuditQuerySet":
        return self.select_related("developer").order_by("-id")

    def overdue(self, at: datetime) -> "AuditQuerySet":
        return self.open().filter(due_at__lte=at)

    def last_closed(self, developer_ids: Collection[str] | None = None) -> dict[str, datetime]:
        """Developer -> when its newest audit that ran to the end was closed."""
        rows = self.filter(status__in=(AuditStatus.CLOSED_CLEAN, AuditStatus.CLOSED_WITH_FINDINGS))
        rows = rows if developer_ids is None else rows.filter(developer__in=developer_ids)
        return dict(rows.values("developer").annotate(last=models.Max("closed_at")).values_list("developer", "last"))

    def result_of(self, developer_id: str) -> dict[str, Any] | None:
        """For the developer's profile and store page: how its newest finished audit ended, and what is still to be fixed."""
        done = self.filter(
            developer=developer_id, status__in=(AuditStatus.CLOSED_CLEAN, AuditStatus.CLOSED_WITH_FINDINGS)
        )
        audit = done.order_by("-closed_at").first()
        if audit is None:
            return None
        findings = list(audit.findings.filter(status__in=(FindingStatus.STANDS, FindingStatus.FIXED)))
        still = [one for one in findings if one.status == FindingStatus.STANDS]
        return {
            "audit": audit.id,
            "result": audit.status,
            "closed_at": audit.closed_at,
            "findings": len(findings),
            "to_fix": len(still),
            "worst_to_fix": min((Severity(one.severity) for one in still), key=list(Severity).index, default=""),
        }


class Audit(PrefixedModel, StatefulModel):
    """One developer looked at by one assessor, along a checklist."""

    id_prefix = "aud"
    transitions = TRANSITIONS

    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="audits")
    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="audits")
    why = models.TextField()  # how it came to be drawn, in words the developer may read
    status = models.CharField(max_length=30, choices=_choices(AuditStatus))
    due_at = models.DateTimeField(null=True, blank=True)  # of the present state's move
    extended = models.BooleanField(default=False)  # the present step got more time
    assessor = models.CharField(max_length=100, blank=True)  # an actor
    checklist_version = models.CharField(max_length=60)
    summary = models.TextField(blank=True)  # at the end: the result in words, or why it was cancelled
    created_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["developer"], condition=Q(status__in=sorted(OPEN)), name="audits_audit_one_open"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(status__in=sorted(OPEN)), name="audits_audit_due"),
            models.Index(fields=["developer", "-closed_at"], name="audits_audit_result"),
        ]

    def __str__(self) -> str:
        return f"audit of {self.developer}"

    @property
    def move(self) -> Move | None:
        """Whose move it is, and what they do; None once it is over."""
        return MOVES.get(AuditStatus(self.status))

    @property
    def is_developers_move(self) -> bool:
        return self.move is not None and self.move.side is Side.DEVELOPER

    def is_late(self, at: datetime) -> bool:
        return self.due_at is not None and self.due_at < at

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        move = self.move
        return {
            "id": self.id,
            "developer": self.developer_id,
            "draw": self.draw_id,
            "why": self.why,
            "status": self.status,
            "whose_move": str(move.side) if move else "",
            "move": move.what if move else "",
            "due_at": self.due_at,
            "assessor": self.assessor,
            "checklist": self.checklist_version,
            "summary": self.summary,
            "created_at": self.created_at,
            "announced_at": self.announced_at,
            "closed_at": self.closed_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.developer_id}


class ItemQuerySet(models.QuerySet["Item"]):
    def keyed(self, audit: Audit, key: str) -> "Item":
        if item := self.filter(audit=audit, key=key).first():
            return item
        raise _missing("audits_item_unknown", "line of the checklist", key)


class Item(PrefixedModel):
    """A line of the checklist in one audit. `revision` counts its verdicts, so that a stale form is noticed."""

    id_prefix = "aui"

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="items")
    place = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=60)
    clause = models.CharField(max_length=60)
    section = models.CharField(max_length=100)
    question = models.TextField()
    look_at = models.TextField()
    verdict = models.CharField(max_length=20, blank=True, choices=_choices(Verdict))
    reason = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    judged_by = models.CharField(max_length=100, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["place"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["audit", "key"], name="audits_item_once")
        ]

    def __str__(self) -> str:
        return self.question

    def described(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "clause": self.clause,
            "section": self.section,
            "question": self.question,
            "look_at": self.look_at,
            "verdict": self.verdict,
            "reason": self.reason,
            "revision": self.revision,
            "judged_by": self.judged_by,
            "judged_at": self.judged_at,
        }


class RequestQuerySet(StateQuerySet["EvidenceRequest"]):
    def named(self, request_id: str) -> "EvidenceRequest":
        if request := self.select_related("audit__developer").filter(pk=request_id).first():
            return request
        raise _missing("audits_request_unknown", "request for evidence", request_id)

    def open(self) -> "RequestQuerySet":
        return self.filter(status=RequestStatus.OPEN)


class EvidenceRequest(PrefixedModel, StatefulModel):
    """Something an assessor wants to see. `documents` are ids of the room `evidence`."""

    id_prefix = "evr"
    transitions = REQUEST_TRANSITIONS

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="requests")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    wanted = models.TextField()
    status = models.CharField(max_length=20, choices=_choices(RequestStatus))
    answer = models.TextField(blank=True)
    documents = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    sent_back = models.TextField(blank=True)  # why what was provided did not do
    asked_at = models.DateTimeField()
    provided_at = models.DateTimeField(null=True, blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.wanted

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "audit": self.audit_id,
            "item": self.item.key if self.item else "",
            "wanted": self.wanted,
            "status": self.status,
            "answer": self.answer,
            "documents": list(self.documents),
            "sent_back": self.sent_back,
            "asked_at": self.asked_at,
            "provided_at": self.provided_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.audit.developer_id}


class FindingQuerySet(StateQuerySet["Finding"]):
    def named(self, finding_id: str) -> "Finding":
        if finding := self.select_related("audit__developer", "item").filter(pk=finding_id).first():
            return finding
        raise _missing("audits_finding_unknown", "finding", finding_id)

    def shown_to_developer(self) -> "FindingQuerySet":
        return self.exclude(status__in=(FindingStatus.DRAFT, FindingStatus.DROPPED))

    def confirmed(self) -> "FindingQuerySet":
        """Those that stand after the audit: to be fixed by their date."""
        return self.filter(status=FindingStatus.STANDS)

    def to_fix(self) -> dict[str, list[str]]:
        """Developer -> severities of what stands."""
        found: dict[str, list[str]] = {}
        for developer, severity in self.confirmed().values_list("audit__developer", "severity"):
            found.setdefault(developer, []).append(severity)
        return found


class Finding(PrefixedModel, StatefulModel):
    """What an assessor found, what is to be done about it, and what the developer says."""

    id_prefix = "auf"
    transitions = FINDING_TRANSITIONS

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="findings")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="findings")
    severity = models.CharField(max_length=20, choices=_choices(Severity))
    clause = models.CharField(max_length=60)
    what = models.TextField()
    to_do = models.TextField()
    fix_by = models.DateField()
    status = models.CharField(max_length=20, choices=_choices(FindingStatus))
    stance = models.CharField(max_length=20, blank=True, choices=_choices(Stance))
    answer = models.TextField(blank=True)
    documents = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    settled_because = models.TextField(blank=True)
    found_at = models.DateTimeField()

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["fix_by"], condition=Q(status="stands"), name="audits_finding_to_fix")
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "audit": self.audit_id,
            "item": self.item.key if self.item else "",
            "severity": self.severity,
            "clause": self.clause,
            "what": self.what,
            "to_do": self.to_do,
            "fix_by": self.fix_by,
            "status": self.status,
            "stance": self.stance,
            "answer": self.answer,
            "documents": list(self.documents),
            "answered_at": self.answered_at,
            "settled_because": self.settled_because,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.audit.developer_id}
