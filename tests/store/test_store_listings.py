from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.billing.models import AppCategory
from piepowder.rooms.developers.actions import add_member
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from piepowder.rooms.store import actions
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.readiness import lookalikes_of
from piepowder.rooms.store.shelf import Wish, find
from tests.support.storefront import (
    MANIFEST,
    NO_PERSONAL,
    STAFF,
    TEXTS,
    chunk,
    make_app,
    make_listing,
    make_sellers,
    png,
    texts,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


def refusal(action: Any, *args: Any, **given: Any) -> PiepowderError:
    with pytest.raises(PiepowderError) as raised:
        action(*args, **given)
    return raised.value


def kinds(app_id: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM ledger_record WHERE app = %s AND kind LIKE 'store.%%'", [app_id])
        return {row[0] for row in cursor.fetchall()}


def on_shelf(wish: Wish = Wish(), seller: str = "") -> list[str]:
    return [row.app.name for row in find(wish, seller)]


def test_from_a_draft_to_the_shelf() -> None:
    """Written, submitted, accepted: each step on the ledger, the developer told, billing told the shelf."""
    listing = make_listing(AT)
    assert on_shelf() == ["Label works"]
    assert kinds(listing.app_id) == {"store.open_listing", "store.edit_listing", "store.submit", "store.accept"}
    assert Letter.objects.filter(recipient=listing.app.developer_id, kind="store.listed").count() == 1
    assert AppCategory.objects.get(app=listing.app).category == "shipping"
    assert listing.personal_asked == 5


def test_an_unready_draft_is_not_submitted() -> None:
    """All that is missing is said at once."""
    app = make_app(AT)
    actions.open_listing(app, by=SYSTEM, at=AT)
    error = refusal(actions.submit, app.id, by=SYSTEM, at=AT)
    assert error.code == "store_listing_unready"
    assert len(error.fields["problems"]) >= 6


def test_an_app_without_a_live_version_or_good_standing_is_not_listed() -> None:
    """Whatever became true before the marketplace decides counts."""
    app = make_app(AT)
    actions.open_listing(app, by=SYSTEM, at=AT)
    actions.edit_listing(app.id, TEXTS, by=SYSTEM, at=AT)
    actions.submit(app.id, by=SYSTEM, at=AT)
    set_standing(app.developer_id, Standing.SUSPENDED, by=STAFF, at=AT, reason="a test")
    assert refusal(actions.accept, app.id, by=STAFF, at=AT).code == "store_listing_unready"


def test_own_use_apps_have_no_listing() -> None:
    """They are exempt."""
    app = make_app(AT, kind=AppKind.OWN_USE)
    assert refusal(actions.open_listing, app, by=SYSTEM, at=AT).code == "store_app_not_public"


def test_beginning_twice_is_beginning_once() -> None:
    """The second press finds the first one's draft."""
    app = make_app(AT)
    assert actions.open_listing(app, by=SYSTEM, at=AT).pk == actions.open_listing(app, by=SYSTEM, at=AT).pk


def test_a_suspended_app_is_hidden_and_not_gone() -> None:
    """It leaves the shelf with its standing, and comes back with it; the listing's own status stays."""
    listing = make_listing(AT)
    set_standing(listing.app_id, Standing.SUSPENDED, by=STAFF, at=AT, reason="a test")
    assert on_shelf() == []
    assert Listing.objects.of_app(listing.app_id).status == "listed"
    set_standing(listing.app_id, Standing.PERSONAL_DATA_OFF, by=STAFF, at=AT, reason="a test")
    assert on_shelf() == ["Label works"]


def test_sent_back_with_a_reason_and_submitted_again() -> None:
    """The reason reaches the developer, nothing written is lost, and the same listing goes in again."""
    app = make_app(AT)
    actions.open_listing(app, by=SYSTEM, at=AT)
    actions.edit_listing(app.id, TEXTS, by=SYSTEM, at=AT)
    actions.submit(app.id, by=SYSTEM, at=AT)
    assert refusal(actions.send_back, app.id, reason=" ", by=STAFF, at=AT).code == "store_reason_missing"
    back = actions.send_back(app.id, reason="The picture shows a real address", by=STAFF, at=AT)
    assert (back.status, back.reason, back.texts) == ("draft", "The picture shows a real address", TEXTS)
    assert "real address" in Letter.objects.get(kind="store.returned").body
    assert actions.submit(app.id, by=SYSTEM, at=AT).status == "submitted"
    assert Listing.objects.of_app(app.id).reason == ""


def test_two_who_decide_at_once() -> None:
    """The second is told that the listing is not what it was."""
    app = make_app(AT)
    actions.open_listing(app, by=SYSTEM, at=AT)
    actions.edit_listing(app.id, TEXTS, by=SYSTEM, at=AT)
    actions.submit(app.id, by=SYSTEM, at=AT)
    actions.accept(app.id, by=STAFF, at=AT)
    assert refusal(actions.send_back, app.id, reason="no", by=STAFF, at=AT).code == "store_listing_not_from_here"
    assert refusal(actions.accept, app.id, by=STAFF, at=AT).code == "store_listing_not_submitted"


def test_nobody_decides_about_their_own_organisation() -> None:
    """A member of the developer who also is staff is refused."""
    listing = make_listing(AT)
    both = Account.objects.create_user("both@market.example", is_staff=True)
    add_member(listing.app.developer, both, by=SYSTEM, at=AT)
    by = Actor(ActorKind.STAFF, both.id)
    assert refusal(actions.remove, listing.app_id, reason="x", by=by, at=AT).code == "store_own_organisation"


def test_removed_and_given_back() -> None:
    """Out of the store with a reason, back with one; the developer may also correct it and submit it again."""
    listing = make_listing(AT)
    gone = actions.remove(listing.app_id, reason="It copies another app's name", by=STAFF, at=AT)
    assert (gone.status, on_shelf()) == ("removed", [])
    assert refusal(actions.relist, listing.app_id, by=SYSTEM, at=AT).code == "store_listing_removed"
    assert actions.restore(listing.app_id, reason="A mistake of ours", by=STAFF, at=AT).status == "listed"
    actions.remove(listing.app_id, reason="Once more", by=STAFF, at=AT)
    assert actions.submit(listing.app_id, by=SYSTEM, at=AT).status == "submitted"


def test_off_the_shelf_and_back() -> None:
    """The developer's own move, without a review in between."""
    listing = make_listing(AT)
    assert actions.unlist(listing.app_id, by=SYSTEM, at=AT).status == "unlisted"
    assert on_shelf() == []
    assert actions.relist(listing.app_id, by=SYSTEM, at=AT).status == "listed"


def test_a_listed_apps_words_change_at_once_and_are_looked_at_after() -> None:
    """Staff see what was and what is; words that would be incomplete are refused."""
    listing = make_listing(AT)
    actions.edit_listing(listing.app_id, texts(short="Prints parcel labels faster than ever"), by=SYSTEM, at=LATER)
    (changed,) = Listing.objects.changed_since_look()
    assert changed.changes_since_look() == [("short", TEXTS.short, "Prints parcel labels faster than ever")]
    actions.look(listing.app_id, by=STAFF, at=LATER)
    assert not Listing.objects.changed_since_look().exists()
    assert (
        refusal(actions.edit_listing, listing.app_id, texts(short=""), by=SYSTEM, at=LATER).code
        == "store_listing_unready"
    )


def test_whoever_is_late_is_told() -> None:
    """A form that was opened before somebody else saved does not overwrite it."""
    listing = make_listing(AT)
    actions.edit_listing(listing.app_id, texts(website="https://labels.example"), by=SYSTEM, at=LATER, seen=AT)
    late = refusal(actions.edit_listing, listing.app_id, TEXTS, by=SYSTEM, at=LATER, seen=AT)
    assert late.code == "store_listing_stale"
    assert Listing.objects.of_app(listing.app_id).website == "https://labels.example"


def test_what_is_submitted_waits_unchanged() -> None:
    """Neither words nor pictures change under the reviewer's eyes; taken back, they may."""
    app = make_app(AT)
    actions.open_listing(app, by=SYSTEM, at=AT)
    actions.edit_listing(app.id, TEXTS, by=SYSTEM, at=AT)
    actions.submit(app.id, by=SYSTEM, at=AT)
    assert (
        refusal(actions.edit_listing, app.id, texts(website="https://a.example"), by=SYSTEM, at=AT).code
        == "store_listing_waits"
    )
    assert (
        refusal(actions.add_screenshot, app.id, png(), words="Labels", by=SYSTEM, at=AT).code == "store_listing_waits"
    )
    actions.withdraw(app.id, by=SYSTEM, at=AT)
    actions.add_screenshot(app.id, png(), words="Labels", by=SYSTEM, at=AT)


def test_search_shelf_and_sort() -> None:
    """Words in any form, parts of names, shelves, and what asks for least."""
    make_listing(AT)
    figures = {"long": "Sales of the week beside those of the year before. " * 4, "features": ("Sales", "Reviews")}
    words = {"short": "Shows sales and reviews of the shop", "categories": ("insight",), **figures}
    make_listing(AT, make_app(AT, "Shop figures", NO_PERSONAL), **words)
    assert on_shelf(Wish(words="printing label")) == ["Label works"]
    assert on_shelf(Wish(words="figu")) == ["Shop figures"]
    assert on_shelf(Wish(words="reviewed -label")) == ["Shop figures"]
    assert on_shelf(Wish(words="'; DROP \0 & | ! (")) == []
    assert on_shelf(Wish(shelf="insight")) == ["Shop figures"]
    assert on_shelf(Wish(private=True)) == ["Shop figures"]
    assert on_shelf(Wish(sort="data")) == ["Shop figures", "Label works"]
    assert on_shelf(Wish(sort="name")) == ["Label works", "Shop figures"]


def test_a_stage_reaches_some_and_those_named() -> None:
    """Below 100 percent nobody but its sellers sees it; whoever is named does in any case."""
    listing = make_listing(AT)
    one, *others = make_sellers(40, AT)
    actions.stage(listing.app_id, percent=0, sellers=[one.marketplace_id], by=SYSTEM, at=AT)
    assert (on_shelf(), on_shelf(seller=one.id), on_shelf(seller=others[0].id)) == ([], ["Label works"], [])
    actions.stage(listing.app_id, percent=50, by=SYSTEM, at=AT)
    reached = [seller for seller in others if on_shelf(seller=seller.id)]
    assert 5 < len(reached) < 35
    assert refusal(actions.stage, listing.app_id, percent=101, by=SYSTEM, at=AT).code == "store_stage_percent"
    assert (
        refusal(actions.stage, listing.app_id, percent=5, sellers=["nobody"], by=SYSTEM, at=AT).code
        == "people_seller_unknown"
    )


def test_screenshots_are_cleaned_counted_and_put_in_order() -> None:
    """At most five different ones, each with words; the order is the developer's."""
    listing = make_listing(AT)
    shots = [
        actions.add_screenshot(
            listing.app_id,
            png(pixel=bytes([n, n, n]), extra=chunk(b"tEXt", b"a\0b")),
            words=f"Page {n}",
            by=SYSTEM,
            at=AT,
        )
        for n in range(5)
    ]
    assert b"tEXt" not in bytes(shots[0].data)
    full = refusal(actions.add_screenshot, listing.app_id, png(pixel=b"\x99\x99\x99"), words="x", by=SYSTEM, at=AT)
    assert full.code == "store_screenshots_full"
    actions.remove_screenshot(listing.app_id, shots[0].pk, by=SYSTEM, at=AT)
    again = refusal(actions.add_screenshot, listing.app_id, png(pixel=b"\1\1\1"), words="again", by=SYSTEM, at=AT)
    assert again.code == "store_screenshot_twice"
    actions.move_screenshot(listing.app_id, shots[2].pk, by=SYSTEM, at=AT)
    assert [shot.words for shot in listing.screenshots.in_order()] == ["Page 2", "Page 1", "Page 3", "Page 4"]
    other = make_listing(AT, make_app(AT, "Other"))
    assert (
        refusal(actions.remove_screenshot, other.app_id, shots[1].pk, by=SYSTEM, at=AT).code
        == "store_screenshot_unknown"
    )


def test_listings_follow_their_apps() -> None:
    """A new version is counted, and sellers are, with the next look of the clock."""
    listing = make_listing(AT, make_app(AT, manifest=NO_PERSONAL))
    assert listing.personal_asked == 0
    appstore.add_version(App.objects.named(listing.app_id), MANIFEST, by=SYSTEM, at=AT)
    for seller in make_sellers(2, AT):
        actions.begin_use(listing.app_id, seller.id, at=AT)
    actions.end_use(listing.app_id, seller.id, at=AT)
    assert actions.refresh_due(at=AT) == 2
    fresh = Listing.objects.of_app(listing.app_id)
    assert (fresh.personal_asked, fresh.sellers_count) == (5, 1)
    assert actions.refresh_due(at=AT) == 0


def test_names_that_look_alike_are_flagged() -> None:
    """Another developer's, in whatever letters; one's own are one's own."""
    app = make_app(AT)
    other = make_app(AT, "Labe1 W\u043erks")
    make_app(AT, "Labelworks", developer=app.developer)
    assert [one.id for one in lookalikes_of(app)] == [other.id]
