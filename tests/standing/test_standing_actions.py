import threading
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection, transaction

from piepowder.core.facts.model import StandingFact, decode_fact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.actions import open_standing, set_standing
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Capability, Standing

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _fact(subject: str) -> StandingFact:
    body = Fact.objects.get(kind="standing", key=subject).body
    assert body is not None
    fact = decode_fact("standing", body)
    assert isinstance(fact, StandingFact)
    return fact


def _records(kind: str) -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, outcome, reason FROM ledger_record WHERE kind = %s", [kind])
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_a_cut_is_stored_published_recorded_and_remembered() -> None:
    """One action changes the standing, tells the gateways, writes the ledger and keeps the history."""
    open_standing("app_1", "app", by=SYSTEM, at=AT, standing=Standing.GOOD)
    assert set(_fact("app_1").capabilities) == set(Capability)
    set_standing("app_1", Standing.PERSONAL_DATA_OFF, by=SYSTEM, at=AT, reason="advertising")
    assert _fact("app_1").capabilities == ("call", "new_authorisations")
    assert Subject.objects.capabilities("app_1") == {Capability.CALL, Capability.NEW_AUTHORISATIONS}
    assert _records("standing.set") == [("app_1", "personal_data_off", "advertising")]
    assert [(change.old, change.new) for change in Change.objects.of_subject("app_1")] == [
        ("good", "personal_data_off"),
        ("", "good"),
    ]


@pytest.mark.django_db
def test_a_change_needs_a_reason() -> None:
    """A standing is not changed without saying why."""
    open_standing("app_1", "app", by=SYSTEM, at=AT)
    with pytest.raises(PiepowderError) as raised:
        set_standing("app_1", Standing.GOOD, by=SYSTEM, at=AT, reason="  ")
    assert raised.value.code == "standing_reason_missing"


@pytest.mark.django_db
@pytest.mark.parametrize("to", [Standing.GOOD, Standing.PENDING])
def test_a_move_outside_the_table_is_a_conflict(to: Standing) -> None:
    """Neither the present standing again nor one that cannot follow it is accepted, and nothing is written."""
    open_standing("app_1", "app", by=SYSTEM, at=AT, standing=Standing.GOOD)
    with pytest.raises(PiepowderError) as raised:
        set_standing("app_1", to, by=SYSTEM, at=AT, reason="why not")
    assert (raised.value.code, raised.value.kind) == ("standing_subject_not_from_here", ErrorKind.CONFLICT)
    assert _records("standing.set") == []


@pytest.mark.django_db
def test_an_unknown_subject_may_do_nothing() -> None:
    """A subject nobody opened has no capability, alone or beside one in good standing."""
    open_standing("app_1", "app", by=SYSTEM, at=AT, standing=Standing.GOOD)
    assert Subject.objects.capabilities("app_1", "dev_unknown") == frozenset()
    with pytest.raises(PiepowderError) as raised:
        set_standing("dev_unknown", Standing.GOOD, by=SYSTEM, at=AT, reason="why not")
    assert raised.value.code == "standing_subject_unknown"


def test_of_two_that_race_one_meets_a_conflict(committed: str) -> None:
    """Two operators who decide upon the same standing at once: the first decides, the second is told."""
    open_standing("app_1", "app", by=SYSTEM, at=AT, standing=Standing.GOOD)
    before = Subject.objects.named("app_1")
    set_standing("app_1", Standing.SUSPENDED, by=SYSTEM, at=AT, reason="first")
    with pytest.raises(PiepowderError) as raised, transaction.atomic():
        Subject.objects.advance(before, Standing.PERSONAL_DATA_OFF, verb="set", by=SYSTEM, at=AT)
    assert raised.value.code == "standing_subject_changed_meanwhile"


def test_a_listener_hears_of_a_cut_at_its_commit(committed: str) -> None:
    """The gateway's channel carries the number of the change, once it is committed and not before."""
    open_standing("app_1", "app", by=SYSTEM, at=AT, standing=Standing.GOOD)
    with psycopg.connect(committed, autocommit=True) as listener:
        listener.execute("LISTEN piepowder_facts")
        with transaction.atomic():
            set_standing("app_1", Standing.PERSONAL_DATA_OFF, by=SYSTEM, at=AT, reason="advertising")
            assert list(listener.notifies(timeout=0.1)) == []
        heard = next(listener.notifies(timeout=10, stop_after=1))
        row = listener.execute("SELECT number, body FROM publication_fact WHERE kind = 'standing'").fetchone()
    assert row is not None
    assert (heard.payload, row[1]) == (str(row[0]), '{"capabilities":["call","new_authorisations"],"slowed":false}')


def test_numbers_commit_in_order(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """A change that took its number first commits first: a reader who saw a number has seen all below it."""
    for name in ("app_1", "app_2"):
        open_standing(name, "app", by=SYSTEM, at=AT, standing=Standing.GOOD)
    with transaction.atomic():
        set_standing("app_1", Standing.SUSPENDED, by=SYSTEM, at=AT, reason="first")
        second = in_thread(set_standing, "app_2", Standing.SUSPENDED, by=SYSTEM, at=AT, reason="second")
        second.join(0.3)
        assert second.is_alive(), "the second change waits for the first to commit"
    second.join(10)
    assert Fact.objects.get(kind="standing", key="app_2").number > Fact.objects.get(kind="standing", key="app_1").number
