import pytest
from django.test import Client as Browser

from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.offers import offer
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from tests.support import consent as shop
from tests.support.pages import problems

pytestmark = pytest.mark.django_db


def _page(desk: shop.Desk, browser: Browser | None = None) -> str:
    browser = browser or shop.sign_in_seller(desk.seller)
    answer = browser.get("/apps/authorize/consent", {"application_id": desk.app.id, "state": "s"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert problems(page) == []
    return page


def test_the_page_names_purposes_fields_and_what_policy_does() -> None:
    """Purposes and fields in words, the developer, and the policy in force beside each field."""
    shop.put_policy_into_force()
    page = _page(shop.open_desk(lasting=True))
    for words in (
        "Label printer asks to act for Lantern &amp; Loom",
        "To deliver what was bought",
        "To issue invoices and pay taxes",
        "The buyer&#x27;s name",
        "Street, house number and the like of the delivery address",
        "until 30 days after delivery; otherwise withheld",
        "takes you back to app.example",
    ):
        assert words in page


def test_without_a_policy_everything_is_withheld() -> None:
    """Before the first policy the page does not promise anything."""
    page = _page(shop.open_desk(lasting=True))
    assert "No policy in force speaks about it." in page
    assert "Readable" not in page


def test_the_offer_follows_roles_and_standing() -> None:
    """An app that lost personal data, or has no role for it, is shown with what it would really get."""
    shop.put_policy_into_force()
    desk = shop.open_desk(lasting=True)
    assert _effects(desk)["buyer.name"] == {"keep"}
    set_standing(desk.app.id, Standing.PERSONAL_DATA_OFF, by=SYSTEM, at=shop.now(), reason="test")
    assert _effects(desk)["buyer.name"] == {"withhold"}
    assert _effects(desk)["order.item"] == {"keep"}


def _effects(desk: shop.Desk) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for purpose in offer(desk.app).purposes:
        for field in purpose.fields:
            found.setdefault(field.category, set()).add(field.effect)
    return found


def test_the_form_may_end_at_the_app_and_nowhere_else() -> None:
    """The page's security policy lets its form lead to the registered address only, and no script runs."""
    desk = shop.open_desk(lasting=True)
    answer = shop.sign_in_seller(desk.seller).get("/apps/authorize/consent", {"application_id": desk.app.id})
    policy = answer["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in policy + ";"
    assert answer["Cache-Control"].startswith("max-age=0")


def test_signing_in_comes_between_request_and_page() -> None:
    """A stranger is sent to sign in and comes back to the very request."""
    desk = shop.open_desk(lasting=True)
    answer = Browser().get("/apps/authorize/consent", {"application_id": desk.app.id, "state": "s"})
    assert answer.status_code == 302
    assert shop.query_of(answer["Location"])["next"].startswith("/apps/authorize/consent?application_id=")


@pytest.mark.parametrize(
    "change",
    [
        {"application_id": "app_unknown"},
        {"application_id": ""},
        {"redirect_uri": "https://evil.test/return"},
        {"redirect_uri": "https://app.example/return?x=1"},
        {"state": "s" * 2001},
    ],
)
def test_a_bad_request_is_never_redirected(change: dict[str, str]) -> None:
    """An unknown app or an unregistered address gets a page, not a redirect."""
    desk = shop.open_desk(lasting=True)
    fields = {"application_id": desk.app.id, "state": "s", "redirect_uri": shop.RETURN_TO, **change}
    answer = shop.sign_in_seller(desk.seller).get("/apps/authorize/consent", fields)
    assert answer.status_code == 400
    assert problems(answer.content.decode()) == []


def test_allowing_nothing_or_more_than_offered_is_refused() -> None:
    """No purpose, or one that the manifest does not name, shows the page again with the reason."""
    desk = shop.open_desk(lasting=True)
    browser = shop.sign_in_seller(desk.seller)
    path = f"/apps/authorize/consent?application_id={desk.app.id}"
    for fields in ({}, {"purpose": "advertising"}, {"purpose": "tax", "keep": "tax=buyer.email"}):
        answer = browser.post(path, {"decision": "allow", **fields})
        assert answer.status_code == 422
        assert problems(answer.content.decode()) == []
    assert not Grant.objects.filter(app=desk.app).exists()


def test_a_suspended_app_cannot_be_allowed() -> None:
    """Consent does not lift a sanction."""
    desk = shop.open_desk(lasting=True)
    set_standing(desk.app.id, Standing.SUSPENDED, by=SYSTEM, at=shop.now(), reason="test")
    browser = shop.sign_in_seller(desk.seller)
    answer = browser.post(
        f"/apps/authorize/consent?application_id={desk.app.id}", {"decision": "allow", "purpose": "tax"}
    )
    assert answer.status_code == 422
    assert "may not be authorised just now" in answer.content.decode()


def test_staff_are_no_sellers() -> None:
    """Whoever is signed in without a shop cannot authorise for one."""
    from piepowder.rooms.people.actions import create_staff

    desk = shop.open_desk(lasting=True)
    browser = Browser()
    browser.force_login(
        create_staff(email="ada@market.example", by=SYSTEM, at=shop.now()),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    answer = browser.post(f"/apps/authorize/consent?application_id={desk.app.id}", {"decision": "allow"})
    assert answer.status_code == 400
    assert not Grant.objects.filter(app=desk.app).exists()
