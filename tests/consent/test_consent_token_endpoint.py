import base64

import pytest
from django.db import connection
from django.test import Client as Browser

from piepowder.core.kernel import json
from piepowder.rooms.consent.models import AccessToken
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from tests.support import consent as shop

pytestmark = pytest.mark.django_db


def test_an_amazon_style_client_keeps_its_refresh_token() -> None:
    """Each refresh answers as Login with Amazon does, and the refresh token comes back unchanged."""
    desk = shop.open_desk(lasting=True)
    token = desk.refresh_token()
    status, answer = shop.refresh(desk, token)
    assert status == 200
    assert set(answer) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (answer["token_type"], answer["expires_in"], answer["refresh_token"]) == ("bearer", 3600, token)
    assert answer["access_token"].startswith("Atza|")
    assert token.startswith("Atzr|")
    assert len(answer["access_token"]) < 200
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert (row["kind"], row["app"], row["seller"], row["revoked"]) == ("access", desk.app.id, desk.seller.id, False)


def test_two_processes_share_one_refresh_token() -> None:
    """A refresh adds an access token and leaves the other process's alone."""
    desk = shop.open_desk(lasting=True)
    token = desk.refresh_token()
    tokens = [shop.refresh(desk, token)[1]["access_token"] for _ in range(2)]
    rows = [shop.gate(each) for each in tokens]
    assert len(set(tokens)) == 2
    assert all(row is not None and not row["revoked"] for row in rows)
    assert AccessToken.objects.filter(app=desk.app).count() == 2


def test_json_bodies_are_taken_like_forms() -> None:
    """The npm client posts JSON."""
    desk = shop.open_desk(lasting=True)
    body = {"grant_type": "refresh_token", "refresh_token": desk.refresh_token(), **desk.credentials}
    answer = Browser().post("/auth/o2/token", json.encode(body), content_type="application/json")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["token_type"] == "bearer"


def test_credentials_may_stand_in_the_header() -> None:
    """HTTP Basic works like the body; both at once is refused."""
    desk = shop.open_desk(lasting=True)
    pair = base64.b64encode(f"{desk.client.client_id}:{desk.secret}".encode()).decode()
    fields = {"grant_type": "refresh_token", "refresh_token": desk.refresh_token()}
    assert shop.post_form("/auth/o2/token", fields, authorization=f"Basic {pair}")[0] == 200
    status, answer = shop.post_form("/auth/o2/token", {**fields, **desk.credentials}, authorization=f"Basic {pair}")
    assert (status, answer["error_description"]) == (400, "consent_client_two_credentials")


def test_grantless_tokens_belong_to_no_seller() -> None:
    """Client credentials give a token of the app itself, for the scopes that exist, without a refresh token."""
    desk = shop.open_desk(lasting=True)
    scope = "sellingpartnerapi::notifications"
    status, answer = shop.ask_token(grant_type="client_credentials", scope=scope, **desk.credentials)
    assert status == 200
    assert "refresh_token" not in answer
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert (row["kind"], row["seller"], row["grant_id"], row["scope"]) == ("grantless", None, None, scope)


@pytest.mark.parametrize("scope", ["", "sellingpartnerapi::everything", "sellingpartnerapi::notifications orders"])
def test_other_scopes_are_refused(scope: str) -> None:
    """A grantless token needs scopes, and only those that exist."""
    desk = shop.open_desk(lasting=True)
    status, answer = shop.ask_token(grant_type="client_credentials", scope=scope, **desk.credentials)
    assert (status, answer["error"]) == (400, "invalid_scope")


def test_refusals_tell_causes_apart_and_nothing_else() -> None:
    """Wrong secret, revoked refresh token and suspended app differ; an unknown client reads like a wrong secret."""
    desk, other = shop.open_desk(lasting=True), shop.open_desk(lasting=True)
    token = desk.refresh_token()

    def ask(**change: str) -> tuple[int, str, str]:
        fields = {"grant_type": "refresh_token", "refresh_token": token, **desk.credentials, **change}
        status, answer = shop.ask_token(**fields)
        assert set(answer) == {"error", "error_description"}
        return status, answer["error"], answer["error_description"]

    wrong = (401, "invalid_client", "consent_client_secret_wrong")
    assert ask(client_secret="pps_wrong") == wrong
    assert ask(client_secret=other.secret) == wrong
    assert ask(client_id="client_unknown") == wrong
    assert ask(client_id="nul\0byte") == wrong
    assert ask(client_id="") == wrong
    assert ask(refresh_token=other.refresh_token()) == (400, "invalid_grant", "consent_refresh_token_unknown")
    assert ask(refresh_token="Atzr|nonsense") == (400, "invalid_grant", "consent_refresh_token_unknown")
    assert shop.post_form("/oauth2/revoke", {"token": token, **desk.credentials}) == (200, {})
    assert ask() == (400, "invalid_grant", "consent_refresh_token_revoked")
    set_standing(desk.app.id, Standing.SUSPENDED, by=SYSTEM, at=shop.now(), reason="test")
    assert ask() == (400, "unauthorized_client", "consent_app_suspended")
    assert ask(client_secret="pps_wrong") == wrong


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([("grant_type", "password"), ("username", "a"), ("password", "b")], "unsupported_grant_type"),
        ([("grant_type", "urn:ietf:params:oauth:grant-type:device_code")], "unsupported_grant_type"),
        ([], "unsupported_grant_type"),
        ([("grant_type", "refresh_token")], "invalid_request"),
        ([("grant_type", "authorization_code")], "invalid_request"),
        ([("grant_type", "refresh_token"), ("refresh_token", "a"), ("refresh_token", "b")], "invalid_request"),
        ([("grant_type", "refresh_token"), ("grant_type", "client_credentials")], "invalid_request"),
    ],
)
def test_malformed_requests_are_refused(fields: list[tuple[str, str]], error: str) -> None:
    """What is not switched on, is missing or comes twice is refused with an OAuth error."""
    desk = shop.open_desk(lasting=True)
    status, answer = shop.post_form("/auth/o2/token", [*fields, *desk.credentials.items()])
    assert (status, answer["error"]) == (400, error)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"[1]", "application/json", "consent_body_not_an_object"),
        (b"{", "application/json", "kernel_json_malformed"),
        (b"\xff\xfe", "application/json", "kernel_json_malformed"),
        (b"a=b", "text/plain", "consent_content_type_unsupported"),
        (b"a=" + b"b" * 20_000, "application/x-www-form-urlencoded", "consent_body_too_large"),
    ],
)
def test_unreadable_bodies_are_refused(body: bytes, kind: str, reason: str) -> None:
    """A body of another kind, size or shape never reaches the OAuth server."""
    answer = Browser().post("/auth/o2/token", body, content_type=kind)
    assert (answer.status_code, answer.json()["error_description"]) == (400, reason)


def test_secrets_are_never_stored() -> None:
    """Of tokens, codes and secrets the database holds digests only."""
    desk = shop.open_desk(lasting=True)
    refresh_token = desk.refresh_token()
    access = shop.refresh(desk, refresh_token)[1]["access_token"]
    code = desk.code()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_name ~ '^(consent|oauth2|ledger)_'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        held = []
        for table in tables:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            held += [text for (text,) in cursor.fetchall()]
    whole = "\n".join(held)
    assert desk.client.client_id in whole
    for text in (refresh_token, access, code, desk.secret):
        assert text not in whole
        assert text.partition("|")[2] == "" or text.partition("|")[2] not in whole


def test_introspection_is_for_the_tokens_own_client() -> None:
    """The client learns of its own tokens; anybody else only that they are not active."""
    desk, other = shop.open_desk(lasting=True), shop.open_desk(lasting=True)
    token = desk.refresh_token()
    access = shop.refresh(desk, token)[1]["access_token"]

    def look(who: shop.Desk, text: str) -> dict[str, object]:
        status, answer = shop.post_form("/oauth2/introspect", {"token": text, **who.credentials})
        assert status == 200
        return answer

    assert look(desk, access)["active"] is True
    assert look(desk, access)["sub"] == desk.seller.id
    assert look(desk, token)["token_type"] == "refresh_token"
    for text in (access, token, "Atza|nonsense", ""):
        assert look(other, text) == {"active": False}
    refused = shop.post_form("/oauth2/introspect", {"token": access, "client_id": desk.client.client_id})
    assert refused == (401, {"error": "invalid_client", "error_description": "consent_client_secret_wrong"})


def test_revocation_is_silent_about_strangers_tokens() -> None:
    """RFC 7009: 200 for unknown tokens and for those of others, which stay alive."""
    desk, other = shop.open_desk(lasting=True), shop.open_desk(lasting=True)
    access = shop.refresh(desk, desk.refresh_token())[1]["access_token"]
    for text in (access, "Atza|nonsense"):
        assert shop.post_form("/oauth2/revoke", {"token": text, **other.credentials}) == (200, {})
    row = shop.gate(access)
    assert row is not None
    assert row["revoked"] is False
    assert "consent.revoke_token" not in shop.ledger_kinds(app=desk.app.id)
    assert shop.post_form("/oauth2/revoke", {"token": access, **desk.credentials}) == (200, {})
    row = shop.gate(access)
    assert row is not None
    assert row["revoked"] is True
    assert shop.ledger_kinds(app=desk.app.id).count("consent.revoke_token") == 1


def test_the_metadata_names_what_is_switched_on() -> None:
    """RFC 8414 metadata: code with S256, no implicit, no password grant."""
    found = Browser().get("/.well-known/oauth-authorization-server").json()
    assert found["response_types_supported"] == ["code"]
    assert found["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint"] == found["issuer"] + "/auth/o2/token"


def test_every_recommendation_of_rfc_9700_is_switched_on() -> None:
    """No compliance flag of the OAuth library is left at its default."""
    from oauth2_provider.settings import DEFAULTS, oauth2_settings

    flags = [name for name in DEFAULTS if name.startswith("COMPLIANT_BCP_")]
    assert len(flags) == 10
    assert all(getattr(oauth2_settings, name) is True for name in flags)
    assert oauth2_settings.REFRESH_TOKEN_REUSE_PROTECTION is True
    assert oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS <= 60
    assert oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS == 3600
    assert oauth2_settings.DEFAULT_SCOPES == []
