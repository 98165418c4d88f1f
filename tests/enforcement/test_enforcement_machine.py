"""Whatever people do, in whatever order: every state has an owner and a date, moves follow the table, the ledger tells the same story."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode
from piepowder.rooms.appstore.models import App
from piepowder.rooms.enforcement import actions
from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Finding, Sanction
from piepowder.rooms.enforcement.rules import cases
from piepowder.rooms.enforcement.rules.cases import (
    MOVES,
    AppealStatus,
    CaseStatus,
    DecisionStatus,
    SanctionStatus,
    Severity,
    Side,
    Stance,
)
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure, heaviest
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing
from tests.enforcement.scenes import AT, decided, finding, speaker

TIMES = int(os.environ.get("PIEPOWDER_MACHINE_TIMES", "1"))  # ten in a proof
PICK = st.integers(0, 5)
WANTED = (
    "report",
    "serve",
    "answer",
    "extend",
    "decide",
    "second",
    "appeal",
    "hear",
    "at_once",
    "emergency",
    "withdraw",
)
STANDINGS = {
    Measure.PERSONAL_DATA_OFF: Standing.PERSONAL_DATA_OFF,
    Measure.AUTHORISATIONS_OFF: Standing.AUTHORISATIONS_OFF,
    Measure.THROTTLED: Standing.THROTTLED,
    Measure.SUSPENDED: Standing.SUSPENDED,
    Measure.REMOVED: Standing.SUSPENDED,
}


class World:
    """The people and the app of every run; made once for a test, each run is rolled back."""

    app: App
    staff: list[Actor]
    account: Account


class Court(RuleBasedStateMachine):
    world = World()
    done: Counter[str] = Counter()  # over all runs

    def __init__(self) -> None:
        super().__init__()
        self.now = AT
        self._atomic = transaction.atomic()
        self._atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)

    def attempt(self, name: str, act: Callable[[], Any]) -> None:
        """Somebody tries; what is refused changes nothing, and says so by an error of ours and no other."""
        with suppress(PiepowderError), transaction.atomic():
            act()
            Court.done[name] += 1

    def case(self, pick: int, *fitting: CaseStatus) -> Case | None:
        """Mostly one of which the next step is possible; at times any."""
        rows = Case.objects.order_by("-id")
        several = list((rows.filter(status__in=fitting) if pick < 5 else rows)[:6])
        return several[pick % len(several)] if several else None

    def person(self, pick: int) -> Actor:
        return self.world.staff[pick % len(self.world.staff)]

    @initialize(severity=st.sampled_from(Severity), stage=st.integers(0, 4))
    def begin(self, severity: Severity, stage: int) -> None:
        """Courses begin at different stages, so that thirty steps reach the late ones as well."""
        case = actions.report(finding(self.world.app, severity), by=SYSTEM, at=self.now).case
        if stage > 0:
            actions.serve(case, by=self.person(0), at=self.now)
        if stage > 1:
            actions.answer(case, {}, text="no", by=speaker(self.world.account), at=self.now)
        if stage > 2:
            decided(Case.objects.named(case.id), self.person(0), at=self.now, measure=Measure.THROTTLED, departs="so")
        if stage > 3:
            self.appeal(0)

    @rule(severity=st.sampled_from(Severity))
    def report(self, severity: Severity) -> None:
        if Case.objects.open().count() < 4:
            self.attempt("report", lambda: actions.report(finding(self.world.app, severity), by=SYSTEM, at=self.now))

    @rule(which=PICK, who=PICK)
    def serve(self, which: int, who: int) -> None:
        if case := self.case(which, CaseStatus.OPENED):
            self.attempt("serve", lambda: actions.serve(case, by=self.person(who), at=self.now))

    @rule(which=PICK, stance=st.sampled_from(Stance))
    def answer(self, which: int, stance: Stance) -> None:
        if case := self.case(which, CaseStatus.NOTICE_SERVED):
            stances = {one.id: (stance, "so") for one in Finding.objects.of_case(case)}
            by = speaker(self.world.account)
            self.attempt("answer", lambda: actions.answer(case, stances, text="", by=by, at=self.now))

    @rule(which=PICK, days=st.integers(1, 20))
    def extend(self, which: int, days: int) -> None:
        if (case := self.case(which, CaseStatus.NOTICE_SERVED)) and case.due_at:
            until = case.due_at + timedelta(days=days)
            self.attempt("extend", lambda: actions.extend(case, until, because="time", by=SYSTEM, at=self.now))

    @rule(
        which=PICK,
        who=PICK,
        upheld=st.booleans(),
        measure=st.none() | st.sampled_from(Measure) | st.just(Measure.SUSPENDED),
        days=st.none() | st.integers(1, 60),
        clean=st.booleans(),
    )
    def decide(
        self, which: int, who: int, upheld: bool, measure: Measure | None, days: int | None, clean: bool
    ) -> None:
        if case := self.case(which, CaseStatus.ANSWERED):
            outcomes = {one.id: ("upheld" if upheld else "dismissed", "so") for one in Finding.objects.of_case(case)}
            conditions = [Condition(kind=ConditionKind.CLEAN, days=5)] if clean else []
            self.attempt(
                "decide",
                lambda: actions.decide(
                    case,
                    outcomes,
                    because="so",
                    by=self.person(who),
                    at=self.now,
                    measure=measure,
                    departs="so" if measure else "",
                    days=days,
                    conditions=conditions,
                ),
            )

    @rule(who=PICK, agrees=st.booleans())
    def second(self, who: int, agrees: bool) -> None:
        if decision := Decision.objects.waiting().first():
            act = actions.confirm if agrees else actions.reject
            self.attempt("second", lambda: act(decision, because="so", by=self.person(who), at=self.now))

    @rule(which=PICK)
    def appeal(self, which: int) -> None:
        if case := self.case(which, CaseStatus.DECIDED, CaseStatus.SANCTIONED, CaseStatus.CLOSED):
            by = speaker(self.world.account)
            self.attempt("appeal", lambda: actions.appeal(case, text="no", by=by, at=self.now))

    @rule(who=PICK, outcome=st.sampled_from(AppealStatus), measure=st.sampled_from(Measure))
    def hear(self, who: int, outcome: AppealStatus, measure: Measure) -> None:
        if row := Appeal.objects.filter(status=AppealStatus.FILED).first():
            self.attempt(
                "hear",
                lambda: actions.hear(row, outcome, because="so", by=self.person(who), at=self.now, measure=measure),
            )

    @rule(which=PICK, who=PICK, measure=st.sampled_from(Measure))
    def act_at_once(self, which: int, who: int, measure: Measure) -> None:
        if case := self.case(which, CaseStatus.OPENED, CaseStatus.NOTICE_SERVED):
            by = self.person(who)
            self.attempt("at_once", lambda: actions.act_at_once(case, measure, because="now", by=by, at=self.now))

    @rule(who=PICK, ends=st.booleans())
    def look_at_emergency(self, who: int, ends: bool) -> None:
        if sanction := Sanction.objects.filter(emergency=True, status=SanctionStatus.IN_FORCE).first():
            act = actions.end_emergency if ends else actions.confirm_emergency
            self.attempt("emergency", lambda: act(sanction, because="so", by=self.person(who), at=self.now))

    @rule(which=PICK)
    def withdraw(self, which: int) -> None:
        if case := self.case(which, CaseStatus.OPENED, CaseStatus.ANSWERED):
            self.attempt("withdraw", lambda: actions.withdraw(case, because="so", by=SYSTEM, at=self.now))

    @rule(hours=st.sampled_from([1, 24, 72, 24 * 8, 24 * 16, 24 * 31, 24 * 200]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        actions.keep_clock(at=self.now)

    @invariant()
    def every_state_has_an_owner_and_a_date(self) -> None:
        for case in Case.objects.exclude(status=CaseStatus.WITHDRAWN):
            assert case.state in MOVES
            assert case.due_at is not None
            if case.move and case.move.side == Side.MARKETPLACE:
                assert cases.due(case.state, case.changed_at) is not None

    @invariant()
    def nothing_that_is_due_is_left(self) -> None:
        actions.keep_clock(at=self.now)  # whatever was done in this very moment
        assert actions.keep_clock(at=self.now) == 0
        assert not Case.objects.filter(status=CaseStatus.NOTICE_SERVED, due_at__lte=self.now).exists()
        assert not Sanction.objects.filter(status=SanctionStatus.IN_FORCE, ends_at__lte=self.now).exists()

    @invariant()
    def the_standing_is_what_holds(self) -> None:
        in_force = Sanction.objects.in_force(SubjectKind.APP, self.world.app.id)
        measure = heaviest({one.id: Measure(one.measure) for one in in_force})
        assert Subject.objects.named(self.world.app.id).status == STANDINGS.get(measure, Standing.GOOD)

    @invariant()
    def nobody_heard_an_appeal_against_their_own_decision(self) -> None:
        for row in Appeal.objects.exclude(judge=""):
            assert row.judge not in (row.decision.decided_by, row.decision.second)

    @invariant()
    def no_heavy_measure_came_from_one_person(self) -> None:
        for decision in Decision.objects.filter(measure__in=("suspended", "removed"), status=DecisionStatus.CONFIRMED):
            assert decision.second
            assert decision.second != decision.decided_by

    @invariant()
    def the_ledger_tells_the_same_story(self) -> None:
        stories = moves_on_the_ledger()
        for case in Case.objects.all():
            story = stories[case.id]
            assert story[0][0] == ""
            assert all(before[1] == after[0] for before, after in pairwise(story))
            assert story[-1][1] == case.status


def moves_on_the_ledger() -> dict[str, list[tuple[str, str]]]:
    """Case -> (from, to) of its moves, in the order they were written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT detail::text FROM ledger_record WHERE kind LIKE 'enforcement.%' ORDER BY id")
        details = [decode(row[0]) for row in cursor.fetchall()]
    stories: dict[str, list[tuple[str, str]]] = {}
    for detail in details:
        if str(detail.get("id", "")).startswith("cas_"):
            stories.setdefault(detail["id"], []).append((detail["from"], detail["to"]))
    return stories


@pytest.mark.django_db
def test_whatever_people_do(own_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Random courses of a case on the real tables keep every promise above."""
    Subject.objects.filter(pk=own_app.id).update(status=Standing.GOOD)
    Court.world.app, Court.world.staff, Court.world.account = own_app, [rita, sam], maker_account
    run_state_machine_as_test(
        Court,
        settings=settings(
            max_examples=30 * TIMES,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=(Phase.generate,),  # a course is short enough to be read as it is
            suppress_health_check=list(HealthCheck),
        ),
    )
    reached = {name for name in WANTED if Court.done[name]}
    assert len(reached) >= (len(WANTED) if TIMES >= 10 else 8)  # a few runs leave one or the other step out
