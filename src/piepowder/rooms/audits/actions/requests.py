"""The assessor asks for evidence, and says whether what came will do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from piepowder.rooms.audits import letters, rules
from piepowder.rooms.audits.actions.conduct import check_status, move_on, text
from piepowder.rooms.audits.models import Audit, EvidenceRequest, Item
from piepowder.rooms.audits.persons import require_assessor
from piepowder.rooms.audits.rules import AuditStatus, RequestStatus
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def request_evidence(
    audit: Audit, wanted: Sequence[tuple[str, str]], *, by: Actor, at: datetime, due_at: datetime | None = None
) -> list[EvidenceRequest]:
    """Asks for several things at once: pairs of a line of the checklist (or nothing) and what is wanted. All in one letter."""
    audit = Audit.objects.locked(audit.id)
    require_assessor(audit, by)
    asked = [(key, text(words, "say what you need")) for key, words in wanted]
    if not asked:
        text("", "ask for at least one thing")
    due_at = due_at or rules.due(AuditStatus.EVIDENCE_REQUESTED, at)
    rules.check_evidence_due(due_at or at, at)
    audit = move_on(audit, AuditStatus.EVIDENCE_REQUESTED, "request", by=by, at=at, due_at=due_at)
    made = [_ask(audit, key, words, by=by, at=at) for key, words in asked]
    letters.evidence_requested(audit, len(made), at=at)
    return made


def _ask(audit: Audit, key: str, wanted: str, *, by: Actor, at: datetime) -> EvidenceRequest:
    item = Item.objects.keyed(audit, key) if key else None
    request = EvidenceRequest.objects.create(
        audit=audit, item=item, wanted=wanted, status=RequestStatus.OPEN, asked_at=at
    )
    detail = {"id": audit.id, "request": request.id, "item": key}
    record("audits.ask", by=by, at=at, developer=audit.developer_id, outcome=RequestStatus.OPEN, detail=detail)
    return request


@transaction.atomic
def accept_evidence(request: EvidenceRequest, *, by: Actor, at: datetime) -> EvidenceRequest:
    """What was provided will do."""
    request, _ = _locked(request, by)
    return EvidenceRequest.objects.advance(request, RequestStatus.ACCEPTED, verb="accept_evidence", by=by, at=at)


@transaction.atomic
def send_back_evidence(request: EvidenceRequest, *, why: str, by: Actor, at: datetime) -> EvidenceRequest:
    """What was provided will not do yet: the developer reads why, and has at least a week."""
    request, audit = _locked(request, by)
    why = text(why, "say what is missing: the developer reads it")
    back = EvidenceRequest.objects.advance(
        request, RequestStatus.OPEN, verb="send_back_evidence", by=by, at=at, reason=why, sent_back=why
    )
    least = at + timedelta(days=rules.NOTICE_DAYS_MIN)
    if audit.status == AuditStatus.UNDER_ASSESSMENT:
        audit = move_on(audit, AuditStatus.EVIDENCE_REQUESTED, "request", by=by, at=at, due_at=least)
    elif audit.due_at is not None and audit.due_at < least:
        Audit.objects.filter(pk=audit.pk).update(due_at=least)
        audit = Audit.objects.named(audit.id)
    letters.sent_back(audit, request.wanted, why, at=at)
    return back


@transaction.atomic
def withdraw_request(request: EvidenceRequest, *, by: Actor, at: datetime) -> EvidenceRequest:
    """No longer needed."""
    request, _ = _locked(request, by)
    return EvidenceRequest.objects.advance(request, RequestStatus.WITHDRAWN, verb="withdraw_request", by=by, at=at)


def _locked(request: EvidenceRequest, by: Actor) -> tuple[EvidenceRequest, Audit]:
    audit = Audit.objects.locked(request.audit_id)
    require_assessor(audit, by)
    if audit.status != AuditStatus.EVIDENCE_REQUESTED:
        check_status(audit, AuditStatus.UNDER_ASSESSMENT, "decide on evidence")
    return EvidenceRequest.objects.named(request.id), audit
