"""What falls due: reminders, the end of the developer's time, and the assessor's delay, which is told and not punished."""

from datetime import datetime, timedelta

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.audits import letters, rules
from piepowder.rooms.audits.actions.conduct import move_on
from piepowder.rooms.audits.models import Audit, EvidenceRequest, Finding
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, RequestStatus, Side
from piepowder.rooms.ground.actor import SYSTEM


def keep_clock(*, at: datetime) -> int:
    """Reminds, goes on where the developer's time is over, tells assessors that they are late; how many audits went on."""
    horizon = at + timedelta(days=max(rules.REMINDER_DAYS))
    for audit in Audit.objects.open().filter(due_at__gt=at, due_at__lte=horizon).select_related("developer"):
        days = rules.reminder_due(audit.due_at, at) if audit.due_at else None
        if audit.is_developers_move and days is not None:
            letters.reminder(audit, days, at=at)
    return sum(_over(audit.id, at=at) for audit in Audit.objects.overdue(at))


def _over(audit_id: str, *, at: datetime) -> bool:
    """Whether this audit went on by itself. One that somebody moves at the same moment is theirs."""
    try:
        with transaction.atomic():
            audit = Audit.objects.locked(audit_id)
            return _go_on(audit, at=at)
    except PiepowderError as error:
        if error.kind is ErrorKind.CONFLICT:
            return False
        raise


def _go_on(audit: Audit, *, at: datetime) -> bool:
    if audit.due_at is None or audit.due_at > at or audit.move is None:
        return False
    if audit.move.side is not Side.DEVELOPER:
        letters.late(audit, at=at)
        return False
    if audit.status == AuditStatus.EVIDENCE_REQUESTED:
        for request in audit.requests.filter(status=RequestStatus.OPEN):
            EvidenceRequest.objects.advance(request, RequestStatus.LAPSED, verb="lapse", by=SYSTEM, at=at)
        audit = move_on(
            audit, AuditStatus.UNDER_ASSESSMENT, "begin", by=SYSTEM, at=at, reason="the time for evidence is over"
        )
    else:
        for finding in audit.findings.filter(status=FindingStatus.SENT):
            Finding.objects.advance(finding, FindingStatus.UNANSWERED, verb="lapse", by=SYSTEM, at=at)
        audit = move_on(
            audit, AuditStatus.ANSWERED, "all_answered", by=SYSTEM, at=at, reason="the time for answers is over"
        )
    letters.over_to_assessor(audit, "The developer's time is over.", at=at)
    return True
