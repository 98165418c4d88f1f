"""Findings and people for tests of the court. All of it is made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from piepowder.rooms.appstore.models import App
from piepowder.rooms.enforcement import actions
from piepowder.rooms.enforcement.models import Case, Decision, Finding
from piepowder.rooms.enforcement.rules import findings
from piepowder.rooms.enforcement.rules.cases import Severity, Stance
from piepowder.rooms.enforcement.rules.findings import Evidence, SubjectKind
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.models import Account

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def finding(app: App, severity: Severity = Severity.HIGH, **changes: Any) -> findings.Finding:
    told: dict[str, Any] = {
        "rule": "assessment.advertising",
        "subject_kind": SubjectKind.APP,
        "subject": app.id,
        "severity": severity,
        "clause": "Data protection policy 2.1: no advertising",
        "says": "Buyers' addresses are read and used for advertising",
        "evidence": (Evidence(says="orders whose buyers were uploaded", count=12, of=40, records=("rec_1",)),),
        "innocent": ("the upload may have held no buyers",),
        "clears": ("a receipt of deletion, and an assessment without advertising",),
    }
    return findings.Finding(**(told | changes))


def speaker(account: Account) -> Actor:
    return Actor(ActorKind.DEVELOPER, account.id)


def opened(app: App, severity: Severity = Severity.HIGH, at: datetime = AT) -> Case:
    return actions.report(finding(app, severity), by=SYSTEM, at=at).case


def served(app: App, officer: Actor, severity: Severity = Severity.HIGH, at: datetime = AT) -> Case:
    case = opened(app, severity, at)
    actions.serve(case, by=officer, at=at)
    return Case.objects.named(case.id)


def answered(
    app: App, officer: Actor, account: Account, stance: Stance = Stance.DISPUTED, severity: Severity = Severity.HIGH
) -> Case:
    case = served(app, officer, severity)
    stances = {one.id: (stance, "in our words") for one in Finding.objects.of_case(case)}
    actions.answer(case, stances, text="Here is our answer.", by=speaker(account), at=AT + timedelta(days=1))
    return Case.objects.named(case.id)


def decided(
    case: Case, officer: Actor, at: datetime = AT + timedelta(days=2), outcome: str = "upheld", **more: Any
) -> Decision:
    outcomes = {one.id: (outcome, "the evidence says so") for one in Finding.objects.of_case(case)}
    return actions.decide(case, outcomes, because="It was weighed.", by=officer, at=at, **more)
