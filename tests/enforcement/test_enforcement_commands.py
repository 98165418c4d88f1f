"""Commands of the court."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Run, commands


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


def _key_file(run: Run, folder: Path, name: str) -> str:
    file = folder / name
    file.write_text(run("staff", "key", name, "--role", "operator")["key"])
    return str(file)


def test_the_whole_case_by_commands(run: Run, tmp_path: Path) -> None:
    """From the report to the appeal; a second person comes with a key of their own."""
    developer = run("developer", "create", "Label works", "--email", "office@labels.example", "--standing", "good")
    second = _key_file(run, tmp_path, "second")
    told = ("case", "report", developer["id"], "critical", "Used for advertising.", "2.1", "--clears", "a receipt")
    assert run(*told, "--evidence", "uploads", status=1)["error"]["code"] == "case_evidence_wrong"
    finding = run(*told, "--evidence", "uploads=12/40", "--records", "rec_1", "--once", "by hand 1")
    assert run(*told, "--evidence", "uploads=12/40", "--once", "by hand 1")["id"] == finding["id"]
    case = finding["case"]
    assert run("case", "list", "--subject", developer["id"])[0]["id"] == case
    assert run("case", "reach", case)["proposed"]["measure"] == "suspended"
    run("case", "take", case)
    measure = run("case", "at-once", case, "personal_data_off", "It goes on.")["id"]
    run("case", "confirm-emergency", measure, "It does.", "--key-file", second)
    run("case", "end-emergency", measure, "It stopped.")
    assert "uploads (12 of 40)" in run("case", "serve", case, "--note", "Please.")["text"]
    run("case", "extend", case, "14d", "They asked.")
    run("case", "write", case, "Take your time.")
    run("case", "subject", "answer", case, "--finding", f"{finding['id']}=disputed: No.", "--text", "Hello.")
    outcome = f"{finding['id']}=We saw it."
    decision = run("case", "decide", case, "Grave.", "--uphold", outcome, "--until", "clean=30")
    assert run("case", "confirm", decision["id"], "So do I.", status=1)["error"]["code"] == "enforcement_second_person"
    run("case", "reject", decision["id"], "Too hard.", "--key-file", second)
    decision = run("case", "decide", case, "Grave.", "--uphold", outcome, "--until", "deleted")
    run("case", "confirm", decision["id"], "So do I.", "--key-file", second)
    third = _key_file(run, tmp_path, "third")
    appeal = run("case", "subject", "appeal", case, "You are mistaken.")["id"]
    assert run("case", "hear", appeal, "upheld", "It stands.", "--key-file", third)["status"] == "upheld"
    sanction = next(one["id"] for one in run("case", "show", case)["sanctions"] if one["status"] == "announced")
    assert run("case", "lift", sanction, "deleted", "The receipt came.")["status"] == "cancelled"
    other = run(*told, "--evidence", "uploads=1")["case"]
    assert run("case", "withdraw", other, "Nothing in it.")["status"] == "withdrawn"
