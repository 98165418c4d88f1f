"""From upstream's bytes to what is released of them, and the answer around it."""

from collections.abc import Mapping

from msgspec import Struct

from piepowder.core.marketplace.dialect import WireAnswer
from piepowder.core.marketplace.model import OrderState
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.decisions import Plan
from piepowder.gateway.orders import NOBODY, Order, StateOf, Unreadable
from piepowder.gateway.pages import seal_page_token
from piepowder.gateway.parts import Gateway
from piepowder.gateway.project import Choose, Projected, Projection, Shape, project_likely, project_page, project_whole
from piepowder.gateway.refused import Refused
from piepowder.gateway.substitutes import Marks


class Released(Struct, frozen=True):
    """A projected answer, ready to go once it is recorded."""

    body: bytes
    projected: Projected
    bytes_in: int
    unknown: dict[str, int]  # fields that the catalogue does not know, by path


def release(
    gateway: Gateway, attempt: Attempt, plan: Plan, fetched: bytes, known: Order | None, hidden: frozenset[str]
) -> Released:
    """Project an answer. `known` is the order it is about, where it does not say so itself."""
    assert attempt.operation is not None
    try:
        projected = _project(gateway, attempt, plan, fetched, known, hidden)
    except Unreadable as error:
        attempt.note(str(error))
        raise Refused("upstream", "upstream_unparseable", "the marketplace's own API gave no usable answer") from None
    seal_page_token(gateway, attempt, projected.value)
    unknown = gateway.drift.sample(attempt.operation, fetched)
    return Released(projected.encode(), projected, len(fetched), unknown)


def _project(
    gateway: Gateway, attempt: Attempt, plan: Plan, fetched: bytes, known: Order | None, hidden: frozenset[str]
) -> Projected:
    assert attempt.caller is not None
    now, order_state = gateway.now(), gateway.dialect.order_state
    marks = Marks(gateway.keys.marks, attempt.caller.app.id, attempt.caller.seller.id, gateway.settings.relay_domain)
    choose, shape = chooser(plan, hidden), plan.shape

    def state(fields: Mapping[str, object]) -> OrderState:
        return order_state(fields, now)

    guess = plan.likely.get(hidden)
    if shape.place is not None:
        projected = project_page(shape, fetched, state, choose, marks, guess)
    else:
        projected = _project_one(attempt, shape, fetched, known, state, choose, marks, guess)
    if projected.likely is not None:
        plan.likely[hidden] = projected.likely
    return projected


def _project_one(
    attempt: Attempt,
    shape: Shape,
    body: bytes,
    known: Order | None,
    state: StateOf,
    choose: Choose,
    marks: Marks,
    guess: Projection | None,
) -> Projected:
    """In one read where the answer says everything itself and the guess is right; else with a look at it first."""
    binding = shape.operation.binding
    asked = attempt.path.get(binding.order_parameter) if binding and binding.order_parameter else None
    if guess is not None and known is None and asked is not None:
        projected = project_likely(body, asked, state, choose, marks, guess)
        if projected is not None:
            return projected
    return project_whole(shape, body, order_of(attempt, shape, body, known, state), choose, marks)


def order_of(attempt: Attempt, shape: Shape, body: bytes, known: Order | None, state: StateOf) -> Order | None:
    """The order an answer is about, with its state. An answer about another order than the one asked for is nobody's."""
    orders = shape.orders(body, state)
    binding = shape.operation.binding
    asked = attempt.path.get(binding.order_parameter) if binding and binding.order_parameter else None
    if asked is None:
        return orders[0] if orders else None
    if any(order.id is not None and order.id != asked for order in orders):
        raise Unreadable("upstream answered about another order")
    if known is not None:
        return known
    order = orders[0] if orders else NOBODY
    return Order(asked, order.subject, order.state)


def chooser(plan: Plan, hidden: frozenset[str]) -> Choose:
    """`project` asks it for each order, and once for what stands around the orders."""
    made: dict[OrderState, Projection] = {}

    def choose(order: Order | None) -> Projection:
        state = OrderState.NONE if order is None else order.state
        # Without its number an order cannot be recorded, so it is held as one whose state nobody knows.
        if order is not None and order.id is None:
            state = OrderState.UNKNOWN
        found = made.get(state)
        if found is None:
            found = made[state] = plan.shape.projection(plan.state(state).codes, hidden)
        return found

    return choose


def success(gateway: Gateway, attempt: Attempt, body: bytes) -> WireAnswer:
    assert attempt.operation is not None
    assert attempt.caller is not None
    operation = attempt.operation
    rate = gateway.rate(operation, attempt.caller.app.rates)
    headers = gateway.dialect.success_headers(request=attempt.request_id, operation=operation, rate=rate)
    return WireAnswer(operation.status, (*headers, *decision_headers(attempt)), body)


def decision_headers(attempt: Attempt) -> tuple[tuple[bytes, bytes], ...]:
    """The record's id, and what was withheld or replaced in words that fit a header."""
    withheld = attempt.withheld()
    headers = ((b"x-piepowder-decision", attempt.record_id.encode()),)
    return (*headers, (b"x-piepowder-withheld", withheld)) if withheld else headers
