from collections.abc import Iterator
from pathlib import Path

import pytest

from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_staff_key
from piepowder.rooms.people.rules import KeyRole
from tests.support.commands import Run, commands
from tests.support.documents import pdf
from tests.support.organisation import AT, account


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


def test_an_organisation_by_command(run: Run) -> None:
    """Registered, changed, its people added and removed, closed and opened again."""
    words = ("--email", "office@labels.example", "--country", "DE", "--company-number", "HRB 1")
    made = run("developer", "create", "Label works", *words)
    name = made["id"]
    assert (
        run("developer", "change", name, "--website", "https://labels.example")["website"] == "https://labels.example"
    )
    account("ada@labels.example")
    assert run("developer", "add", name, "ada@labels.example", "--role", "owner")["role"] == "owner"
    assert run("developer", "invite", name, "bob@labels.example")["status"] == "open"
    people = run("developer", "members", name)
    assert [one["state"] for one in people] == ["member", "invited"]
    assert run("developer", "withdraw", name, people[1]["id"])["status"] == "withdrawn"
    assert run("developer", "remove", name, "ada@labels.example", status=1)["error"]["code"] == "developers_last_owner"
    assert run("developer", "identity-due", name, "2027-01-31")["identity_due_on"] == "2027-01-31"
    assert run("developer", "close", name, "--reason", "sold")["status"] == "closed"
    assert run("developer", "invite", name, "eve@labels.example", status=1)["error"]["code"] == "developers_closed"
    assert run("developer", "reopen", name)["status"] == "open"
    assert run("developer", "show", name)["standing"] == "suspended"
    assert [one["identity"] for one in run("developer", "list")] == ["draft"]


def test_an_identity_by_command(run: Run, tmp_path: Path) -> None:
    """Prepared, documented, submitted, taken on and decided with a reviewer's key; documents go out to files."""
    words = (
        "--email",
        "office@labels.example",
        "--country",
        "DE",
        "--company-number",
        "HRB 1",
        "--address",
        "1 Street",
    )
    more = ("--website", "https://l.example", "--privacy-email", "p@l.example", "--security-email", "s@l.example")
    name = run("developer", "create", "Label works", *words, *more)["id"]
    run("identity", "prepare", name, "--representative", "Ada Maker")
    for point in ("existence", "address", "representative"):
        file = tmp_path / f"{point}.pdf"
        file.write_bytes(pdf(point))
        added = run("identity", "add", name, point, str(file))
    assert run("identity", "submit", name)["number"] == 1
    assert [one["developer"] for one in run("identity", "list")] == [name]
    assert run("identity", "decide", name, "1", status=1)["error"]["code"] == "cli_key_missing"
    key = tmp_path / "key"
    key.write_text(create_staff_key(name="r", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)[1])
    with_key = ("--key-file", str(key))
    run("identity", "claim", name, "1", *with_key)
    decided = run("identity", "decide", name, "1", "--not-met", "address=The bill is old.", *with_key)
    assert (decided["status"], decided["reviews"][0]["answers"]["address"]["reason"]) == (
        "returned",
        "The bill is old.",
    )
    listed = run("evidence", "list", name)
    assert len(listed) == 3
    document = added["document"]["id"]
    run("evidence", "get", document, "--to", str(tmp_path / "out.pdf"))
    assert (tmp_path / "out.pdf").read_bytes() == pdf("representative")
    twice = run("evidence", "get", document, "--to", str(tmp_path / "out.pdf"), status=1)
    assert twice["error"]["code"] == "cli_file_unwritable"
    (tmp_path / "page.html").write_text("<html>")
    wrong = run("evidence", "add", str(tmp_path / "page.html"), "--owner", name, "--purpose", "x", status=1)
    assert wrong["error"]["code"] == "evidence_markup"
    assert run("evidence", "erase", document, "--reason", "old")["erased_at"]
