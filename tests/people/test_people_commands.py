from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support.commands import Run, commands
from tests.support.consent import now

DEVELOPER = "dev_01jd0000000000000000000000"


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


def test_staff_by_command(run: Run, tmp_path: Path) -> None:
    """Made with a role and a first password, listed, given another role."""
    password = tmp_path / "password"
    password.write_text("seven quiet otters\n")
    words = ("--role", "reviewer", "--name", "Rita", "--password-file", str(password))
    made = run("staff", "create", "rita@market.example", *words)
    assert (made["kind"], made["role"]) == ("staff", "reviewer")
    assert Account.objects.named("RITA@market.example").check_password("seven quiet otters")
    assert run("staff", "role", "rita@market.example", "auditor")["role"] == "auditor"
    assert [one["role"] for one in run("staff", "list")] == ["auditor"]
    again = run("staff", "create", "rita@market.example", status=1)
    assert again["error"]["code"] == "people_email_taken"
    assert run("staff", "create", "no address", status=1)["error"]["code"] == "people_email_malformed"
    assert run("staff", "create", "a@b.example", "--role", "seller", status=1)["error"]["code"] == "people_role_wrong"


def test_sessions_by_command(run: Run) -> None:
    """Where somebody is signed in, and the end of it: of one session, or of all."""
    text = actions.make_staff_link("rita@market.example", by=SYSTEM, at=now())
    browsers = [Browser(), Browser()]
    browsers[0].post(f"/sign-in/staff/{text}")
    text = actions.make_staff_link("rita@market.example", by=SYSTEM, at=now())
    browsers[1].post(f"/sign-in/staff/{text}")
    sessions = run("staff", "sessions", "rita@market.example")
    assert len(sessions) == 2
    ended = run("staff", "sessions", "rita@market.example", "--end", str(sessions[1]["id"]))
    assert ended["ended"] == 1
    assert [browser.get("/").status_code for browser in browsers] == [302, 200]
    assert run("staff", "sessions", "rita@market.example", "--end-all")["ended"] == 1
    assert browsers[1].get("/").status_code == 302
    unknown = run("staff", "sessions", "rita@market.example", "--end", "1", status=1)
    assert unknown["error"]["code"] == "people_session_unknown"


def test_accounts_by_command(run: Run) -> None:
    """Closed and opened again, with a reason on record; twice is a conflict."""
    run("staff", "create", "rita@market.example")
    closed = run("account", "close", "rita@market.example", "--reason", "left")
    assert (closed["active"], bool(closed["closed_at"])) == (False, True)
    assert run("account", "close", "rita@market.example", status=1)["error"]["code"] == "people_account_closed"
    assert run("account", "reopen", "rita@market.example")["active"]
    assert [one["email"] for one in run("account", "list", "--email", "Rita@market.example")] == ["rita@market.example"]
    assert run("account", "reset-second-factor", "rita@market.example")["taken_away"] == 0
    assert run("account", "close", "nobody@market.example", status=1)["error"]["code"] == "people_account_unknown"


def test_keys_by_command(run: Run) -> None:
    """Made, listed, revoked; the key stands in the answer to the first only."""
    made = run("key", "create", DEVELOPER, "nightly import", "--expires", "90d")
    assert made["key"].startswith("ppk_")
    (listed,) = run("key", "list", DEVELOPER)
    assert (listed["id"], listed["role"], "key" in listed) == (made["id"], "developer", False)
    assert run("key", "revoke", made["id"])["revoked_at"]
    assert run("key", "revoke", made["id"], status=1)["error"]["code"] == "people_key_revoked"


def test_a_key_acts_for_its_own_holder(run: Run, tmp_path: Path) -> None:
    """A developer's key makes further keys of that developer, and none of another."""
    _, secret = actions.create_key(name="own", role=KeyRole.DEVELOPER, developer=DEVELOPER, by=SYSTEM, at=now())
    file = tmp_path / "key"
    file.write_text(secret)
    assert run("key", "create", DEVELOPER, "second", "--key-file", str(file))["created_by"].startswith("developer:key_")
    refused = run("key", "create", "dev_02", "third", "--key-file", str(file), status=1)
    assert refused["error"]["code"] == "cli_key_refused"


@pytest.mark.django_db
def test_accounts_by_api(api: Browser, auditor_api: Browser) -> None:
    """An operator's program makes staff, changes roles, closes, looks at sessions; an auditor's only looks."""

    def send(client: Browser, method: str, path: str, sent: dict[str, Any] | None = None) -> Any:
        call: Callable[..., Any] = getattr(client, method)
        return call(f"/api/accounts{path}", sent or {}, content_type="application/json")

    made = send(api, "post", "/staff", {"email": "rita@market.example", "role": "reviewer"})
    assert (made.status_code, made.json()["role"]) == (201, "reviewer")
    path = f"/{made.json()['id']}"
    assert send(api, "put", f"{path}/role", {"role": "auditor"}).json()["role"] == "auditor"
    assert auditor_api.get(f"/api/accounts{path}").json()["email"] == "rita@market.example"
    assert send(auditor_api, "post", f"{path}/close").status_code == 403
    assert auditor_api.get(f"/api/accounts{path}/sessions").json() == []
    assert send(api, "post", f"{path}/close", {"reason": "left"}).json()["active"] is False
    assert send(api, "post", f"{path}/close").status_code == 409
    assert send(api, "post", f"{path}/reopen").json()["active"] is True
    assert send(api, "post", f"{path}/reset-second-factor").status_code == 200
    assert api.delete(f"/api/accounts{path}/sessions").json() == {"ended": 0}
    assert send(api, "post", "/staff", {"email": "no address"}).status_code == 422
    assert [one["id"] for one in api.get("/api/accounts?staff=true").json()] == [made.json()["id"]]
    assert api.get("/api/accounts/acc_nobody").status_code == 404
