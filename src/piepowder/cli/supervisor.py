"""Keeps a list of services running, in stages, until it is told to stop.

    start stage 1 ─► all ready ─► start stage 2 ─► … ─► watch: a service that ended is started again, later each time
    SIGTERM, SIGINT, SIGHUP ─► stop stages from the last to the first

One thread, the main one: children die with the thread that made them. A second signal while stopping changes nothing.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from piepowder.cli.services import Service
from piepowder.core.kernel.errors import ErrorKind, PiepowderError

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# The first restart is at once; a service that keeps ending waits 0.5, 1, 2, … seconds, at most 30.
BACKOFF_FIRST_SECONDS, BACKOFF_MAX_SECONDS = 0.5, 30.0
# Whoever ran this long is considered well, and the waiting starts over.
WELL_AFTER_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1


class StopAsked(BaseException):
    """A stop signal came while something was being started; no `except Exception` shall swallow it."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to a service: `started`, `ready`, `ended`, `restarted`, `stopped`."""

    service: str
    what: str
    pid: int | None = None
    address: str = ""
    detail: str = ""


class _Watched:
    """A service with its history."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.failures, self.started_at, self.restart_at = 0, 0.0, 0.0
        self.ready = self.down = False

    def note_end(self, now: float) -> None:
        if now - self.started_at > WELL_AFTER_SECONDS:
            self.failures = 0
        wait = min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** (self.failures - 1)) if self.failures else 0.0
        self.failures += 1
        self.restart_at, self.down, self.ready = now + wait, True, False


class Supervisor:
    """`stages`: services of one stage start together once all of the stage before are ready."""

    def __init__(
        self, stages: Sequence[Sequence[Service]], report: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._stages = [[_Watched(service) for service in stage] for stage in stages]
        self._report = report
        self._stopping = self._may_interrupt = False
        self._wake_reader, self._wake_writer = -1, -1

    @property
    def services(self) -> list[Service]:
        return [watched.service for stage in self._stages for watched in stage]

    def run(self, body: Callable[[], None] | None = None) -> None:
        """Start everything, call `body` (default: `watch`), stop everything. Call it from the main thread.

        A stop signal ends `body` by `StopAsked`, which is not an error here. Raises what kept a service from starting.
        """
        with self._signals():
            try:
                self._start_all()
                self._may_interrupt = body is not None
                (body or self.watch)()
            except StopAsked:
                return
            finally:
                self._may_interrupt = False
                self._stop_all()

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what ends; returns after a stop signal, or once `until` says so."""
        while not self._stopping and not until():
            for stage in self._stages:
                for watched in stage:
                    self._look_after(watched)
                if any(watched.down for watched in stage):
                    # Later stages stand on this one: starting them now would only make them end again.
                    break
            self._wait()

    def _start_all(self) -> None:
        for stage in self._stages:
            for watched in stage:
                self._start(watched, "started")
            while waiting := [watched for watched in stage if not self._became_ready(watched)]:
                for watched in waiting:
                    self._require_hope(watched)
                self._wait()
                if self._stopping:
                    raise StopAsked

    def _start(self, watched: _Watched, what: str) -> None:
        before, self._may_interrupt = self._may_interrupt, True
        try:
            if self._stopping:
                raise StopAsked
            watched.service.start()
        finally:
            self._may_interrupt = before
        watched.started_at, watched.down, watched.ready = time.monotonic(), False, False
        self._report(Event(service=watched.service.name, what=what, pid=watched.service.pid))

    def _became_ready(self, watched: _Watched) -> bool:
        service = watched.service
        if not watched.ready and service.is_ready():
            watched.ready = True
            self._report(Event(service=service.name, what="ready", pid=service.pid, address=service.address))
        return watched.ready

    def _require_hope(self, watched: _Watched) -> None:
        failure = watched.service.failure()
        if failure is None and time.monotonic() > watched.started_at + watched.service.ready_within_seconds:
            failure = PiepowderError(
                "cli_not_ready",
                f"{watched.service.name} is not ready after {watched.service.ready_within_seconds:g} s",
                kind=ErrorKind.UNAVAILABLE,
                process=watched.service.name,
            )
        if failure is not None:
            raise failure

    def _look_after(self, watched: _Watched) -> None:
        now = time.monotonic()
        failure = watched.service.failure()
        if failure is None:
            self._became_ready(watched)
        elif not watched.down:
            watched.note_end(now)
            self._report(Event(service=watched.service.name, what="ended", detail=failure.message))
        if watched.down and now >= watched.restart_at:
            self._restart(watched)

    def _restart(self, watched: _Watched) -> None:
        try:
            self._start(watched, "restarted")
        except PiepowderError as error:
            # No room on the disk, say: it may come back, so keep trying, and say why it does not run.
            watched.note_end(time.monotonic())
            self._report(Event(service=watched.service.name, what="ended", detail=str(error)))

    def _stop_all(self) -> None:
        self._stopping = True
        for stage in reversed(self._stages):
            for watched in stage:
                watched.service.ask_to_stop()
            for watched in stage:
                was = watched.service.pid
                watched.service.stop()
                if was is not None:
                    self._report(Event(service=watched.service.name, what="stopped", pid=was))

    def _wait(self) -> None:
        """Until a signal comes (a child's end is one), but not for long: readiness has no signal."""
        if select.select([self._wake_reader], [], [], LOOK_EVERY_SECONDS)[0]:
            os.read(self._wake_reader, 4096)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number not in STOP_SIGNALS or self._stopping:
            return
        self._stopping = True
        if self._may_interrupt:
            raise StopAsked

    @contextmanager
    def _signals(self) -> Iterator[None]:
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        # What our parent told us to ignore stays ignored: `nohup` would be of no use otherwise.
        heeded = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        handled = (*heeded, signal.SIGCHLD)
        before = {number: signal.signal(number, self._on_signal) for number in handled}
        writer_before = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(writer_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._wake_reader)
            os.close(self._wake_writer)
