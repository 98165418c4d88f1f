"""A whole data plane on free ports, for tests, benchmarks and proofs: database, facts, gateway workers. Real processes throughout."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings, load

ROOT = Path(__file__).parents[2]
READY_SECONDS_MAX = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stack:
    """`database_url`: of an empty database, or of a migrated one (`migrated`, quicker: see the fixture `migrated_database`).

    `start` migrates, provisions `spec` (see provision.py) and runs the workers.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        upstream_url: str,
        spec: Mapping[str, Any],
        workers: int = 1,
        console: bool = False,
        migrated: bool = False,
        **settings: Any,
    ) -> None:
        self.folder, self.spec, self.console, self.migrated = folder, spec, console, migrated
        given: dict[str, Any] = {
            "gateway_port": free_port(),
            "console_port": free_port(),
            "rates": "generous",
        } | settings
        self.settings: Settings = load(
            data=folder,
            database_url=database_url,
            upstream_url=upstream_url,
            upstream_credential="upstream-credential-for-tests",
            workers=workers,
            **given,
        )
        self.made: dict[str, Any] = {}
        self.workers: list[subprocess.Popen[bytes]] = []
        self._others: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return self.settings.gateway_url

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.settings.variables(),
            "PIEPOWDER_SECRET_KEY": "0" * 64,
            "DJANGO_SETTINGS_MODULE": "piepowder.web.settings",
            "PYTHONPATH": str(ROOT),
        }

    def start(self) -> Self:
        if not self.migrated:
            self.run("django", "migrate", "--no-input", "--verbosity", "0")
        self.made = self.provision(self.spec)
        for number in range(self.settings.workers):
            self.start_worker(number)
        if self.console:
            self._start_console()
        for worker in self.workers:
            self.wait_ready(worker)
        return self

    def run(self, *words: str, given: bytes = b"") -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", *words], env=self.environment, input=given, capture_output=True, cwd=ROOT
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(words)} failed:\n{done.stderr.decode()[-3000:]}")
        return done.stdout

    def provision(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.decode(
            self.run("tests.support.provision", given=json.encode(spec)).splitlines()[-1]
        )
        return found

    def start_worker(self, number: int = 0) -> subprocess.Popen[bytes]:
        log = (self.folder / f"gateway-{number}.log").open("ab")
        command = [sys.executable, "-m", "piepowder.gateway.main", "--worker", str(number)]
        worker = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, cwd=ROOT)
        log.close()
        self.workers.append(worker)
        return worker

    def _start_console(self) -> None:
        log = (self.folder / "console.log").open("ab")
        words = [
            "uvicorn",
            "piepowder.web.asgi:application",
            "--port",
            str(self.settings.console_port),
            "--log-level",
            "warning",
        ]
        self._others.append(
            subprocess.Popen([sys.executable, "-m", *words], env=self.environment, stdout=log, stderr=log, cwd=ROOT)
        )
        log.close()
        self._wait(f"{self.settings.public_url}/api/openapi.json", self._others[-1])

    def wait_ready(self, worker: subprocess.Popen[bytes]) -> None:
        """Until the port answers ready. With several workers this asks whichever answers, so each is asked until it listens."""
        self._wait(f"{self.url}/readyz", worker)

    def _wait(self, url: str, process: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < give_up:
            if process.poll() is not None:
                raise AssertionError(f"a process ended with {process.returncode}; see {self.folder}")
            if _answers(url):
                return
            time.sleep(0.05)
        raise AssertionError(f"{url} did not become ready; see {self.folder}")

    def logs(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        for process in [*self.workers, *self._others]:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in [*self.workers, *self._others]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.workers.clear()
        self._others.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
