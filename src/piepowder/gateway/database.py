"""The few connections on which a worker looks tokens up and stores restricted ones."""

import asyncio
from typing import Any

import psycopg

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

CONNECTIONS_MAX = 2
QUERY_SECONDS_MAX = 2.0
WAITING_MAX = 1_000
Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]


class DatabaseUnavailable(PiepowderError):
    """The question could not be answered; nothing is known, so nothing may be assumed."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "gateway_database_unavailable",
            f"the database does not answer just now: {why}",
            hint="try again",
            kind=ErrorKind.UNAVAILABLE,
        )


class Database:
    """Runs single statements that commit by themselves. Connections are opened when needed and kept.

    Both verbs raise `gateway_database_unavailable` where the statement fails or takes longer than 2 s.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle: list[Connection] = []
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)
        self._running: set[asyncio.Task[list[Row]]] = set()
        self._closed = False

    async def ask(self, query: str, values: list[Any]) -> list[Row]:
        """The rows. Asked once more on a new connection where a kept one turns out to be dead: the server may have restarted."""
        return await self._in_time(query, values, again=True)

    async def store(self, query: str, values: list[Any]) -> None:
        """Returns once it is committed. After an error it may or may not be stored, so it is not tried again."""
        await self._in_time(query, values, again=False)

    async def close(self) -> None:
        self._closed = True
        for task in list(self._running):
            task.cancel()
        while self._idle:
            await self._idle.pop().close()

    async def _in_time(self, query: str, values: list[Any], *, again: bool) -> list[Row]:
        """A statement that hangs is left to end by itself: ending it may take as long as the network likes."""
        if self._closed or len(self._running) >= WAITING_MAX:
            raise DatabaseUnavailable("closed" if self._closed else "too many questions wait already")
        task = asyncio.create_task(self._run(query, values, again=again))
        self._running.add(task)
        task.add_done_callback(self._ended)
        await asyncio.wait({task}, timeout=QUERY_SECONDS_MAX)
        if not task.done():
            task.cancel()
            raise DatabaseUnavailable("no answer in time")
        error = task.exception() if not task.cancelled() else ConnectionError("closed")
        if error is not None:
            raise DatabaseUnavailable(str(error)) from error
        return task.result()

    def _ended(self, task: "asyncio.Task[list[Row]]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def _run(self, query: str, values: list[Any], *, again: bool) -> list[Row]:
        async with self._slots:
            connection = self._kept()
            if connection is None:
                return await self._on(await self._connect(), query, values)
            try:
                return await self._on(connection, query, values)
            except psycopg.OperationalError:
                if not again or not connection.closed:
                    raise
                self._idle.clear()
            return await self._on(await self._connect(), query, values)

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return None

    async def _on(self, connection: Connection, query: str, values: list[Any]) -> list[Row]:
        """A connection is kept only after a statement that ended well."""
        try:
            cursor = await connection.execute(query, values, binary=True)
            rows = await cursor.fetchall() if cursor.description else []
        except BaseException:
            connection.pgconn.finish()
            raise
        if self._closed:
            await connection.close()
        else:
            self._idle.append(connection)
        return rows

    async def _connect(self) -> Connection:
        connection = await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=2, application_name="piepowder gateway"
        )
        await connection.execute(f"SET statement_timeout = '{QUERY_SECONDS_MAX}s'")
        return connection
