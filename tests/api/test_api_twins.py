"""A command and its operation answer the same: those that came last, one by one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from piepowder.core.kernel import json
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key, create_staff_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support import consent as shop
from tests.support.commands import Run, commands

Ask = Callable[..., Any]


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


@pytest.fixture
def ask(committed: str) -> Ask:
    """`ask("get", "/api/sellers/sel_…")`: what an operator's key is answered."""
    _, secret = create_staff_key(name="made up", role=KeyRole.OPERATOR, by=SYSTEM, at=shop.now())
    client = Client(headers={"authorization": f"Bearer {secret}"})

    def call(verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
        sent = () if body is None else (json.encode(body),)
        return getattr(client, verb)(path, *sent, **({"content_type": "application/json"} if sent else {})).json()

    return call


def test_reads_are_the_same_at_both_doors(run: Run, ask: Ask) -> None:
    """A seller, a grant, what it is asked, policies, shelves, columns and waits."""
    shop.put_policy_into_force()
    grant = shop.open_desk().grant()
    for words, path in (
        (("seller", "show", grant.seller_id), f"/api/sellers/{grant.seller_id}"),
        (("grant", "show", grant.id), f"/api/grants/{grant.id}"),
        (("grant", "asked", grant.id), f"/api/grants/{grant.id}/asked"),
        (("policy", "history", "current"), "/api/policies/current"),
        (("policy", "history"), "/api/policies"),
        (("store", "shelves"), "/api/store/shelves"),
        (("identity", "waits"), "/api/identities/published"),
    ):
        assert _plain(run(*words)) == _plain(ask("get", path)), words
    columns = ask("get", "/api/imports/columns")
    assert [(row["file"], row["name"]) for row in run("load", "columns")] == [
        (kind, one["name"]) for kind, several in columns.items() for one in several
    ]


def _plain(value: Any) -> Any:
    """Without moments, which the two write in two ways."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {name: inner for name, inner in value.items() if not name.endswith("_at")}


def test_modes_are_declined_and_ended_at_both_doors(run: Run, ask: Ask) -> None:
    """What one door proposes, the other declines; what one puts into effect, the other ends."""
    app = shop.make_app()
    proposed = run("app", "mode", app.id, "observe", "--until", "30d")
    assert run("app", "decline-mode", proposed["id"], "--reason", "not now")["status"] == "declined"
    assert ask("get", f"/api/apps/{app.id}/modes")[0]["status"] == "declined"
    strict = ask("post", f"/api/apps/{app.id}/modes", {"mode": "substitute"})
    assert run("app", "end-mode", strict["id"])["status"] == "ended"
    assert [one["id"] for one in run("app", "modes", app.id)] == [strict["id"], proposed["id"]]


def test_people_are_renamed_and_added_at_both_doors(run: Run, ask: Ask) -> None:
    """An account's name, and a membership that an operator makes."""
    person = Account.objects.create_user("ada@labels.example", name="Ada")
    assert run("account", "rename", person.email, "Ada Maker")["name"] == "Ada Maker"
    assert ask("patch", f"/api/accounts/{person.id}", {"name": "Ada Example"})["name"] == "Ada Example"
    developer = shop.make_app().developer_id
    made = ask("post", f"/api/developers/{developer}/members", {"account": person.email, "role": "owner"})
    assert (made["account"], made["role"]) == (person.id, "owner")
    again = run("developer", "add", developer, person.email, status=1)
    assert again["error"]["code"] == "developers_member_already"


def test_a_sellers_own_key_acts_at_the_command_line(run: Run, tmp_path: Path) -> None:
    """As at the API: its own grant is changed by it, another's is not, and the ledger names the key."""
    desk, other = shop.open_desk(), shop.open_desk()
    grant, theirs = desk.grant(), other.grant()
    row, secret = create_key(
        name="made up", role=KeyRole.SELLER, seller=desk.seller.id, developer="", by=SYSTEM, at=shop.now()
    )
    file = tmp_path / "seller.key"
    file.write_text(secret, encoding="utf-8")
    assert run("grant", "renew", grant.id, "--key-file", str(file))["id"] == grant.id
    refused = run("grant", "revoke", theirs.id, "--key-file", str(file), status=1)
    assert refused["error"]["code"] == "cli_key_refused"
    ended = run("grant", "revoke", grant.id, "--key-file", str(file))
    assert ended["status"] == "revoked"
    assert shop.ledger_kinds(grant=grant.id)[-1] == "consent.revoke"
    grant.refresh_from_db()
    assert grant.ended_by == f"seller:{row.id}"
