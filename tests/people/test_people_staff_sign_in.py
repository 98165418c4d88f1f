import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client as Browser

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.people.rules import KeyRole
from tests.support.consent import now
from tests.support.oidc_provider import OidcProvider
from tests.support.pages import problems
from tests.support.sign_up import PASSWORD, sign_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Any) -> Iterator[OidcProvider]:
    """The identity provider of the staff, and, with the same answers, of the sellers."""
    with OidcProvider() as opened:
        apps = [
            {
                "provider_id": name,
                "name": name,
                "client_id": "piepowder",
                "secret": "",
                "settings": {"server_url": opened.url},
            }
            for name in ("marketplace", "staff")
        ]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": apps}}
        settings.OIDC_ISSUER = settings.STAFF_OIDC_ISSUER = opened.url
        yield opened


def _come_in(browser: Browser, who: str = "staff", query: str = "") -> Any:
    """As a browser goes: our button, the provider's page, and back."""
    away = urlsplit(browser.post(f"/accounts/oidc/{who}/login/{query}").headers["location"])
    door = http.client.HTTPConnection(away.netloc)
    door.request("GET", f"{away.path}?{away.query}")
    back = urlsplit(str(door.getresponse().headers["Location"]))
    door.close()
    return browser.get(f"{back.path}?{back.query}")


def _says(provider: OidcProvider, subject: str, **claims: Any) -> None:
    provider.subject, provider.claims = subject, claims


def test_staff_come_in_through_their_organisation(provider: OidcProvider, browser: Browser) -> None:
    """An account that an operator made, found by the address that the provider vouches for; later by the subject."""
    account = actions.create_staff(email="rita@market.example", role=KeyRole.REVIEWER, by=SYSTEM, at=now())
    _says(provider, "u-1", email="Rita@market.example", email_verified=True)
    assert _come_in(browser).headers["location"] == "/"
    assert browser.session["_auth_user_id"] == account.id
    _says(provider, "u-1", email="married@market.example", email_verified=True)
    again = Browser()
    _come_in(again)
    assert again.session["_auth_user_id"] == account.id
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome FROM ledger_record WHERE kind = 'people.sign_in'")
        assert cursor.fetchall() == [("socialaccount",)] * 2


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": "nobody@market.example", "email_verified": True},
        {"email": "rita@market.example"},
        {"email": "rita@market.example", "email_verified": False},
        {"email": "rita@market.example", "email_verified": "true"},
        {"email": "dev@maker.example", "email_verified": True},
    ],
)
def test_nobody_becomes_staff_by_signing_in(provider: OidcProvider, browser: Browser, claims: dict[str, Any]) -> None:
    """Not without an account, not by an address that nobody vouches for, not with a developer's account."""
    actions.create_staff(email="rita@market.example", by=SYSTEM, at=now())
    Account.objects.create_user("dev@maker.example")
    _says(provider, "u-2", **claims)
    answer = _come_in(browser)
    assert answer.status_code == 403
    assert "Ask an operator" in answer.content.decode()
    assert problems(answer.content.decode()) == []
    assert "_auth_user_id" not in browser.session


def test_a_closed_account_of_staff_stays_out(provider: OidcProvider, browser: Browser) -> None:
    """Whatever the provider says of its owner."""
    account = actions.create_staff(email="rita@market.example", by=SYSTEM, at=now())
    _says(provider, "u-1", email="rita@market.example", email_verified=True)
    _come_in(browser)
    actions.close_account(account, by=SYSTEM, at=now())
    assert browser.get("/").status_code == 302
    answer = _come_in(browser)
    assert answer.headers["location"] == "/closed/"
    assert "_auth_user_id" not in browser.session


def test_where_staff_have_a_provider_a_password_is_not_enough(provider: OidcProvider, browser: Browser) -> None:
    """Who left the organisation has no second way in; a link made on the server is one."""
    account = actions.create_staff(email="rita@market.example", password=PASSWORD, by=SYSTEM, at=now())
    answer = browser.post("/sign-in/", {"login": "rita@market.example", "password": PASSWORD})
    assert "through their organisation" in answer.content.decode()
    assert "_auth_user_id" not in browser.session
    text = actions.make_staff_link("rita@market.example", by=SYSTEM, at=now())
    browser.post(f"/sign-in/staff/{text}")
    assert browser.session["_auth_user_id"] == account.id
    assert browser.get("/account/password/").status_code == 403


def test_a_sign_in_is_not_added_to_another_account(provider: OidcProvider) -> None:
    """Somebody who is signed in cannot take on the provider's identity on top."""
    browser = sign_up(Browser())
    actions.create_staff(email="rita@market.example", by=SYSTEM, at=now())
    _says(provider, "u-1", email="rita@market.example", email_verified=True)
    answer = _come_in(browser, query="?process=connect")
    assert answer.status_code == 403
    assert Account.objects.get(email="ada@maker.example").id == browser.session["_auth_user_id"]


def test_a_seller_is_known_by_the_marketplace(provider: OidcProvider, browser: Browser) -> None:
    """By the subject, and only while the marketplace lists the shop; closing it ends what is open."""
    seller = actions.provision_seller(marketplace_id="A1", name="Loom & Lamp", by=SYSTEM, at=now())
    _says(provider, "A1", email="rita@market.example", email_verified=True)
    _come_in(browser, "marketplace")
    assert Account.objects.get().seller == seller
    assert browser.get("/account/").status_code == 200
    assert browser.get("/account/address/").status_code == 403
    actions.provision_seller(marketplace_id="A1", name="Loom & Lamp", active=False, by=SYSTEM, at=now())
    assert browser.get("/account/").status_code == 302
    assert _come_in(browser, "marketplace").status_code == 403
    assert Seller.objects.count() == 1


def test_the_sign_in_page_shows_every_way(provider: OidcProvider, browser: Browser) -> None:
    """Sellers, developers, staff; and where one came from is kept, on this site only."""
    page = browser.get("/sign-in/?next=/keys/").content.decode()
    assert problems(page) == []
    assert "/accounts/oidc/marketplace/login/" in page
    assert "/accounts/oidc/staff/login/" in page
    assert 'name="next" value="/keys/"' in page
    assert "elsewhere.example" not in browser.get("/sign-in/?next=https://elsewhere.example/").content.decode()


def test_roles_of_staff(browser: Browser) -> None:
    """A role is given by somebody else; an auditor reads and presses no button."""
    account = actions.create_staff(email="rita@market.example", role=KeyRole.AUDITOR, by=SYSTEM, at=now())
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get("/mails/").status_code == 200
    assert browser.post("/mails/mail_1/send-again").status_code == 403
    assert browser.get("/keys/").status_code == 403
    with pytest.raises(PiepowderError) as raised:
        actions.change_role(account, KeyRole.OPERATOR, by=Actor(ActorKind.STAFF, account.id), at=now())
    assert raised.value.code == "people_own_account"
    assert actions.change_role(account, KeyRole.OPERATOR, by=SYSTEM, at=now()).role is KeyRole.OPERATOR
    assert browser.get("/keys/").status_code == 200
    with pytest.raises(PiepowderError) as raised:
        actions.change_role(account, KeyRole.DEVELOPER, by=SYSTEM, at=now())
    assert raised.value.code == "people_role_wrong"
