"""Appending: `Appender` for the data plane (group commit), `insert` for rooms that record inside their own transaction.

Natural batching: while a commit is under way, the next batch gathers. Nobody waits for a clock while there is little to do; where the
last batch had company, the next one gathers for a millisecond, which halves the commits and their cost. A batch whose outcome is not known
(connection lost, no answer) is never sent again: its waiters fail, nothing is released, and a row that did get through reads as
"may have been disclosed". A row twice would be a false statement; a row too many about a refused call is not.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import psycopg
import structlog

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.copy import CopyConnection, LedgerUnavailable, RowsRefused, open_copy_connection
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.rows import COLUMN_LIST, COLUMNS, encode_row

__all__ = ["Appender", "LedgerUnavailable", "insert"]

BATCH_ROWS_MAX = 2_000
QUEUE_ROWS_MAX = 20_000
COMPANY_ROWS = 4
GATHER_SECONDS = 0.001
BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
PARTITION_DAYS = 4  # yesterday, for a record made just before midnight, to the day after tomorrow
PARTITION_INTERVAL_SECONDS = 6 * 3600

_log = structlog.get_logger("piepowder.ledger")
_CASTS = {"orders": "%s::bytea[]", "subjects": "%s::bytea[]", "detail": "%s::json"}
_VALUES = ", ".join(_CASTS.get(name, "%s") for name in COLUMNS)
_INSERT = f"INSERT INTO ledger_record ({COLUMN_LIST}) VALUES ({_VALUES})"  # noqa: S608 - names of our own columns

Waiter = tuple[bytes, "asyncio.Future[None]"]


class Cursor(Protocol):
    """psycopg's or Django's cursor."""

    def execute(self, query: Any, params: Any = ..., /) -> object: ...

    def executemany(self, query: Any, params_seq: Any, /) -> object: ...


def insert(cursor: Cursor, record: Record) -> None:
    """The same row inside the caller's transaction: it is on the ledger exactly if that commits."""
    cursor.execute(_INSERT, _values(record))


def insert_many(cursor: Cursor, records: Iterable[Record]) -> None:
    """`insert` for many, in one go."""
    cursor.executemany(_INSERT, [_values(record) for record in records])


def _values(record: Record) -> list[Any]:
    encode_row(record)  # the same refusals as `Appender.append`
    values = [getattr(record, name) for name in COLUMNS]
    values[COLUMNS.index("orders")] = list(record.orders)
    values[COLUMNS.index("subjects")] = list(record.subjects)
    values[COLUMNS.index("detail")] = record.detail.decode()
    return values


class Appender:
    """Group commit over persistent connections; one appender per worker process and event loop."""

    def __init__(self, dsn: str, *, connections: int = 1) -> None:
        self._dsn = dsn
        self._count = connections
        self._waiting: list[Waiter] = []
        self._idle: list[CopyConnection] = []
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[CopyConnection] = set()
        self._stopped = False

    async def start(self) -> None:
        """Connects and makes today's partitions. `ledger_unavailable` where that fails, `ledger_durability_off` where the
        database does not keep what it has committed."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._ensure_partitions()
            for _ in range(self._count):
                self._add(await open_copy_connection(self._dsn))
        except (psycopg.Error, OSError) as error:
            raise LedgerUnavailable(str(error)) from error
        self._spawn(self._keep_partitions())

    async def stop(self) -> None:
        """Lets the batches under way end, then closes; later appends fail."""
        self._stopped = True
        while self._waiting or len(self._idle) < len(self._open):
            await asyncio.sleep(0.005)
        for connection in list(self._open):
            connection.close("the ledger is closed")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def append(self, record: Record) -> None:
        """Returns once the record is durable; LedgerUnavailable where that is not certain, `ledger_record_invalid` where it cannot be."""
        row = encode_row(record)
        if self._stopped or not self._open:
            raise LedgerUnavailable("no connection to the database")
        if len(self._waiting) >= QUEUE_ROWS_MAX:
            raise LedgerUnavailable("too many records wait already")
        waiter = self._loop.create_future()
        self._waiting.append((row, waiter))
        if self._idle and not self._scheduled:
            # One turn of the loop later, so that calls which became ready together share a commit.
            self._scheduled = True
            self._loop.call_soon(self._send)
        await waiter

    def _send(self) -> None:
        self._scheduled = False
        while self._waiting and self._idle:
            batch, self._waiting = self._waiting[:BATCH_ROWS_MAX], self._waiting[BATCH_ROWS_MAX:]
            connection = self._idle.pop()
            committed = connection.commit([row for row, _ in batch])
            committed.add_done_callback(partial(self._answered, connection, batch))

    def _answered(self, connection: CopyConnection, batch: list[Waiter], done: "asyncio.Future[None]") -> None:
        error = done.exception()
        if error is None:
            for _, waiter in batch:
                if not waiter.done():
                    waiter.set_result(None)
        elif isinstance(error, RowsRefused) and error.at_fault and len(batch) > 1:
            self._spawn(self._one_by_one(connection, batch))
            return
        else:
            _fail(batch, error)
        self._release(connection, company=len(batch) >= COMPANY_ROWS)

    async def _one_by_one(self, connection: CopyConnection, batch: list[Waiter]) -> None:
        """A refused batch stored nothing, so each row may be sent again: only the row at fault fails."""
        for row, waiter in batch:
            if connection.closed:
                _fail([(row, waiter)], LedgerUnavailable("connection lost"))
                continue
            committed = connection.commit([row])
            await asyncio.wait([committed])
            error = committed.exception()
            if error is not None:
                _fail([(row, waiter)], error)
            elif not waiter.done():
                waiter.set_result(None)
        self._release(connection)

    def _release(self, connection: CopyConnection, *, company: bool = False) -> None:
        if connection.closed:
            self._lost(connection)
            return
        self._idle.append(connection)
        if company and not self._scheduled:
            self._scheduled = True
            self._loop.call_later(GATHER_SECONDS, self._send)
        elif not self._scheduled:
            self._send()

    def _lost(self, connection: CopyConnection) -> None:
        if connection not in self._open:
            return
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._open:
            waiting, self._waiting = self._waiting, []
            _fail(waiting, LedgerUnavailable("connection lost"))
        if not self._stopped:
            self._spawn(self._reconnect())

    def _add(self, connection: CopyConnection) -> None:
        connection.on_close = self._lost
        self._open.add(connection)
        self._release(connection)

    async def _reconnect(self) -> None:
        attempt = 0
        while not self._stopped:
            await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)])
            attempt += 1
            try:
                return self._add(await open_copy_connection(self._dsn))
            except (psycopg.Error, PiepowderError, OSError) as error:
                _log.warning("ledger_reconnect_failed", attempt=attempt, error=str(error))

    async def _keep_partitions(self) -> None:
        while True:
            await asyncio.sleep(PARTITION_INTERVAL_SECONDS)
            try:
                await self._ensure_partitions()
            except (psycopg.Error, OSError) as error:
                # Nothing is lost: rows of a day without partition go to the default one.
                _log.error("ledger_partitions_failed", error=str(error))

    async def _ensure_partitions(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            await connection.execute(
                "SELECT ledger_ensure_partitions((now() AT TIME ZONE 'UTC')::date - 1, %s)", [PARTITION_DAYS]
            )

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fail(batch: Sequence[Waiter], error: BaseException) -> None:
    for _, waiter in batch:
        if not waiter.done():
            waiter.set_exception(_for_one_waiter(error))


def _for_one_waiter(error: BaseException) -> PiepowderError:
    """An error of its own for each waiter: one exception raised in many tasks would gather all their tracebacks."""
    if isinstance(error, RowsRefused) and error.at_fault:
        return PiepowderError("ledger_record_invalid", f"the database refused a record: {error}", sqlstate=error.code)
    return LedgerUnavailable(error.why if isinstance(error, LedgerUnavailable) else str(error))
