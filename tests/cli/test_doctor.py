"""The doctor says what is wrong, and where apps could go past the gateway."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from piepowder.cli import checks
from piepowder.cli.checks import Finding, Outcome
from piepowder.cli.main import run
from piepowder.core.kernel import json
from piepowder.core.kernel.config import load
from piepowder.core.kernel.keys import KeyRing
from piepowder.core.kernel.postgres import EmbeddedPostgres
from piepowder.core.kernel.processes import free_port
from tests.support.commands import forget_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("PIEPOWDER_GATEWAY_PORT", str(free_port()))
    monkeypatch.setenv("PIEPOWDER_CONSOLE_PORT", str(free_port()))


@contextmanager
def upstream(status: int, *, host: str = "127.0.0.1") -> Iterator[tuple[str, list[str]]]:
    """A server that answers every GET with that status; its loopback address and the paths it was asked."""
    asked: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            asked.extend(name for name in self.headers if name.lower() in ("authorization", "x-amz-access-token"))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            return

    server = HTTPServer((host, 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def outcomes(findings: list[Finding], check: str) -> list[Outcome]:
    return [finding.outcome for finding in findings if finding.check == check]


@pytest.mark.parametrize(
    ("status", "outcome"), [(403, Outcome.OK), (401, Outcome.OK), (200, Outcome.WARNING), (404, Outcome.WARNING)]
)
def test_an_upstream_that_answers_strangers_is_warned_of(status: int, outcome: Outcome) -> None:
    """One operation is asked without any credential; only a refusal is good news."""
    with upstream(status) as (address, asked):
        found = list(checks.upstream(load(upstream_url=address, upstream_credential="made-up")))
    assert asked == [checks.probe_path("spapi")]
    assert outcomes(found, "upstream") == [Outcome.OK]
    assert outcomes(found, "past the gateway") == [outcome, Outcome.OK]


def test_an_upstream_bound_to_every_address_is_warned_of() -> None:
    """An upstream named by loopback but listening for other machines as well is warned of."""
    with upstream(403, host="0.0.0.0") as (address, _):
        finding = checks.exposure(address)
    # A machine without any network has no address others could use.
    assert finding.outcome == (Outcome.WARNING if checks.own_address() else Outcome.OK)


def test_an_upstream_elsewhere_is_warned_of() -> None:
    """What is not on this machine may be reached by others, which cannot be judged from here."""
    assert checks.exposure("https://192.0.2.10").outcome is Outcome.WARNING


def test_a_silent_upstream_fails() -> None:
    """An upstream that does not answer is a failure with the system's words."""
    found = list(checks.upstream(load(upstream_url=f"http://127.0.0.1:{free_port()}")))
    assert outcomes(found, "upstream") == [Outcome.FAILED]


def test_the_database_is_looked_at(postgres_server: EmbeddedPostgres) -> None:
    """The running server is found by the data folder, and its clock compared."""
    found = list(checks.database(load(data=postgres_server.data)))
    assert [(one.check, one.outcome) for one in found] == [("database", Outcome.OK), ("clock", Outcome.OK)]


@pytest.mark.parametrize(("seconds", "outcome"), [(0, Outcome.OK), (3600, Outcome.WARNING), (-3600, Outcome.WARNING)])
def test_clocks_that_differ_are_warned_of(seconds: int, outcome: Outcome) -> None:
    """A database an hour off, either way, is warned of."""
    now = datetime.now(UTC)
    assert checks.clock_skew(now + timedelta(seconds=seconds), now, now).outcome is outcome


def test_a_port_of_somebody_else_fails() -> None:
    """A port another program listens on is a failure."""
    settings = load()
    with socket.create_server(("127.0.0.1", settings.gateway_port)) as taken:
        threading.Thread(target=lambda: taken.accept()[0].close()).start()
        found = list(checks.ports(settings))
    assert outcomes(found, "ports") == [Outcome.FAILED, Outcome.OK]


def test_loose_modes_are_told(tmp_path: Path) -> None:
    """A data folder or configuration file open to others, and a key file open to others, are told."""
    settings = load()
    KeyRing.open(settings.keys)
    (tmp_path / "keys" / "root.key").chmod(0o644)
    tmp_path.chmod(0o755)
    (tmp_path / "piepowder.toml").write_text('upstream_credential = "made-up"\n')
    found = checks.examine(settings)
    assert Outcome.WARNING in outcomes(found, "data folder")
    assert Outcome.WARNING in outcomes(found, "configuration")
    assert outcomes(found, "keys") == [Outcome.FAILED]


def test_a_misspelt_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that means nothing is told by name."""
    monkeypatch.setenv("PIEPOWDER_WROKERS", "1")
    assert any("PIEPOWDER_WROKERS" in finding.detail for finding in checks.examine(load()))


def test_an_installation_not_yet_started_is_not_ill(capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first start there are warnings, no failure, and exit status 0; JSON and table say the same."""
    data = tempfile.mkdtemp()
    assert run(["doctor", "--data", data, "--json"]) == 0
    answer = json.decode(capsys.readouterr().out)
    assert answer["ok"] is True
    assert {one["outcome"] for one in answer["checks"]} <= {"ok", "warning"}
    assert run(["doctor", "--data", data]) == 0
    assert "warning" in capsys.readouterr().out


def test_a_failure_is_exit_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One failed check makes the command fail."""
    monkeypatch.setenv("PIEPOWDER_UPSTREAM_URL", f"http://127.0.0.1:{free_port()}")
    assert run(["doctor", "--json"]) == 1
    assert json.decode(capsys.readouterr().out)["ok"] is False
