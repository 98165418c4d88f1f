"""The sellers' sign-in: an OpenID provider as a relying party meets it."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from piepowder.demo.orders import Seller

RETURN_TO = "http://127.0.0.1:9/accounts/oidc/marketplace/login/callback/"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-in-all"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "client_id": "piepowder",
    "redirect_uri": RETURN_TO,
    "response_type": "code",
    "scope": "openid profile",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Provider:
    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url)
        self.known: dict[str, Any] = self.http.get("/.well-known/openid-configuration").json()

    def sign_in(self, seller: str, **changed: str) -> httpx2.Response:
        return self.http.post("/oidc/authorize?" + urlencode(ASKED | changed), data={"seller": seller})

    def code(self, seller: str) -> str:
        return parse_qs(urlsplit(self.sign_in(seller).headers["location"]).query)["code"][0]

    def token(self, code: str, **changed: str) -> httpx2.Response:
        sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN_TO, "code_verifier": VERIFIER}
        return self.http.post("/oidc/token", data=sent | changed, auth=("piepowder", "anything"))


@pytest.fixture
def provider(marketplace_url: str) -> Provider:
    return Provider(marketplace_url)


def test_seller_signs_in(provider: Provider, seller: Seller, marketplace_url: str) -> None:
    """Page, choice, code, token, keys, claims: the whole way, with PKCE, state and nonce."""
    page = provider.http.get("/oidc/authorize?" + urlencode(ASKED))
    assert page.status_code == 200
    assert seller.id in page.text
    answer = provider.sign_in(seller.id)
    returned = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (answer.status_code, returned["state"], returned["iss"]) == (303, ["the-state"], [marketplace_url])
    tokens = provider.token(returned["code"][0]).json()
    keys = KeySet.import_key_set(provider.http.get(provider.known["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (
        marketplace_url,
        "piepowder",
        seller.id,
        "the-nonce",
    )
    told = provider.http.get("/oidc/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}).json()
    assert told == {"sub": seller.id, "name": claims["name"]}


def test_code_works_once(provider: Provider, seller: Seller) -> None:
    """A code that was used is worth nothing."""
    code = provider.code(seller.id)
    assert [provider.token(code).status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "another-verifier"}, {"redirect_uri": "http://127.0.0.1:9/"}, {"grant_type": "password"}],
)
def test_code_is_bound_to_its_request(provider: Provider, seller: Seller, changed: dict[str, str]) -> None:
    """A code needs the verifier and the address that it was asked for with."""
    answer = provider.token(provider.code(seller.id), **changed)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "unsupported_grant_type")


@pytest.mark.parametrize(
    "changed",
    [{"code_challenge": ""}, {"code_challenge_method": "plain"}, {"scope": "profile"}, {"response_type": "token"}],
)
def test_request_without_proof_returns_with_an_error(
    provider: Provider, seller: Seller, changed: dict[str, str]
) -> None:
    """Without PKCE by S256, without openid, with another flow: back to the client with `invalid_request`."""
    returned = parse_qs(urlsplit(provider.sign_in(seller.id, **changed).headers["location"]).query)
    assert (returned["error"], returned["state"]) == (["invalid_request"], ["the-state"])
    assert "code" not in returned


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://elsewhere.example/"},
        {"redirect_uri": "javascript://127.0.0.1/"},
        {"redirect_uri": "http://["},
        {"client_id": "other"},
    ],
)
def test_stranger_is_not_returned_to(provider: Provider, seller: Seller, changed: dict[str, str]) -> None:
    """An unknown client or an address on another machine gets a page and no redirect."""
    answer = provider.sign_in(seller.id, **changed)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_unknown_seller_is_told(provider: Provider) -> None:
    """A seller id that does not exist brings the page again, with what was typed made harmless."""
    answer = provider.sign_in('A1"><script>')
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "<script>" not in answer.text


def test_user_info_needs_a_token(provider: Provider) -> None:
    """Without a token that the provider issued, userinfo is 401."""
    assert provider.http.get("/oidc/userinfo").status_code == 401
    assert provider.http.get("/oidc/userinfo", headers={"authorization": "Bearer made-up"}).status_code == 401


def test_malformed_client_authentication_is_refused(provider: Provider, seller: Seller) -> None:
    """A basic header that is no base64 is `invalid_client`, not a crash."""
    sent = {"grant_type": "authorization_code", "code": provider.code(seller.id)}
    answer = provider.http.post("/oidc/token", data=sent, headers={"authorization": "Basic x"})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
