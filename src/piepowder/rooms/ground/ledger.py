"""Writes a room's change into the ledger, inside the room's own transaction: both are there after a crash, or neither."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction

from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import encode
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record
from piepowder.rooms.ground.actor import Actor


def record(
    kind: str,
    *,
    by: Actor,
    at: datetime,
    outcome: str = "",
    reason: str = "",
    detail: Mapping[str, object] | None = None,
    app: str = "",
    developer: str = "",
    seller: str = "",
    grant: str = "",
) -> None:
    """Appends one record of kind `<room>.<verb>`. `detail` gets `by`; it holds ids and words, never a buyer's data."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a ledger record belongs into the transaction of its change")
    entry = Record(
        id=new_id("rec"),
        kind=kind,
        recorded_at=at,
        app=app,
        developer=developer,
        seller=seller,
        grant=grant,
        outcome=outcome,
        reason=reason,
        detail=encode({**(detail or {}), "by": str(by)}),
    )
    with connection.cursor() as cursor:
        insert(cursor, entry)
