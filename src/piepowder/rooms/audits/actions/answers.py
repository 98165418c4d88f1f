"""The developer's moves: evidence is provided, each finding is answered."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.audits import letters
from piepowder.rooms.audits.actions.conduct import check_status, move_on, text
from piepowder.rooms.audits.models import Audit, EvidenceRequest, Finding
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, RequestStatus, Stance
from piepowder.rooms.evidence.actions import keep
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.actor import Actor

DOCUMENTS_MAX = 20
Files = Sequence[tuple[str, bytes]]  # name and content


@transaction.atomic
def provide_evidence(
    request: EvidenceRequest,
    *,
    by: Actor,
    at: datetime,
    answer: str = "",
    files: Files = (),
    documents: Collection[str] = (),
) -> EvidenceRequest:
    """Answers a request with documents, words or both. `documents` are ids of what the developer handed in before.

    With the last open request the audit goes on to the assessor.
    """
    audit = Audit.objects.locked(request.audit_id)
    request = EvidenceRequest.objects.named(request.id)
    check_status(audit, AuditStatus.EVIDENCE_REQUESTED, "provide evidence")
    kept = _kept(audit, f"audit: {request.wanted}", files, documents, by=by, at=at)
    if not kept and not answer.strip():
        raise PiepowderError(
            "audits_nothing_provided",
            "choose a document, or write how you work instead",
            hint="if you have no such document, say so",
        )
    answer = text(answer)
    provided = EvidenceRequest.objects.advance(
        request,
        RequestStatus.PROVIDED,
        verb="provide",
        by=by,
        at=at,
        answer=answer,
        documents=_together(request.documents, kept),
        provided_at=at,
    )
    if not audit.requests.filter(status=RequestStatus.OPEN).exists():
        audit = move_on(audit, AuditStatus.UNDER_ASSESSMENT, "begin", by=by, at=at)
        letters.over_to_assessor(audit, f"{audit.developer.name} has provided everything that was asked for.", at=at)
    return provided


@transaction.atomic
def answer_finding(
    finding: Finding,
    stance: Stance,
    *,
    by: Actor,
    at: datetime,
    answer: str,
    files: Files = (),
    documents: Collection[str] = (),
) -> Finding:
    """Says of one finding that it is fixed, will be, or is disputed, and why. With the last one the audit goes on."""
    audit = Audit.objects.locked(finding.audit_id)
    finding = Finding.objects.named(finding.id)
    check_status(audit, AuditStatus.FINDINGS_SENT, "answer a finding")
    answer = text(answer, "write your answer")
    kept = _kept(audit, f"audit: {finding.what}", files, documents, by=by, at=at)
    answered = Finding.objects.advance(
        finding,
        FindingStatus.ANSWERED,
        verb="answer",
        by=by,
        at=at,
        stance=Stance(stance),
        answer=answer,
        documents=_together(finding.documents, kept),
        answered_at=at,
    )
    if not audit.findings.filter(status=FindingStatus.SENT).exists():
        audit = move_on(audit, AuditStatus.ANSWERED, "all_answered", by=by, at=at)
        letters.over_to_assessor(audit, f"{audit.developer.name} has answered every finding.", at=at)
    return answered


def _kept(
    audit: Audit, purpose: str, files: Files, documents: Collection[str], *, by: Actor, at: datetime
) -> list[str]:
    """Ids of the documents; another organisation's document is as good as none."""
    if len(files) + len(documents) > DOCUMENTS_MAX:
        raise PiepowderError("audits_too_many_documents", f"at most {DOCUMENTS_MAX} documents at once")
    known = [Document.objects.named(one, owner=audit.developer_id).id for one in documents]
    purpose = " ".join(purpose.split())[:100]
    made = [
        keep(content, name=name, owner=audit.developer_id, purpose=purpose, by=by, at=at) for name, content in files
    ]
    return known + [one.id for one in made]


def _together(before: Collection[str], added: Collection[str]) -> list[str]:
    return list(dict.fromkeys([*before, *added]))
