"""What the ledger is told of a call. Order and buyer numbers go in as keyed hashes; no personal value ever does."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec

from piepowder.core.ledger.model import Record
from piepowder.core.marketplace.dialect import Refusal
from piepowder.core.marketplace.model import OrderState
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.decisions import Plan
from piepowder.gateway.orders import Order
from piepowder.gateway.parts import Gateway
from piepowder.gateway.release import Released

_STATE = attrgetter("state")
_encode = msgspec.json.Encoder().encode


def keyed_hashes(key: bytes, texts: Iterable[str]) -> tuple[bytes, ...]:
    """16 bytes each (BLAKE2b, keyed: RFC 7693): tells orders or buyers apart for whoever holds the key, and nothing to anybody else."""
    return tuple([blake2b(text.encode(), digest_size=16, key=key).digest() for text in texts])


def read(gateway: Gateway, attempt: Attempt, plan: Plan, released: Released) -> Record:
    """The one record of a read, made after projection and before release."""
    return _served(gateway, attempt, plan, released, "gateway.read", {})


def intention(gateway: Gateway, attempt: Attempt, bytes_in: int) -> Record:
    """Of a write: durable before upstream hears of it."""
    detail = _detail(attempt, attempt.plan, {}, {})
    return _record(
        gateway, attempt, kind="gateway.write_intention", outcome="intended", detail=detail, bytes_in=bytes_in
    )


def outcome(gateway: Gateway, attempt: Attempt, plan: Plan, released: Released) -> Record:
    """Of a write that upstream accepted; names its intention."""
    return _served(gateway, attempt, plan, released, "gateway.write_outcome", {"intention": attempt.intention})


def event(gateway: Gateway, attempt: Attempt, *, kind: str, status: int, told: dict[str, Any]) -> Record:
    """Something the gateway did itself, such as issuing a restricted token."""
    detail = _detail(attempt, None, {}, told)
    return _record(gateway, attempt, kind=kind, outcome="served", status=status, detail=detail)


def _served(
    gateway: Gateway, attempt: Attempt, plan: Plan, released: Released, kind: str, extra: dict[str, Any]
) -> Record:
    projected, orders = released.projected, released.projected.orders
    states = Counter(map(_STATE, orders))
    attempt.states = frozenset(states) or frozenset((OrderState.NONE,))
    extra["counts"] = {"orders": len(orders), "states": states}
    if projected.mistyped:
        extra["mistyped"] = sorted(set(projected.mistyped))[:50]
    return _record(
        gateway,
        attempt,
        kind=kind,
        outcome="served",
        status=attempt.operation.status if attempt.operation else 0,
        personal=projected.personal,
        orders=keyed_hashes(gateway.keys.orders, [order.id for order in orders if order.id is not None]),
        subjects=subjects(gateway.keys.subjects, orders) if projected.personal else (),
        bytes_in=released.bytes_in,
        bytes_out=len(released.body),
        detail=_detail(attempt, plan, released.unknown, extra),
    )


def subjects(key: bytes, orders: Iterable[Order]) -> tuple[bytes, ...]:
    """The buyers whose data an answer carries. A buyer whom upstream does not name is known by the order."""
    names = dict.fromkeys([order.subject or f"order:{order.id}" for order in orders])
    return keyed_hashes(key, names)


def refusal(gateway: Gateway, attempt: Attempt, refused: Refusal) -> Record:
    """Refuses a call, or cannot serve it; for a write whose intention is recorded already, this is its outcome."""
    extra: dict[str, Any] = {"message": refused.message}
    if attempt.intention:
        extra["intention"] = attempt.intention
    return _record(
        gateway,
        attempt,
        kind="gateway.write_outcome" if attempt.intention else "gateway.refusal",
        outcome="refused" if refused.kind not in ("upstream", "unavailable", "internal") else "failed",
        reason=refused.reason,
        detail=_detail(attempt, attempt.plan, {}, extra),
    )


def _detail(attempt: Attempt, plan: Plan | None, unknown: dict[str, int], extra: dict[str, Any]) -> bytes:
    dropped: dict[str, Any] = {}
    if unknown:
        dropped["unknown"] = unknown
    if attempt.parameters is not None and attempt.parameters.dropped:
        dropped["parameters"] = attempt.parameters.dropped[:50]
    detail: dict[str, Any] = extra
    if dropped:
        detail["dropped"] = dropped
    if attempt.notes:
        detail["notes"] = attempt.notes
    if plan is not None and attempt.states:
        detail |= plan.fragments(attempt.states)
    return _encode(detail)


def _record(gateway: Gateway, attempt: Attempt, *, kind: str, outcome: str, **fields: Any) -> Record:
    caller, plan = attempt.caller, attempt.plan
    return Record(
        id=attempt.record_id,
        kind=kind,
        recorded_at=datetime.fromtimestamp(gateway.feed.database_now(), UTC),
        request=attempt.request_id,
        app=caller.app.id if caller else "",
        developer=caller.app.developer if caller else "",
        seller=caller.seller.id if caller else "",
        grant=caller.grant.id if caller else "",
        operation=attempt.operation.id if attempt.operation else "",
        purpose=plan.scope.label if plan else "",
        mode=plan.mode if plan else "",
        policy_version=plan.policy_version if plan else "",
        outcome=outcome,
        **fields,
    )
