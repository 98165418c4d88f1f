"""Audits over the JSON API: staff and assessors with `review`, the audited developer with a key of its own."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.audits import actions
from piepowder.rooms.audits.models import Audit, Draw, EvidenceRequest, Finding
from piepowder.rooms.audits.rules import (
    SAMPLE_MAX,
    SEEN_BY_DEVELOPER,
    AuditStatus,
    FindingStatus,
    Method,
    Severity,
    Stance,
    Verdict,
)
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now
from piepowder.rooms.people.models import Account

router = Router(tags=["audits"])


class DrawSent(Sent):
    method: Method
    size: int = Field(ge=1, le=SAMPLE_MAX)
    seed: Prose = ""


class AssignSent(Sent):
    assessor: Name


class WantedSent(Sent):
    item: Prose = ""
    wanted: Prose


class AskSent(Sent):
    wanted: list[WantedSent] = Field(min_length=1, max_length=100)
    due_at: Moment | None = None


class ReasonSent(Sent):
    reason: Prose


class SummarySent(Sent):
    summary: Prose


class ExtendSent(Sent):
    until: Moment
    reason: Prose


class JudgeSent(Sent):
    verdict: Verdict
    reason: Prose
    revision: int | None = None


class FindingSent(Sent):
    severity: Severity
    what: Prose
    to_do: Prose
    item: Prose = ""
    clause: Prose = ""
    fix_by: date | None = None


class ChangeSent(Sent):
    severity: Severity
    what: Prose
    to_do: Prose
    clause: Prose
    fix_by: date | None = None


class SettleSent(Sent):
    outcome: FindingStatus
    reason: Prose


class ProvideSent(Sent):
    """`documents`: ids from `POST /evidence`."""

    answer: Prose = ""
    documents: list[Key] = Field(default=[], max_length=20)


class AnswerSent(Sent):
    stance: Stance
    answer: Prose
    documents: list[Key] = Field(default=[], max_length=20)


class DrawShown(Schema):
    id: str
    method: str
    size: int
    seed: str
    seed_given: bool
    pool_digest: str
    pool_size: int
    picked: list[str]
    drawn_by: str
    drawn_at: Moment


class RepeatedShown(DrawShown):
    pool: dict[str, Any]
    same: bool


class AuditShown(Schema):
    id: str
    developer: str
    draw: str
    why: str
    status: str
    whose_move: str
    move: str
    due_at: Moment | None
    assessor: str
    checklist: str
    summary: str
    created_at: Moment
    announced_at: Moment | None
    closed_at: Moment | None


class ItemShown(Schema):
    key: str
    clause: str
    section: str
    question: str
    look_at: str
    verdict: str
    reason: str
    revision: int


class RequestShown(Schema):
    id: str
    audit: str
    item: str
    wanted: str
    status: str
    answer: str
    documents: list[str]
    sent_back: str
    asked_at: Moment
    provided_at: Moment | None


class FindingShown(Schema):
    id: str
    audit: str
    item: str
    severity: str
    clause: str
    what: str
    to_do: str
    fix_by: date
    status: str
    stance: str
    answer: str
    documents: list[str]
    answered_at: Moment | None
    settled_because: str


class WholeShown(AuditShown):
    items: list[ItemShown]
    requests: list[RequestShown]
    findings: list[FindingShown]


class ResultShown(Schema):
    developer: str
    audited: bool
    audit: str = ""
    result: str = ""
    closed_at: Moment | None = None
    findings: int = 0
    to_fix: int = 0
    worst_to_fix: str = ""


@router.get("", response=list[AuditShown])
def list_audits(
    request: HttpRequest, developer: str = "", status: AuditStatus | None = None, before: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Audits, the newest first; a developer's key sees its own. The next page is what came `before` the last id of this one."""
    own = caller_of(request).developer
    if own:
        require_own(request, Permission.READ, developer=developer or own)
        rows = Audit.objects.of(own)
    else:
        require(request, Permission.READ)
        rows = Audit.objects.listed()
        rows = rows.filter(developer=developer) if developer else rows
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(pk__lt=before) if before else rows
    return [audit.described() for audit in rows[:limit]]


@router.post("/draws", response={201: DrawShown})
def draw_audits(request: HttpRequest, sent: DrawSent) -> Status[dict[str, Any]]:
    """Draws developers and opens an audit of each. Seed and pool are recorded, so that the draw can be repeated."""
    by = require(request, Permission.REVIEW)
    draw = actions.draw_audits(method=sent.method, size=sent.size, seed=sent.seed, by=by, at=now())
    return Status(201, draw.described())


@router.get("/draws", response=list[DrawShown])
def list_draws(request: HttpRequest, before: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Draws, the newest first."""
    require(request, Permission.READ)
    rows = Draw.objects.newest()
    rows = rows.filter(pk__lt=before) if before else rows
    return [draw.described() for draw in rows[:limit]]


@router.get("/draws/{draw_id}", response=RepeatedShown)
def get_draw(request: HttpRequest, draw_id: Key) -> dict[str, Any]:
    """A draw with its pool, drawn again: `same` says whether that gave the same developers."""
    require(request, Permission.READ)
    draw = Draw.objects.named(draw_id)
    return {**draw.described(), "pool": draw.pool, "same": actions.drawn_again(draw)}


@router.get("/results/{developer_id}", response=ResultShown)
def get_result(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    """How a developer's newest finished audit ended, as its profile shows it."""
    require_own(request, Permission.READ, developer=developer_id)
    developer = Developer.objects.named(developer_id)
    result = Audit.objects.result_of(developer.id)
    return {"developer": developer.id, "audited": result is not None, **(result or {})}


@router.get("/{audit_id}", response=WholeShown)
def get_audit(request: HttpRequest, audit_id: Key) -> dict[str, Any]:
    """An audit with checklist, requests and findings. A developer sees verdicts once it is closed, findings once they are sent."""
    audit = Audit.objects.named(audit_id)
    require_own(request, Permission.READ, developer=audit.developer_id)
    own = bool(caller_of(request).developer)
    if own and audit.status not in SEEN_BY_DEVELOPER:
        raise PiepowderError("audits_unknown", f"no audit `{audit_id}`", kind=ErrorKind.NOT_FOUND)
    items = [item.described() for item in audit.items.all()]
    if own and audit.move is not None:
        items = [{**item, "verdict": "", "reason": "", "revision": 0} for item in items]
    findings = audit.findings.shown_to_developer() if own else audit.findings.all()
    return {
        **audit.described(),
        "items": items,
        "requests": [one.described() for one in audit.requests.select_related("item")],
        "findings": [one.described() for one in findings.select_related("item")],
    }


def _act(request: HttpRequest, audit_id: str) -> tuple[Audit, Actor]:
    by = require(request, Permission.REVIEW)
    return Audit.objects.named(audit_id), by


@router.post("/{audit_id}/take", response=AuditShown)
def take_audit(request: HttpRequest, audit_id: Key) -> dict[str, Any]:
    """Whoever takes an audit that nobody has assesses it."""
    audit, by = _act(request, audit_id)
    return actions.take_audit(audit, by=by, at=now()).described()


@router.post("/{audit_id}/assign", response=AuditShown)
def assign_assessor(request: HttpRequest, audit_id: Key, sent: AssignSent) -> dict[str, Any]:
    """Gives an audit to a member of staff (id or e-mail address) who had no part in the organisation or its approval."""
    audit, by = _act(request, audit_id)
    return actions.assign_assessor(audit, Account.objects.named(sent.assessor), by=by, at=now()).described()


@router.post("/{audit_id}/announce", response=AuditShown)
def announce_audit(request: HttpRequest, audit_id: Key) -> dict[str, Any]:
    """Tells the developer."""
    audit, by = _act(request, audit_id)
    return actions.announce_audit(audit, by=by, at=now()).described()


@router.post("/{audit_id}/requests", response={201: list[RequestShown]})
def request_evidence(request: HttpRequest, audit_id: Key, sent: AskSent) -> Status[list[dict[str, Any]]]:
    """Asks the developer for evidence, everything in one letter, at least a week ahead."""
    audit, by = _act(request, audit_id)
    wanted = [(one.item, one.wanted) for one in sent.wanted]
    made = actions.request_evidence(audit, wanted, due_at=sent.due_at, by=by, at=now())
    return Status(201, [one.described() for one in made])


@router.post("/requests/{request_id}/provide", response=RequestShown)
def provide_evidence(request: HttpRequest, request_id: Key, sent: ProvideSent) -> dict[str, Any]:
    """The developer answers a request with documents, words or both."""
    row = EvidenceRequest.objects.named(request_id)
    by = require_own(request, Permission.GOVERN, developer=row.audit.developer_id)
    return actions.provide_evidence(row, answer=sent.answer, documents=sent.documents, by=by, at=now()).described()


@router.post("/requests/{request_id}/accept", response=RequestShown)
def accept_evidence(request: HttpRequest, request_id: Key) -> dict[str, Any]:
    """Takes what was provided as an answer to the request."""
    by = require(request, Permission.REVIEW)
    return actions.accept_evidence(EvidenceRequest.objects.named(request_id), by=by, at=now()).described()


@router.post("/requests/{request_id}/send-back", response=RequestShown)
def send_back_evidence(request: HttpRequest, request_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """What was provided will not do yet; the developer reads why."""
    by = require(request, Permission.REVIEW)
    row = EvidenceRequest.objects.named(request_id)
    return actions.send_back_evidence(row, why=sent.reason, by=by, at=now()).described()


@router.post("/requests/{request_id}/withdraw", response=RequestShown)
def withdraw_request(request: HttpRequest, request_id: Key) -> dict[str, Any]:
    """Takes a request back; nothing has to be provided any more."""
    by = require(request, Permission.REVIEW)
    return actions.withdraw_request(EvidenceRequest.objects.named(request_id), by=by, at=now()).described()


@router.post("/{audit_id}/begin", response=AuditShown)
def begin_assessment(request: HttpRequest, audit_id: Key) -> dict[str, Any]:
    """The assessor goes on with what there is."""
    audit, by = _act(request, audit_id)
    return actions.begin_assessment(audit, by=by, at=now()).described()


@router.put("/{audit_id}/items/{item}", response=ItemShown)
def judge_item(request: HttpRequest, audit_id: Key, item: Key, sent: JudgeSent) -> dict[str, Any]:
    """The verdict on a line of the checklist. With `revision`, a verdict that came meanwhile is a conflict."""
    audit, by = _act(request, audit_id)
    item_now = actions.judge_item(
        audit, item, sent.verdict, reason=sent.reason, revision=sent.revision, by=by, at=now()
    )
    return item_now.described()


@router.post("/{audit_id}/findings", response={201: FindingShown})
def add_finding(request: HttpRequest, audit_id: Key, sent: FindingSent) -> Status[dict[str, Any]]:
    """A draft; the developer gets all findings together."""
    audit, by = _act(request, audit_id)
    return Status(201, actions.add_finding(audit, **sent.dict(), by=by, at=now()).described())


@router.put("/findings/{finding_id}", response=FindingShown)
def change_finding(request: HttpRequest, finding_id: Key, sent: ChangeSent) -> dict[str, Any]:
    """Changes a finding that was not sent yet."""
    by = require(request, Permission.REVIEW)
    return actions.change_finding(Finding.objects.named(finding_id), **sent.dict(), by=by, at=now()).described()


@router.post("/findings/{finding_id}/drop", response=FindingShown)
def drop_finding(request: HttpRequest, finding_id: Key) -> dict[str, Any]:
    """Drops a finding that was not sent yet."""
    by = require(request, Permission.REVIEW)
    return actions.drop_finding(Finding.objects.named(finding_id), by=by, at=now()).described()


@router.post("/{audit_id}/send-findings", response=AuditShown)
def send_findings(request: HttpRequest, audit_id: Key) -> dict[str, Any]:
    """All drafts in one letter, once the whole checklist is judged."""
    audit, by = _act(request, audit_id)
    return actions.send_findings(audit, by=by, at=now()).described()


@router.post("/findings/{finding_id}/answer", response=FindingShown)
def answer_finding(request: HttpRequest, finding_id: Key, sent: AnswerSent) -> dict[str, Any]:
    """The developer answers one finding."""
    finding = Finding.objects.named(finding_id)
    by = require_own(request, Permission.GOVERN, developer=finding.audit.developer_id)
    answered = actions.answer_finding(
        finding, sent.stance, answer=sent.answer, documents=sent.documents, by=by, at=now()
    )
    return answered.described()


@router.post("/findings/{finding_id}/settle", response=FindingShown)
def settle_finding(request: HttpRequest, finding_id: Key, sent: SettleSent) -> dict[str, Any]:
    """After the answer: `stands`, `fixed` or `withdrawn`."""
    by = require(request, Permission.REVIEW)
    finding = Finding.objects.named(finding_id)
    return actions.settle_finding(finding, sent.outcome, reason=sent.reason, by=by, at=now()).described()


@router.post("/findings/{finding_id}/confirm-fixed", response=FindingShown)
def confirm_fixed(request: HttpRequest, finding_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """After the audit: what stood is fixed now."""
    by = require(request, Permission.REVIEW)
    return actions.confirm_fixed(Finding.objects.named(finding_id), reason=sent.reason, by=by, at=now()).described()


@router.post("/{audit_id}/extend", response=AuditShown)
def extend_audit(request: HttpRequest, audit_id: Key, sent: ExtendSent) -> dict[str, Any]:
    """More time for a step of the developer's, once."""
    audit, by = _act(request, audit_id)
    return actions.extend_audit(audit, sent.until, reason=sent.reason, by=by, at=now()).described()


@router.post("/{audit_id}/close", response=AuditShown)
def close_audit(request: HttpRequest, audit_id: Key, sent: SummarySent) -> dict[str, Any]:
    """Ends an audit; how follows from its findings."""
    audit, by = _act(request, audit_id)
    return actions.close_audit(audit, summary=sent.summary, by=by, at=now()).described()


@router.post("/{audit_id}/cancel", response=AuditShown)
def cancel_audit(request: HttpRequest, audit_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """Ends an audit without a result."""
    audit, by = _act(request, audit_id)
    return actions.cancel_audit(audit, reason=sent.reason, by=by, at=now()).described()
