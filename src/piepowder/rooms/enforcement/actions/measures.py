"""Carries decisions out: announces a measure, puts it into force on its date, ends it; the standing follows in the same transaction."""

from datetime import datetime, timedelta

from django.db import transaction
from msgspec import convert, to_builtins

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.enforcement.actions.conduct import check_officer, move, serve_statement, statement, words
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Case, Decision, Sanction
from piepowder.rooms.enforcement.rules.cases import CaseStatus, SanctionStatus
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind, all_met
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure, effective_at, heaviest, sellers_told_at
from piepowder.rooms.enforcement.rules.reasons import Kind
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing

REVIEWED_EVERY = timedelta(days=90)  # a measure without an end is looked at again
STANDINGS = {
    Measure.PERSONAL_DATA_OFF: Standing.PERSONAL_DATA_OFF,
    Measure.AUTHORISATIONS_OFF: Standing.AUTHORISATIONS_OFF,
    Measure.THROTTLED: Standing.THROTTLED,
    Measure.SUSPENDED: Standing.SUSPENDED,
    Measure.REMOVED: Standing.SUSPENDED,
}


def announce(case: Case, decision: Decision, *, by: Actor, at: datetime) -> Sanction:
    """From a confirmed decision: the measure and the day from which it holds. What holds at once is put into force."""
    rungs, measure = ladder(), Measure(decision.measure)
    starts_at = effective_at(rungs, measure, at)
    sanction = Sanction.objects.create(
        case=case,
        decision=decision,
        status=SanctionStatus.ANNOUNCED,
        measure=measure,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=decision.days) if decision.days else None,
        tell_sellers_at=sellers_told_at(rungs, measure, starts_at, at),
        conditions=decision.conditions,
    )
    _record("announce", sanction, by=by, at=at, outcome=SanctionStatus.ANNOUNCED)
    return sanction


def impose(sanction: Sanction, *, by: Actor, at: datetime) -> Sanction:
    """Puts a measure into force. Safe to call twice: of two at once, one meets a conflict and changes nothing."""
    sanction = Sanction.objects.advance(
        sanction, SanctionStatus.IN_FORCE, verb="impose", by=by, at=at, reason=str(sanction.measure)
    )
    follow_standing(sanction.case, by=by, at=at)
    return sanction


@transaction.atomic
def lift(sanction: Sanction, condition: ConditionKind, *, because: str, by: Actor, at: datetime) -> Sanction:
    """Notes that a condition is met; with the last of them the measure ends, and its subject is reinstated.

    Met before its day, the measure never begins, and the case is closed.
    """
    case = Case.objects.locked(sanction.case_id)
    check_officer(case, by)
    sanction = Sanction.objects.named(sanction.id)
    because = words(because, "say how you know that the condition is met")
    conditions = tuple(convert(one, Condition) for one in sanction.conditions)
    if condition not in {one.kind for one in conditions}:
        raise PiepowderError(
            "enforcement_condition_unknown", f"this measure does not depend on `{condition}`", kind=ErrorKind.CONFLICT
        )
    noted = tuple(_met(one, at) if one.kind == condition and not one.met_at else one for one in conditions)
    Sanction.objects.filter(pk=sanction.pk).update(conditions=[to_builtins(one) for one in noted])
    _record("meet_condition", sanction, by=by, at=at, outcome=str(condition), reason=because)
    if not all_met(noted):
        return Sanction.objects.named(sanction.id)
    if sanction.status == SanctionStatus.ANNOUNCED and case.state == CaseStatus.DECIDED:
        return _spare(case, sanction, because, by=by, at=at)
    return end(case, sanction, SanctionStatus.LIFTED, because, by=by, at=at)


def _spare(case: Case, sanction: Sanction, because: str, *, by: Actor, at: datetime) -> Sanction:
    """What was announced is not needed any more."""
    sanction = Sanction.objects.advance(
        sanction, SanctionStatus.CANCELLED, verb="cancel", by=by, at=at, reason=because, ended_because=because
    )
    case = move(case, CaseStatus.CLOSED, "close", by=by, at=at, own=case.appeal_until, reason=because)
    told = statement(case, Kind.REINSTATEMENT, [], at, because=because, appeal_until=case.appeal_until)
    serve_statement(case, told, by=by, at=at)
    return sanction


def _met(condition: Condition, at: datetime) -> Condition:
    return Condition(kind=condition.kind, days=condition.days, met_at=at)


def end(case: Case, sanction: Sanction, to: SanctionStatus, because: str, *, by: Actor, at: datetime) -> Sanction:
    """A measure ends, the standing follows, and a sanctioned case goes on to `reinstated`."""
    sanction = Sanction.objects.advance(sanction, to, verb="end", by=by, at=at, reason=because, ended_because=because)
    follow_standing(case, by=by, at=at)
    if case.state == CaseStatus.SANCTIONED and not Sanction.objects.in_force_of(case):
        reinstate(case, because, by=by, at=at)
    return sanction


def reinstate(case: Case, because: str, *, by: Actor, at: datetime, kind: Kind = Kind.REINSTATEMENT) -> Case:
    case = move(case, CaseStatus.REINSTATED, "reinstate", by=by, at=at, reason=because)
    told = statement(case, kind, [], at, because=because, appeal_until=case.appeal_until)
    serve_statement(case, told, by=by, at=at)
    return case


def end_all(case: Case, because: str, *, by: Actor, at: datetime) -> None:
    """Everything of a case that is in force or announced, because the case or its decision is over."""
    for sanction in Sanction.objects.filter(case=case, status=SanctionStatus.ANNOUNCED):
        Sanction.objects.advance(
            sanction, SanctionStatus.CANCELLED, verb="cancel", by=by, at=at, reason=because, ended_because=because
        )
    for sanction in Sanction.objects.in_force_of(case):
        Sanction.objects.advance(
            sanction, SanctionStatus.OVERTURNED, verb="overturn", by=by, at=at, reason=because, ended_because=because
        )
    follow_standing(case, by=by, at=at)


def follow_standing(case: Case, *, by: Actor, at: datetime) -> None:
    """The standing that the heaviest sanction in force calls for, over all cases of the subject. Somebody deleted has none."""
    if case.subject_kind not in (SubjectKind.APP, SubjectKind.DEVELOPER):
        return
    subject = Subject.objects.select_for_update().filter(pk=case.subject).first()
    if subject is None or subject.status == Standing.PENDING:
        return
    in_force = Sanction.objects.in_force(SubjectKind(case.subject_kind), case.subject)
    measure = heaviest({one.id: Measure(one.measure) for one in in_force})
    wanted = STANDINGS.get(measure, Standing.GOOD)
    if wanted != subject.status:
        set_standing(case.subject, wanted, by=by, at=at, reason=f"case {case.id}: {measure.replace('_', ' ')}")


def _record(verb: str, sanction: Sanction, *, by: Actor, at: datetime, outcome: str = "", reason: str = "") -> None:
    detail = {"case": sanction.case_id, "sanction": sanction.id, "measure": str(sanction.measure)}
    record(
        f"enforcement.{verb}", by=by, at=at, outcome=outcome, reason=reason, detail=detail, **sanction.ledger_fields()
    )
