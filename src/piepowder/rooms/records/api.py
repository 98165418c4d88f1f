"""The ledger's records: who read what, when, and by which decision."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Limit, Moment
from piepowder.rooms.records import reads

router = Router(tags=["records"])


class RecordShown(Schema):
    id: str
    kind: str
    recorded_at: Moment
    request: str
    app: str
    developer: str
    seller: str
    grant: str
    operation: str
    purpose: str
    mode: str
    policy_version: str
    outcome: str
    reason: str
    status: int
    personal: bool
    orders: list[str]
    subjects: list[str]
    bytes_in: int
    bytes_out: int
    detail: dict[str, Any]


@router.get("", response=list[RecordShown])
def list_records(
    request: HttpRequest,
    app: Key | None = None,
    developer: Key | None = None,
    seller: Key | None = None,
    operation: Key | None = None,
    kind: Key | None = None,
    since: Moment | None = None,
    limit: Limit = 100,
) -> list[dict[str, Any]]:
    """The newest records, newest first, narrowed by what is given."""
    require(request, Permission.RECORDS)
    narrow = reads.Filter(
        app=app or "",
        developer=developer or "",
        seller=seller or "",
        operation=operation or "",
        kind=kind or "",
        since=since,
    )
    return [reads.described(record) for record in reads.newest(narrow, limit=limit)]


@router.get("/{name}", response=list[RecordShown])
def get_records(request: HttpRequest, name: Key) -> list[dict[str, Any]]:
    """The record of a decision (`rec_…`, header `x-piepowder-decision`), or all records of a request id."""
    require(request, Permission.RECORDS)
    return [reads.described(record) for record in reads.named(name)]
