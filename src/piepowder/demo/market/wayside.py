"""The way of the other developers: some came by the rules, some were here before them, some have only begun."""

from piepowder.demo.market.examples import assess, put_up
from piepowder.demo.market.journey import Journey
from piepowder.demo.market.stalls import Goods
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.assessments import actions as assessments
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.developers import actions as developers
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.standing.rules import Standing
from piepowder.rooms.store import actions as store

LONG_KEPT = "Sixty days are twice what the policy allows, and support is not what tax law is about. Thirty days after "
"delivery is the end."
WHICH_ALARM = "You name alarms on failed sign-ins only. How would you notice that one of your own accounts reads ten "
"times as many orders as usual?"
AN_ALARM = "Good question. Our host has such an alarm, which we never switched on. We have done so this morning: 500 "
"orders in an hour and account."


def come_by_the_rules(journey: Journey) -> None:
    """All of it, from signing up to a place in the store; the last app's listing is still to be looked at for Restock owl."""
    journey.sign_up()
    journey.register()
    journey.decide_identity(journey.show_identity(journey.at(1)), journey.at(2))
    assess(journey)
    for place, goods in enumerate(journey.stall.apps):
        app = _through_review(journey, goods, 11 + place)
        if goods.name == "Restock owl":
            journey.write_listing(app, goods, journey.days.ago(3, journey.clock))
        else:
            put_up(journey, app, 16 + place, place)


def _through_review(journey: Journey, goods: Goods, day: int) -> App:
    app = journey.register_app(goods, journey.at(day))
    assert goods.manifest is not None  # only the cast's apps have theirs elsewhere
    version = journey.hand_in_version(app, goods.manifest, goods.roles, "The first version.", journey.at(day))
    version = journey.approve_version(version, journey.at(day + 2), journey.at(day + 3))
    appstore.release_version(version, by=journey.by, at=journey.at(day + 4))
    return App.objects.named(app.id)


def be_here_before(journey: Journey) -> Submission:
    """Brought in with its app, and asked to do what everybody does: the identity is through, the answers are handed "
    "in by whoever calls."""
    journey.sign_up()
    journey.register()
    _brought_in(journey, journey.stall.apps[0])
    journey.decide_identity(journey.show_identity(journey.days.ago(58, journey.clock)), journey.days.ago(55))
    return HAND_IN[journey.stall.name](journey)


def _brought_in(journey: Journey, goods: Goods) -> App:
    assert goods.manifest is not None
    columns = journey.details(goods).columns()
    app = appstore.create_app(
        journey.developer,
        name=columns.pop("name"),
        description=columns.pop("description"),
        by=SYSTEM,
        at=journey.at(0),
        standing=Standing.GOOD,
        **columns,
    )
    appstore.add_version(app, goods.manifest, by=SYSTEM, at=journey.at(0))
    appstore.approve_roles(app, goods.roles, by=SYSTEM, at=journey.at(0), reason="it was here before the rules")
    journey.write_listing(App.objects.named(app.id), goods, journey.at(20))
    store.accept(app.id, by=journey.desk.first, at=journey.at(22))
    return App.objects.named(app.id)


def _waits_for_a_second(journey: Journey) -> Submission:
    submission = journey.hand_in(
        journey.answer(journey.days.ago(12, journey.clock)), journey.days.ago(9, journey.clock)
    )
    return journey.decide_answers(submission, journey.days.ago(1, "14:05"))


def _in_conversation(journey: Journey) -> Submission:
    days, desk = journey.days, journey.desk
    submission = journey.hand_in(journey.answer(days.ago(9, journey.clock)), days.ago(7, journey.clock))
    taken = assessments.take(submission, by=desk.second, at=days.ago(3, "09:20"))
    assessments.write(taken.assessment, WHICH_ALARM, by=desk.second, at=days.ago(3, "09:50"), question="alarms")
    assessments.write(taken.assessment, AN_ALARM, by=journey.by, at=days.ago(2, "11:35"), question="alarms")
    return taken


def _corrected(journey: Journey) -> Submission:
    """Returned for how long it keeps data; put right, and handed in again."""
    days = journey.days
    first = journey.hand_in(journey.answer(days.ago(24, journey.clock)), days.ago(20, journey.clock))
    journey.decide_answers(
        first, days.ago(12, "10:40"), {"retention_days": (LONG_KEPT, "wrong"), "long_retention_only_tax": ("", "wrong")}
    )
    draft = first.assessment
    assessments.answer(draft, "retention_days", {"support": 20}, by=journey.by, at=days.ago(3, journey.clock))
    return journey.hand_in(draft, days.ago(2, journey.clock))


def _late(journey: Journey) -> Submission:
    """Nobody has taken it, and the promised date is over."""
    days = journey.days
    submission = journey.hand_in(journey.answer(days.ago(15, journey.clock)), days.ago(13, journey.clock))
    assessments.note_breaches(at=days.ago(2, "06:00"))
    return submission


HAND_IN = {
    "Tallowgate Tax": _waits_for_a_second,
    "Owlgrove Post": _in_conversation,
    "Saltmarsh Returns": _corrected,
    "Moonharrow Studio": _late,
}


def wait_late(journey: Journey) -> None:
    """Its identity waits longer than was promised."""
    _begin(journey)
    journey.show_identity(journey.days.ago(8, journey.clock))
    developers.keep_dates(at=journey.days.ago(2, "06:05"))


def wait_again(journey: Journey) -> None:
    """Returned once, handed in again, and a reviewer is at it."""
    _begin(journey)
    first = journey.show_identity(journey.at(1))
    journey.decide_identity(
        first,
        journey.days.ago(5, "13:30"),
        {"address": "The bill is older than twelve months. Please add a newer one."},
    )
    again = journey.show_identity(
        journey.days.ago(2, journey.clock), note="The newer bill is the one that says so.", newer_bill=True
    )
    developers.claim(again.identity, number=again.number, by=journey.desk.second, at=journey.days.ago(1, "15:10"))


def wait_for_answers(journey: Journey) -> None:
    """Verified; its first answers came in today."""
    _begin(journey)
    journey.decide_identity(journey.show_identity(journey.at(1)), journey.at(4))
    draft = journey.answer(journey.days.ago(1, journey.clock))
    journey.hand_in(draft, journey.days.hours_ago(4))


def _begin(journey: Journey) -> None:
    journey.sign_up()
    journey.register()
