"""The subject appeals, and somebody who had no part in the decision hears it: it stands, it falls, or a lighter measure takes its place."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.actions.conduct import (
    check_speaks,
    check_staff,
    check_status,
    hands,
    move,
    serve_statement,
    statement,
    words,
)
from piepowder.rooms.enforcement.actions.deciding import begin, carry_out
from piepowder.rooms.enforcement.actions.measures import REVIEWED_EVERY, end_all, reinstate
from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Sanction
from piepowder.rooms.enforcement.rules import separation
from piepowder.rooms.enforcement.rules.cases import (
    AppealStatus,
    CaseStatus,
    DecisionStatus,
    SanctionStatus,
    in_time,
)
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.enforcement.rules.reasons import Kind
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record

_FROM = (CaseStatus.DECIDED, CaseStatus.SANCTIONED, CaseStatus.REINSTATED, CaseStatus.CLOSED)


@transaction.atomic
def appeal(case: Case, *, text: str, by: Actor, at: datetime) -> Appeal:
    """Against the decision in force. A measure that was announced waits until the appeal is heard; one in force goes on.

    After the term the appeal is recorded and refused, with the reason. There is one appeal against a decision.
    """
    case = Case.objects.locked(case.id)
    check_speaks(case, by)
    text = words(text, "say what is wrong with the decision")
    decision = case.decisions.filter(status=DecisionStatus.CONFIRMED).order_by("-id").first()
    if decision is None or case.appeal_until is None:
        raise PiepowderError("enforcement_nothing_to_appeal", "nothing was decided yet", kind=ErrorKind.CONFLICT)
    if not in_time(case.appeal_until, at):
        return _too_late(case, decision, text, by, at)
    check_status(case, *_FROM, to="appeal")
    if decision.appeals.exists():
        raise PiepowderError(
            "enforcement_appealed_already", "there was an appeal against this decision already", kind=ErrorKind.CONFLICT
        )
    row = Appeal.objects.create(
        case=case, decision=decision, status=AppealStatus.FILED, text=text, filed_by=str(by), filed_at=at
    )
    move(case, CaseStatus.APPEALED, "appeal", by=by, at=at, appealed_from=case.status)
    subjects.to_officer(
        case, "appealed", f"{case.name} appeals (case {case.id})", text, at=at, once=f"enforcement:{row.id}"
    )
    return row


def _too_late(case: Case, decision: Decision, text: str, by: Actor, at: datetime) -> Appeal:
    why = f"the term ended on {case.appeal_until:%-d %B %Y}"
    row = Appeal.objects.create(
        case=case,
        decision=decision,
        status=AppealStatus.TOO_LATE,
        text=text,
        filed_by=str(by),
        filed_at=at,
        heard_at=at,
        because=why,
    )
    detail = {"case": case.id, "appeal": row.id}
    record("enforcement.appeal_too_late", by=by, at=at, reason=why, detail=detail, **case.ledger_fields())
    body = f"Your appeal came too late: {why}. It is kept with the case. You may still go to a court."
    subjects.letter(
        case,
        "appeal_too_late",
        f"Your appeal in case {case.id} came too late",
        body,
        at=at,
        once=f"enforcement:{row.id}",
    )
    return row


@transaction.atomic
def hear(
    row: Appeal,
    outcome: AppealStatus,
    *,
    because: str,
    by: Actor,
    at: datetime,
    measure: Measure | None = None,
) -> Appeal:
    """`upheld`: the decision stands. `granted`: it falls, and the subject is reinstated. `changed`: to a lighter `measure`."""
    check_staff(by)
    case = Case.objects.locked(row.case_id)
    separation.check_may_hear(hands(case, by))
    because = words(because, "say why: the subject reads it")
    if outcome == AppealStatus.CHANGED:
        _check_lighter(measure, Measure(row.decision.measure))
    row = Appeal.objects.advance(
        Appeal.objects.named(row.id),
        outcome,
        verb="hear",
        by=by,
        at=at,
        reason=because,
        judge=str(by),
        heard_at=at,
        because=because,
    )
    {
        AppealStatus.UPHELD: _stands,
        AppealStatus.GRANTED: _falls,
        AppealStatus.CHANGED: _changes,
    }[outcome](case, row, measure, because, by, at)
    return row


def _stands(case: Case, row: Appeal, measure: Measure | None, because: str, by: Actor, at: datetime) -> None:
    """Back to where the case was; a measure whose day came meanwhile begins now."""
    before = CaseStatus(case.appealed_from)
    sanction = Sanction.objects.filter(case=case, decision=row.decision).order_by("-id").first()
    own = {
        CaseStatus.DECIDED: max(at, sanction.starts_at) if sanction else at,
        CaseStatus.SANCTIONED: (sanction.ends_at if sanction else None) or at + REVIEWED_EVERY,
        CaseStatus.CLOSED: case.appeal_until or at,
    }.get(before)
    told = statement(case, Kind.APPEAL, [], at, because=because, measure=Measure(row.decision.measure))
    case = move(case, before, "uphold", by=by, at=at, own=own, reason=because)
    serve_statement(case, told, by=by, at=at)
    if (
        before == CaseStatus.DECIDED
        and sanction
        and sanction.status == SanctionStatus.ANNOUNCED
        and sanction.starts_at <= at
    ):
        begin(sanction, by=by, at=at)
    if before == CaseStatus.SANCTIONED and not Sanction.objects.in_force_of(case):
        reinstate(case, "the measure ended while the appeal was heard", by=by, at=at)


def _falls(case: Case, row: Appeal, measure: Measure | None, because: str, by: Actor, at: datetime) -> None:
    _overturn(case, row, because, by, at)
    Case.objects.filter(pk=case.pk).update(upheld_at=None)  # it no longer counts as repetition
    reinstate(case, because, by=by, at=at, kind=Kind.APPEAL)


def _changes(case: Case, row: Appeal, measure: Measure | None, because: str, by: Actor, at: datetime) -> None:
    assert measure is not None  # `_check_lighter`
    _overturn(case, row, because, by, at)
    lighter = Decision.objects.create(
        case=case,
        status=DecisionStatus.CONFIRMED,
        measure=measure,
        because=because,
        proposal=row.decision.proposal,
        departs="an appeal was heard",
        conditions=row.decision.conditions,
        days=row.decision.days,
        blast=row.decision.blast,
        decided_by=str(by),
        decided_at=at,
    )
    carry_out(case, lighter, Kind.APPEAL, by=by, at=at)


def _overturn(case: Case, row: Appeal, because: str, by: Actor, at: datetime) -> None:
    end_all(case, "the appeal was heard", by=by, at=at)
    Decision.objects.advance(
        row.decision, DecisionStatus.OVERTURNED, verb="overturn_decision", by=by, at=at, reason=because
    )


def _check_lighter(measure: Measure | None, than: Measure) -> None:
    if measure is None or measure.rung >= than.rung or measure == Measure.NONE:
        raise PiepowderError(
            "enforcement_not_lighter",
            f"an appeal changes `{than}` to a lighter measure only",
            hint="grant the appeal where nothing shall remain",
        )
