"""Reads from the marketplace's own API: the answer itself, and where it says nothing of an order's state, the order."""

import time
from collections.abc import Sequence

from piepowder.core.marketplace.model import Operation, OrderState
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.exchange import UpstreamAnswer
from piepowder.gateway.orders import Order, Unreadable
from piepowder.gateway.parts import Gateway
from piepowder.gateway.refused import Refused

_JSON = (b"application/json", b"application/hal+json")


async def fetch_answer(
    gateway: Gateway, attempt: Attempt, query: Sequence[tuple[str, str]], body: bytes = b""
) -> bytes:
    """The bytes of a successful JSON answer that belongs to the caller's seller."""
    assert attempt.operation is not None
    return await _fetch(gateway, attempt, attempt.operation, attempt.path, query, body)


async def fetch_order(gateway: Gateway, attempt: Attempt) -> Order | None:
    """The order that the answer will be about, by look-up, kept for at most 60 s; None where the answer says it itself."""
    assert attempt.operation is not None
    assert attempt.caller is not None
    binding = attempt.operation.binding
    if binding is None or binding.state != "lookup" or binding.lookup is None or binding.order_parameter is None:
        return None
    seller, order_id = attempt.caller.seller.marketplace_id, attempt.path[binding.order_parameter]
    known = gateway.order_states.get(seller, order_id)
    if known is None:
        known = await _look_up(gateway, attempt, gateway.catalogue.operations[binding.lookup], order_id)
        gateway.order_states.put(seller, order_id, known)
    return known


async def _look_up(gateway: Gateway, attempt: Attempt, operation: Operation, order_id: str) -> Order:
    assert operation.binding is not None
    path = {operation.binding.order_parameter or "orderId": order_id}
    body = await _fetch(gateway, attempt, operation, path, (), b"")
    now = gateway.now()
    try:
        found = gateway.shapes.of(operation).orders(body, lambda fields: gateway.dialect.order_state(fields, now))
    except Unreadable:
        found = []
    if not found or found[0].id != order_id:
        attempt.note("the look-up of the order's state was not about the order")
        return Order(order_id, None, OrderState.UNKNOWN)
    return found[0]


async def _fetch(
    gateway: Gateway,
    attempt: Attempt,
    operation: Operation,
    path: dict[str, str],
    query: Sequence[tuple[str, str]],
    body: bytes,
) -> bytes:
    assert attempt.caller is not None
    seller = attempt.caller.seller.marketplace_id
    settings = gateway.settings
    call = gateway.dialect.upstream(
        operation, path=path, query=query, body=body, seller=seller, credential=settings.upstream_credential
    )
    left = settings.answer_deadline_seconds - (time.monotonic() - attempt.started)
    if left <= 0:
        raise _unusable("upstream_timeout")
    answer = await gateway.upstream.fetch(call, deadline_seconds=min(left, settings.upstream_deadline_seconds))
    check_answer(operation, answer)
    if not gateway.dialect.proves_seller(seller, answer.headers, answer.body):
        raise _unusable("upstream_foreign_answer")
    return answer.body


def check_answer(operation: Operation, answer: UpstreamAnswer) -> None:
    """Only the documented success in JSON goes on. Upstream's error texts may quote a buyer, so they end here."""
    if answer.status == 404:
        raise Refused("not_found", "not_found", "the requested resource does not exist")
    if answer.status in (400, 422):
        raise Refused("invalid", "upstream_refused", "the marketplace's own API did not accept the parameters")
    if answer.status == 429:
        raise Refused("throttled", "upstream_throttled", "the marketplace's own API is busy", hint="try again later")
    if answer.status != operation.status:
        raise _unusable("upstream_status")
    if operation.answer is None:
        return
    types = [value.split(b";")[0].strip().lower() for name, value in answer.headers if name == b"content-type"]
    if len(types) != 1 or types[0] not in _JSON:
        raise _unusable("upstream_content_type")
    check_text(answer.body)


def check_text(body: bytes) -> None:
    """Typed decoders do not look into members they skip; what is no UTF-8 is no JSON, wherever it stands."""
    try:
        body.decode()
    except UnicodeDecodeError:
        raise _unusable("upstream_unparseable") from None


def _unusable(reason: str) -> Refused:
    return Refused("upstream", reason, "the marketplace's own API gave no usable answer", hint="try again later")
