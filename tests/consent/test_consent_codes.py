"""Hostile case 64: authorisation codes."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support import consent as shop


@pytest.mark.django_db
def test_a_code_is_good_once_and_its_reuse_ends_what_came_of_it() -> None:
    """The second exchange is refused and revokes the tokens of the first, with a ledger record."""
    desk = shop.open_desk(lasting=True)
    code = desk.code()
    status, answer = shop.exchange(desk, code)
    assert status == 200
    assert shop.exchange(desk, code)[1] == {"error": "invalid_grant", "error_description": "consent_code_reused"}
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert row["revoked"] is True
    assert shop.refresh(desk, answer["refresh_token"])[1]["error_description"] == "consent_refresh_token_revoked"
    assert "consent.end_family" in shop.ledger_kinds(app=desk.app.id)


@pytest.mark.django_db
def test_a_code_is_bound_to_its_client_and_to_a_minute() -> None:
    """Another client's code reads like an unknown one; a code older than a minute is refused."""
    desk, other = shop.open_desk(lasting=True), shop.open_desk(lasting=True)
    assert shop.exchange(other, desk.code())[1]["error_description"] == "consent_code_unknown"
    assert shop.exchange(desk, "nonsense")[1]["error_description"] == "consent_code_unknown"
    old = desk.code(at=shop.now() - timedelta(seconds=61))
    assert shop.exchange(desk, old)[1]["error_description"] == "consent_code_expired"


def _variants() -> list[str]:
    base = "https://app.example/return"
    made = [
        base + tail
        for tail in (
            "/",
            "/x",
            "x",
            "?",
            "?a=b",
            "#",
            "#a",
            "%00",
            "%2e",
            "/..",
            "/../return",
            ";",
            ".",
            " ",
            "\t",
            "%20",
        )
    ]
    made += [f"https://app.example{port}/return" for port in (":443", ":80", ":8443", ":", ":0443")]
    made += [
        f"{scheme}://app.example/return"
        for scheme in ("http", "HTTPS", "Https", "ftp", "app", "javascript", "data", "file", "ws")
    ]
    hosts = ["APP.example", "app.EXAMPLE", "app.example.", "localhost", "127.0.0.1", "[::1]", "app.example.evil.test"]
    hosts += [
        "evil.test",
        "evilapp.example",
        "app-example",
        "app.example@evil.test",
        "evil.test@app.example",
        "user@app.example",
    ]
    hosts += [
        "user:pass@app.example",
        "@app.example",
        "xn--pp-via.example",
        "app.example%2eevil.test",
        "app%2eexample",
        "\u0430pp.example",
    ]
    made += [f"https://{host}/return" for host in hosts]
    made += [
        f"https://app.example{path}"
        for path in (
            "",
            "/",
            "/Return",
            "/RETURN",
            "//return",
            "/./return",
            "/a/../return",
            "/%72eturn",
            "/retur",
            "/returns",
            "\\return",
        )
    ]
    made += [base[:cut] for cut in range(len(base))]
    made += [base + "/" * length for length in range(2, 22)]
    made += [base + "?" + "a" * length for length in range(1, 61)]
    made += [
        prefix + base
        for prefix in (" ", "\t", "x", "//", "https://evil.test/?", "https://evil.test/#", "https://evil.test\\@")
    ]
    made += [base.replace(char, char * 2, 1) for char in "htps:/a.exmlrun"]
    made += [base[:place] + "%" + format(ord(base[place]), "02x") + base[place + 1 :] for place in range(8, len(base))]
    made += [base[:place] + "\0" + base[place:] for place in range(0, len(base), 2)]
    return [uri for uri in dict.fromkeys(made) if uri != base and uri]


@pytest.mark.django_db
def test_no_variant_of_the_registered_address_is_accepted() -> None:
    """200 near misses of the registered address: none is redirected to, none exchanges a code."""
    desk = shop.open_desk()
    browser = shop.sign_in_seller(desk.seller)
    variants = _variants()
    assert len(variants) >= 200
    _, challenge = shop.pkce()
    asked = {
        "response_type": "code",
        "client_id": desk.client.client_id,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    for uri in variants:
        answer = browser.get("/oauth2/authorize", {**asked, "redirect_uri": uri})
        assert answer.status_code == 400, uri
        assert "Location" not in answer, uri
    verifier, challenge = shop.pkce()
    code = desk.code(challenge=challenge)
    for uri in variants[::10]:
        status, refused = shop.exchange(desk, code, code_verifier=verifier, redirect_uri=uri)
        assert (status, refused["error"]) == (400, "invalid_request"), uri
    assert shop.exchange(desk, code, code_verifier=verifier, redirect_uri=shop.RETURN_TO)[0] == 200


VERIFIER, CHALLENGE = shop.pkce("made-up-and-fixed-so-that-test-names-are-always-the-same")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("challenge", "verifier", "error"),
    [
        (CHALLENGE, VERIFIER, None),
        (CHALLENGE, None, "invalid_request"),
        (CHALLENGE, "", "invalid_grant"),
        (CHALLENGE, "x" * 43, "invalid_grant"),
        (CHALLENGE, CHALLENGE, "invalid_grant"),
        (CHALLENGE, VERIFIER[:-1], "invalid_grant"),
        ("", None, "invalid_request"),
        ("", VERIFIER, "invalid_grant"),
    ],
)
def test_pkce_at_the_exchange(challenge: str, verifier: str | None, error: str | None) -> None:
    """The verifier must be there, right, and belong to a challenge."""
    desk = shop.open_desk()
    more = {} if verifier is None else {"code_verifier": verifier}
    status, answer = shop.exchange(desk, desk.code(challenge=challenge), redirect_uri=shop.RETURN_TO, **more)
    assert status == (400 if error else 200)
    assert answer.get("error") in ((error,) if error else (None,))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge_method": "s256"},
        {"code_challenge": None, "code_challenge_method": None},
    ],
)
def test_pkce_at_the_request(change: dict[str, str | None]) -> None:
    """Without a challenge, or with any method but S256, the request goes back to the app as `invalid_request`."""
    desk = shop.open_desk()
    asked = {
        "response_type": "code",
        "client_id": desk.client.client_id,
        "redirect_uri": shop.RETURN_TO,
        "state": "st",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    fields = {name: value for name, value in {**asked, **change}.items() if value is not None}
    answer = shop.sign_in_seller(desk.seller).get("/oauth2/authorize", fields)
    assert answer.status_code == 302
    told = shop.query_of(answer["Location"])
    assert (told["error"], told["state"]) == ("invalid_request", "st")
    assert told["iss"]
    assert "code" not in told


@pytest.mark.django_db
def test_an_amazon_style_client_needs_neither_pkce_nor_the_address_again() -> None:
    """Amazon's libraries send code and credentials only; a verifier out of nowhere is refused even so."""
    desk = shop.open_desk(lasting=True)
    assert shop.exchange(desk, desk.code())[0] == 200
    answer = shop.exchange(desk, desk.code(), code_verifier=VERIFIER)[1]
    assert answer["error_description"] == "consent_pkce_verifier_without_challenge"
    assert shop.exchange(desk, desk.code(), redirect_uri="https://evil.test/")[1]["error"] == "invalid_request"


def test_fifty_exchanges_of_one_code_at_once(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Of 50 that race, one succeeds, and then its tokens are dead as well."""
    desk = shop.open_desk(lasting=True)
    code = desk.code()
    answers: list[tuple[int, dict[str, Any]]] = []
    start = threading.Barrier(50)

    def ask() -> None:
        start.wait()
        answers.append(shop.exchange(desk, code))

    threads = [in_thread(ask) for _ in range(50)]
    for thread in threads:
        thread.join()
    won = [answer for status, answer in answers if status == 200]
    assert len(answers) == 50
    assert len(won) == 1
    assert {answer["error_description"] for status, answer in answers if status != 200} == {"consent_code_reused"}
    row = shop.gate(won[0]["access_token"])
    assert row is not None
    assert row["revoked"] is True
    assert shop.live_refresh_tokens(desk) == 0
