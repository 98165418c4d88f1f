"""An officer decides each finding and the measure; a heavy one waits for a second person; then the subject is told, and the clock runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from msgspec import convert, to_builtins

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.persons import persons_behind
from piepowder.rooms.enforcement.actions.conduct import (
    check_staff,
    check_status,
    hands,
    move,
    serve_statement,
    statement,
    words,
)
from piepowder.rooms.enforcement.actions.measures import REVIEWED_EVERY, announce, end_all, impose
from piepowder.rooms.enforcement.blast import blast
from piepowder.rooms.enforcement.complaints import complained_at
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Case, Decision, Finding, Sanction
from piepowder.rooms.enforcement.rules import separation
from piepowder.rooms.enforcement.rules.cases import APPEAL_OPEN, CaseStatus, DecisionStatus, Severity
from piepowder.rooms.enforcement.rules.conditions import Condition, in_words
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Circumstances, Measure, Proposal, is_heavy, propose
from piepowder.rooms.enforcement.rules.reasons import Kind
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record

UPHELD, DISMISSED = "upheld", "dismissed"


def proposal(case: Case, upheld: Sequence[Finding], at: datetime) -> Proposal:
    """What the ladder proposes for these findings and this subject."""
    if not upheld:
        return Proposal(Measure.NONE, ())
    rungs = ladder()
    since = at - rungs.memory
    circumstances = Circumstances(
        severity=max((Severity(one.severity) for one in upheld), key=lambda one: one.rank),
        upheld_before=Case.objects.upheld(SubjectKind(case.subject_kind), case.subject, since),
        frank=case.frank,
        cooperated=case.cooperated,
    )
    return propose(rungs, circumstances)


@transaction.atomic
def decide(
    case: Case,
    outcomes: Mapping[str, tuple[str, str]],
    *,
    because: str,
    by: Actor,
    at: datetime,
    measure: Measure | None = None,
    departs: str = "",
    conditions: Sequence[Condition] = (),
    days: int | None = None,
) -> Decision:
    """`outcomes`: finding id -> (upheld or dismissed, why), one for each. Without `measure`, the ladder's own is taken.

    Another measure than the ladder's needs `departs`, the reason; it stands in the decision. A heavy measure, or one against somebody who
    complained lately, is proposed only, until a second person confirms it.
    """
    check_staff(by)
    case = Case.objects.locked(case.id)
    check_status(case, CaseStatus.ANSWERED, to="decide")
    _check_free(case)
    separation.check_may_decide(hands(case, by))
    upheld = _write_outcomes(case, outcomes, by, at)
    proposed = proposal(case, upheld, at)
    chosen = proposed.measure if measure is None else measure
    _check_chosen(chosen, proposed, upheld, departs)
    lasts = chosen.rung > Measure.WARNING.rung  # a warning has nothing that could end
    decision = Decision.objects.create(
        case=case,
        status=DecisionStatus.PROPOSED,
        measure=chosen,
        because=words(because, "say why you decide so: the subject reads it"),
        proposal=to_builtins(proposed),
        departs=departs.strip(),
        conditions=[to_builtins(one) for one in conditions] if lasts else [],
        days=days if lasts else None,
        blast=to_builtins(blast(case, at)),
        decided_by=str(by),
        decided_at=at,
    )
    detail = {"case": case.id, "decision": decision.id, "measure": str(chosen), "proposed": str(proposed.measure)}
    record("enforcement.propose", by=by, at=at, outcome=chosen, detail=detail, **case.ledger_fields())
    if needs_second(case, chosen, at):
        return decision
    return _confirmed(case, decision, by=by, at=at)


def _check_free(case: Case) -> None:
    """Of two officers who decide at once, the second learns of the first."""
    if waiting := Decision.objects.waiting().filter(case=case).first():
        raise PiepowderError(
            "enforcement_decision_waits",
            f"`{waiting.measure}` was proposed in this case and waits for a second person",
            hint="confirm or reject that first",
            kind=ErrorKind.CONFLICT,
        )


def needs_second(case: Case, measure: Measure, at: datetime) -> bool:
    retaliation = separation.may_retaliate(complained_at(case), at)
    return is_heavy(ladder(), measure) or (measure != Measure.NONE and retaliation)


def _write_outcomes(case: Case, outcomes: Mapping[str, tuple[str, str]], by: Actor, at: datetime) -> list[Finding]:
    findings = {one.id: one for one in Finding.objects.of_case(case)}
    if set(outcomes) != set(findings):
        raise PiepowderError(
            "enforcement_outcomes_incomplete",
            "each finding of the case is decided, and no other",
            hint="say for each whether it is upheld or dismissed, and why",
        )
    for key, (outcome, why) in outcomes.items():
        if outcome not in (UPHELD, DISMISSED):
            raise PiepowderError("enforcement_outcome_wrong", f"a finding is upheld or dismissed, not `{outcome}`")
        Finding.objects.filter(pk=key).update(outcome=outcome, because=words(why, "say why: the subject reads it"))
    return [one for key, one in findings.items() if outcomes[key][0] == UPHELD]


def _check_chosen(chosen: Measure, proposed: Proposal, upheld: Sequence[Finding], departs: str) -> None:
    if chosen != Measure.NONE and not upheld:
        raise PiepowderError("enforcement_nothing_upheld", "without a finding that is upheld there is no measure")
    if chosen != proposed.measure and not departs.strip():
        raise PiepowderError(
            "enforcement_departure_unexplained",
            f"the ladder proposes `{proposed.measure}`, you choose `{chosen}`",
            hint="say why you depart from it: it stands in the decision",
        )


@transaction.atomic
def confirm(decision: Decision, *, because: str, by: Actor, at: datetime) -> Decision:
    """The second person agrees, and the decision is served."""
    check_staff(by)
    case = Case.objects.locked(decision.case_id)
    decision = Decision.objects.named(decision.id)
    separation.check_may_confirm(hands(case, by), persons_behind(decision.decided_by))
    return _confirmed(case, decision, by=by, at=at, second=str(by), second_at=at, second_because=because.strip())


@transaction.atomic
def reject(decision: Decision, *, because: str, by: Actor, at: datetime) -> Decision:
    """The second person does not agree; the case waits for another decision."""
    check_staff(by)
    case = Case.objects.locked(decision.case_id)
    decision = Decision.objects.named(decision.id)
    separation.check_may_confirm(hands(case, by), persons_behind(decision.decided_by))
    because = words(because, "say why you do not agree")
    return Decision.objects.advance(
        decision,
        DecisionStatus.REJECTED,
        verb="reject",
        by=by,
        at=at,
        reason=because,
        second=str(by),
        second_at=at,
        second_because=because,
    )


def _confirmed(case: Case, decision: Decision, *, by: Actor, at: datetime, **changes: object) -> Decision:
    check_status(case, CaseStatus.ANSWERED, to="confirm the decision")
    decision = Decision.objects.advance(
        decision, DecisionStatus.CONFIRMED, verb="confirm", by=by, at=at, reason=decision.because, **changes
    )
    end_all(case, "the decision takes its place", by=by, at=at)  # of an emergency
    carry_out(case, decision, Kind.DECISION, by=by, at=at)
    return decision


def carry_out(case: Case, decision: Decision, kind: Kind, *, by: Actor, at: datetime) -> None:
    """The subject is told, and what holds from now on is in force when this commits."""
    until = at + APPEAL_OPEN
    measure = Measure(decision.measure)
    sanction = None if measure == Measure.NONE else announce(case, decision, by=by, at=at)
    own = sanction.starts_at if sanction else at
    upheld_at = at if sanction else None
    case = move(case, CaseStatus.DECIDED, "decide", by=by, at=at, own=own, appeal_until=until, upheld_at=upheld_at)
    tell(case, decision, sanction, kind, by=by, at=at)
    if sanction is None:
        move(case, CaseStatus.CLOSED, "close", by=by, at=at, own=until)
    elif sanction.starts_at <= at:
        begin(sanction, by=by, at=at)


def begin(sanction: Sanction, *, by: Actor, at: datetime) -> None:
    """On its day a measure comes into force, and its case is sanctioned; a warning has done its work and the case is closed."""
    sanction = impose(sanction, by=by, at=at)
    case = Case.objects.locked(sanction.case_id)
    own = sanction.ends_at or at + REVIEWED_EVERY
    case = move(case, CaseStatus.SANCTIONED, "sanction", by=by, at=at, own=own)
    if sanction.measure == Measure.WARNING:
        assert case.appeal_until is not None
        move(case, CaseStatus.CLOSED, "close", by=by, at=at, own=case.appeal_until)


def tell(case: Case, decision: Decision, sanction: Sanction | None, kind: Kind, *, by: Actor, at: datetime) -> None:
    measure = Measure(decision.measure)
    told = statement(
        case,
        kind,
        Finding.objects.of_case(case),
        at,
        measure=measure,
        measure_words="" if measure == Measure.NONE else ladder().measures[measure].words,
        effective_at=sanction.starts_at if sanction else None,
        ends_at=sanction.ends_at if sanction else None,
        conditions=tuple(in_words(_condition(one)) for one in decision.conditions),
        because=decision.because,
        considered=_considered(decision),
        appeal_until=case.appeal_until,
    )
    serve_statement(case, told, by=by, at=at)


def _condition(plain: dict[str, object]) -> Condition:
    return convert(plain, Condition)


def _considered(decision: Decision) -> tuple[str, ...]:
    steps = tuple(f"{one['why']}: {one['measure'].replace('_', ' ')}" for one in decision.proposal.get("steps", ()))
    return (*steps, f"we depart from this: {decision.departs}") if decision.departs else steps
