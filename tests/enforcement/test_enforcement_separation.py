"""Nobody judges their own case, under whichever name; and no case is left without a way on."""

from datetime import timedelta

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.actions import add_member
from piepowder.rooms.enforcement import actions, subjects
from piepowder.rooms.enforcement.models import Case, Decision, Finding, Message, Notice, Sanction
from piepowder.rooms.enforcement.rules.cases import AppealStatus, CaseStatus, DecisionStatus, SanctionStatus, Severity
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_key, create_staff_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing
from tests.enforcement.scenes import AT, answered, decided, finding, opened, served, speaker

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def good_app(own_app: App) -> App:
    Subject.objects.filter(pk=own_app.id).update(status=Standing.GOOD)
    return own_app


def test_whoever_belongs_to_the_accused_ends_nothing(good_app: App, rita: Actor) -> None:
    """A member of staff who acts for the developer neither takes, serves nor withdraws its case, and hears of it by the notice."""
    case = opened(good_app)
    add_member(good_app.developer, Account.objects.get(pk=rita.id), by=SYSTEM, at=AT)
    for act in (
        lambda: actions.take(case, by=rita, at=AT),
        lambda: actions.serve(case, by=rita, at=AT),
        lambda: actions.withdraw(case, because="Nothing in it.", by=rita, at=AT),
    ):
        with pytest.raises(PiepowderError, match="you belong to whom this case is about"):
            act()
    assert not subjects.visible(rita).exists()
    actions.serve(case, by=SYSTEM, at=AT)
    assert subjects.visible(rita).exists()


def test_a_key_is_no_second_person(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Whoever proposed a heavy measure does not confirm it with a key of their own; a colleague's key may."""
    case = answered(good_app, rita, maker_account, severity=Severity.CRITICAL)
    decision = decided(case, sam)
    keys = [create_staff_key(name=f"of {one.id}", role=KeyRole.OPERATOR, by=one, at=AT)[0] for one in (sam, rita)]
    own, other = (Actor(ActorKind.STAFF, key.id) for key in keys)
    with pytest.raises(PiepowderError, match="you proposed this yourself"):
        actions.confirm(decision, because="So do I.", by=own, at=AT + 3 * DAY)
    actions.confirm(decision, because="So do I.", by=other, at=AT + 3 * DAY)


def test_a_key_of_the_developer_speaks_for_it(good_app: App, rita: Actor) -> None:
    """And a key of another one does not."""
    case = served(good_app, rita)
    theirs, _ = create_key(developer=good_app.developer_id, name="own", role=KeyRole.DEVELOPER, by=SYSTEM, at=AT)
    others, _ = create_key(developer="dev_other", name="other", role=KeyRole.DEVELOPER, by=SYSTEM, at=AT)
    with pytest.raises(PiepowderError, match="no case"):
        actions.answer(case, {}, text="No.", by=Actor(ActorKind.DEVELOPER, others.id), at=AT)
    assert actions.answer(case, {}, text="No.", by=Actor(ActorKind.DEVELOPER, theirs.id), at=AT).text == "No."


def test_staff_speak_for_themselves_in_their_own_case(good_app: App, rita: Actor, sam: Actor) -> None:
    """The word of a member of staff who is accused is the subject's, with a promised answer; said twice at once it is said once."""
    told = finding(good_app, subject_kind=SubjectKind.STAFF, subject=rita.id)
    case = actions.report(told, by=SYSTEM, at=AT).case
    actions.serve(case, by=sam, at=AT)
    for _ in range(2):
        actions.say(case, "What is this about?", by=rita, at=AT)
    assert [(one.side, one.answer_by is not None) for one in Message.objects.filter(case=case)] == [("subject", True)]


def test_a_proposal_ends_with_its_case(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Nothing waits for a second person in a case that was withdrawn."""
    case = answered(good_app, rita, maker_account, severity=Severity.CRITICAL)
    decision = decided(case, sam)
    actions.withdraw(case, because="It was another app.", by=rita, at=AT + 3 * DAY)
    assert not Decision.objects.waiting().exists()
    assert Decision.objects.named(decision.id).status == DecisionStatus.REJECTED


def test_a_measure_that_ended_during_the_appeal_is_over(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """Upheld or not: the case goes on to reinstatement instead of staying sanctioned with nothing in force."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam, days=5)
    actions.keep_clock(at=AT + 17 * DAY)
    row = actions.appeal(case, text="Too hard.", by=speaker(maker_account), at=AT + 18 * DAY)
    actions.keep_clock(at=AT + 22 * DAY)
    actions.hear(row, AppealStatus.UPHELD, because="It was right.", by=rita, at=AT + 23 * DAY)
    assert Case.objects.named(case.id).state == CaseStatus.REINSTATED


def test_what_is_set_right_before_its_day_never_begins(
    good_app: App, rita: Actor, sam: Actor, maker_account: Account
) -> None:
    """The last condition is met while the measure is only announced: it is cancelled, and the case closed."""
    case = answered(good_app, rita, maker_account)
    decided(case, sam, conditions=[Condition(kind=ConditionKind.DELETED)])
    sanction = Sanction.objects.get(case=case)
    actions.lift(sanction, ConditionKind.DELETED, because="The receipt came.", by=rita, at=AT + 5 * DAY)
    actions.keep_clock(at=AT + 20 * DAY)
    assert Sanction.objects.get(case=case).status == SanctionStatus.CANCELLED
    assert Case.objects.named(case.id).state == CaseStatus.CLOSED
    assert Subject.objects.named(good_app.id).status == Standing.GOOD


def test_what_was_answered_twice_at_once_is_one_answer(good_app: App, rita: Actor, maker_account: Account) -> None:
    """A form that was sent twice leaves one row."""
    case = served(good_app, rita)
    stances = {one.id: ("disputed", "so") for one in Finding.objects.of_case(case)}
    for _ in range(2):
        actions.answer(case, stances, text="No.", by=speaker(maker_account), at=AT)  # type: ignore[arg-type]
    assert case.answers.count() == 1


def test_whoever_is_cut_at_once_may_read_why(good_app: App, rita: Actor, maker_account: Account) -> None:
    """The case of an emergency is open to its subject from then on, and its withdrawal is told."""
    case = opened(good_app, Severity.CRITICAL)
    assert not subjects.of_account(maker_account).exists()
    actions.act_at_once(case, Measure.PERSONAL_DATA_OFF, because="It goes on.", by=rita, at=AT)
    assert subjects.of_account(maker_account).get().id == case.id
    actions.withdraw(case, because="It was another app.", by=rita, at=AT + DAY)
    assert [one.kind for one in Notice.objects.filter(case=case)] == ["decision", "withdrawal"]


def test_a_warning_has_no_end(good_app: App, rita: Actor, sam: Actor, maker_account: Account) -> None:
    """Conditions and days that came with it are left out, so that no letter speaks of what cannot happen."""
    case = answered(good_app, rita, maker_account, severity=Severity.LOW)
    decision = decided(case, sam, conditions=[Condition(kind=ConditionKind.CHANGED)], days=5)
    assert (decision.measure, decision.conditions, decision.days) == ("warning", [], None)
