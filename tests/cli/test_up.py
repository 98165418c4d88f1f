"""`piepowder up` as a person starts it: everything runs, survives kills, and stops in order."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from piepowder.cli.main import run
from piepowder.core.kernel import json
from piepowder.core.kernel.egress import probe
from piepowder.core.kernel.processes import free_port, processes_in

# Far beyond any healthy start: a hang becomes an end of output, which fails the test.
GIVE_UP_SECONDS = 240.0


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="piepowder-up-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Installation:
    """A running `piepowder up --json` and what it told."""

    def __init__(self, data: Path, ports: dict[str, str], *, workers: int) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIEPOWDER_")}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "piepowder.cli.main",
                "up",
                "--json",
                "--workers",
                str(workers),
                "--data",
                str(data),
            ],
            env={**environment, **ports, "PIEPOWDER_UPSTREAM_URL": "http://127.0.0.1:9"},
            stdout=subprocess.PIPE,
        )
        self.pids: dict[str, int] = {}
        self._watchdog = threading.Timer(GIVE_UP_SECONDS, self.process.kill)
        self._watchdog.start()

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read events until one is wanted."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.decode(line)
            if event.get("pid"):
                self.pids[event["service"]] = event["pid"]
            if wanted(event):
                return event
        raise AssertionError("`piepowder up` ended")

    def until_ready(self, service: str) -> None:
        self.until(lambda event: event["event"] == "ready" and event["service"] == service)

    def close(self) -> None:
        self._watchdog.cancel()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_it_runs_survives_kills_and_stops(data: Path) -> None:
    """Everything comes up; kill -9 of database, a worker, or the whole is recovered from; SIGTERM leaves nothing behind."""
    ports = {"PIEPOWDER_GATEWAY_PORT": str(free_port()), "PIEPOWDER_CONSOLE_PORT": str(free_port())}
    first = Installation(data, ports, workers=2)
    running = first.until(lambda event: event["event"] == "running")
    assert probe(f"{running['console']}/api/openapi.json").status == 200
    assert probe(f"{running['gateway']}/orders/v0/orders").status == 403
    os.kill(first.pids["gateway-1"], signal.SIGKILL)
    first.until_ready("gateway-1")
    os.kill(first.pids["database"], signal.SIGKILL)
    first.until_ready("database")
    first.process.kill()
    first.close()

    second = Installation(data, ports, workers=1)
    second.until(lambda event: event["event"] == "running")
    second.process.send_signal(signal.SIGTERM)
    second.until(lambda event: event["event"] == "stopped" and "service" not in event)
    second.close()
    assert second.process.returncode == 0
    assert processes_in(data) == processes_in(data / "postgres") == []


def test_without_an_upstream_it_says_what_is_missing(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gateway in front of nothing is not started; the error names the setting and the file."""
    monkeypatch.delenv("PIEPOWDER_UPSTREAM_URL", raising=False)
    assert run(["up", "--json", "--data", str(data)]) == 1
    error = json.decode(capsys.readouterr().out)["error"]
    assert error["code"] == "cli_upstream_missing"
    assert "piepowder.toml" in error["hint"]
