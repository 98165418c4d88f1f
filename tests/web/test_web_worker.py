import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App, ModeChange
from piepowder.rooms.appstore.rules import ModeStatus
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.web import worker

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _observed(at: datetime, until: datetime) -> ModeChange:
    developer = register_developer(name="Label works", contact_email="office@example.com", by=SYSTEM, at=at)
    app: App = appstore.create_app(developer, name="Label printer", by=SYSTEM, at=at)
    change = appstore.set_mode(app, Mode.OBSERVE, by=SYSTEM, at=at, until=until)
    return appstore.approve_mode(change, by=Actor(ActorKind.STAFF, "key_second"), at=at)


@pytest.mark.django_db
def test_what_falls_due_is_done_once_and_not_before() -> None:
    """A mode whose date has passed is ended at the next look; looking again changes nothing."""
    change = _observed(AT, AT + timedelta(days=30))
    work = worker.jobs()
    assert worker.look(AT + timedelta(days=29), work) == []
    assert ModeChange.objects.named(change.id).status == ModeStatus.IN_EFFECT
    for _ in range(2):
        assert worker.look(AT + timedelta(days=30), work) == []
    ended = ModeChange.objects.named(change.id)
    assert (ended.status, ended.ended_at) == (ModeStatus.ENDED, AT + timedelta(days=30))


def test_a_job_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """The failure is logged with its job's name, and the next job runs."""
    done: list[datetime] = []

    def fails(at: datetime) -> None:
        raise RuntimeError

    with caplog.at_level(logging.ERROR):
        assert worker.look(AT, {"one": fails, "two": done.append}) == ["one"]
    assert done == [AT]
    assert "web_job_failed one" in caplog.text


def test_the_process_does_its_work_and_ends_when_asked(committed: str) -> None:
    """Started as a process, the worker ends a mode that is over, and ends itself on SIGTERM."""
    now = datetime.now(UTC)
    change = _observed(now - timedelta(days=2), now - timedelta(days=1))
    environment = {**os.environ, "PIEPOWDER_DATABASE_URL": committed}
    with psycopg.connect(committed, autocommit=True) as listener:
        listener.execute("LISTEN piepowder_facts")
        process = subprocess.Popen([sys.executable, "-m", "piepowder.web.worker"], env=environment)
        try:
            assert list(listener.notifies(timeout=60, stop_after=1)), "the end of the mode is published"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert ModeChange.objects.named(change.id).status == ModeStatus.ENDED
