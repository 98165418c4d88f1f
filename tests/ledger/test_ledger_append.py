"""Group commit: durable when it returns, one bad record harms no other, and a broken connection is never papered over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import encode
from piepowder.core.kernel.postgres import SETTINGS, EmbeddedPostgres
from piepowder.core.ledger import append
from piepowder.core.ledger.append import Appender, LedgerUnavailable, insert
from piepowder.core.ledger.copy import require_durability
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import Filter, show, tail
from piepowder.core.ledger.rows import encode_row
from tests.support.ledger_records import SCHEMA, record, run_sql, stored_ids
from tests.support.schemas import own_schema

WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
HASHES = st.lists(st.binary(max_size=40) | st.binary(min_size=16, max_size=16), max_size=5).map(tuple)


@asynccontextmanager
async def appending(url: str, connections: int = 1) -> AsyncIterator[Appender]:
    appender = Appender(url, connections=connections)
    await appender.start()
    try:
        yield appender
    finally:
        await appender.stop()


def run(url: str, work: Callable[[Appender], Awaitable[None]], connections: int = 1) -> None:
    async def main() -> None:
        async with appending(url, connections) as appender:
            await work(appender)

    asyncio.run(main())


def same(one: Record, other: Record) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in one.__struct_fields__)


WORDS = (
    "kind",
    "app",
    "developer",
    "seller",
    "grant",
    "operation",
    "purpose",
    "mode",
    "policy_version",
    "outcome",
    "reason",
)
RECORDS = st.builds(
    record,
    **dict.fromkeys(WORDS, WORD),
    recorded_at=st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    orders=HASHES,
    subjects=HASHES,
    status=st.integers(-(2**31), 2**31 - 1),
    bytes_in=st.integers(-(2**63), 2**63 - 1),
    bytes_out=st.integers(0, 2**63 - 1),
    personal=st.booleans(),
    detail=st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=3).map(encode),
)


@given(entries=st.lists(RECORDS, min_size=1, max_size=20))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_in_comes_out(ledger_url: str, entries: list[Record]) -> None:
    """Every field comes back as it was given, by either way in."""
    by_room = [msgspec.structs.replace(entry, id=new_id("rec")) for entry in entries]
    entries = [msgspec.structs.replace(entry, id=new_id("rec")) for entry in entries]

    async def work(appender: Appender) -> None:
        await asyncio.gather(*map(appender.append, entries))

    run(ledger_url, work)
    with psycopg.connect(ledger_url) as connection:
        for entry in by_room:
            insert(connection.cursor(), entry)
        for entry in entries + by_room:
            assert same(show(connection, entry.id)[0], entry)


def test_a_returned_append_is_there(ledger_url: str) -> None:
    """Another connection sees a record as soon as its append has returned, and 1,000 at once share few commits."""
    entries = [record() for _ in range(1000)]

    async def work(appender: Appender) -> None:
        await appender.append(entries[0])
        assert stored_ids(ledger_url) == [entries[0].id]
        await asyncio.gather(*map(appender.append, entries[1:]))
        assert stored_ids(ledger_url) == sorted(entry.id for entry in entries)

    run(ledger_url, work)
    assert run_sql(ledger_url, "SELECT count(DISTINCT appended_in::text) < 50 FROM ledger_record") == [(True,)]


@pytest.mark.parametrize("connections", [1, 2])
def test_only_the_record_at_fault_fails(ledger_url: str, connections: int) -> None:
    """Where the database refuses one record of a batch, that one fails and every other one is stored once."""
    good = [record() for _ in range(40)]
    not_json, again = record(detail=b"{"), record(id=good[3].id, recorded_at=good[3].recorded_at)

    async def work(appender: Appender) -> None:
        batch = [*good[:20], not_json, *good[20:], again]
        outcomes = await asyncio.gather(*map(appender.append, batch), return_exceptions=True)
        wrong = [outcome for outcome in outcomes if outcome is not None]
        assert [getattr(error, "code", error) for error in wrong] == ["ledger_record_invalid"] * 2
        assert isinstance(outcomes[20], PiepowderError)

    run(ledger_url, work, connections)
    assert stored_ids(ledger_url) == sorted(entry.id for entry in good)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "a\0b"},
        {"id": "rec_\ud800"},
        {"status": 2**31},
        {"bytes_in": 2**63},
        {"recorded_at": datetime(2026, 1, 1)},
        {"orders": ("text",)},
        {"app": None},
    ],
)
def test_a_record_that_cannot_be_stored_is_refused_at_the_door(wrong: dict[str, object]) -> None:
    """A record that PostgreSQL would refuse never reaches a batch; the error names the record and repeats no content."""
    with pytest.raises(PiepowderError, match="cannot be stored") as caught:
        encode_row(record(**wrong))
    assert caught.value.code == "ledger_record_invalid"


def test_a_lost_connection_fails_who_waits_and_heals(ledger_url: str) -> None:
    """A batch whose commit is not confirmed fails with `ledger_unavailable`; later appends work again, nothing is there twice."""
    held = [record() for _ in range(5)]
    later = record()

    async def work(appender: Appender) -> None:
        with psycopg.connect(ledger_url) as blocker:
            blocker.execute("LOCK TABLE ledger_record IN EXCLUSIVE MODE")
            waiting = [asyncio.ensure_future(appender.append(entry)) for entry in held]
            await until(lambda: blocked_backends(ledger_url) == 1)
            run_sql(ledger_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(outcome, LedgerUnavailable) for outcome in outcomes)
            with pytest.raises(LedgerUnavailable):
                await appender.append(record())
        await appended_in_the_end(appender, later)

    run(ledger_url, work)
    assert stored_ids(ledger_url) == [later.id]


def test_an_idle_connection_that_dies_is_replaced(ledger_url: str) -> None:
    """The database may restart while nobody calls; the next calls find a new connection."""

    async def work(appender: Appender) -> None:
        await appender.append(record())
        run_sql(
            ledger_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'piepowder ledger' AND datname = current_database()",
        )
        await appended_in_the_end(appender, record())

    run(ledger_url, work)
    assert len(stored_ids(ledger_url)) == 2


def test_a_server_that_says_nothing_is_given_up(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that hangs ends as `ledger_unavailable`, so that the gateway can answer."""
    monkeypatch.setattr("piepowder.core.ledger.copy.ANSWER_SECONDS_MAX", 0.2)

    async def work(appender: Appender) -> None:
        with psycopg.connect(ledger_url) as blocker:
            blocker.execute("LOCK TABLE ledger_record IN EXCLUSIVE MODE")
            with pytest.raises(LedgerUnavailable, match="no answer in time"):
                await appender.append(record())
        await appended_in_the_end(appender, record())

    run(ledger_url, work)


def test_a_statement_that_takes_too_long_stores_nothing(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own time limit ends a batch for certain: it fails, and the connection goes on."""
    monkeypatch.setattr("piepowder.core.ledger.copy.STATEMENT_SECONDS_MAX", 0.2)

    async def work(appender: Appender) -> None:
        with psycopg.connect(ledger_url) as blocker:
            blocker.execute("LOCK TABLE ledger_record IN EXCLUSIVE MODE")
            with pytest.raises(LedgerUnavailable, match="statement timeout"):
                await appender.append(record())
        await appender.append(record())

    run(ledger_url, work)
    assert len(stored_ids(ledger_url)) == 1


def test_whoever_gives_up_takes_nobody_along(ledger_url: str) -> None:
    """A call that is cancelled while it waits leaves its record and the other calls as they are."""
    entries = [record() for _ in range(10)]

    async def work(appender: Appender) -> None:
        waiting = [asyncio.ensure_future(appender.append(entry)) for entry in entries]
        await asyncio.sleep(0)
        waiting[4].cancel()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(type(None)) == 9

    run(ledger_url, work)
    assert set(stored_ids(ledger_url)) >= {entry.id for entry in entries[:4] + entries[5:]}


def test_too_many_waiting_are_told_at_once(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is bounded: beyond it an append fails at once, and what waits is still stored."""
    monkeypatch.setattr(append, "QUEUE_ROWS_MAX", 20)

    async def work(appender: Appender) -> None:
        outcomes = await asyncio.gather(*(appender.append(record()) for _ in range(50)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, LedgerUnavailable)]
        assert len(refused) == 30

    run(ledger_url, work)
    assert len(stored_ids(ledger_url)) == 20


def test_stopping_lets_the_last_batch_end(ledger_url: str) -> None:
    """`stop` waits for what was accepted; afterwards nothing is accepted."""

    async def main() -> None:
        appender = Appender(ledger_url)
        await appender.start()
        waiting = [asyncio.ensure_future(appender.append(record())) for _ in range(100)]
        await asyncio.sleep(0)
        await appender.stop()
        assert await asyncio.gather(*waiting) == [None] * 100
        with pytest.raises(LedgerUnavailable):
            await appender.append(record())

    asyncio.run(main())
    assert len(stored_ids(ledger_url)) == 100


def test_a_record_made_before_midnight_has_its_partition(ledger_url: str) -> None:
    """Partitions exist from yesterday to the day after tomorrow."""
    entries = [record(recorded_at=datetime.now(UTC) + timedelta(days=days)) for days in (-1, 0, 1, 2)]

    async def work(appender: Appender) -> None:
        await asyncio.gather(*map(appender.append, entries))

    run(ledger_url, work)
    assert run_sql(ledger_url, "SELECT count(*) FROM ledger_record_default") == [(0,)]


def test_a_rooms_record_shares_the_rooms_transaction(ledger_url: str) -> None:
    """What is rolled back is not on the ledger; what commits is. Client-side cursors, as Django has them, do as well."""
    kept, undone = record(id=new_id("rec")), record()
    with psycopg.connect(ledger_url, cursor_factory=psycopg.ClientCursor) as connection:
        with connection.transaction(force_rollback=True):
            insert(connection.cursor(), undone)
        with connection.transaction():
            insert(connection.cursor(), kept)
        assert [entry.id for entry in tail(connection, Filter(), limit=10)] == [kept.id]


def test_a_database_that_forgets_is_refused(spare_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The appender does not start where a commit is not a promise."""
    for name in ("fsync", "full_page_writes"):
        with monkeypatch.context() as forgetful, EmbeddedPostgres(spare_folder) as server:
            forgetful.setitem(SETTINGS, name, "off")
            server.stop()
            server.start()
            url = own_schema(server.dsn(), SCHEMA)
            with pytest.raises(PiepowderError) as caught:
                asyncio.run(Appender(url).start())
            assert caught.value.code == "ledger_durability_off"
            assert caught.value.fields == {"setting": name}


@pytest.mark.parametrize(
    ("given", "used"), [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")]
)
def test_commits_are_synchronous_whatever_the_default_is(ledger_url: str, given: str, used: str) -> None:
    """A weaker default of the database is raised for the ledger, a stronger one is kept."""

    async def main() -> object:
        url = make_conninfo(ledger_url, options=f"-csynchronous_commit={given}")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await require_durability(connection)
            return await (await connection.execute("SHOW synchronous_commit")).fetchone()

    assert asyncio.run(main()) == (used,)


def test_start_says_what_is_missing(ledger_database: str) -> None:
    """Without the table, or without a server, starting fails with an error of ours."""
    for url in (ledger_database, "postgresql://nobody@127.0.0.1:9/none"):
        with pytest.raises(PiepowderError) as caught:
            asyncio.run(Appender(url).start())
        assert caught.value.code == "ledger_unavailable"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def blocked_backends(url: str) -> int:
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%'"
    return int(run_sql(url, question)[0][0])


async def appended_in_the_end(appender: Appender, entry: Record) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                return await appender.append(entry)
            except LedgerUnavailable:
                await asyncio.sleep(0.01)
