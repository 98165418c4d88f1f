"""Writes a room's change into the ledger, inside the room's own transaction: both are there after a crash, or neither."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import encode
from piepowder.core.ledger.append import insert_many
from piepowder.core.ledger.model import Record
from piepowder.rooms.ground.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Whom a change is about, and its detail."""

    detail: Mapping[str, object] | None = None
    app: str = ""
    developer: str = ""
    seller: str = ""
    grant: str = ""


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
    one = Change(detail=detail, app=app, developer=developer, seller=seller, grant=grant)
    record_many(kind, [one], by=by, at=at, outcome=outcome, reason=reason)


def record_many(
    kind: str, changes: Iterable[Change], *, by: Actor, at: datetime, outcome: str = "", reason: str = ""
) -> None:
    """One record for each of many changes of the same kind, as `record` makes it: for imports."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a ledger record belongs into the transaction of its change")
    entries = [
        Record(
            id=new_id("rec"),
            kind=kind,
            recorded_at=at,
            app=one.app,
            developer=one.developer,
            seller=one.seller,
            grant=one.grant,
            outcome=outcome,
            reason=reason,
            detail=encode({**(one.detail or {}), "by": str(by)}),
        )
        for one in changes
    ]
    with connection.cursor() as cursor:
        insert_many(cursor, entries)
