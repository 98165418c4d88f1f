"""The court over the JSON API: the marketplace conducts cases with `govern`; a developer or seller answers with a key of its own."""

from typing import Annotated, Any

from django.db.models import Q
from django.http import HttpRequest
from msgspec import to_builtins
from ninja import Router, Schema, Status
from pydantic import Field

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.enforcement import actions, subjects
from piepowder.rooms.enforcement.actions.deciding import proposal
from piepowder.rooms.enforcement.blast import blast
from piepowder.rooms.enforcement.described import (
    appeal_line,
    case_line,
    decision_line,
    finding_line,
    message_line,
    sanction_line,
    whole,
)
from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Finding, Sanction
from piepowder.rooms.enforcement.rules import findings
from piepowder.rooms.enforcement.rules.cases import AppealStatus, CaseStatus, Severity, Stance
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.findings import LINES_MAX, RECORDS_MAX, SHORT_MAX, SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now

router = Router(tags=["cases"])
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(ge=1, le=3_650)]


class EvidenceSent(Sent):
    """One counted fact; `of` is what it is counted among, 0 where there is no such number. It holds no buyer's data."""

    says: Prose
    count: Count = 1
    of: Count = 0
    records: list[Key] = Field(default=[], max_length=RECORDS_MAX)


class FindingSent(Sent):
    """`frank`: the subject said it by itself. `confidential`: who reported stays hidden. `once`: sent again, it is the first."""

    subject_kind: SubjectKind
    subject: Key
    severity: Severity
    clause: Annotated[Name, Field(max_length=SHORT_MAX)]
    says: Prose
    evidence: list[EvidenceSent] = Field(min_length=1, max_length=LINES_MAX)
    clears: list[Prose] = Field(min_length=1, max_length=LINES_MAX)
    innocent: list[Prose] = Field(default=[], max_length=LINES_MAX)
    rule: Name = "staff.report"
    policy_version: Annotated[Prose, Field(max_length=200)] = ""
    once: Annotated[Prose, Field(max_length=200)] = ""
    frank: bool = False
    confidential: bool = False


class NoteSent(Sent):
    note: Prose = ""


class ReasonSent(Sent):
    reason: Prose


class TextSent(Sent):
    text: Prose


class ExtendSent(Sent):
    until: Moment
    reason: Prose


class StanceSent(Sent):
    finding: Key
    stance: Stance
    says: Prose = ""


class AnswerSent(Sent):
    stances: list[StanceSent] = Field(default=[], max_length=1_000)
    text: Prose = ""


class OutcomeSent(Sent):
    finding: Key
    upheld: bool
    because: Prose


class ConditionSent(Sent):
    """`days` for `clean` only."""

    kind: ConditionKind
    days: Annotated[int, Field(ge=0, le=3_650)] = 0


class DecisionSent(Sent):
    """Without `measure`, the ladder's own is taken; another one needs `departs`, the reason."""

    outcomes: list[OutcomeSent] = Field(min_length=1, max_length=1_000)
    because: Prose
    measure: Measure | None = None
    departs: Prose = ""
    conditions: list[ConditionSent] = Field(default=[], max_length=4)
    days: Days | None = None


class MeasureSent(Sent):
    measure: Measure
    reason: Prose


class ConditionMetSent(Sent):
    condition: ConditionKind
    reason: Prose


class HearingSent(Sent):
    """`measure`: the lighter one, with `changed` only."""

    outcome: AppealStatus
    reason: Prose
    measure: Measure | None = None


class CaseShown(Schema):
    id: str
    subject_kind: str
    subject: str
    developer: str
    name: str
    severity: str
    status: str
    whose_move: str
    move: str
    due_at: Moment | None
    officer: str
    opened_at: Moment
    served_at: Moment | None
    appeal_until: Moment | None
    frank: bool
    cooperated: bool
    silent: bool


class FindingShown(Schema):
    id: str
    case: str
    rule: str
    clause: str
    severity: str
    says: str
    evidence: list[dict[str, Any]]
    innocent: list[str]
    clears: list[str]
    policy_version: str
    reported_by: str
    found_at: Moment
    outcome: str
    because: str


class NoticeShown(Schema):
    """`statement` is the machine-readable statement of reasons; `text` are the words in which it was served."""

    id: str
    kind: str
    title: str
    text: str
    statement: dict[str, Any]
    served_at: Moment


class AnswerShown(Schema):
    id: str
    stances: dict[str, Any]
    text: str
    answered_at: Moment
    late: bool


class MessageShown(Schema):
    id: str
    side: str
    text: str
    written_at: Moment
    answer_by: Moment | None
    answered_at: Moment | None


class DecisionShown(Schema):
    id: str
    case: str
    status: str
    measure: str
    because: str
    proposal: dict[str, Any]
    departs: str
    conditions: list[dict[str, Any]]
    days: int | None
    reach: dict[str, Any]
    decided_by: str
    decided_at: Moment
    second: str
    second_because: str


class SanctionShown(Schema):
    id: str
    case: str
    status: str
    measure: str
    emergency: bool
    confirmed: bool
    starts_at: Moment
    ends_at: Moment | None
    conditions: list[dict[str, Any]]
    ended_because: str


class AppealShown(Schema):
    id: str
    case: str
    decision: str
    status: str
    text: str
    filed_at: Moment
    judge: str
    heard_at: Moment | None
    because: str


class WholeShown(CaseShown):
    findings: list[FindingShown]
    notices: list[NoticeShown]
    answers: list[AnswerShown]
    messages: list[MessageShown]
    decisions: list[DecisionShown]
    sanctions: list[SanctionShown]
    appeals: list[AppealShown]


class ReachShown(Schema):
    """`proposed`: what the ladder proposes if all is upheld, with its steps. `reach`: sellers, open orders, calls, what goes on."""

    proposed: dict[str, Any]
    reach: dict[str, Any]


@router.get("", response=list[CaseShown])
def list_cases(
    request: HttpRequest, subject: str = "", status: CaseStatus | None = None, before: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Cases, the newest first; a key of a developer or seller sees its own once they were served. The next page is what came `before`.

    `subject`: id of an app, developer, seller or member of staff.
    """
    caller = caller_of(request)
    holder = caller.developer or caller.seller
    if not holder:
        require(request, Permission.READ)
    rows = Case.objects.of([holder]) if holder else subjects.visible(caller.actor).order_by("-id")
    rows = rows.filter(Q(subject=subject) | Q(developer_id=subject)) if subject else rows
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(pk__lt=before) if before else rows
    return [case_line(one, own=bool(holder)) for one in rows[:limit]]


@router.post("", response={201: FindingShown})
def report_finding(request: HttpRequest, sent: FindingSent) -> Status[dict[str, Any]]:
    """Reports a finding. It joins the case about the same subject that was not served yet, or opens one; `case` is its id."""
    by = require(request, Permission.GOVERN)
    told = sent.dict(exclude={"frank", "confidential", "evidence", "innocent", "clears"})
    evidence = tuple(
        findings.Evidence(says=one.says, count=one.count, of=one.of, records=tuple(one.records))
        for one in sent.evidence
    )
    finding = findings.Finding(**told, evidence=evidence, innocent=tuple(sent.innocent), clears=tuple(sent.clears))
    row = actions.report(finding, by=by, at=now(), frank=sent.frank, confidential=sent.confidential)
    return Status(201, finding_line(row))


@router.get("/{case_id}", response=WholeShown)
def get_case(request: HttpRequest, case_id: Key) -> dict[str, Any]:
    """A case with findings, notices, answers, messages, decisions, measures and appeals. Its subject sees it from the notice on."""
    case, own = _seen(request, case_id)
    return whole(case, own=own)


@router.get("/{case_id}/reach", response=ReachShown)
def get_reach(request: HttpRequest, case_id: Key) -> dict[str, Any]:
    """Before a decision: whom a measure would touch, and what the ladder proposes if all is upheld."""
    by = require(request, Permission.READ)
    case, at = _visible(by, case_id), now()
    proposed = proposal(case, list(Finding.objects.of_case(case)), at)
    return {"proposed": to_builtins(proposed), "reach": to_builtins(blast(case, at))}


@router.post("/{case_id}/take", response=CaseShown)
def take_case(request: HttpRequest, case_id: Key) -> dict[str, Any]:
    """Whoever takes a case is its officer; letters about it go to them."""
    case, by = _conduct(request, case_id)
    return case_line(actions.take(case, by=by, at=now()))


@router.post("/{case_id}/serve", response=NoticeShown)
def serve_notice(request: HttpRequest, case_id: Key, sent: NoteSent) -> dict[str, Any]:
    """The subject learns what was found, by which evidence, and by when to answer."""
    case, by = _conduct(request, case_id)
    notice = actions.serve(case, by=by, at=now(), note=sent.note)
    names = ("id", "kind", "title", "text", "statement", "served_at")
    return {name: getattr(notice, name) for name in names}


@router.post("/{case_id}/withdraw", response=CaseShown)
def withdraw_case(request: HttpRequest, case_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """There is nothing in it; a subject who was told of it is told this as well."""
    case, by = _conduct(request, case_id)
    return case_line(actions.withdraw(case, because=sent.reason, by=by, at=now()))


@router.post("/{case_id}/extend", response=CaseShown)
def extend_term(request: HttpRequest, case_id: Key, sent: ExtendSent) -> dict[str, Any]:
    """More time to answer, once, at most 14 days; given by the marketplace, or taken by the subject."""
    case, by, own = _either(request, case_id)
    return case_line(actions.extend(case, sent.until, because=sent.reason, by=by, at=now()), own=own)


@router.post("/{case_id}/answer", response=AnswerShown)
def answer_case(request: HttpRequest, case_id: Key, sent: AnswerSent) -> dict[str, Any]:
    """The subject answers each finding: `accepted`, `disputed` or `mended`."""
    case, by, _ = _either(request, case_id)
    stances = {one.finding: (one.stance, one.says) for one in sent.stances}
    row = actions.answer(case, stances, text=sent.text, by=by, at=now())
    return {name: getattr(row, name) for name in ("id", "stances", "text", "answered_at", "late")}


@router.post("/{case_id}/messages", response={201: MessageShown})
def write_message(request: HttpRequest, case_id: Key, sent: TextSent) -> Status[dict[str, Any]]:
    """A word on the case, of either side."""
    case, by, _ = _either(request, case_id)
    return Status(201, message_line(actions.say(case, sent.text, by=by, at=now())))


@router.post("/{case_id}/decide", response={201: DecisionShown})
def decide_case(request: HttpRequest, case_id: Key, sent: DecisionSent) -> Status[dict[str, Any]]:
    """Decides each finding and the measure. A heavy one is `proposed` until a second person confirms it."""
    case, by = _conduct(request, case_id)
    decision = actions.decide(
        case,
        {one.finding: ("upheld" if one.upheld else "dismissed", one.because) for one in sent.outcomes},
        because=sent.because,
        by=by,
        at=now(),
        measure=sent.measure,
        departs=sent.departs,
        conditions=[Condition(kind=one.kind, days=one.days) for one in sent.conditions],
        days=sent.days,
    )
    return Status(201, decision_line(decision))


@router.post("/decisions/{decision_id}/confirm", response=DecisionShown)
def confirm_decision(request: HttpRequest, decision_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """The second person agrees, and the decision is served."""
    by = require(request, Permission.GOVERN)
    decision = Decision.objects.named(decision_id)
    return decision_line(actions.confirm(decision, because=sent.reason, by=by, at=now()))


@router.post("/decisions/{decision_id}/reject", response=DecisionShown)
def reject_decision(request: HttpRequest, decision_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """The second person does not agree; the case waits for another decision."""
    by = require(request, Permission.GOVERN)
    decision = Decision.objects.named(decision_id)
    return decision_line(actions.reject(decision, because=sent.reason, by=by, at=now()))


@router.post("/{case_id}/at-once", response={201: SanctionShown})
def act_at_once(request: HttpRequest, case_id: Key, sent: MeasureSent) -> Status[dict[str, Any]]:
    """An emergency measure: it holds now, and ends after 72 hours unless a second person confirms it."""
    case, by = _conduct(request, case_id)
    sanction = actions.act_at_once(case, sent.measure, because=sent.reason, by=by, at=now())
    return Status(201, sanction_line(sanction))


@router.post("/sanctions/{sanction_id}/confirm", response=SanctionShown)
def confirm_emergency(request: HttpRequest, sanction_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """A second person looked at an emergency measure: it holds until the case is decided."""
    by = require(request, Permission.GOVERN)
    sanction = Sanction.objects.named(sanction_id)
    return sanction_line(actions.confirm_emergency(sanction, because=sent.reason, by=by, at=now()))


@router.post("/sanctions/{sanction_id}/end", response=SanctionShown)
def end_emergency(request: HttpRequest, sanction_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """Ends an emergency measure; the case goes on."""
    by = require(request, Permission.GOVERN)
    sanction = Sanction.objects.named(sanction_id)
    return sanction_line(actions.end_emergency(sanction, because=sent.reason, by=by, at=now()))


@router.post("/sanctions/{sanction_id}/lift", response=SanctionShown)
def lift_sanction(request: HttpRequest, sanction_id: Key, sent: ConditionMetSent) -> dict[str, Any]:
    """Notes that a condition of a measure is met; with the last one the measure ends."""
    by = require(request, Permission.GOVERN)
    sanction = Sanction.objects.named(sanction_id)
    return sanction_line(actions.lift(sanction, sent.condition, because=sent.reason, by=by, at=now()))


@router.post("/{case_id}/appeal", response={201: AppealShown})
def appeal_decision(request: HttpRequest, case_id: Key, sent: TextSent) -> Status[dict[str, Any]]:
    """The subject appeals against the decision in force. After the term it is recorded as `too_late`."""
    case, by, own = _either(request, case_id)
    return Status(201, appeal_line(actions.appeal(case, text=sent.text, by=by, at=now()), own=own))


@router.post("/appeals/{appeal_id}/hear", response=AppealShown)
def hear_appeal(request: HttpRequest, appeal_id: Key, sent: HearingSent) -> dict[str, Any]:
    """`upheld`: the decision stands; `granted`: it falls; `changed`: to a lighter `measure`. By somebody who did not decide."""
    by = require(request, Permission.GOVERN)
    appeal = Appeal.objects.named(appeal_id)
    heard = actions.hear(appeal, sent.outcome, because=sent.reason, measure=sent.measure, by=by, at=now())
    return appeal_line(heard)


def _visible(by: Actor, case_id: str) -> Case:
    """As staff see it; whoever is accused has no such case before the notice."""
    return subjects.visible(by).named(case_id)


def _conduct(request: HttpRequest, case_id: str) -> tuple[Case, Actor]:
    by = require(request, Permission.GOVERN)
    return _visible(by, case_id), by


def _seen(request: HttpRequest, case_id: str) -> tuple[Case, bool]:
    """The case, and whether it is read with a key of its subject."""
    caller = caller_of(request)
    if not (caller.developer or caller.seller):
        return _visible(require(request, Permission.READ), case_id), False
    return _served(request, case_id), True


def _served(request: HttpRequest, case_id: str) -> Case:
    case = Case.objects.named(case_id)
    seller = case.subject if case.subject_kind == SubjectKind.SELLER else ""
    require_own(request, Permission.READ, developer=case.developer_id, seller=seller)
    if case.served_at is None:
        raise PiepowderError("enforcement_case_unknown", f"no case `{case_id}`", kind=ErrorKind.NOT_FOUND)
    return case


def _either(request: HttpRequest, case_id: str) -> tuple[Case, Actor, bool]:
    """For what both sides do: a key of the subject, or one of the marketplace with `govern`."""
    caller = caller_of(request)
    if caller.developer or caller.seller:
        return _served(request, case_id), caller.actor, True
    return *_conduct(request, case_id), False
