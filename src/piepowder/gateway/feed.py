"""The feed of facts: one connection that listens, one snapshot that is always whole.

    connect -> LISTEN -> load (or catch up) -> ready -> { notified, or a second has passed -> ask number and time -> fetch what is newer }
        ^                                                                   |
        +------------------- lost, or no answer in time: back off ----------+

It listens before it loads, so no change falls between. A NOTIFY that gets lost costs one second at most, since the number is asked every
second; a worker that has had no answer for 5 s says so (`fresh()` is False) and the gateway refuses personal data.
"""

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, NamedTuple

import psycopg
import structlog

from piepowder.core.facts.model import CHANNEL
from piepowder.core.facts.shared import Shared
from piepowder.core.facts.snapshot import Changes, Row, Snapshot, read_rows
from piepowder.core.kernel.errors import ErrorKind, PiepowderError

FRESH_SECONDS = 5.0
ASK_SECONDS = 1.0
SILENCE_SECONDS_MAX = 3.0  # a question without answer for so long: the connection is given up
CLOCK_DRIFT = 0.0005  # seconds a second: more than any two clocks that are kept in step
BACKOFF_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)
FORGET_SECONDS = 600.0  # how often tokens that have expired by themselves leave the map of revoked ones
_ROWS_AT_ONCE = 2_000  # fetched and decoded between two turns of the event loop
_LOAD_ROWS_AT_ONCE = 5_000
_LOAD_ORDER = (
    "policy",
    "app",
    "seller",
    "standing",
    "revoked_token",
    "grant",
)  # grants share the ids of apps and sellers

_NUMBER = "SELECT number, extract(epoch FROM clock_timestamp())::float8 FROM publication_version WHERE id = 1"
_LOAD = "SELECT key, body FROM publication_fact WHERE kind = %s AND body IS NOT NULL"
_NEWER = "SELECT kind, key, body, number FROM publication_fact WHERE number > %s ORDER BY number"

_log = structlog.get_logger("piepowder.gateway.feed")
OnChange = Callable[[str, str], None]
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Feed:
    """Start it once per worker. Read `snapshot` anew at each use: it is replaced by every change."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.on_change: list[
            OnChange
        ] = []  # called with kind and key, after `snapshot` has the change; not for the first load
        self._loaded = asyncio.Event()
        self._moved = asyncio.Event()  # set once, at the next change; then there is another
        self.shared = Shared()
        self._answered_at = float("-inf")  # when the newest answered question was asked, monotonic seconds
        self._clock = _Answer(0.0, 0, 0.0, float("inf"))  # the answer that tells the database's time best
        self._forgot_at = float("-inf")
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, dsn: str) -> None:
        """Returns once everything is loaded; `gateway_feed_unavailable` where the first attempt fails."""
        self._keeper = asyncio.create_task(self._keep(dsn))
        ready = asyncio.create_task(self._loaded.wait())
        await asyncio.wait({self._keeper, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._keeper.done():
            await self._keeper

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    @property
    def ready(self) -> bool:
        """Whether everything was loaded once."""
        return self._loaded.is_set()

    def fresh(self) -> bool:
        """Whether the database answered a question that was asked less than 5 s ago."""
        return time.monotonic() - self._answered_at < FRESH_SECONDS

    def database_now(self) -> float:
        """Seconds since 1970 by the database's clock; goes on by this machine's monotonic clock while the database is away."""
        return self._clock.offset + time.monotonic()

    async def reach(self, number: int, *, seconds: float) -> bool:
        """Waits until the snapshot has that change; False where it has not come within that time."""
        try:
            async with asyncio.timeout(seconds):
                while self.snapshot.number < number:
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def answered(self, answer: "_Answer") -> None:
        """What was asked then is known by now: the snapshot has everything up to that moment."""
        self._answered_at = answer.asked_at
        self._clock = self._clock.better(answer)
        if answer.asked_at - self._forgot_at > FORGET_SECONDS:
            self._forgot_at = answer.asked_at
            self.snapshot = self.snapshot.without_revocations_before(self.database_now())

    def apply(self, changes: Changes) -> None:
        """The next snapshot, then whoever wants to know of it."""
        self.snapshot = self.snapshot.with_changes(changes)
        self._report(changes)
        self._move()
        for kind, key in changes.keys:
            for tell in self.on_change:
                tell(kind, key)

    def replace(self, snapshot: Snapshot) -> None:
        """A whole snapshot, loaded anew."""
        self.snapshot = snapshot
        self._forgot_at = float("-inf")
        self._loaded.set()
        self._move()

    def _move(self) -> None:
        """Wakes whoever waits for a number."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _report(self, changes: Changes) -> None:
        for unreadable in changes.unreadable:
            _log.error("feed_row_unreadable", **unreadable._asdict())

    async def _keep(self, dsn: str) -> None:
        attempt = 0
        while True:
            error = await self._one_session(dsn)
            if not self.ready:
                raise _unavailable(error)
            attempt = 0 if self.fresh() else attempt + 1
            _log.warning("feed_lost", error=str(error), attempt=attempt)
            await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)])

    async def _one_session(self, dsn: str) -> BaseException:
        """Runs a session until it fails or falls silent. A silent one is left to end by itself: its socket may hang for long."""
        session = _Session(self)
        task = asyncio.create_task(session.run(dsn))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=ASK_SECONDS / 2)
                if session.silent():
                    return TimeoutError("the database did not answer in time")
            return task.exception() or ConnectionError("the connection ended")
        finally:
            session.live = False
            task.cancel()
            task.add_done_callback(_discard)


class _Session:
    """One connection's life. After `live` is False nothing of it reaches the feed."""

    def __init__(self, feed: Feed) -> None:
        self.live = True
        self._feed = feed
        self._waiting_since: float | None = None

    def silent(self) -> bool:
        since = self._waiting_since
        return since is not None and time.monotonic() - since > SILENCE_SECONDS_MAX

    async def run(self, dsn: str) -> None:
        self._waiting_since = time.monotonic()
        async with await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=5, application_name="piepowder feed"
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            if not self._feed.ready:
                await self._load(connection)
            while self.live:
                await self._ask(connection)
                await self._wait(connection)

    async def _wait(self, connection: Connection) -> None:
        """Until a NOTIFY, or until it is time to ask again."""
        self._waiting_since = None
        async for _ in connection.notifies(timeout=ASK_SECONDS, stop_after=1):
            pass

    async def _ask(self, connection: Connection) -> None:
        """Number and time; then whatever is newer. A number that went back means another history: everything is loaded anew."""
        self._waiting_since = time.monotonic()
        answer = await _ask_database(connection)
        seen = self._feed.snapshot.number
        if answer.number < seen:
            _log.warning("feed_history_replaced", seen=seen, number=answer.number)
            await self._load(connection)
        elif answer.number > seen:
            await self._fetch(connection, answer.number)
        if self.live:
            self._feed.answered(answer)

    async def _fetch(self, connection: Connection, number: int) -> None:
        newer = Changes()
        newer.number = number
        async with connection.cursor() as cursor:
            await cursor.execute(_NEWER, [self._feed.snapshot.number])
            while rows := await cursor.fetchmany(_ROWS_AT_ONCE):
                read_rows(map(Row._make, rows), shared=self._feed.shared, into=newer)
                self._waiting_since = time.monotonic()
                if len(rows) == _ROWS_AT_ONCE:
                    await asyncio.sleep(0)
        if self.live:
            self._feed.apply(newer)

    async def _load(self, connection: Connection) -> None:
        """Everything, as of one moment."""
        with _collector_paused():
            answer, snapshot = await self._load_all(connection)
        if self.live:
            self._feed.replace(snapshot)
            self._feed.answered(answer)

    async def _load_all(self, connection: Connection) -> "tuple[_Answer, Snapshot]":
        async with connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            answer = await _ask_database(connection)
            snapshot = Snapshot(number=answer.number)
            async with aclosing(self._rows(connection)) as pieces:
                async for rows in pieces:
                    changes = read_rows(rows, shared=self._feed.shared)
                    snapshot = snapshot.with_changes(changes)
                    for unreadable in changes.unreadable:
                        _log.error("feed_row_unreadable", **unreadable._asdict())
        return answer, snapshot

    async def _rows(self, connection: Connection) -> AsyncGenerator[list[Row], None]:
        for kind in _LOAD_ORDER:
            async with connection.cursor(f"feed_{kind}") as cursor:
                await cursor.execute(_LOAD, [kind])
                while rows := await cursor.fetchmany(_LOAD_ROWS_AT_ONCE):
                    yield [Row(kind, key, body, 0) for key, body in rows]
                    # Only now is the database waited for: reading what came may take this process long.
                    self._waiting_since = time.monotonic()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Hundreds of thousands of new objects, none of them garbage: looking through them again and again takes a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Answer(NamedTuple):
    asked_at: float  # monotonic seconds
    number: int
    offset: float  # database time minus monotonic time, seconds
    error: float  # by how much `offset` may be wrong: half the round trip, seconds

    def better(self, newer: "_Answer") -> "_Answer":
        """The newer answer, unless it took so long that this one still tells the time more exactly, clocks drifting apart."""
        drifted = self.error + (newer.asked_at - self.asked_at) * CLOCK_DRIFT
        return newer if newer.error <= drifted else self


async def _ask_database(connection: Connection) -> _Answer:
    asked_at = time.monotonic()
    row = await (await connection.execute(_NUMBER)).fetchone()
    if row is None:
        raise PiepowderError("gateway_feed_unavailable", "the table `publication_version` has no row")
    number, database_time = row
    half_round_trip = (time.monotonic() - asked_at) / 2
    return _Answer(asked_at, number, database_time - asked_at - half_round_trip, half_round_trip)


def _unavailable(error: BaseException) -> PiepowderError:
    unavailable = PiepowderError(
        "gateway_feed_unavailable",
        f"the facts cannot be loaded: {error}",
        hint="see that the database of PIEPOWDER_DATABASE_URL runs and that its migrations have been applied",
        kind=ErrorKind.UNAVAILABLE,
    )
    unavailable.__cause__ = error
    return unavailable


def _discard(task: "asyncio.Task[None]") -> None:
    """Takes note of how an abandoned session ended, so that asyncio does not complain."""
    if not task.cancelled():
        task.exception()
