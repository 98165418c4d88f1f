"""`piepowder policy`, as a person and a program use it."""

import json
from pathlib import Path
from typing import Any

import pytest

from piepowder.cli.main import run

FAULTY = '@id("a")\n@reason("Made up for a test.")\npermit (principal, action resource);\n'


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    (tmp_path / "pack.toml").write_text('name = "f"\nversion = "1"\ntitle = "F"\ndescription = "Made up."\n')
    (tmp_path / "a.cedar").write_text(FAULTY)
    return str(tmp_path)


def answer(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    assert run(["policy", *words, "--json"]) == status
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_check_passes_the_shipped_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name the default pack is checked, and found without fault or gap."""
    document = answer(capsys, "check", "--no-gaps")
    assert document["ok"] is True


def test_check_counts_gaps_as_failure_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """A gap is shown, and fails the command only with `--no-gaps`."""
    assert run(["policy", "check", "minimal"]) == 0
    assert "gaps, where no policy speaks" in capsys.readouterr().out
    assert answer(capsys, "check", "minimal", "--no-gaps", status=1)["ok"] is False


def test_check_shows_the_place_of_a_fault(faulty: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A syntax error is printed with file, line and column, and in JSON as fields."""
    assert run(["policy", "check", faulty]) == 1
    assert "a.cedar, line 3, column 27" in capsys.readouterr().out
    document = answer(capsys, "check", faulty, status=1)
    assert document["report"]["errors"][0]["column"] == 27


@pytest.mark.parametrize("command", ["test", "explain", "show"])
def test_a_faulty_pack_answers_nothing(command: str, faulty: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that need a sound pack fail with the code and the place."""
    document = answer(capsys, command, faulty, status=1)
    assert document["error"]["code"] == "policy_pack_faulty"
    assert "line 3" in document["error"]["message"]


@pytest.mark.parametrize("pack", ["data-protection", "strict", "minimal"])
def test_test_asks_the_examples(pack: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Shipped packs answer as written, and the command says how many answers that were."""
    assert run(["policy", "test", pack]) == 0
    assert "answers as written" in capsys.readouterr().out
    assert answer(capsys, "test", pack)["ok"] is True


def test_test_fails_where_an_answer_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pack whose examples expect something else exits with 1 and says what differs."""
    (tmp_path / "pack.toml").write_text(
        'name = "f"\nversion = "1"\ntitle = "F"\ndescription = "Made up."\nextends = "data-protection"\n'
    )
    (tmp_path / "questions.toml").write_text(
        '[[question]]\nname = "wrong"\ncategories = ["paging"]\neffect = "withhold"\noutcome = "gap"\npolicies = []\n'
    )
    assert run(["policy", "test", str(tmp_path)]) == 1
    assert "not as written: wrong" in capsys.readouterr().out


def test_explain_says_which_policy_and_what_would_change_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The text for people and the JSON for programs hold the same sentences."""
    words = ["explain", "--app", "app_x", "--role", "finance", "--purpose", "shipping", "--state", "shipped"]
    words += ["--category", "buyer.name"]
    assert run(["policy", *words]) == 0
    shown = capsys.readouterr().out
    (row,) = answer(capsys, *words)["verdicts"]
    assert all(sentence in shown for sentence in row["sentences"])
    assert "can apply for it" in shown
    assert row["verdict"]["policies"] == ["shipping-needs-its-role"]


def test_explain_takes_a_word_above_several_categories(capsys: pytest.CaptureFixture[str]) -> None:
    """`buyer.address` explains every part of the address."""
    document = answer(capsys, "explain", "--purpose", "shipping", "--category", "buyer.address")
    assert len(document["verdicts"]) == 4


def test_explain_names_a_category_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown category is an error with those that exist."""
    document = answer(capsys, "explain", "--category", "buyer.shoe", status=1)
    assert document["error"]["code"] == "policy_unknown_category"


def test_a_state_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line knows the classes of an order's life."""
    assert answer(capsys, "explain", "--state", "lost", status=1)["error"]["code"] == "cli_usage"


def test_show_and_list_and_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """A pack's policies with their reasons, the shipped packs, and the schema can be looked at."""
    assert len(answer(capsys, "show", "minimal")["policies"]) == 4
    assert run(["policy", "show", "minimal"]) == 0
    assert run(["policy", "list"]) == 0
    assert "strict" in capsys.readouterr().out
    assert run(["policy", "schema"]) == 0
    assert "entity OrderState enum" in capsys.readouterr().out
