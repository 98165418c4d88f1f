"""A whole `piepowder up` as a process of its own, followed by what it says: which service runs as which process, and is it ready."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from piepowder.core.kernel.config import Settings, load
from piepowder.core.kernel.postgres import EmbeddedPostgres
from tests.support.load import PATIENCE_SECONDS, until
from tests.support.marked_orders import CREDENTIAL
from tests.support.stack import ROOT, free_port


class Installation:
    """`processes`: service -> process id, as of its last start. `ready`: the ids of those that became ready."""

    def __init__(self, folder: Path, upstream_url: str, *, workers: int) -> None:
        self.folder = folder
        self.settings: Settings = load(
            data=folder,
            upstream_url=upstream_url,
            upstream_credential=CREDENTIAL,
            workers=workers,
            rates="generous",
            gateway_port=free_port(),
            console_port=free_port(),
        )
        self.processes: dict[str, int] = {}
        self.ready: set[int] = set()
        self.restarts = 0
        self.runs = False

    @property
    def database_url(self) -> str:
        return EmbeddedPostgres(self.folder).dsn()

    @property
    def gateways(self) -> list[int]:
        return [pid for name, pid in self.processes.items() if name.startswith("gateway-")]

    @property
    def whole(self) -> bool:
        """Every service runs and has said that it is ready."""
        return self.runs and all(pid in self.ready for name, pid in self.processes.items() if name != "migrations")

    def kill(self, service: str) -> int:
        """`kill -9`; the id it had."""
        pid = self.processes[service]
        self.ready.discard(pid)
        os.kill(pid, signal.SIGKILL)
        return pid

    def provision(self, specification: dict[str, Any]) -> dict[str, Any]:
        environment = self.environment | {"PIEPOWDER_DATABASE_URL": self.database_url}
        words = [sys.executable, "-m", "tests.support.provision"]
        done = subprocess.run(
            words, env=environment, input=json.dumps(specification).encode(), capture_output=True, cwd=ROOT
        )
        if done.returncode:
            raise AssertionError(done.stderr.decode()[-3000:])
        made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return made

    @property
    def environment(self) -> dict[str, str]:
        given = {**os.environ, **self.settings.variables(), "PIEPOWDER_SECRET_KEY": "0" * 64}
        return given | {"DJANGO_SETTINGS_MODULE": "piepowder.web.settings", "PYTHONPATH": str(ROOT)}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Installation"]:
        with (self.folder / "up.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.impatient_up", "--json"),
                env=self.environment,
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        follower = asyncio.create_task(self._follow(process))
        try:
            await until(lambda: self.whole or follower.done(), 2 * PATIENCE_SECONDS)
            if not self.whole:
                raise AssertionError(f"`up` ended: {(self.folder / 'up.log').read_text()[-3000:]}")
            yield self
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
            await follower

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            event = json.loads(line)
            what, name, pid = event["event"], event.get("service", ""), event.get("pid", 0)
            if what in ("started", "restarted"):
                self.processes[name] = pid
                self.restarts += what == "restarted"
            elif what == "ready":
                self.ready.add(pid)
            self.runs |= what == "running"
