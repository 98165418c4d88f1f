"""What may go out, as of now."""

from piepowder.core.marketplace.model import Operation, OrderState
from piepowder.core.policy.model import Effect, Mode
from piepowder.gateway import restricted
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.caller import Caller
from piepowder.gateway.decisions import NO_ELEMENT, Decisions, Plan
from piepowder.gateway.identify import present
from piepowder.gateway.parts import Gateway
from piepowder.gateway.project import Shape
from piepowder.gateway.refused import Refused
from piepowder.gateway.scope import Elements, claimed_purpose, scope_of


def decide(gateway: Gateway, attempt: Attempt, caller: Caller) -> Plan:
    """What may go out, for every state an order can be in. A worker without its feed decides nothing about personal data."""
    assert attempt.operation is not None
    assert attempt.request is not None
    elements = restricted.covering(attempt, caller)
    claimed = claimed_purpose(attempt.request.headers, caller)
    shape = gateway.shapes.of(attempt.operation)
    mode = caller.mode(attempt.operation.id, gateway.feed.database_now())
    plan = plan_of(gateway.decisions(), caller, shape, claimed, elements, mode)
    attempt.decided(caller, plan, gateway.feed.snapshot.number)
    if plan.may_release_personal and not gateway.feed.fresh():
        raise Refused(
            "unavailable",
            "facts_stale",
            "this worker has lost its feed of consents and decisions, so it releases no personal data",
            hint="try again shortly",
        )
    if attempt.operation.essential:
        _require_essentials(plan, attempt.operation)
    return plan


def _require_essentials(plan: Plan, operation: Operation) -> None:
    """An answer that would say nothing is refused with the reason: an empty success tells an app less than a refusal does."""
    verdicts = plan.state(OrderState.NONE).verdicts[NO_ELEMENT]
    decided = [verdicts[category] for category in sorted(operation.essential)]
    if all(verdict.effect is Effect.WITHHOLD for verdict in decided):
        raise Refused(
            "forbidden",
            "essentials_withheld",
            f"nothing of what `{operation.name}` is about may go out in this call",
            hint=decided[0].sentence,
        )


def plan_of(
    decisions: Decisions, caller: Caller, shape: Shape, claimed: str | None, elements: Elements, mode: Mode
) -> Plan:
    """The plan of a call, under a microsecond when known. The key holds what scope and questions are made of, the manifest too: app and
    grant say which one it is."""
    restriction = caller.token.restriction
    key = (caller.app, caller.grant, caller.standing, restriction, shape.operation.id, claimed, elements, mode)
    found = decisions.calls.get(key)
    if found is None:
        scope = scope_of(caller, shape.operation, claimed, elements)
        found = decisions.remember(key, decisions.plan(caller, shape, scope, mode))
    return found


def as_of_now(gateway: Gateway, attempt: Attempt, plan: Plan) -> Plan:
    """Upstream may have taken its time. What changed meanwhile counts: the decision is of the moment of release."""
    if gateway.feed.snapshot.number == attempt.number and gateway.feed.fresh():
        return plan
    assert attempt.caller is not None
    return decide(gateway, attempt, present(gateway, attempt.caller.token))
