"""One connection that commits batches of rows by binary COPY, driven by hand on libpq's non-blocking calls.

    idle --send--> asked --COPY_IN--> sent --COMMAND_OK or error--> idle
      any --connection lost, or no answer in time--> closed

psycopg opens the connection (addresses, TLS, passwords); after that its own asynchronous COPY costs about ten times the CPU of these
few calls. A COPY outside a transaction block commits by itself, so that the answer to it is the proof of durability.
"""

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import pq

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.ledger.rows import COLUMN_LIST, COPY_HEADER, COPY_TRAILER

ANSWER_SECONDS_MAX = 10.0  # a server that says nothing for so long is given up
STATEMENT_SECONDS_MAX = 5
_COPY = f"COPY ledger_record ({COLUMN_LIST}) FROM STDIN (FORMAT binary)".encode()


class LedgerUnavailable(PiepowderError):
    """The record may or may not be on the ledger; nothing that depends on it may be released."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "ledger_unavailable",
            f"the ledger cannot record just now: {why}",
            hint="nothing was released; try again",
            kind=ErrorKind.UNAVAILABLE,
        )
        self.why = why


class RowsRefused(Exception):
    """The server refused the batch: none of it is stored. `code` is the SQLSTATE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.at_fault = code[:2] in ("22", "23")  # a row is at fault, not the server


class CopyConnection:
    """Commits one batch at a time. Once closed it stays closed; the appender opens a new one."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._socket = connection.pgconn.socket
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] | None = None
        self._rows: list[bytes] = []
        self._refused: RowsRefused | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wants_write = False
        self.closed = False
        self.on_close: Callable[[CopyConnection], None] | None = None
        self._loop.add_reader(self._socket, self._readable)

    def commit(self, rows: list[bytes]) -> "asyncio.Future[None]":
        """Sends the rows; the future ends when they are durable, with RowsRefused, or with LedgerUnavailable (outcome unknown)."""
        self._done = self._loop.create_future()
        self._rows, self._refused = rows, None
        self._timer = self._loop.call_later(ANSWER_SECONDS_MAX, self.close, "no answer in time")
        done = self._done
        try:
            self._pg.send_query(_COPY)
            self._flush()
        except psycopg.Error as error:
            self.close(str(error))
        return done

    def close(self, why: str) -> None:
        """Ends the connection; a batch under way fails with LedgerUnavailable."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._socket)
        if self._wants_write:
            self._loop.remove_writer(self._socket)
        self._pg.finish()
        self._finish(LedgerUnavailable(why))
        if self.on_close is not None:
            self.on_close(self)

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
            if self._wants_write:
                self._flush()
            while not self.closed and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:
                    break
                self._take(result)
        except psycopg.Error as error:
            return self.close(str(error))
        if self._pg.status == pq.ConnStatus.BAD:
            return self.close("connection lost")
        if self._done is not None and self._pg.transaction_status == pq.TransactionStatus.IDLE:
            self._finish(self._refused)

    def _take(self, result: pq.abc.PGresult) -> None:
        status = result.status
        if status == pq.ExecStatus.COPY_IN:
            self._pg.put_copy_data(b"".join((COPY_HEADER, *self._rows, COPY_TRAILER)))
            self._pg.put_copy_end()
            self._flush()
        elif status != pq.ExecStatus.COMMAND_OK:
            code = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
            self._refused = RowsRefused(code.decode(), result.get_error_message())

    def _flush(self) -> None:
        """Sends what libpq holds; watches for room in the socket while some is left."""
        left = bool(self._pg.flush())
        if left and not self._wants_write:
            self._loop.add_writer(self._socket, self._writable)
        elif self._wants_write and not left:
            self._loop.remove_writer(self._socket)
        self._wants_write = left

    def _writable(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self.close(str(error))

    def _finish(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        done, self._done, self._rows = self._done, None, []
        if done is None or done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


async def open_copy_connection(dsn: str) -> CopyConnection:
    """Connects and makes sure that a commit here means fsync; `ledger_durability_off` where it does not."""
    connection = await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, connect_timeout=5, application_name="piepowder ledger"
    )
    try:
        await require_durability(connection)
    except BaseException:
        await connection.close()
        raise
    return CopyConnection(connection)


async def require_durability(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    cursor = await connection.execute(
        "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'"
    )
    for (name,) in await cursor.fetchall():
        raise PiepowderError(
            "ledger_durability_off",
            f"the database runs with `{name}` off: a record could be lost after its answer was released",
            hint=f"set `{name} = on` and restart the database",
            kind=ErrorKind.UNAVAILABLE,
            setting=name,
        )
    await connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS_MAX}s'")
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )
