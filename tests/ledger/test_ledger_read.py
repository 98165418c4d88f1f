"""Reading: the newest, what is committed from now on, and single records."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import Filter, follow, present_place, show, tail
from tests.support.ledger_records import record

NOW = datetime.now(UTC)


@pytest.fixture
def connection(ledger_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(ledger_url, autocommit=True) as opened:
        yield opened


def add(connection: psycopg.Connection, *entries: Record) -> list[str]:
    for entry in entries:
        insert(connection.cursor(), entry)
    return [entry.id for entry in entries]


class EndOfTest(Exception):
    pass


def steps(*work: Callable[[], object]) -> Callable[[], None]:
    """What happens between two looks of a follower; the test ends after the last."""
    left = list(work)

    def wait() -> None:
        if not left:
            raise EndOfTest
        left.pop(0)()

    return wait


def followed(connection: psycopg.Connection, wait: Callable[[], None], narrow: Filter = Filter()) -> list[str]:
    seen = follow(connection, narrow, place=present_place(connection), wait=wait)
    found: list[str] = []
    with suppress(EndOfTest):
        found.extend(entry.id for entry in seen)
    return found


def test_tail_is_the_newest_oldest_first(connection: psycopg.Connection) -> None:
    """The last of the ledger, in the order of their times."""
    entries = [record(recorded_at=NOW + timedelta(seconds=number)) for number in (3, 1, 2)]
    names = add(connection, *entries)
    assert [entry.id for entry in tail(connection, Filter(), limit=2)] == [names[2], names[0]]


@pytest.mark.parametrize("name", ["app", "developer", "seller", "operation", "request", "kind"])
def test_each_filter_narrows(connection: psycopg.Connection, name: str) -> None:
    """A filter leaves only what has exactly that value."""
    [wanted, _] = add(connection, record(**{name: "it's"}), record())
    narrow = msgspec.structs.replace(Filter(), **{name: "it's"})
    assert [entry.id for entry in tail(connection, narrow, limit=9)] == [wanted]


def test_since_narrows(connection: psycopg.Connection) -> None:
    """Nothing older than the moment asked for."""
    [_, new] = add(connection, record(recorded_at=NOW - timedelta(hours=2)), record(recorded_at=NOW))
    found = tail(connection, Filter(since=NOW - timedelta(hours=1)), limit=9)
    assert [entry.id for entry in found] == [new]


def test_a_follower_sees_every_commit_once(connection: psycopg.Connection, ledger_url: str) -> None:
    """A record that was written first and committed last is neither missed nor seen twice, whatever its id and time say."""
    add(connection, record())
    early, late, last = record(recorded_at=NOW - timedelta(minutes=5)), record(), record()
    with psycopg.connect(ledger_url) as slow:
        wait = steps(
            lambda: insert(slow.cursor(), early),
            lambda: add(connection, late),
            slow.commit,
            lambda: add(connection, last),
            lambda: None,
        )
        assert sorted(followed(connection, wait)) == sorted([early.id, late.id, last.id])


def test_a_follower_narrows(connection: psycopg.Connection) -> None:
    """Following takes the same filters as the past."""
    wanted = record(app="app_9")
    wait = steps(lambda: add(connection, record(), wanted, record()), lambda: None)
    assert followed(connection, wait, Filter(app="app_9")) == [wanted.id]


def test_show_finds_by_record_and_by_request(connection: psycopg.Connection) -> None:
    """A record's id gives that record, a request's id everything that was recorded of it."""
    names = add(connection, *(record(request="req_1", recorded_at=NOW + timedelta(seconds=n)) for n in range(2)))
    assert [entry.id for entry in show(connection, names[1])] == [names[1]]
    assert [entry.id for entry in show(connection, "req_1")] == names


@pytest.mark.parametrize("name", ["rec_none", "req_none", "", "'; --"])
def test_show_says_what_is_not_there(connection: psycopg.Connection, name: str) -> None:
    """An id that is nowhere is an error with a hint."""
    add(connection, record(request=""))
    with pytest.raises(PiepowderError) as caught:
        show(connection, name)
    assert caught.value.code == "ledger_record_not_found"
    assert caught.value.hint
