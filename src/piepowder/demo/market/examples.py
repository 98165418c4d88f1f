"""The way of the example developers, whose apps the cast plays (`cast.py`): through the same doors as everybody's.

Label printer, Metrics monitor and Everything desk came by the rules. Ad audience was here before, and its honest answers cost it the roles
with shoppers' data. Newcomer has only begun.
"""

from piepowder.demo.cast import CAST, Part
from piepowder.demo.market.journey import Journey
from piepowder.demo.market.stalls import AUDIENCES, EXAMPLES, NEWCOMER, Stall
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.standing.rules import Standing
from piepowder.rooms.store import actions as store

PARTS = {part.key: part for part in CAST}
NO_ADVERTISING = (
    "You say openly that buyers are uploaded to an ad network, and thank you for that. Their personal data is not "
    "released for advertising, "
    "hashed or not. Everything that needs no buyer goes on."
)


def lead(journey: Journey, returned: str) -> App:
    """The app of one example developer, as far as its developer has come. `returned`: where sellers' browsers come back to."""
    stall = journey.stall
    journey.sign_up()
    journey.register()
    if stall is NEWCOMER:
        return _newcomer(journey, returned)
    journey.decide_identity(journey.show_identity(journey.at(1)), journey.at(3))
    if stall is AUDIENCES:
        return _audiences(journey, returned)
    assess(journey)
    part = PARTS[stall.part]
    app = journey.register_app(stall.apps[0], journey.at(11), redirect_uris=(returned,))
    first = journey.hand_in_version(app, part.manifest, part.roles, "The first version.", journey.at(11))
    first = journey.approve_version(first, journey.at(14), journey.at(15))
    appstore.release_version(first, by=journey.by, at=journey.at(16))
    put_up(journey, app, 17)
    return App.objects.named(app.id)


def assess(journey: Journey, begun: int = 3) -> None:
    """Answers, handed in, decided, confirmed: within seven business days."""
    submission = journey.hand_in(journey.answer(journey.at(begun)), journey.at(begun + 2))
    journey.approve_answers(submission, journey.at(begun + 5), journey.at(begun + 6))


def put_up(journey: Journey, app: App, day: int, goods: int = 0) -> None:
    """The listing, looked at by the marketplace two days later."""
    journey.write_listing(app, journey.stall.apps[goods], journey.at(day))
    store.accept(app.id, by=journey.desk.first, at=journey.at(day + 2))


def _audiences(journey: Journey, returned: str) -> App:
    part, goods = PARTS["ad_audience"], journey.stall.apps[0]
    app = _brought_in(journey, part, returned)
    appstore.change_details(app, journey.details(goods, redirect_uris=(returned,)), by=journey.by, at=journey.at(20))
    put_up(journey, app, 24)
    submission = journey.hand_in(journey.answer(journey.days.ago(34)), journey.days.ago(32))
    journey.approve_answers(
        submission,
        journey.days.ago(27),
        journey.days.ago(26),
        {
            "purposes": (NO_ADVERTISING, "wrong"),
            "interest_weighed": ("Buyers do not expect it, as you say yourself.", "wrong"),
        },
    )
    return App.objects.named(app.id)


def _newcomer(journey: Journey, returned: str) -> App:
    app = _brought_in(journey, PARTS["no_roles"], returned)
    journey.show_identity(journey.days.hours_ago(3), note="We have just begun; the shop behind it is a sole trader's.")
    journey.answer(journey.days.hours_ago(2), only=14)
    return app


def _brought_in(journey: Journey, part: Part, returned: str) -> App:
    """An app that the marketplace put live itself, as for apps that were there before the rules."""
    at = journey.at(0)
    app = appstore.create_app(
        journey.developer,
        name=part.name,
        description=part.says,
        redirect_uris=[returned],
        by=SYSTEM,
        at=at,
        standing=Standing.GOOD,
    )
    appstore.add_version(app, part.manifest, by=SYSTEM, at=at)
    if part.roles:
        appstore.approve_roles(app, part.roles, by=SYSTEM, at=at, reason="it was here before the rules")
    return App.objects.named(app.id)


def stall_of(part: Part) -> Stall:
    return next(stall for stall in EXAMPLES if stall.part == part.key)
