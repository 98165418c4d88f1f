from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from piepowder.rooms.billing.actions import create_plan
from piepowder.rooms.billing.rules import PlanKind, Terms
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.models import Seller
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from piepowder.rooms.store import actions
from piepowder.rooms.store.models import Day, Listing, Rating, Screenshot, Tally
from tests.support.pages import problems
from tests.support.storefront import (
    STAFF,
    TEXTS,
    make_app,
    make_listing,
    make_sellers,
    member_browser,
    png,
    seller_browser,
    staff_browser,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def listing() -> Listing:
    return make_listing(AT)


@pytest.fixture
def seller() -> Seller:
    return make_sellers(1, AT)[0]


@pytest.fixture
def shop(seller: Seller) -> Browser:
    return seller_browser(seller)


def page(browser: Browser, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status
    text = answer.content.decode()
    assert problems(text) == [] or status != 200
    return text


def fields(**changes: object) -> dict[str, object]:
    plain = {name: getattr(TEXTS, name) for name in TEXTS.__dataclass_fields__}
    return {**plain, "features": "\n".join(TEXTS.features), **changes}


def test_a_seller_looks_around(listing: Listing, shop: Browser) -> None:
    """The front, a search, a shelf, an app's page and the comparison are sound pages that name what is there."""
    make_listing(AT, make_app(AT, "Parcel friend"))
    assert "Label works" in page(shop, "/store/")
    assert "for “<bdi>labels</bdi>”" in page(shop, "/store/?q=labels")
    assert "No app fits" in page(shop, "/store/?q=nothing+like+it&shelf=shipping&sort=strange&page=99")
    one = page(shop, f"/store/{listing.app_id}/")
    assert "It asks for 5 kinds of data about buyers." in one
    assert f"/apps/authorize/consent?application_id={listing.app_id}" in one
    ids = "&".join(f"app={row.app_id}" for row in Listing.objects.all())
    assert "Side by side" in page(shop, f"/store/compare/?{ids}&app=nobody&app=%00")
    assert "Nothing to compare yet" in page(shop, "/store/compare/")


def test_htmx_gets_the_results_alone(listing: Listing, shop: Browser) -> None:
    """The very same rows, without the page around them."""
    text = shop.get("/store/?q=label", headers={"hx-request": "true"}).content.decode()
    assert "Label works" in text
    assert "<html" not in text


def test_strangers_sign_in_first(listing: Listing) -> None:
    """The store is for people with an account; its pictures, too."""
    shot = actions.add_screenshot(listing.app_id, png(), words="Labels", by=SYSTEM, at=AT)
    assert Browser().get("/store/").status_code == 302
    assert Browser().get(f"/store/pictures/{shot.id}").status_code == 404


def test_prices_stand_on_cards_and_pages(listing: Listing, shop: Browser) -> None:
    """Of the plans that billing knows; the filter leaves apps with a free one."""
    assert "No app fits" in page(shop, "/store/?price=free")
    create_plan(
        listing.app, name="Small", terms=Terms(kind=PlanKind.FREE, currency="EUR", amount=Decimal(0)), by=SYSTEM, at=AT
    )
    assert "Label works" in page(shop, "/store/?price=free")
    assert "Small" in page(shop, f"/store/{listing.app_id}/")


def test_a_suspended_apps_page_says_so(listing: Listing, shop: Browser) -> None:
    """No button to authorise, and the reason for it."""
    set_standing(listing.app_id, Standing.SUSPENDED, by=STAFF, at=AT, reason="a test")
    text = page(shop, f"/store/{listing.app_id}/")
    assert "cannot be authorised just now" in text
    assert "apps/authorize/consent" not in text


def test_what_is_not_on_the_shelf_is_not_there(listing: Listing, shop: Browser, seller: Seller) -> None:
    """For whoever has nothing to do with it; its users, its developer and staff see it and its state."""
    actions.remove(listing.app_id, reason="A copied name", by=STAFF, at=AT)
    address = f"/store/{listing.app_id}/"
    assert shop.get(address).status_code == 404
    assert "A copied name" in page(member_browser(listing.app.developer, AT), address)
    actions.begin_use(listing.app_id, seller.id, at=AT)
    text = page(shop, address)
    assert "Your authorisation goes on" in text
    assert "A copied name" not in text


def test_pictures_can_only_be_looked_at(listing: Listing, shop: Browser) -> None:
    """Their type is what they are; nothing in them runs."""
    shot = actions.add_screenshot(listing.app_id, png(), words="Labels", by=SYSTEM, at=AT)
    answer = shop.get(f"/store/pictures/{shot.id}")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.content == bytes(shot.data)
    assert shop.get("/store/pictures/shot_none").status_code == 404


def test_names_are_shown_as_they_are_written(shop: Browser) -> None:
    """HTML in a name is a name."""
    listing = make_listing(AT, make_app(AT, "<b>Bold</b> & sons"), short="<script>alert(1)</script> prints labels")
    for address in ("/store/", f"/store/{listing.app_id}/"):
        text = page(shop, address)
        assert "&lt;b&gt;Bold&lt;/b&gt; &amp; sons" in text
        assert "<script>alert" not in text


def test_a_seller_rates_and_takes_it_back(listing: Listing, shop: Browser, seller: Seller) -> None:
    """What was typed stays where it is refused; strangers to the app have no form."""
    address = f"/store/{listing.app_id}/"
    assert "Send your rating" not in page(shop, address)
    actions.begin_use(listing.app_id, seller.id, at=datetime.now(UTC))
    wrong = shop.post(f"{address}rate", {"stars": "4", "words": "Ask ann@buyers.example"})
    assert wrong.status_code == 422
    assert "ann@buyers.example" in wrong.content.decode()
    assert "names an e-mail address" in wrong.content.decode()
    assert shop.post(f"{address}rate", {"stars": "9", "words": ""}).status_code == 422
    assert shop.post(f"{address}rate", {"stars": "4", "words": "Quick <b>and</b> quiet"}).status_code == 302
    text = page(shop, address)
    assert "Quick &lt;b&gt;and&lt;/b&gt; quiet" in text
    assert seller.name not in text.split("<main", 1)[1]
    assert shop.post(f"{address}withdraw-rating").status_code == 302
    assert "Nobody has rated it yet" in page(shop, address)


def test_answers_and_reports(listing: Listing, shop: Browser, seller: Seller) -> None:
    """The app's developer answers, nobody else's; whoever sees it reports it; staff judge it."""
    actions.begin_use(listing.app_id, seller.id, at=AT)
    rating = actions.rate(listing.app_id, seller.id, stars=1, words="Rude words", by=SYSTEM, at=AT)
    developer, desk = member_browser(listing.app.developer, AT), staff_browser("reviewer")
    assert shop.post(f"/store/ratings/{rating.id}/reply", {"words": "x"}).status_code == 403
    assert developer.post(f"/store/ratings/{rating.id}/reply", {"words": ""}).status_code == 422
    assert developer.post(f"/store/ratings/{rating.id}/reply", {"words": "We are sorry"}).status_code == 302
    assert "We are sorry" in page(shop, f"/store/{listing.app_id}/")
    assert developer.post(f"/store/ratings/{rating.id}/report", {"words": "Rude"}).status_code == 302
    again = developer.post(f"/store/ratings/{rating.id}/report", {"words": "Very rude"})
    assert "reported this rating already" in again.content.decode()
    reported = page(desk, "/store/desk/ratings/")
    assert "Rude words" in reported
    assert "Ben of the labels (developer)" in reported
    assert desk.post(f"/store/desk/ratings/{rating.id}", {"verb": "hide", "reason": "Rude"}).status_code == 302
    assert Rating.objects.named(rating.id).status == "hidden"
    assert "Reason: Rude" in page(desk, "/store/desk/ratings/")
    assert desk.post(f"/store/desk/ratings/{rating.id}", {"verb": "show", "reason": "Fine"}).status_code == 302
    assert staff_browser("auditor").post(f"/store/desk/ratings/{rating.id}", {"verb": "keep"}).status_code == 403


def test_a_developer_writes_previews_and_submits() -> None:
    """From an empty draft to the queue; a preview writes nothing, a fault stands at its field and loses nothing."""
    app = make_app(AT)
    developer = member_browser(app.developer, AT)
    address = f"/store/listings/{app.id}/"
    assert "Begin" in page(developer, "/store/listings/")
    assert "is not in the store yet" in page(developer, address)
    assert developer.post(f"{address}begin").status_code == 302
    assert "Missing: " in page(developer, address)
    seen = Listing.objects.of_app(app.id).changed_at.isoformat()
    wrong = developer.post(address, fields(since=seen, privacy_url="javascript:alert(1)", save="1"))
    assert wrong.status_code == 422
    assert "begins with `https://`" in wrong.content.decode()
    assert TEXTS.short in wrong.content.decode()
    preview = developer.post(address, fields(since=seen, preview="1")).content.decode()
    assert "Nothing was saved" in preview
    assert problems(preview) == []
    assert Listing.objects.of_app(app.id).short == ""
    assert developer.post(address, fields(since=seen, save="1")).status_code == 302
    stale = developer.post(address, fields(since=seen, short="Something quite different", save="1"))
    assert (stale.status_code, "Something quite different" in stale.content.decode()) == (409, True)
    assert developer.post(f"{address}submit").status_code == 302
    assert "Take it back" in page(developer, address)


def test_a_developer_puts_pictures_in(listing: Listing) -> None:
    """A real picture is there; a drawing that runs is refused at its field."""
    developer = member_browser(listing.app.developer, AT)
    address = f"/store/listings/{listing.app_id}/"
    svg = SimpleUploadedFile("shot.png", b"<svg onload='alert(1)'/>", "image/png")
    wrong = developer.post(f"{address}screenshots", {"picture": svg, "words": "Labels"})
    assert (wrong.status_code, "neither a PNG nor a JPEG" in wrong.content.decode()) == (422, True)
    good = SimpleUploadedFile("shot.png", png(), "image/png")
    assert developer.post(f"{address}screenshots", {"picture": good, "words": "Labels"}).status_code == 302
    shot = Screenshot.objects.get()
    assert shot.id in page(developer, address)
    assert developer.post(f"{address}screenshots/{shot.id}", {"remove": "1"}).status_code == 302
    assert not Screenshot.objects.exists()


def test_a_listing_is_its_developers_own(listing: Listing, shop: Browser) -> None:
    """Nobody else opens the editor or presses its buttons."""
    address = f"/store/listings/{listing.app_id}/"
    for browser in (shop, staff_browser(), member_browser(make_app(AT, "Other").developer, AT)):
        assert browser.get(address).status_code == 404
        assert browser.post(f"{address}unlist").status_code == 404
    assert Listing.objects.of_app(listing.app_id).status == "listed"


def test_a_developer_rolls_out_in_stages(listing: Listing, seller: Seller) -> None:
    """A wrong id stands at its field."""
    developer = member_browser(listing.app.developer, AT)
    address = f"/store/listings/{listing.app_id}/stage"
    wrong = developer.post(address, {"percent": "10", "sellers": "nobody"})
    assert (wrong.status_code, "No seller `nobody`" in wrong.content.decode()) == (422, True)
    assert developer.post(address, {"percent": "10", "sellers": seller.id}).status_code == 302
    assert Listing.objects.of_app(listing.app_id).sellers == [seller.id]


def test_the_desk_decides(listing: Listing) -> None:
    """The queue, what changed, a removal that needs its reason, and the table as a file."""
    desk = staff_browser("reviewer")
    waiting = make_app(AT, "Parcel friend")
    actions.open_listing(waiting, by=SYSTEM, at=AT)
    actions.edit_listing(waiting.id, TEXTS, by=SYSTEM, at=AT)
    actions.submit(waiting.id, by=SYSTEM, at=AT)
    assert "Parcel friend" in page(desk, "/store/desk/")
    page(desk, "/store/desk/?status=listed&name=label")
    assert "Label works" in b"".join(desk.get("/store/desk/?format=csv")).decode()
    address = f"/store/desk/{waiting.id}/"
    page(desk, address)
    assert desk.post(f"{address}move", {"verb": "send_back", "reason": ""}).status_code == 422
    assert desk.post(f"{address}move", {"verb": "accept"}).status_code == 302
    twice = desk.post(f"{address}move", {"verb": "accept"})
    assert (twice.status_code, "is listed" in twice.content.decode()) == (409, True)
    assert desk.post(f"{address}move", {"verb": "remove", "reason": "A copied name"}).status_code == 302
    assert "A copied name" in page(desk, address)
    assert "Your role reads only" in page(staff_browser("auditor"), address)
    assert staff_browser("auditor").post(f"{address}move", {"verb": "restore", "reason": "x"}).status_code == 403


def test_the_label_on_a_page(listing: Listing, shop: Browser) -> None:
    """What the calls of three sellers read stands beside what is asked."""
    shops = make_sellers(3, AT)
    Day.objects.create(app_id=listing.app_id, day=AT, purpose="shipping", calls=100, sellers=[one.id for one in shops])
    counted = {"app_id": listing.app_id, "day": AT, "purpose": "shipping", "sellers": [one.id for one in shops]}
    Tally.objects.create(**counted, category="buyer.name", read=4)
    actions.sum_up([listing.app_id], at=AT)
    text = page(shop, f"/store/{listing.app_id}/")
    assert "It asks for 5 kinds of data about buyers, and read 1 of them in the last 30 days." in text
    assert "<b>4 %</b>" in text
    assert "Never read" in text
    assert "Reads 1 of 5 asked" in page(shop, "/store/")
