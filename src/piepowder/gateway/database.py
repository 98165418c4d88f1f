"""The few connections on which a worker looks tokens up and stores restricted ones."""

import asyncio
from typing import Any

import psycopg

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

CONNECTIONS_MAX = 2
QUERY_SECONDS_MAX = 2.0
WAITING_MAX = 1_000
Row = tuple[Any, ...]


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
    """Runs single statements that commit by themselves. Connections are opened when needed and kept."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle: list[psycopg.AsyncConnection[Row]] = []
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)
        self._waiting = 0
        self._closed = False

    async def run(self, query: str, values: list[Any]) -> list[Row]:
        """The rows of a statement (none for one without). `gateway_database_unavailable` where it fails or takes over 2 s."""
        if self._closed or self._waiting >= WAITING_MAX:
            raise DatabaseUnavailable("closed" if self._closed else "too many questions wait already")
        self._waiting += 1
        try:
            async with asyncio.timeout(QUERY_SECONDS_MAX), self._slots:
                return await self._run(query, values)
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise DatabaseUnavailable(str(error) or "no answer in time") from error
        finally:
            self._waiting -= 1

    async def _run(self, query: str, values: list[Any]) -> list[Row]:
        """On a kept connection first. A kept one may have died unnoticed: then once more on a new one, if nothing was sent twice."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return await self._on(connection, query, values)
        return await self._on(await self._connect(), query, values)

    async def _on(self, connection: psycopg.AsyncConnection[Row], query: str, values: list[Any]) -> list[Row]:
        kept = False
        try:
            cursor = await connection.execute(query, values, binary=True)
            rows = await cursor.fetchall() if cursor.description else []
            kept = True
            return rows
        finally:
            if kept and not self._closed:
                self._idle.append(connection)
            else:
                connection.pgconn.finish()

    async def _connect(self) -> psycopg.AsyncConnection[Row]:
        connection = await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=2, application_name="piepowder gateway"
        )
        await connection.execute(f"SET statement_timeout = '{QUERY_SECONDS_MAX}s'")
        return connection

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().close()
