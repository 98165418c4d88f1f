"""What every step of a case does: hold the case, move it with its next date, write the statement down, and serve it."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from msgspec import to_builtins

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.persons import persons_behind
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.models import Case, Decision, Finding, Notice
from piepowder.rooms.enforcement.rules import cases, separation
from piepowder.rooms.enforcement.rules.cases import CaseStatus
from piepowder.rooms.enforcement.rules.reasons import Fact, Kind, Statement, letter
from piepowder.rooms.enforcement.rules.separation import Hands
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record

TEXT_MAX = 8_000


def move(
    case: Case,
    to: CaseStatus,
    verb: str,
    *,
    by: Actor,
    at: datetime,
    own: datetime | None = None,
    reason: str = "",
    **changes: object,
) -> Case:
    """The only way a case goes on: with the date of its next move. `own` is that date where the case itself sets it."""
    due_at = cases.due(to, at, own)
    return Case.objects.advance(
        case, to, verb=verb, by=by, at=at, reason=reason, due_at=due_at, late_noted=False, changed_at=at, **changes
    )


def check_status(case: Case, *expected: CaseStatus, to: str) -> None:
    if case.state not in expected:
        raise PiepowderError(
            "enforcement_not_now",
            f"to {to} comes too early or too late: the case is `{case.status}`",
            kind=ErrorKind.CONFLICT,
            status=case.status,
        )


def words(text: str, hint: str) -> str:
    """A text that a person wrote, trimmed; `enforcement_text_missing`, `enforcement_text_too_long`."""
    text = text.strip()
    if not text:
        raise PiepowderError("enforcement_text_missing", "something has to be said here", hint=hint)
    if len(text) > TEXT_MAX:
        raise PiepowderError("enforcement_text_too_long", f"at most {TEXT_MAX} characters, these are {len(text)}")
    return text


def check_staff(by: Actor) -> None:
    if by.kind not in (ActorKind.STAFF, ActorKind.SYSTEM):
        raise PiepowderError("enforcement_for_staff", "this is done by the marketplace", kind=ErrorKind.FORBIDDEN)


def check_speaks(case: Case, by: Actor) -> None:
    if not subjects.speaks_for(case, by):
        raise PiepowderError("enforcement_case_unknown", f"no case `{case.id}`", kind=ErrorKind.NOT_FOUND)


def hands(case: Case, by: Actor) -> Hands:
    """Who had a hand in it so far, and whether it is somebody's own case."""
    decisions = Decision.objects.filter(case=case)
    decided = {one.decided_by for one in decisions} | {one.second for one in decisions if one.second}
    reporters = {one.reported_by for one in Finding.objects.of_case(case) if one.reported_by.startswith("staff:")}
    return Hands(
        acting=persons_behind(str(by)),
        own=subjects.is_own(case, by),
        reporters=_persons(reporters),
        decided=_persons(decided),
    )


def _persons(actors: Iterable[str]) -> frozenset[str]:
    return frozenset(person for actor in actors for person in persons_behind(actor))


def check_officer(case: Case, by: Actor) -> None:
    """Staff, and nobody's own case: whoever is accused does not withdraw, lift or end anything."""
    check_staff(by)
    separation.check_not_own(hands(case, by))


def facts(findings: Iterable[Finding]) -> tuple[Fact, ...]:
    return tuple(_fact(one) for one in findings)


def _fact(finding: Finding) -> Fact:
    return Fact(
        says=finding.says,
        clause=finding.clause,
        severity=finding.severity,
        evidence=tuple(_counted(one) for one in finding.evidence),
        records=tuple(record for one in finding.evidence for record in one["records"])[:5],
        innocent=tuple(finding.innocent),
        clears=tuple(finding.clears),
        outcome=finding.outcome,
        why=finding.because,
    )


def _counted(evidence: dict[str, object]) -> str:
    among = f" of {evidence['of']}" if evidence["of"] else ""
    return f"{evidence['says']} ({evidence['count']}{among})"


def found_by(findings: Iterable[Finding]) -> tuple[str, bool]:
    """In words, and whether a program found any of it."""
    automated = any(one.reported_by.startswith("system:") for one in findings)
    return ("rules that follow the ledger" if automated else "people of the marketplace"), automated


def serve_statement(case: Case, statement: Statement, *, by: Actor, at: datetime) -> Notice:
    """Written down in its very words, put into the inbox and the mail; its id and time stand on the ledger."""
    title, text = letter(statement)
    notice = Notice.objects.create(
        case=case,
        kind=statement.kind,
        statement=to_builtins(statement),
        title=title,
        text=text,
        served_at=at,
        served_by=str(by),
    )
    subjects.letter(case, statement.kind, title, text, at=at, once=f"enforcement:{notice.id}", by=by)
    detail = {"case": case.id, "notice": notice.id, "kind": str(statement.kind)}
    record("enforcement.serve_statement", by=by, at=at, outcome=statement.kind, detail=detail, **case.ledger_fields())
    return notice


def statement(case: Case, kind: Kind, findings: Iterable[Finding], at: datetime, **more: object) -> Statement:
    """What all statements of a case have in common, and `more`."""
    listed = list(findings)
    how, automated = found_by(listed)
    return Statement(
        kind=kind,
        case=case.id,
        subject=case.subject,
        subject_name=case.name,
        about=facts(listed),
        found_by=how,
        automated=automated,
        served_at=at,
        link=settings.PIEPOWDER.public_url + subjects.link_of(case),
        **more,  # type: ignore[arg-type]
    )
