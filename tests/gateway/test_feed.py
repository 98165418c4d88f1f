"""The feed: whole from the start, at once after a change, never fooled by a lost NOTIFY, a cut line or a silent server."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from piepowder.core.facts import snapshot as snapshot_module
from piepowder.core.facts.model import KINDS, GrantFact, RevokedTokenFact, SellerFact
from piepowder.core.facts.snapshot import Changes
from piepowder.core.kernel.errors import PiepowderError
from piepowder.gateway import feed as feed_module
from piepowder.gateway.feed import Feed
from tests.support.fact_tables import TABLES, Publisher
from tests.support.schemas import own_schema


@pytest.fixture
def publisher(postgres_url: str) -> Iterator[Publisher]:
    made = Publisher(own_schema(postgres_url, TABLES))
    yield made
    made.connection.close()


@asynccontextmanager
async def following(url: str) -> AsyncIterator[Feed]:
    feed = Feed()
    await feed.start(url)
    try:
        yield feed
    finally:
        await feed.stop()


def run(publisher: Publisher, work: Callable[[Feed], Awaitable[None]]) -> None:
    async def main() -> None:
        async with following(publisher.url) as feed, asyncio.timeout(30):
            await work(feed)

    asyncio.run(main())


def grant(name: str) -> tuple[str, str, GrantFact]:
    return "grant", name, GrantFact(id=name, app="app_1", seller="sel_1", version="1", purposes=("shipping",))


def removed(name: str) -> tuple[str, str, None]:
    return "grant", name, None


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


async def change(feed: Feed, key: str) -> None:
    """Waits for the next change of that key."""
    happened = asyncio.Event()

    def tell(_: str, changed: str) -> None:
        if changed == key:
            happened.set()

    feed.on_change.append(tell)
    await happened.wait()
    feed.on_change.remove(tell)


@contextmanager
def frozen(publisher: Publisher) -> Iterator[None]:
    """The server process behind the feed stands still, and the connection stays open."""
    [backend] = publisher.backends("piepowder feed")
    os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(backend, signal.SIGCONT)


def test_everything_is_there_once_it_has_started(publisher: Publisher) -> None:
    """After `start` the feed is ready and fresh, has every fact, and knows the database's time."""
    facts = [grant(f"grt_{number}") for number in range(6000)]
    publisher.publish(*facts, ("seller", "sel_1", SellerFact(id="sel_1", marketplace_id="A1")))
    number = publisher.publish(removed("grt_0"))

    async def work(feed: Feed) -> None:
        assert feed.ready
        assert feed.fresh()
        assert feed.snapshot.number == number
        assert set(feed.snapshot.grants) == {key for _, key, _ in facts[1:]}
        assert "sel_1" in feed.snapshot.sellers
        [(server_time,)] = publisher.run("SELECT extract(epoch FROM clock_timestamp())::float8")
        assert abs(feed.database_now() - server_time) < 2

    run(publisher, work)


def test_every_kind_of_fact_is_loaded() -> None:
    """The order of loading names each kind of the contract once."""
    assert sorted(feed_module._LOAD_ORDER) == sorted(KINDS)


def test_a_change_arrives_and_tells(publisher: Publisher) -> None:
    """New, changed and removed facts are in the snapshot when `on_change` names them."""

    async def work(feed: Feed) -> None:
        seen: list[tuple[str, str, bool]] = []
        feed.on_change.append(lambda kind, key: seen.append((kind, key, key in feed.snapshot.grants)))
        for fact in (grant("grt_1"), grant("grt_1"), removed("grt_1")):
            number = publisher.publish(fact)
            await until(lambda number=number: feed.snapshot.number == number)  # type: ignore[misc]
        assert seen == [("grant", "grt_1", True), ("grant", "grt_1", True), ("grant", "grt_1", False)]

    run(publisher, work)


def test_a_change_arrives_without_waiting_for_the_next_question(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NOTIFY alone is enough: with a question only every hour, changes still arrive, one after another."""
    monkeypatch.setattr(feed_module, "ASK_SECONDS", 3600.0)

    async def work(feed: Feed) -> None:
        for number in range(100):
            publisher.publish(grant(f"grt_{number}"))
            await until(lambda number=number: f"grt_{number}" in feed.snapshot.grants)  # type: ignore[misc]

    run(publisher, work)


def test_a_lost_notify_is_made_good(publisher: Publisher) -> None:
    """A change that nobody was told of is found by the next question."""

    async def work(feed: Feed) -> None:
        publisher.publish(grant("grt_1"), notify=False)
        await until(lambda: "grt_1" in feed.snapshot.grants)

    run(publisher, work)


def test_nothing_is_missed_while_starting(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes that commit while a feed connects and loads are in it, by NOTIFY alone."""
    monkeypatch.setattr(feed_module, "ASK_SECONDS", 3600.0)
    publisher.publish(*[grant(f"grt_old_{number}") for number in range(3000)])

    async def main() -> None:
        feed = Feed()
        starting = asyncio.create_task(feed.start(publisher.url))
        number = 0
        while not starting.done() or number < 20:
            publisher.publish(grant(f"grt_{number}"), removed(f"grt_old_{number}"))
            number += 1
            await asyncio.sleep(0)
        await starting
        async with asyncio.timeout(30):
            await until(lambda: feed.snapshot.number == number + 1)
        stored = publisher.run("SELECT key FROM publication_fact WHERE body IS NOT NULL")
        assert set(feed.snapshot.grants) == {key for (key,) in stored}
        await feed.stop()

    asyncio.run(main())


def test_a_cut_line_is_caught_up(publisher: Publisher) -> None:
    """After a lost connection the feed comes back by itself and learns what it missed, removals included."""
    publisher.publish(grant("grt_1"), grant("grt_2"))

    async def work(feed: Feed) -> None:
        for number in range(3):
            assert publisher.cut("piepowder feed") == 1
            last = publisher.publish(removed("grt_1"), grant(f"grt_new_{number}"), notify=False)
            await until(lambda last=last: feed.snapshot.number == last)  # type: ignore[misc]
            publisher.publish(grant("grt_1"))
            await until(lambda: "grt_1" in feed.snapshot.grants)
        assert set(feed.snapshot.grants) == {"grt_1", "grt_2", "grt_new_0", "grt_new_1", "grt_new_2"}

    run(publisher, work)


def test_without_answers_the_feed_is_not_fresh(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the server falls silent without hanging up, the feed stops being fresh, and time goes on."""
    monkeypatch.setattr(feed_module, "FRESH_SECONDS", 1.5)
    monkeypatch.setattr(feed_module, "SILENCE_SECONDS_MAX", 3600.0)

    async def work(feed: Feed) -> None:
        with frozen(publisher):
            before = feed.database_now(), time.monotonic()
            await until(lambda: not feed.fresh())
            assert feed.database_now() - before[0] == pytest.approx(time.monotonic() - before[1], abs=0.1)
            assert feed.ready
        await until(feed.fresh)

    run(publisher, work)


def test_a_silent_line_is_given_up(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that no longer answers is replaced by a new one, and the old one never speaks again."""
    monkeypatch.setattr(feed_module, "SILENCE_SECONDS_MAX", 0.5)
    publisher.publish(grant("grt_1"))

    async def work(feed: Feed) -> None:
        with frozen(publisher):
            last = publisher.publish(removed("grt_1"))
            await until(lambda: feed.snapshot.number == last)
            assert "grt_1" not in feed.snapshot.grants
        publisher.publish(grant("grt_2"))
        await until(lambda: "grt_2" in feed.snapshot.grants)

    run(publisher, work)


def test_another_history_is_loaded_anew(publisher: Publisher) -> None:
    """A number that went back (a restored backup) means that everything is read again: nothing of the old history stays."""
    publisher.publish(grant("grt_old"))
    publisher.publish(grant("grt_kept"))

    async def work(feed: Feed) -> None:
        publisher.run("DELETE FROM publication_fact WHERE key = 'grt_old'")
        publisher.run("UPDATE publication_version SET number = 1")
        await until(lambda: feed.snapshot.number == 1)
        assert set(feed.snapshot.grants) == {"grt_kept"}
        publisher.publish(grant("grt_new"))
        await until(lambda: "grt_new" in feed.snapshot.grants)

    run(publisher, work)


def test_an_unreadable_row_stops_nothing(publisher: Publisher) -> None:
    """A row that makes no sense takes its own fact away; the feed goes on."""
    publisher.publish(grant("grt_1"), ("weather", "x", "{}"), ("app", "app_1", "nonsense"))

    async def work(feed: Feed) -> None:
        assert "grt_1" in feed.snapshot.grants
        publisher.publish(("grant", "grt_1", "nonsense"), ("weather", "x", "{}"), grant("grt_2"))
        await until(lambda: "grt_2" in feed.snapshot.grants)
        assert "grt_1" not in feed.snapshot.grants

    run(publisher, work)


def test_revocations_leave_when_the_token_would_have_expired(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map of revoked tokens does not grow for ever."""
    monkeypatch.setattr(feed_module, "FORGET_SECONDS", 0.0)

    async def work(feed: Feed) -> None:
        over, alive = feed.database_now() - 5, feed.database_now() + 500
        publisher.publish(
            ("revoked_token", "aa" * 32, RevokedTokenFact(until=over)),
            ("revoked_token", "bb" * 32, RevokedTokenFact(until=alive)),
        )
        await until(lambda: set(feed.snapshot.revoked_tokens) == {bytes.fromhex("bb" * 32)})

    run(publisher, work)


def test_start_says_what_is_missing(postgres_url: str) -> None:
    """Without the tables, or without a server, starting fails with an error of ours."""
    for url in (own_schema(postgres_url, "SELECT 1"), "postgresql://nobody@127.0.0.1:9/none"):
        with pytest.raises(PiepowderError) as caught:
            asyncio.run(Feed().start(url))
        assert caught.value.code == "gateway_feed_unavailable"


def test_a_slow_worker_is_not_a_silent_database(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that this process itself takes to read what came does not count as silence of the database."""
    monkeypatch.setattr(feed_module, "SILENCE_SECONDS_MAX", 0.3)
    publisher.publish(*[grant(f"grt_{number}") for number in range(10)])
    read_rows = snapshot_module.read_rows

    def slowly(*args: Any, **named: Any) -> Changes:
        time.sleep(0.5)  # as on a machine that is busy with other things
        return read_rows(*args, **named)

    monkeypatch.setattr(feed_module, "read_rows", slowly)

    async def work(feed: Feed) -> None:
        assert len(feed.snapshot.grants) == 10

    run(publisher, work)
