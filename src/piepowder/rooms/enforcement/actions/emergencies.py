"""At once, before an answer was heard: only for the gravest findings, only so far as the ladder lets, and for 72 hours."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.persons import persons_behind
from piepowder.rooms.enforcement.actions.conduct import (
    check_officer,
    check_staff,
    check_status,
    hands,
    serve_statement,
    statement,
    words,
)
from piepowder.rooms.enforcement.actions.measures import end, impose
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Case, Finding, Sanction
from piepowder.rooms.enforcement.rules import separation
from piepowder.rooms.enforcement.rules.cases import EMERGENCY_REVIEW, CaseStatus, SanctionStatus, Severity
from piepowder.rooms.enforcement.rules.ladder import Measure, may_be_emergency
from piepowder.rooms.enforcement.rules.reasons import Kind
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def act_at_once(case: Case, measure: Measure, *, because: str, by: Actor, at: datetime) -> Sanction:
    """The measure holds when this commits. It expires after 72 hours unless a second person confirms it."""
    check_staff(by)
    case = Case.objects.locked(case.id)
    check_status(case, CaseStatus.OPENED, CaseStatus.NOTICE_SERVED, CaseStatus.ANSWERED, to="act at once")
    separation.check_may_decide(hands(case, by))
    because = words(because, "say what cannot wait: the subject reads it")
    _check_emergency(case, measure)
    sanction = Sanction.objects.create(
        case=case,
        status=SanctionStatus.ANNOUNCED,
        measure=measure,
        emergency=True,
        starts_at=at,
        ends_at=at + EMERGENCY_REVIEW,
        tell_sellers_at=at,
        imposed_by=str(by),
    )
    detail = {"case": case.id, "sanction": sanction.id, "measure": str(measure)}
    record("enforcement.act_at_once", by=by, at=at, reason=because, detail=detail, **case.ledger_fields())
    sanction = impose(sanction, by=by, at=at)
    Case.objects.filter(pk=case.pk, served_at=None).update(
        served_at=at
    )  # from now on the subject knows, and may read it
    told = statement(
        case,
        Kind.DECISION,
        Finding.objects.of_case(case),
        at,
        measure=measure,
        measure_words=ladder().measures[measure].words,
        emergency=True,
        because=because,
        ends_at=sanction.ends_at,
    )
    serve_statement(case, told, by=by, at=at)
    return sanction


def _check_emergency(case: Case, measure: Measure) -> None:
    if not may_be_emergency(ladder(), Severity(case.severity), measure):
        raise PiepowderError(
            "enforcement_no_emergency",
            f"`{measure}` at once is not for a case of {case.severity} severity",
            hint="serve the notice; the ladder says what an emergency allows",
            kind=ErrorKind.FORBIDDEN,
        )
    if Sanction.objects.filter(case=case, emergency=True).exists():
        raise PiepowderError(
            "enforcement_emergency_before",
            "there was an emergency measure in this case already",
            kind=ErrorKind.CONFLICT,
        )


@transaction.atomic
def confirm_emergency(sanction: Sanction, *, because: str, by: Actor, at: datetime) -> Sanction:
    """A second person looked at it: it holds until the case is decided."""
    check_staff(by)
    case = Case.objects.locked(sanction.case_id)
    sanction = Sanction.objects.named(sanction.id)
    _check_in_force(sanction)
    separation.check_may_confirm(hands(case, by), persons_behind(sanction.imposed_by))
    because = words(because, "say why it has to hold on")
    Sanction.objects.filter(pk=sanction.pk).update(confirmed_by=str(by), ends_at=None)
    detail = {"case": case.id, "sanction": sanction.id}
    record("enforcement.confirm_emergency", by=by, at=at, reason=because, detail=detail, **case.ledger_fields())
    return Sanction.objects.named(sanction.id)


@transaction.atomic
def end_emergency(sanction: Sanction, *, because: str, by: Actor, at: datetime) -> Sanction:
    """It is not needed any more, or should not have been."""
    case = Case.objects.locked(sanction.case_id)
    check_officer(case, by)
    sanction = Sanction.objects.named(sanction.id)
    _check_in_force(sanction)
    return end(case, sanction, SanctionStatus.OVERTURNED, words(because, "say why it ends"), by=by, at=at)


def _check_in_force(sanction: Sanction) -> None:
    if not sanction.emergency or sanction.status != SanctionStatus.IN_FORCE:
        raise PiepowderError(
            "enforcement_no_emergency_in_force", f"`{sanction.id}` is no emergency in force", kind=ErrorKind.CONFLICT
        )
