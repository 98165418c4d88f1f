"""The commands of developers, apps, sellers, staff and standing, run as `piepowder` runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Run, commands


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command line with `--json` and gives back what it printed, decoded."""
    with commands(committed, tmp_path, capsys) as run:
        yield run


@pytest.fixture
def app(run: Run, tmp_path: Path) -> str:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"operations": {"orders.v0.getOrders": ["shipping"]}, "categories": {}}')
    developer = run("developer", "create", "Label works", "--email", "office@example.com", "--standing", "good")
    words = ["Label printer", "--manifest", str(manifest), "--role", "finance", "--standing", "good"]
    return str(run("app", "create", developer["id"], *words)["id"])


def test_an_app_is_registered_shown_and_listed(run: Run, app: str) -> None:
    """What was registered is what is shown, with standing and capabilities of app and developer together."""
    shown = run("app", "show", app)
    assert (shown["name"], shown["current_version"], shown["roles"]) == ("Label printer", "1", ["finance"])
    assert shown["standing"] == {app: "good", shown["developer"]: "good"}
    assert shown["capabilities"] == ["call", "new_authorisations", "read_personal_data"]
    assert [one["id"] for one in run("app", "list")] == [app]
    assert [one["standing"] for one in run("developer", "list")] == ["good"]


def test_roles_rates_and_versions_are_set(run: Run, app: str, tmp_path: Path) -> None:
    """Each command answers with the app as it then is."""
    assert run("app", "roles", app, "tax_invoicing")["roles"] == ["tax_invoicing"]
    assert run("app", "rates", app, "*=0.5/20")["rates"] == {"*": [0.5, 20]}
    assert run("app", "version", app, str(tmp_path / "manifest.json"))["version"] == "2"
    assert run("app", "rates", app, "fast", status=1)["error"]["code"] == "cli_rate_malformed"
    missing = str(tmp_path / "no.json")
    assert run("app", "version", app, missing, status=1)["error"]["code"] == "cli_manifest_missing"


def test_observe_mode_takes_a_second_persons_key(run: Run, app: str, tmp_path: Path) -> None:
    """Whoever sits at the machine proposes; only another person's key approves."""
    proposed = run("app", "mode", app, "observe", "--until", "30d")
    assert (proposed["status"], proposed["proposed_by"]) == ("proposed", "system:command_line")
    assert run("app", "approve-mode", proposed["id"], status=1)["error"]["code"] == "appstore_mode_same_person"
    key_file = tmp_path / "key"
    key_file.write_text(run("staff", "key", "second person")["key"] + "\n")
    approved = run("app", "approve-mode", proposed["id"], "--key-file", str(key_file))
    assert (approved["status"], approved["decided_by"][:10]) == ("in_effect", "staff:key_")
    key_file.write_text("ppk_nonsense")
    refused = run("app", "mode", app, "enforce", "--key-file", str(key_file), status=1)
    assert refused["error"]["code"] == "cli_key_refused"


def test_a_standing_is_set_and_its_history_shown(run: Run, app: str) -> None:
    """The cut is one command; asked again, it says that nothing changed."""
    cut = run("standing", "set", app, "personal_data_off", "--reason", "advertising")
    assert cut["capabilities"] == ["call", "new_authorisations"]
    assert [change["to"] for change in run("standing", "show", app)["history"]] == ["personal_data_off", "good"]
    again = run("standing", "set", app, "personal_data_off", "--reason", "advertising", status=1)
    assert again["error"]["code"] == "standing_subject_not_from_here"


def test_sellers_and_keys_are_listed(run: Run) -> None:
    """Sellers are created once however often the command runs; a revoked key says when."""
    first = run("seller", "create", "A1", "Shop one", "--subject", "subject-1")
    assert run("seller", "create", "A1", "Shop one", "--subject", "subject-1")["id"] == first["id"]
    assert [seller["marketplace_id"] for seller in run("seller", "list")] == ["A1"]
    key = run("staff", "key", "one", "--role", "auditor")
    assert run("staff", "revoke-key", key["id"])["revoked"] is True
    (listed,) = run("staff", "keys")
    assert (listed["role"], "key" in listed, listed["revoked_at"] is None) == ("auditor", False, False)


def test_an_app_and_its_version_by_command(run: Run, tmp_path: Path) -> None:
    """Registered as its developer does it, changed, begun, checked; what is missing is refused with its code."""
    developer = run("developer", "create", "Label house", "--email", "office@example.com", "--standing", "good")["id"]
    made = run("app", "register", developer, "Label maker", "--redirect-uri", "https://labels.example.com/return")
    assert (made["reach"], made["sellers_max"]) == ("unlisted", 25)
    changed = run("app", "change", made["id"], "--support-email", "help@example.com")
    assert (changed["support_email"], changed["redirect_uris"]) == ("help@example.com", made["redirect_uris"])
    assert run("app", "reach", made["id"], "open")["sellers_max"] is None
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("operations:\n  orders.v0.getOrders: [shipping]\n")
    begun = run("version", "begin", made["id"], str(manifest))
    assert (begun["number"], begun["status"]) == ("1", "draft")
    described = run("version", "describe", begun["id"], "--role", "finance", "--notes", "first")
    assert described["roles"] == ["finance"]
    outcomes = {one["check"]: one["outcome"] for one in run("version", "checks", begun["id"])}
    assert (outcomes["privacy"], outcomes["redirects"]) == ("failed", "passed")
    assert run("version", "submit", begun["id"], status=1)["error"]["code"] == "appstore_checks_failed"
    assert run("version", "difference", begun["id"])["purposes"] == ["shipping"]
    assert run("version", "write", begun["id"], str(manifest))["revision"] == described["revision"]
    assert run("version", "withdraw", begun["id"])["status"] == "withdrawn"
    assert [one["status"] for one in run("version", "list", made["id"])] == ["withdrawn"]
    assert (run("version", "queue"), run("version", "waits")["count"]) == ([], 0)


def test_the_deadline_by_command(run: Run) -> None:
    """Shown, set and lifted."""
    assert run("app", "deadline")["due_at"] is None
    assert run("app", "deadline", "90d", "--reason", "Announced.")["reason"] == "Announced."
    assert run("app", "deadline")["due_at"] is not None
    assert run("app", "deadline", "--lift")["due_at"] is None
