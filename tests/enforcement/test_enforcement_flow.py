"""A case from the finding to reinstatement, in the order in which it happens."""

from datetime import timedelta

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.enforcement import actions
from piepowder.rooms.enforcement.models import Appeal, Case, Notice, Sanction
from piepowder.rooms.enforcement.rules.cases import AppealStatus, CaseStatus, SanctionStatus, Severity, Stance
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing
from tests.enforcement.scenes import AT, answered, decided, finding, opened, served, speaker

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def status(case: Case) -> str:
    return Case.objects.named(case.id).status


@pytest.fixture
def good_app(own_app: App) -> App:
    """In good standing, so that there is something to lose."""
    Subject.objects.filter(pk=own_app.id).update(status=Standing.GOOD)
    return own_app


def standing(app: App) -> str:
    return Subject.objects.named(app.id).status


def test_the_whole_way(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Finding, notice, answer, decision, announcement, effect on its day, conditions met, reinstated, closed."""
    case = answered(good_app, rita, maker_account)
    conditions = [Condition(kind=ConditionKind.DELETED), Condition(kind=ConditionKind.CLEAN, days=30)]
    decided(case, sam, conditions=conditions)
    assert (status(case), standing(good_app)) == ("decided", "good")
    sanction = Sanction.objects.get(case=case)
    assert sanction.starts_at == AT + 17 * DAY  # decided on the second day, announced fifteen days ahead
    actions.keep_clock(at=sanction.starts_at - timedelta(seconds=1))
    assert standing(good_app) == "good"
    actions.keep_clock(at=sanction.starts_at)
    assert (status(case), standing(good_app)) == ("sanctioned", "personal_data_off")
    actions.lift(
        Sanction.objects.get(case=case), ConditionKind.DELETED, because="The receipt came.", by=sam, at=AT + 20 * DAY
    )
    assert standing(good_app) == "personal_data_off"
    actions.keep_clock(at=sanction.starts_at + 30 * DAY)
    assert (status(case), standing(good_app)) == ("reinstated", "good")
    actions.keep_clock(at=sanction.starts_at + 61 * DAY)
    assert status(case) == "closed"
    assert [one.kind for one in Notice.objects.filter(case=case)] == ["notice", "decision", "reinstatement"]


def test_findings_gather_until_the_notice(good_app: App, rita: Actor) -> None:
    """What is found before the notice joins one case and raises its severity; what is found after opens another."""
    case = opened(good_app, Severity.LOW)
    joined = actions.report(finding(good_app, Severity.CRITICAL, rule="another"), by=SYSTEM, at=AT)
    assert joined.case_id == case.id
    assert Case.objects.named(case.id).severity == "critical"
    actions.serve(case, by=rita, at=AT)
    assert actions.report(finding(good_app), by=SYSTEM, at=AT).case_id != case.id


def test_a_report_that_is_repeated_changes_nothing(good_app: App) -> None:
    """The same `once` gives back the first finding."""
    first = actions.report(finding(good_app, once="detector:1"), by=SYSTEM, at=AT)
    assert actions.report(finding(good_app, once="detector:1"), by=SYSTEM, at=AT).id == first.id
    assert Case.objects.count() == 1


def test_silence_ends_at_its_term(good_app: App, rita: Actor, maker_account: Account) -> None:
    """Not a second before; an answer that comes after it is read, and marked as late."""
    case = served(good_app, rita)
    assert case.due_at == AT + 14 * DAY
    actions.keep_clock(at=AT + 14 * DAY - timedelta(seconds=1))
    assert status(case) == "notice_served"
    actions.keep_clock(at=AT + 14 * DAY)
    actions.keep_clock(at=AT + 14 * DAY)
    assert status(case) == "answered"
    row = actions.answer(case, {}, text="Sorry, we were away.", by=speaker(maker_account), at=AT + 15 * DAY)
    assert row.late


def test_frankness_and_mending_count(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Who admits and mends gets two rungs less than who disputes the same."""
    mended = answered(good_app, rita, maker_account, Stance.MENDED)
    assert decided(mended, sam).measure == Measure.WARNING
    assert status(mended) == "closed"
    disputed = answered(good_app, rita, maker_account)
    steps = decided(disputed, sam).proposal["steps"]
    assert [step["measure"] for step in steps] == ["personal_data_off", "authorisations_off"]  # once more than before


def test_dismissed_findings_leave_nothing(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """No measure, the case is closed, and the subject reads why."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam, outcome="dismissed")
    assert status(case) == "closed"
    assert "We dismiss this" in Notice.objects.filter(case=case).last().text  # type: ignore[union-attr]


def test_a_heavy_measure_waits_for_a_second_person(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """Nothing is served before somebody else confirms; who proposed cannot."""
    case = answered(good_app, rita, maker_account, severity=Severity.CRITICAL)
    decision = decided(case, sam)
    assert (decision.measure, decision.status, status(case)) == ("suspended", "proposed", "answered")
    with pytest.raises(PiepowderError, match="you proposed this yourself"):
        actions.confirm(decision, because="I agree with myself.", by=sam, at=AT + 3 * DAY)
    actions.confirm(decision, because="So do I.", by=rita, at=AT + 3 * DAY)
    assert status(case) == "decided"
    actions.keep_clock(at=AT + 33 * DAY)
    assert standing(good_app) == "suspended"


def test_an_appeal_holds_up_what_was_announced(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """While it is heard nothing takes effect; granted, nothing ever does; who decided may not hear it."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam)
    row = actions.appeal(case, text="You are mistaken.", by=speaker(maker_account), at=AT + 3 * DAY)
    actions.keep_clock(at=AT + 18 * DAY)
    assert (status(case), standing(good_app)) == ("appealed", "good")
    with pytest.raises(PiepowderError, match="you decided what this appeal is against"):
        actions.hear(row, AppealStatus.UPHELD, because="I was right.", by=sam, at=AT + 18 * DAY)
    actions.hear(row, AppealStatus.GRANTED, because="They are right.", by=rita, at=AT + 18 * DAY)
    assert (status(case), standing(good_app)) == ("reinstated", "good")
    assert Sanction.objects.get(case=case).status == SanctionStatus.CANCELLED


def test_an_appeal_that_fails_lets_the_measure_begin(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """Its day has passed meanwhile, so it begins when the appeal was heard."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam)
    row = actions.appeal(case, text="You are mistaken.", by=speaker(maker_account), at=AT + 3 * DAY)
    actions.hear(row, AppealStatus.UPHELD, because="We are not.", by=rita, at=AT + 18 * DAY)
    assert (status(case), standing(good_app)) == ("sanctioned", "personal_data_off")


def test_an_appeal_may_bring_a_lighter_measure(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Never a heavier one; the lighter takes the place of the other in the same moment."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam)
    actions.keep_clock(at=AT + 17 * DAY)
    row = actions.appeal(case, text="Too hard.", by=speaker(maker_account), at=AT + 18 * DAY)
    with pytest.raises(PiepowderError, match="to a lighter measure only"):
        actions.hear(row, AppealStatus.CHANGED, because="x", by=rita, at=AT + 19 * DAY, measure=Measure.SUSPENDED)
    actions.hear(row, AppealStatus.CHANGED, because="A bit.", by=rita, at=AT + 19 * DAY, measure=Measure.WARNING)
    assert (status(case), standing(good_app)) == ("closed", "good")


def test_an_appeal_after_the_term_is_kept_and_refused(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """Recorded with the reason; the case stays as it is."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam, outcome="dismissed")
    row = actions.appeal(case, text="Late.", by=speaker(maker_account), at=AT + 186 * DAY)
    assert (row.status, status(case)) == ("too_late", "closed")
    assert "the term ended on" in Appeal.objects.named(row.id).because


def test_at_once_and_not_for_long(good_app: App, rita: Actor) -> None:
    """An emergency holds from its commit on, and ends after 72 hours unless a second person confirms it."""
    case = opened(good_app, Severity.CRITICAL)
    actions.act_at_once(case, Measure.PERSONAL_DATA_OFF, because="It goes on.", by=rita, at=AT)
    assert standing(good_app) == "personal_data_off"
    actions.keep_clock(at=AT + timedelta(hours=72) - timedelta(seconds=1))
    assert standing(good_app) == "personal_data_off"
    actions.keep_clock(at=AT + timedelta(hours=72))
    assert standing(good_app) == "good"


def test_a_confirmed_emergency_holds_until_the_decision(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """And the decision takes its place."""
    case = opened(good_app, Severity.CRITICAL)
    sanction = actions.act_at_once(case, Measure.PERSONAL_DATA_OFF, because="It goes on.", by=rita, at=AT)
    actions.confirm_emergency(sanction, because="It does.", by=sam, at=AT + DAY)
    actions.keep_clock(at=AT + 5 * DAY)
    assert standing(good_app) == "personal_data_off"
    actions.serve(case, by=rita, at=AT + 5 * DAY)
    actions.answer(case, {}, text="No.", by=speaker(maker_account), at=AT + 6 * DAY)
    decided(Case.objects.named(case.id), sam, at=AT + 7 * DAY, outcome="dismissed")
    assert standing(good_app) == "good"


def test_no_emergency_for_small_things(good_app: App, rita: Actor) -> None:
    """The ladder says for which severity, and up to which measure."""
    with pytest.raises(PiepowderError, match="is not for a case of high severity"):
        actions.act_at_once(opened(good_app), Measure.PERSONAL_DATA_OFF, because="x", by=rita, at=AT)
    case = actions.report(finding(good_app, Severity.CRITICAL), by=SYSTEM, at=AT).case
    with pytest.raises(PiepowderError, match="`suspended` at once"):
        actions.act_at_once(case, Measure.SUSPENDED, because="x", by=rita, at=AT)


def test_the_heaviest_of_several_holds(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Two cases against one app: when the heavier ends, the lighter still holds."""
    light = answered(good_app, rita, maker_account)
    decided(light, sam)
    heavy = answered(good_app, rita, maker_account)
    decided(heavy, sam, measure=Measure.THROTTLED, departs="again and again", days=10)
    actions.keep_clock(at=AT + 17 * DAY)
    assert standing(good_app) == "throttled"
    actions.keep_clock(at=AT + 28 * DAY)
    assert standing(good_app) == "personal_data_off"


def test_another_measure_than_the_ladders_is_explained(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """Without a reason it is refused; with one, the subject reads it."""
    case = answered(good_app, rita, maker_account)
    with pytest.raises(PiepowderError, match="the ladder proposes `personal_data_off`"):
        decided(case, sam, measure=Measure.THROTTLED)
    decided(case, sam, measure=Measure.WARNING, departs="it was one order")
    assert "it was one order" in Notice.objects.filter(case=case).last().text  # type: ignore[union-attr]


def test_a_case_withdrawn_leaves_nothing(good_app: App, rita: Actor) -> None:
    """Whoever was told of it is told that it is over."""
    case = served(good_app, rita)
    actions.withdraw(case, because="It was another app.", by=rita, at=AT + DAY)
    assert status(case) == CaseStatus.WITHDRAWN
    assert Notice.objects.filter(case=case).count() == 2


def test_nobody_else_answers(good_app: App, rita: Actor, sam: Actor) -> None:
    """To a stranger the case is as good as none."""
    case = served(good_app, rita)
    with pytest.raises(PiepowderError, match="no case"):
        actions.answer(case, {}, text="Hello.", by=Actor(sam.kind.DEVELOPER, "acc_stranger"), at=AT)


def test_one_proposal_at_a_time(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Of two officers who decide at once, the second learns of the first."""
    case = answered(good_app, rita, maker_account, severity=Severity.CRITICAL)
    decided(case, sam)
    with pytest.raises(PiepowderError, match="waits for a second person"):
        decided(case, rita, at=AT + 3 * DAY)
