"""The command line: every failure has a code, a message and a hint; none has a trace."""

import pytest

import piepowder
from piepowder.cli.main import COMMANDS, app, run
from piepowder.cli.options import printable
from piepowder.core.kernel import json


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version and nothing else."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == piepowder.__version__


def test_help_names_every_command_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` has a line for each command that exists."""
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    for name in COMMANDS:
        assert (f" {name} " in printed) == (name in app)


def test_a_failure_is_three_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """For people: message, hint and code on standard error; exit status 1."""
    assert run(["doctor", "--config", "/no/such/file.toml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "hint", "code"]
    assert lines[2].endswith("kernel_config_missing")


def test_a_failure_is_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json`: one line on standard output with code, message and hint; exit status 1."""
    assert run(["doctor", "--json", "--config", "/no/such/file.toml"]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.decode(printed.out)["error"]["code"] == "kernel_config_missing"


@pytest.mark.parametrize("words", [["doctr"], ["doctor", "--wrong"], ["up", "--workers", "many"]])
def test_a_wrong_command_line_is_a_failure_like_any_other(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that cannot be understood is answered with code `cli_usage` and exit status 1."""
    assert run([*words, "--json"]) == 1
    assert json.decode(capsys.readouterr().out)["error"]["code"] == "cli_usage"


def test_a_fault_of_ours_has_no_trace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unforeseen exception is reported as a fault of Piepowder, without a trace unless asked for."""

    def broken() -> None:
        raise RuntimeError("made up")

    monkeypatch.delenv("PIEPOWDER_DEBUG", raising=False)
    monkeypatch.setattr("piepowder.cli.doctor.examine", lambda *given, **named: broken())
    assert run(["doctor"]) == 1
    assert "cli_internal" in capsys.readouterr().err
    monkeypatch.setenv("PIEPOWDER_DEBUG", "1")
    with pytest.raises(RuntimeError):
        run(["doctor"])


def test_strangers_cannot_drive_the_terminal() -> None:
    """Control characters in a text that came from outside are shown as replacement characters."""
    assert printable("Ship\x1b[31m\x07\u202eit\n") == "Ship\ufffd[31m\ufffd\ufffdit\n"
