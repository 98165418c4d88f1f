"""An officer takes a case, serves the notice or withdraws; the subject may have more time once."""

from datetime import datetime

from django.db import transaction

from piepowder.rooms.enforcement.actions.conduct import (
    check_officer,
    check_speaks,
    check_status,
    move,
    serve_statement,
    statement,
    words,
)
from piepowder.rooms.enforcement.actions.measures import end_all
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Case, Decision, Finding, Notice
from piepowder.rooms.enforcement.rules import cases
from piepowder.rooms.enforcement.rules.cases import CaseStatus, DecisionStatus, Severity
from piepowder.rooms.enforcement.rules.ladder import Circumstances, propose
from piepowder.rooms.enforcement.rules.reasons import Kind
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def take(case: Case, *, by: Actor, at: datetime) -> Case:
    """Whoever takes a case is its officer; the letters about it go to them."""
    check_officer(case, by)
    case = Case.objects.locked(case.id)
    if case.officer == str(by):
        return case
    Case.objects.filter(pk=case.pk).update(officer=str(by), changed_at=at)
    detail = {"case": case.id, "from": case.officer, "to": str(by)}
    record("enforcement.take", by=by, at=at, detail=detail, **case.ledger_fields())
    return Case.objects.get(pk=case.pk)


@transaction.atomic
def serve(case: Case, *, by: Actor, at: datetime, note: str = "") -> Notice:
    """The subject learns what was found, by which evidence, against which clause, and by when to answer."""
    check_officer(case, by)
    case = Case.objects.locked(case.id)
    check_status(case, CaseStatus.OPENED, to="serve the notice")
    answer_by = cases.answer_by(Severity(case.severity), at)
    officer = case.officer or str(by)
    case = move(case, CaseStatus.NOTICE_SERVED, "serve", by=by, at=at, own=answer_by, served_at=at, officer=officer)
    told = statement(
        case,
        Kind.NOTICE,
        Finding.objects.of_case(case),
        at,
        answer_by=answer_by,
        because=note.strip(),
        at_most=_at_most(case),
    )
    return serve_statement(case, told, by=by, at=at)


def _at_most(case: Case) -> str:
    """What the ladder would propose if all were upheld and nothing spoke for the subject."""
    rungs = ladder()
    measure = propose(rungs, Circumstances(severity=Severity(case.severity), frank=case.frank)).measure
    return f"if this is upheld, it may come to this: {rungs.measures[measure].words}."


@transaction.atomic
def withdraw(case: Case, *, because: str, by: Actor, at: datetime) -> Case:
    """There is nothing in it; somebody who was told of it is told this as well."""
    check_officer(case, by)
    case = Case.objects.locked(case.id)
    because = words(because, "say why the case is withdrawn")
    for decision in Decision.objects.waiting().filter(case=case):
        Decision.objects.advance(decision, DecisionStatus.REJECTED, verb="reject", by=by, at=at, reason=because)
    end_all(case, because, by=by, at=at)
    case = move(case, CaseStatus.WITHDRAWN, "withdraw", by=by, at=at, reason=because)
    if case.served_at:
        serve_statement(case, statement(case, Kind.WITHDRAWAL, [], at, because=because), by=by, at=at)
    return case


@transaction.atomic
def extend(case: Case, until: datetime, *, because: str, by: Actor, at: datetime) -> Case:
    """More time to answer, once: the subject asks for it and gets it, or the marketplace gives it."""
    case = Case.objects.locked(case.id)
    if by.kind not in (ActorKind.STAFF, ActorKind.SYSTEM):
        check_speaks(case, by)
    check_status(case, CaseStatus.NOTICE_SERVED, to="extend the term")
    assert case.due_at is not None  # every state but the last has a date
    because = words(because, "say what the time is needed for")
    cases.check_extension(case.due_at, until, case.extended)
    Case.objects.filter(pk=case.pk).update(due_at=until, extended=True, changed_at=at)
    detail = {"case": case.id, "from": f"{case.due_at:%Y-%m-%d}", "to": f"{until:%Y-%m-%d}"}
    record("enforcement.extend", by=by, at=at, reason=because, detail=detail, **case.ledger_fields())
    return Case.objects.get(pk=case.pk)
