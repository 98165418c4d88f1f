"""The developer's pages of programs, secrets and calls: own ones only, and each secret shown once."""

import re

import pytest
from django.test import Client as Browser

from piepowder.core.kernel.ids import new_id
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Client, ClientSecret, Grant
from piepowder.rooms.developers.actions import add_member, close_developer
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from tests.support import consent as shop
from tests.support import organisation
from tests.support.billing import made_up_orders, read_orders
from tests.support.pages import problems

pytestmark = pytest.mark.django_db
PAGE = "/developer/clients/"


def _office(*, kind: AppKind = AppKind.PUBLIC) -> tuple[Browser, App]:
    """An owner's browser, and an app of the organisation."""
    owner = organisation.account(f"{new_id('acc')}@labels.example")
    developer = organisation.register(owner, name=f"Label works {new_id('dev')[-6:]}")
    app = appstore.create_app(
        developer, name="Label printer", kind=kind, by=SYSTEM, at=shop.now(), standing=Standing.GOOD
    )
    appstore.add_version(app, shop.MANIFEST, by=SYSTEM, at=shop.now())
    return organisation.browser(owner), App.objects.named(app.id)


def _seen(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert problems(page) == []
    return page


def _secret_in(page: str) -> str:
    found = re.search(r"pps_[\w-]+", page)
    return found.group() if found else ""


def _add(browser: Browser, app: App, **fields: str) -> str:
    sent = {"kind": "confidential", "redirect_uris": f"{shop.RETURN_TO}\n", **fields}
    return browser.post(f"{PAGE}{app.id}/new", sent).content.decode()


def test_a_program_is_added_and_its_secret_shown_once() -> None:
    """The answer has the secret, later pages do not; the form says what each kind of program is."""
    browser, app = _office()
    assert "No program yet" in _seen(browser, PAGE)
    assert "What kind of program is it?" in _seen(browser, f"{PAGE}{app.id}/new")
    page = _add(browser, app)
    assert problems(page) == []
    assert "Shown this once" in page
    assert _secret_in(page)
    later = _seen(browser, PAGE)
    assert _secret_in(later) == ""
    for words in (app.client_id, shop.RETURN_TO, "never"):
        assert words in later


def test_a_program_without_a_secret_has_none() -> None:
    """A public program is shown as such and has nothing to rotate."""
    browser, app = _office()
    page = _add(browser, app, kind="public")
    assert _secret_in(page) == ""
    assert "no secret" in page
    assert "Rotate the secret" not in page


@pytest.mark.parametrize("address", ["http://app.example/return", "https://*.example/return", "javascript:alert(1)"])
def test_a_bad_address_is_said_at_its_field(address: str) -> None:
    """Nothing is made, what was typed stays, on both forms."""
    browser, app = _office()
    page = _add(browser, app, redirect_uris=address, kind="public")
    assert 'aria-invalid="true"' in page
    assert address in page.replace("&#x27;", "'")
    assert not Client.objects.filter(app=app).exists()
    _add(browser, app)
    sent = browser.post(f"{PAGE}{app.client_id}/redirects", {"redirect_uris": address}).content.decode()
    assert 'aria-invalid="true"' in sent
    assert Client.objects.named(app.client_id).redirect_uris == shop.RETURN_TO


def test_addresses_are_exchanged() -> None:
    """The form begins with the present ones; the ledger has the change."""
    browser, app = _office()
    _add(browser, app)
    path = f"{PAGE}{app.client_id}/redirects"
    assert shop.RETURN_TO in _seen(browser, path)
    answer = browser.post(path, {"redirect_uris": "https://app.example/a\nhttps://app.example/b"}, follow=True)
    assert "The return addresses are saved." in answer.content.decode()
    assert Client.objects.named(app.client_id).redirect_uris.split() == [
        "https://app.example/a",
        "https://app.example/b",
    ]
    assert shop.ledger_kinds(app=app.id)[-1] == "consent.set_redirects"


def test_a_secret_is_exchanged_without_a_break() -> None:
    """Old and new work side by side; the old one can be ended at once, the last one never."""
    browser, app = _office()
    first = _secret_in(_add(browser, app))
    second = _secret_in(browser.post(f"{PAGE}{app.client_id}/rotate").content.decode())
    assert second not in ("", first)
    client = Client.objects.named(app.client_id)
    found = [actions.presented_secret(client, text, at=shop.now()) for text in (first, second)]
    old, new = (secret.id for secret in found if secret is not None)
    ended = browser.post(f"{PAGE}{app.client_id}/end-secret", {"secret": old}, follow=True).content.decode()
    assert "The secret is ended." in ended
    assert actions.presented_secret(client, first, at=shop.now()) is None
    refused = browser.post(f"{PAGE}{app.client_id}/end-secret", {"secret": new}, follow=True).content.decode()
    assert "Nothing was changed." in refused
    assert actions.presented_secret(client, second, at=shop.now()) is not None


def test_an_own_shop_is_authorised_without_a_detour() -> None:
    """Who acts for a shop and makes its app gets a refresh token at once; who has no shop has no such button."""
    browser, app = _office(kind=AppKind.OWN_USE)
    assert browser.post(f"{PAGE}{app.id}/own-shop").status_code == 404
    assert "Authorise for" not in _seen(browser, PAGE)
    seller = shop.make_seller()
    Account.objects.filter(memberships__developer=app.developer).update(seller=seller)
    assert "Authorise for Lantern &amp; Loom" in _seen(browser, PAGE)
    refused = browser.post(f"{PAGE}{app.id}/own-shop", follow=True).content.decode()
    assert "may not be authorised just now" in refused
    assert not Client.objects.filter(app=app).exists()
    set_standing(app.developer_id, Standing.GOOD, by=SYSTEM, at=shop.now(), reason="test")
    page = browser.post(f"{PAGE}{app.id}/own-shop").content.decode()
    assert "refresh_token" in page
    assert Grant.objects.get(app=app).seller_id == seller.id


def test_strangers_and_other_roles_change_nothing() -> None:
    """Another organisation's program is as good as none; a member for money matters looks and does not touch."""
    browser, app = _office()
    _add(browser, app)
    other, _ = _office()
    paths = [f"{app.id}/new", f"{app.client_id}/redirects", f"{app.client_id}/rotate", f"{app.client_id}/end-secret"]
    assert [other.post(PAGE + path).status_code for path in paths] == [404, 404, 404, 404]
    assert [Browser().post(PAGE + path).status_code for path in paths] == [302, 302, 302, 302]
    clerk = organisation.account("clerk@labels.example")
    add_member(app.developer, clerk, role=Role.BILLING, by=SYSTEM, at=shop.now())
    theirs = organisation.browser(clerk)
    _seen(theirs, PAGE)
    assert [theirs.post(PAGE + path).status_code for path in paths] == [403, 403, 403, 403]


def test_a_closed_organisation_gets_no_program() -> None:
    """What its members try is refused in words; a secret that got out can still be ended."""
    browser, app = _office()
    _add(browser, app)
    browser.post(f"{PAGE}{app.client_id}/rotate")
    close_developer(app.developer, by=SYSTEM, at=shop.now())
    assert "is closed" in _add(browser, app)
    assert Client.objects.filter(app=app).count() == 1
    assert "is closed" in browser.post(f"{PAGE}{app.client_id}/rotate", follow=True).content.decode()
    secret = ClientSecret.objects.filter(client__app=app).earliest("created_at")
    ended = browser.post(f"{PAGE}{app.client_id}/end-secret", {"secret": secret.id}, follow=True)
    assert "The secret is ended." in ended.content.decode()


def test_a_developer_sees_the_calls_of_own_apps_only() -> None:
    """The list leads to each record; another organisation finds neither, by whichever app it asks."""
    browser, app = _office()
    assert "No call was made here" in _seen(browser, "/developer/calls/")
    read_orders(app, shop.make_seller(), made_up_orders(2), shop.now())
    page = _seen(browser, "/developer/calls/")
    found = re.search(rf"/developer/calls/{app.id}/records/(rec_\w+)", page)
    assert found
    assert "Lantern &amp; Loom" in _seen(browser, found.group())
    stranger, theirs = _office()
    paths = [f"{app.id}/", f"{app.id}/records/{found[1]}", f"{theirs.id}/records/{found[1]}"]
    assert [stranger.get(f"/developer/calls/{path}").status_code for path in paths] == [404, 404, 404]
