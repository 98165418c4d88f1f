"""`piepowder grant` and `piepowder staff link`, run as `piepowder` runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client as Browser

from tests.support import consent as shop
from tests.support.commands import Run, commands


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command line with `--json` and gives back what it printed, decoded."""
    with commands(committed, tmp_path, capsys) as run:
        yield run


def test_a_grant_is_made_narrowed_and_revoked(run: Run) -> None:
    """`create` prints credentials that work; `narrow` and `revoke` act at once; `list` shows what is left."""
    app, seller = shop.make_app(), shop.make_seller()
    made = run("grant", "create", app.id, seller.marketplace_id)
    fields = {name: made[name] for name in ("client_id", "client_secret", "refresh_token")}
    status, answer = shop.ask_token(grant_type="refresh_token", **fields)
    assert status == 200

    words = ("--purpose", "tax", "--category", "buyer.tax_id", "--category", "order.money")
    less = run("grant", "narrow", made["id"], *words)
    assert (less["purposes"], less["narrowed"]) == (["tax"], {"tax": ["buyer.tax_id", "order.money"]})
    wider = run("grant", "narrow", made["id"], "--purpose", "shipping", status=1)
    assert wider["error"]["code"] == "consent_narrow_widens"

    asked = run("grant", "asked", made["id"])
    assert (asked["version"], sorted(asked["purposes"])) == (made["version"], ["shipping", "tax"])
    stale = run("grant", "choose", made["id"], "--read", "0", status=1)
    assert stale["error"]["code"] == "consent_version_changed"
    chosen = run(
        "grant", "choose", made["id"], "--read", asked["version"], "--keep", "shipping=buyer.name", "--keep", "tax="
    )
    assert chosen["narrowed"] == {"shipping": ["buyer.name"], "tax": []}
    assert run("grant", "choose", made["id"], "--keep", "tax", status=1)["error"]["code"] == "cli_keep_malformed"
    assert run("grant", "refuse-more", made["id"], status=1)["error"]["code"] == "consent_request_none"
    assert run("grant", "renew", made["id"])["expires_at"] > chosen["expires_at"]

    assert run("grant", "revoke", made["id"], "--reason", "a test")["end_reason"] == "a test"
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert row["revoked"] is True
    assert [one["status"] for one in run("grant", "list", "--app-id", app.id)] == ["revoked"]
    assert run("grant", "list", "--seller", "nobody") == []
    assert run("grant", "revoke", "grt_unknown", status=1)["error"]["code"] == "consent_grant_unknown"


def test_a_secret_is_rotated(run: Run) -> None:
    """The new secret works, and the old one still does."""
    desk = shop.open_desk(lasting=True)
    token = desk.refresh_token()
    new = run("grant", "rotate-secret", desk.client.client_id)["client_secret"]
    for secret in (new, desk.secret):
        fields = {"client_id": desk.client.client_id, "client_secret": secret, "refresh_token": token}
        assert shop.ask_token(grant_type="refresh_token", **fields)[0] == 200


def test_a_link_signs_staff_in(run: Run) -> None:
    """The printed link leads to a button that opens the console, once."""
    made = run("staff", "link", "ada@market.example")
    path = "/sign-in/staff/" + made["link"].rpartition("/")[2]
    browser = Browser()
    assert browser.post(path)["Location"] == "/"
    assert browser.get("/").status_code == 200
    assert Browser().post(path).status_code == 403
