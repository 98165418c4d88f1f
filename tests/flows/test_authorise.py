"""A seller authorises an app: the story of `consent`, through public doors and on a running server."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from sp_api.auth import AccessTokenClient
from sp_api.auth.exceptions import AuthorizationError

from piepowder.core.facts.model import GrantFact, decode_fact
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.publication.models import Fact
from tests.support import consent as shop
from tests.support.oidc_provider import OidcProvider
from tests.support.stack import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def marketplace() -> Iterator[OidcProvider]:
    with OidcProvider() as provider:
        yield provider


@pytest.fixture
def console(committed: str, marketplace: OidcProvider, tmp_path: Path) -> Iterator[str]:
    """The control plane under uvicorn on a free port; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PIEPOWDER_DATA": str(tmp_path),
        "PIEPOWDER_DATABASE_URL": committed,
        "PIEPOWDER_SECRET_KEY": "0" * 64,
        "PIEPOWDER_PUBLIC_URL": url,
        "PIEPOWDER_OIDC_ISSUER": marketplace.url,
        "DJANGO_SETTINGS_MODULE": "piepowder.web.settings",
    }
    command = [sys.executable, "-m", "uvicorn", "piepowder.web.asgi:application", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    told = ""
    while "Uvicorn running" not in told:
        line = server.stderr.readline()
        assert line, f"the server ended: {told}"
        told += line
    yield url
    server.terminate()
    server.communicate()


class StayHere(urllib.request.HTTPRedirectHandler):
    """Follows redirects on loopback, and stops before one that leads to the app."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if newurl.startswith("https://"):
            raise HTTPError(newurl, code, msg, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Browser:
    """A browser without JavaScript: cookies, redirects, forms."""

    def __init__(self) -> None:
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()), StayHere())
        self.page, self.address = "", ""

    def open(self, address: str, fields: list[tuple[str, str]] | None = None) -> str:
        """The page there, or the address outside where it led."""
        data = None if fields is None else urlencode(fields).encode()
        try:
            with self.opener.open(Request(address, data)) as answer:
                self.page, self.address = answer.read().decode(), answer.url
        except HTTPError as left:
            if not left.url.startswith("https://"):
                raise
            return str(left.url)
        return self.page

    def csrf(self) -> tuple[str, str]:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        assert found
        return "csrfmiddlewaretoken", found[1]

    def action(self, words: str) -> str:
        found = re.search(rf'action="([^"]*{words}[^"]*)"', self.page)
        assert found
        return found[1].replace("&amp;", "&")


def sign_in_and_answer(console: str, browser: Browser, asked: str, *answer: tuple[str, str]) -> str:
    """Opens the app's request, signs in at the marketplace on the way, answers; the address the app gets."""
    page = browser.open(console + asked)
    assert "Continue with the marketplace" in page
    page = browser.open(console + browser.action("oidc/marketplace/login"), [browser.csrf()])
    assert "asks to act for" in page
    return browser.open(browser.address, [browser.csrf(), *answer])


def test_a_seller_authorises_narrows_and_revokes(console: str, marketplace: OidcProvider) -> None:
    """From the app's request over sign-in and consent to tokens, and back out: each step reaches the gateway's tables."""
    shop.put_policy_into_force()
    desk = shop.open_desk()
    marketplace.subject, marketplace.name = desk.seller.marketplace_id, "Lena Loom"
    verifier, challenge = shop.pkce()
    asked = urlencode(
        {
            "response_type": "code",
            "client_id": desk.client.client_id,
            "redirect_uri": shop.RETURN_TO,
            "state": "state-1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    browser = Browser()
    back = sign_in_and_answer(
        console,
        browser,
        f"/oauth2/authorize?{asked}",
        ("purpose", "shipping"),
        ("keep", "shipping=buyer.name"),
        ("keep", "shipping=order.item"),
        ("decision", "allow"),
    )

    assert back.startswith(shop.RETURN_TO + "?")
    told = shop.query_of(back)
    assert (told["state"], told["iss"]) == ("state-1", console)
    grant = Grant.objects.get(app=desk.app, seller=desk.seller)
    fact = decode_fact("grant", Fact.objects.get(kind="grant", key=grant.id).body or "")
    assert isinstance(fact, GrantFact)
    assert (fact.purposes, fact.narrowed) == (("shipping",), {"shipping": ("buyer.name", "order.item")})
    status, answer = shop.exchange(desk, told["code"], code_verifier=verifier, redirect_uri=shop.RETURN_TO)
    assert status == 200
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert (row["grant_id"], row["seller"], row["revoked"]) == (grant.id, desk.seller.id, False)

    mine = browser.open(f"{console}/my/apps/")
    assert "Label printer" in mine
    browser.open(f"{console}/my/apps/{grant.id}/revoke")
    browser.open(browser.address, [browser.csrf()])
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert row["revoked"] is True
    assert Fact.objects.get(kind="grant", key=grant.id).body is None
    assert shop.ledger_kinds(grant=grant.id) == [
        "consent.grant",
        "consent.issue_token",
        "consent.revoke",
    ]
    assert marketplace.asked["client_id"] == "piepowder"


def test_the_amazon_style_request_works_with_amazons_library(console: str, marketplace: OidcProvider) -> None:
    """`/apps/authorize/consent` gives `spapi_oauth_code`; python-amazon-sp-api, unchanged, turns it into tokens."""
    shop.put_policy_into_force()
    desk = shop.open_desk(lasting=True)
    marketplace.subject = desk.seller.marketplace_id
    asked = urlencode({"application_id": desk.app.id, "state": "s2", "redirect_uri": shop.RETURN_TO})
    back = sign_in_and_answer(
        console,
        Browser(),
        f"/apps/authorize/consent?{asked}",
        *(("purpose", purpose) for purpose in ("shipping", "tax")),
        *(("category", category) for category in ("buyer.name", "order.item")),
        ("decision", "allow"),
    )
    told = shop.query_of(back)
    assert (told["state"], told["selling_partner_id"]) == ("s2", desk.seller.marketplace_id)

    class Login(AccessTokenClient):  # type: ignore[misc]
        scheme, host, path = "http://", console.removeprefix("http://"), "/auth/o2/token"

    def login(secret: str, refresh_token: str | None = None) -> Login:
        return Login(
            credentials=SimpleNamespace(
                lwa_app_id=desk.client.client_id, lwa_client_secret=secret, refresh_token=refresh_token
            )
        )

    first = login(desk.secret).authorize_auth_code(told["spapi_oauth_code"])
    assert (first["token_type"], first["expires_in"]) == ("bearer", 3600)
    client = login(desk.secret, first["refresh_token"])
    row = shop.gate(client.get_auth().access_token)
    assert row is not None
    assert row["seller"] == desk.seller.id

    scope = "sellingpartnerapi::notifications"
    row = shop.gate(client.get_grantless_auth(scope).access_token)
    assert row is not None
    assert row["kind"] == "grantless"

    with pytest.raises(AuthorizationError) as refused:
        login("pps_wrong", "Atzr|another").get_auth()
    assert (refused.value.error_code, refused.value.status_code) == ("invalid_client", 401)
    assert refused.value.message == "consent_client_secret_wrong"


def test_a_refusal_goes_back_to_the_app_and_leaves_nothing(console: str, marketplace: OidcProvider) -> None:
    """Refusing answers `access_denied` with the app's state; no grant is made."""
    desk = shop.open_desk(lasting=True)
    marketplace.subject = desk.seller.marketplace_id
    asked = urlencode({"application_id": desk.app.id, "state": "s3"})
    back = sign_in_and_answer(console, Browser(), f"/apps/authorize/consent?{asked}", ("decision", "deny"))
    assert shop.query_of(back) == {"error": "access_denied", "state": "s3"}
    assert not Grant.objects.filter(app=desk.app).exists()


def test_a_stranger_to_the_marketplace_is_not_let_in(console: str, marketplace: OidcProvider) -> None:
    """Whoever signs in at the marketplace without being one of its sellers here gets a page that says so, and no session."""
    marketplace.subject = "somebody"
    browser = Browser()
    assert "Continue with the marketplace" in browser.open(f"{console}/accounts/oidc/marketplace/login/")
    browser.open(f"{console}/my/apps/")
    with pytest.raises(HTTPError) as refused:
        browser.open(console + browser.action("oidc/marketplace/login"), [browser.csrf()])
    assert refused.value.code == 403
    assert "Continue with the marketplace" in browser.open(f"{console}/my/apps/")
