"""The supervisor starts in order, restarts what ends, and stops in the opposite order."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from piepowder.cli.services import ProcessService, ProcessSpec, StepService, answers_http
from piepowder.cli.supervisor import Event, Supervisor
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.processes import free_port, processes_in

WAITER = "import threading; threading.Event().wait()"
SERVER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def spec(folder: Path, name: str, *words: str, ready: Callable[[int], bool] = lambda pid: True) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-c", *words),
        environment=lambda: dict(os.environ),
        folder=folder,
        ready=ready,
        log=folder / f"{name}.log",
    )


def waiter(folder: Path, name: str) -> ProcessService:
    return ProcessService(spec(folder, name, WAITER))


def told(events: list[Event], *kinds: str) -> list[tuple[str, str]]:
    return [(event.service, event.what) for event in events if not kinds or event.what in kinds]


def test_stages_start_in_order_and_stop_in_the_opposite_order(tmp_path: Path) -> None:
    """A stage starts once the stage before is ready, and stops before it."""
    events: list[Event] = []
    step = StepService(spec(tmp_path, "step", "print('done')"))
    supervisor = Supervisor([[waiter(tmp_path, "first")], [step], [waiter(tmp_path, "second")]], events.append)
    supervisor.run(lambda: None)
    assert told(events) == [
        ("first", "started"),
        ("first", "ready"),
        ("step", "started"),
        ("step", "ready"),
        ("second", "started"),
        ("second", "ready"),
        ("second", "stopped"),
        ("first", "stopped"),
    ]
    assert processes_in(tmp_path) == []


def test_a_killed_service_is_started_again(tmp_path: Path) -> None:
    """After kill -9 of a child it is started again under a new process id, and the others go on as they were."""
    events: list[Event] = []
    victim, other = waiter(tmp_path, "victim"), waiter(tmp_path, "other")
    supervisor = Supervisor([[victim, other]], events.append)
    pids: list[int | None] = []

    def body() -> None:
        pids.extend((victim.pid, other.pid))
        os.kill(victim.pid or 0, signal.SIGKILL)
        supervisor.watch(until=lambda: told(events).count(("victim", "ready")) == 2)
        pids.extend((victim.pid, other.pid))

    supervisor.run(body)
    assert pids[0] != pids[2]
    assert pids[1] == pids[3]
    ended = next(event for event in events if event.what == "ended")
    assert "SIGKILL" in ended.detail


def test_a_service_that_keeps_ending_is_started_less_and_less_often(tmp_path: Path) -> None:
    """The first restart is at once, the second is not; the others are looked after meanwhile."""
    (tmp_path / "go").write_text("")
    code = "import os, threading; os.path.exists('go') or os._exit(3); threading.Event().wait()"
    failing, events = ProcessService(spec(tmp_path, "failing", code)), list[Event]()
    supervisor = Supervisor([[failing]], events.append)

    def body() -> None:
        (tmp_path / "go").unlink()
        os.kill(failing.pid or 0, signal.SIGKILL)
        supervisor.watch(until=lambda: len(told(events, "ended")) == 2)
        (tmp_path / "go").write_text("")
        assert told(events, "restarted") == [("failing", "restarted")]
        supervisor.watch(until=lambda: len(told(events, "restarted")) == 2)

    supervisor.run(body)
    assert "status 3" in [event for event in events if event.what == "ended"][1].detail


def test_a_step_that_fails_stops_everything(tmp_path: Path) -> None:
    """A step that ends badly is an error with the place of its log, and what ran before it is stopped."""
    events: list[Event] = []
    step = StepService(spec(tmp_path, "step", "raise SystemExit(4)"))
    with pytest.raises(PiepowderError) as caught:
        Supervisor([[waiter(tmp_path, "first")], [step]], events.append).run()
    assert caught.value.code == "cli_process_ended"
    assert caught.value.fields["status"] == 4
    assert "step.log" in caught.value.hint
    assert processes_in(tmp_path) == []


def test_a_service_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    """Waiting for readiness ends with an error that names the service."""
    never = ProcessService(spec(tmp_path, "never", WAITER, ready=lambda pid: False))
    never.ready_within_seconds = 0.2
    with pytest.raises(PiepowderError) as caught:
        Supervisor([[never]]).run()
    assert caught.value.code == "cli_not_ready"
    assert caught.value.fields["process"] == "never"
    assert processes_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT end the watch, stop the children, and leave the handlers as they were."""
    before = signal.getsignal(number)
    events: list[Event] = []

    def report(event: Event) -> None:
        events.append(event)
        if event.what == "ready":
            threading.Timer(0.05, os.kill, (os.getpid(), number)).start()

    Supervisor([[waiter(tmp_path, "only")]], report).run()
    assert told(events, "stopped") == [("only", "stopped")]
    assert signal.getsignal(number) == before
    assert processes_in(tmp_path) == []


def test_a_stop_signal_interrupts_the_body(tmp_path: Path) -> None:
    """A body that waits for something else is interrupted by a stop signal, and the rest is stopped in order."""
    ended: list[str] = []

    def body() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        threading.Event().wait(60)
        ended.append("not interrupted")

    Supervisor([[waiter(tmp_path, "only")]]).run(body)
    assert ended == []
    assert processes_in(tmp_path) == []


def test_readiness_is_asked_of_the_very_process(tmp_path: Path) -> None:
    """A port that answers is not enough: it must be that child who listens there."""
    port = free_port()
    ready = answers_http(f"http://127.0.0.1:{port}/", port=port)
    server = ProcessService(spec(tmp_path, "server", SERVER, str(port), ready=ready))
    outcomes: list[bool] = []
    Supervisor([[server]]).run(lambda: outcomes.extend((server.is_ready(), ready(os.getpid()))))
    assert outcomes == [True, False]


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    """What a child prints is in its log, closed to others by its folder."""
    logs = tmp_path / "logs"
    talker = StepService(
        ProcessSpec(
            name="talker",
            command=(sys.executable, "-c", "print('hello')"),
            environment=dict,
            folder=tmp_path,
            log=logs / "talker.log",
        )
    )
    Supervisor([[talker]]).run(lambda: None)
    assert (logs / "talker.log").read_text() == "hello\n"
    assert logs.stat().st_mode & 0o077 == 0
