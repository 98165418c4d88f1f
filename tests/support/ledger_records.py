"""Made-up records, and what a test reads back."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg

import piepowder.core.ledger
from piepowder.core.kernel.ids import new_id
from piepowder.core.ledger.model import Record

SCHEMA = Path(piepowder.core.ledger.__file__).with_name("schema.sql").read_text()


def record(**fields: Any) -> Record:
    """A record of a read; `fields` replace what the test cares about."""
    plain = Record(
        id=new_id("rec"),
        kind="gateway.read",
        recorded_at=datetime.now(UTC),
        request=new_id("req"),
        app="app_1",
        seller="sel_1",
        operation="orders.v0.getOrder",
        purpose="shipping",
        outcome="served",
        status=200,
        personal=True,
        orders=(os.urandom(16),),
        subjects=(os.urandom(16), os.urandom(16)),
        bytes_in=1400,
        bytes_out=900,
        detail=b'{"notes":["made up"]}',
    )
    return msgspec.structs.replace(plain, **fields)


def stored_ids(url: str) -> list[str]:
    """Ids of all rows, with repetitions if there were any."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM ledger_record ORDER BY id")]


def run_sql(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []
