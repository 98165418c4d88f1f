"""What a supervisor looks after: child processes, and the embedded PostgreSQL, behind one small interface."""

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from piepowder.core.kernel.egress import probe
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.postgres import EmbeddedPostgres
from piepowder.core.kernel.processes import listens, spawn, stop

LOG_BYTES_MAX = 10 << 20


class Service(Protocol):
    """Something with a name that runs until it is stopped. All four verbs return soon, `start` of a database excepted."""

    name: str
    address: str  # for people; may be empty
    ready_within_seconds: float

    @property
    def pid(self) -> int | None:
        """While it runs."""
        ...

    def start(self) -> None:
        """Begin; raises a `PiepowderError` if that is impossible."""
        ...

    def is_ready(self) -> bool:
        """Whether it does its work already. Asked only while it runs."""
        ...

    def failure(self) -> PiepowderError | None:
        """Why it does not run, once it has ended; None while it runs."""
        ...

    def ask_to_stop(self) -> None:
        """Begin to end; does not wait."""
        ...

    def stop(self) -> None:
        """Returns when it has ended, by force if need be."""
        ...


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """A program to keep running. `ready` is asked with the child's process id until it says yes.

    `environment` is asked at each start, because the database's address is known only once that has started.
    """

    name: str
    command: tuple[str, ...]  # first word: an absolute path
    environment: Callable[[], Mapping[str, str]] = field(repr=False)
    folder: Path
    ready: Callable[[int], bool] = lambda pid: True
    ready_within_seconds: float = 60.0
    address: str = ""
    log: Path | None = None  # None: our own standard error


class ProcessService:
    """One child process, made from its spec as often as need be."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self.name, self.address = spec.name, spec.address
        self.ready_within_seconds = spec.ready_within_seconds
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> None:
        if self.spec.log is None:
            self._child = self._spawn(sys.stderr.fileno())
            return
        self.spec.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.spec.log.exists() and self.spec.log.stat().st_size > LOG_BYTES_MAX:
            self.spec.log.replace(self.spec.log.with_suffix(".log.1"))
        with self.spec.log.open("ab") as output:
            self._child = self._spawn(output.fileno())

    def _spawn(self, output: int) -> subprocess.Popen[bytes]:
        # SIGKILL when we die: the record precedes the release, so a kill is safe at any moment, and a worker that
        # lingers would share the port with its successor.
        return spawn(
            self.spec.command,
            environment=self.spec.environment(),
            folder=self.spec.folder,
            output=output,
            death_signal=signal.SIGKILL,
        )

    def is_ready(self) -> bool:
        return self.pid is not None and self.spec.ready(self.pid)

    def failure(self) -> PiepowderError | None:
        if self._child is None or self._child.poll() is None:
            return None
        status = self._child.returncode
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return PiepowderError(
            "cli_process_ended",
            f"{self.name} {how}",
            hint=f"see `{self.spec.log}`" if self.spec.log else "its own words are above",
            kind=ErrorKind.UNAVAILABLE,
            process=self.name,
            status=status,
        )

    def ask_to_stop(self) -> None:
        if self._child and self._child.poll() is None:
            self._child.terminate()

    def stop(self) -> None:
        if self._child:
            stop(self._child, signal.SIGTERM)


class StepService(ProcessService):
    """A program that must have ended well before the next stage begins; then it is over and never run again."""

    def is_ready(self) -> bool:
        return self._child is not None and self._child.poll() == 0

    def failure(self) -> PiepowderError | None:
        return None if self.is_ready() else super().failure()


class DatabaseService:
    """The embedded PostgreSQL; its `start` returns when it answers."""

    name = "database"
    ready_within_seconds = 5.0

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server, self.address = server, str(server.data)

    @property
    def pid(self) -> int | None:
        return self.server.process_id

    def start(self) -> None:
        self.server.start()

    def is_ready(self) -> bool:
        return self.server.running

    def failure(self) -> PiepowderError | None:
        if self.server.running:
            return None
        return PiepowderError(
            "cli_process_ended", "database ended", hint=f"see `{self.server.log}`", kind=ErrorKind.UNAVAILABLE
        )

    def ask_to_stop(self) -> None:
        """Nothing yet: it ends after everybody who may still write to it."""

    def stop(self) -> None:
        self.server.stop()


def answers_http(url: str, *, port: int) -> Callable[[int], bool]:
    """A readiness probe: that very process listens on `port`, and `url` is answered with less than 500."""

    def ready(pid: int) -> bool:
        return (sys.platform != "linux" or listens(pid, port)) and 0 < probe(url, deadline_seconds=2.0).status < 500

    return ready
