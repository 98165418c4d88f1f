"""Versions and listings that wait for reviewers: late, taken, for a second person, with a difference, with a name that looks alike."""

from typing import Any

import msgspec

from piepowder.core.facts.model import ManifestFact
from piepowder.demo.market.examples import PARTS
from piepowder.demo.market.journey import Journey
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules.versions import points_for
from piepowder.rooms.store import actions as store

NOT_NEEDED = (
    "Fees do not depend on the city of a buyer. Please take the place of delivery out, or say which fee it explains."
)


def _app(journey: Journey, name: str) -> App:
    return App.objects.select_related("developer").get(developer=journey.developer, name=name)


def _asks(app: App, **categories: tuple[str, ...]) -> ManifestFact:
    """The present manifest, which asks for these as well."""
    present = app.manifest()
    more = {purpose: (*present.categories.get(purpose, ()), *words) for purpose, words in categories.items()}
    return msgspec.structs.replace(present, categories={**present.categories, **more})


def _next(journey: Journey, app: App, manifest: ManifestFact, notes: str, ago: int) -> AppVersion:
    at = journey.days.ago(ago, journey.clock)
    return journey.hand_in_version(app, manifest, app.roles, notes, at)


def late_and_alike(journey: Journey) -> None:
    """Parcel compass waits too long; a new app has a name that is another's, but for a hyphen."""
    app = _app(journey, "Parcel compass")
    manifest = _asks(app, shipping=("buyer.delivery",))
    _next(journey, app, manifest, "Tells the carrier where to leave the parcel.", 13)
    appstore.note_late_reviews(at=journey.days.ago(2, "06:10"))
    goods = journey.stall.apps[0]
    details = msgspec.structs.replace(
        goods, name="Label-Printer", short="Prints the labels that Parcel compass has booked"
    )
    alike = journey.register_app(details, journey.days.ago(2, journey.clock))
    assert goods.manifest is not None
    journey.hand_in_version(alike, goods.manifest, goods.roles, "Only prints.", journey.days.ago(1, journey.clock))


def asks_more(journey: Journey) -> None:
    """Price kite wants to know the region; the second reviewer is at it. Its listing has changed meanwhile."""
    app = _app(journey, "Price kite")
    manifest = _asks(app, repricing=("order.place", "order.time"))
    version = _next(journey, app, manifest, "Prices that differ by region and season.", 4)
    appstore.begin_review(version, by=journey.desk.second, at=journey.days.ago(1, "16:20"))
    texts = msgspec.structs.replace(
        journey.stall.apps[0], short="The best prices, always: Price kite sets them for you"
    )
    store.edit_listing(app.id, journey.texts(texts), by=journey.by, at=journey.days.ago(1, journey.clock))


def waits_for_a_second(journey: Journey) -> None:
    """Everything desk asks for less; one person has approved it."""
    app = _app(journey, "Everything desk")
    present = app.manifest()
    shipping = tuple(word for word in present.categories["shipping"] if word not in ("buyer.regulated", "free_text"))
    manifest = msgspec.structs.replace(present, categories={**present.categories, "shipping": shipping})
    version = _next(journey, app, manifest, "No longer reads gift messages for labels.", 6)
    journey.review_version(version, journey.desk.first, journey.days.ago(2, "10:55"))


def gives_up_buyers(journey: Journey) -> None:
    """Ad audience takes shoppers' data out, as its assessment said."""
    app = _app(journey, "Ad audience")
    part = PARTS["ad_audience"]
    kept = {
        name: purposes for name, purposes in part.manifest.operations.items() if name.startswith("orders.v0.getOrder")
    }
    manifest = ManifestFact(
        {name: purposes for name, purposes in kept.items() if not name.endswith(("Address", "BuyerInfo"))},
        {"advertising": ("order.item", "order.money", "order.time")},
    )
    _next(journey, app, manifest, "Campaigns by product. Reads no buyer any more.", 5)


def rolls_out(journey: Journey) -> None:
    """Penny ledger's next version has reached a fifth of the sellers; Fee lens got its own back."""
    app = _app(journey, "Penny ledger")
    version = _next(journey, app, app.manifest(), "Matches refunds by line.", 9)
    version = journey.approve_version(version, journey.days.ago(6, "11:15"), journey.days.ago(6, "12:15"))
    appstore.release_version(version, percent=20, by=journey.by, at=journey.days.ago(4, journey.clock))
    lens = _app(journey, "Fee lens")
    asked = _next(journey, lens, _asks(lens, metrics=("order.place",)), "Fees by city.", 8)
    _send_back(journey, asked, {"data": NOT_NEEDED}, ago=3)


def _send_back(journey: Journey, version: AppVersion, faults: dict[str, str], *, ago: int) -> None:
    by, at = journey.desk.first, journey.days.ago(ago, "13:45")
    taken = appstore.begin_review(version, by=by, at=at)
    answers = {
        point.key: (point.key not in faults, faults.get(point.key, "")) for point in points_for(bool(taken.personal))
    }
    appstore.decide_version(taken, answers, by=by, at=at)


def wants_more_of_sellers(journey: Journey) -> None:
    """Shelf count's next version asks more; it is live, and its sellers are asked."""
    app = _app(journey, "Shelf count")
    manifest = _asks(app, metrics=("order.place", "order.time"))
    version = _next(journey, app, manifest, "Counts shelves in several places.", 12)
    version = journey.approve_version(version, journey.days.ago(8, "09:35"), journey.days.ago(8, "10:35"))
    appstore.release_version(version, by=journey.by, at=journey.days.ago(6, journey.clock))


def fails_its_checks(journey: Journey) -> None:
    """Shop mirror's draft asks for what none of its operations returns: the checks say so, and it cannot be handed in."""
    app = _app(journey, "Shop mirror")
    manifest = _asks(app, metrics=("buyer.delivery",))
    draft = appstore.begin_version(app, manifest=manifest, by=journey.by, at=journey.days.ago(2, journey.clock))
    notes = "Shows where parcels were left."
    appstore.describe_version(draft, roles=app.roles, notes=notes, by=journey.by, at=journey.days.ago(2, journey.clock))


ACTS: dict[str, Any] = {
    "Thimblefold Works": late_and_alike,
    "Brambletick Labs": asks_more,
    "Example Desk": waits_for_a_second,
    "Example Audiences": gives_up_buyers,
    "Quillmarsh Office": rolls_out,
    "Fennimore and Pip": wants_more_of_sellers,
    "Moonharrow Studio": fails_its_checks,
}
