"""Named reads over the ledger, on the connection that Django has open. Nothing here writes."""

from typing import Any

from django.db import connection

from piepowder.core.kernel.json import decode
from piepowder.core.ledger import read
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import Filter


def newest(narrow: Filter, *, limit: int) -> list[Record]:
    """The newest records that the filter lets through, newest first."""
    return read.tail(_connection(), narrow, limit=limit)[::-1]


def named(name: str) -> list[Record]:
    """The record of an id, or all of a request id, oldest first; `ledger_record_not_found` if there is none."""
    return read.show(_connection(), name)


def described(record: Record) -> dict[str, Any]:
    """A record as API and pages show it: hashes in hex, the detail as it was written."""
    shown = {name: getattr(record, name) for name in record.__struct_fields__}
    shown["orders"] = [order.hex() for order in record.orders]
    shown["subjects"] = [subject.hex() for subject in record.subjects]
    shown["detail"] = decode(record.detail)
    return shown


def _connection() -> Any:
    connection.ensure_connection()
    return connection.connection


__all__ = ["Filter", "described", "named", "newest"]
