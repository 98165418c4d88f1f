"""Reading the ledger: the newest records, new ones as they are committed, and single ones by id. Reads only."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from msgspec import Struct

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.rows import COLUMNS

FOLLOW_SECONDS = 0.5
#: the words of partial indexes (`ledger_record_consent` of the migrations), so that they are used; tokens issued come by the hour
ALL_ROOMS = "*"
# In the words of the partial indexes, which the room `records` lays.
_CHANGES_INDEXED = {
    "consent": "kind LIKE 'consent.%%' AND kind <> 'consent.issue_token'",
    ALL_ROOMS: (
        "kind NOT LIKE 'gateway.%%' AND kind NOT LIKE 'people.%%' AND kind NOT LIKE 'notices.%%' AND kind <> 'consent.issue_token'"
    ),
}
READ = "gateway.read"
_NO_READS = f"kind <> '{READ}'"  # as `ledger_record_developer` has it
_SELECT = ", ".join(f'"{name}"' if name != "detail" else "detail::text" for name in COLUMNS)
_FOLLOW_DAYS = 2  # a record is committed within seconds of its time; the bound keeps old partitions out of the search
_BATCH_ROWS = 1_000
_BETWEEN = (
    "appended_in >= %s::text::xid8 AND appended_in < %s::text::xid8 AND recorded_at > now() - make_interval(days => %s)"
)

Connection = psycopg.Connection[Any]


class Filter(Struct, frozen=True, kw_only=True):
    """Which records; empty members do not narrow. Ids are Piepowder's; `since` is aware."""

    app: str = ""
    developer: str = ""
    seller: str = ""
    grant: str = ""
    operation: str = ""
    request: str = ""
    kind: str = ""
    changes: str = ""  # of one room: `consent` has `consent.grant`, `consent.revoke`, …; of `ALL_ROOMS` but sign-ins, mails and tokens
    since: datetime | None = None
    before: tuple[datetime, str] | None = None  # only what is older than the record of this time and id

    def conditions(self) -> tuple[str, list[Any]]:
        """SQL after WHERE, and its values."""
        words, values = ["true"], list[Any]()
        for name in ("app", "developer", "seller", "grant", "operation", "request", "kind"):
            value = getattr(self, name)
            if value:
                words.append(_equals(name))
                values.append(value)
        if self.developer and self.kind not in ("", READ):
            words.append(_NO_READS)
        if self.changes in _CHANGES_INDEXED:
            words.append(_CHANGES_INDEXED[self.changes])
        elif self.changes:
            words.append("starts_with(kind, %s)")
            values.append(f"{self.changes}.")
        if self.since is not None:
            words.append("recorded_at >= %s")
            values.append(self.since)
        if self.before is not None:
            words.append("(recorded_at, id) < (%s, %s)")
            values += self.before
        return " AND ".join(words), values


def tail(connection: Connection, narrow: Filter, *, limit: int) -> list[Record]:
    """The newest records, oldest of them first."""
    words, values = narrow.conditions()
    rows = connection.execute(_select(words, "recorded_at DESC, id DESC LIMIT %s"), [*values, limit])
    return [_record(row) for row in reversed(rows.fetchall())]


def follow(connection: Connection, narrow: Filter, *, place: str, wait: Callable[[], None]) -> Iterator[Record]:
    """Every record committed after `place` (see `present_place`), each once, in the order of commits. Ends when `wait` raises.

    `connection` must be in autocommit mode: each look is a transaction of its own.
    """
    words, values = narrow.conditions()
    query = _select(f"{_BETWEEN} AND {words}", "appended_in, id")
    while True:
        upto = present_place(connection)
        cursor = connection.cursor()
        cursor.execute(query, [place, upto, _FOLLOW_DAYS, *values])
        while rows := cursor.fetchmany(_BATCH_ROWS):
            yield from map(_record, rows)
        place = upto
        wait()


def present_place(connection: Connection) -> str:
    """A place in the order of commits: everything before it is committed or never will be."""
    row = connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    assert row is not None
    return str(row[0])


def show(connection: Connection, name: str) -> list[Record]:
    """The record of that id, or all records of that request id, oldest first; `ledger_record_not_found` if there is none."""
    column = "id" if name.startswith("rec_") else "request"
    rows = connection.execute(_select(_equals(column), "recorded_at, id"), [name]).fetchall()
    if not rows:
        raise PiepowderError(
            "ledger_record_not_found",
            f"no record `{name}`",
            hint="give a record id (`rec_…`, in the header `x-piepowder-decision`) or a request id",
            kind=ErrorKind.NOT_FOUND,
        )
    return [_record(row) for row in rows]


def _select(where: str, order: str) -> str:
    """Of words from this file only; values travel apart."""
    return f"SELECT {_SELECT} FROM ledger_record WHERE {where} ORDER BY {order}"  # noqa: S608


def _equals(column: str) -> str:
    """Says what the partial indexes say, so that they are used for any value."""
    return f'"{column}" = %s AND "{column}" <> \'\''


def _record(row: Sequence[Any]) -> Record:
    values = dict(zip(COLUMNS, row, strict=True))
    values["recorded_at"] = values["recorded_at"].astimezone(UTC)
    values["orders"], values["subjects"] = tuple(values["orders"]), tuple(values["subjects"])
    values["detail"] = values["detail"].encode()
    return Record(**values)
