"""The story of a call, from top to bottom:

    guard ─► route ─► identify ─► throttle ─► read parameters ─► decide ─► learn the order's state ─► fetch ─► project ─► record ─► answer

A refusal at any step leaves by the same door: it is recorded, then answered in the marketplace's own shape. Nothing is answered before its
record is durable: if we die on any line before `append` returns, the app has received nothing; if we die after it, the record says that
data "may have been disclosed".
"""

import math
from traceback import extract_tb

import structlog
from msgspec.structs import replace

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.dialect import Refusal, WireAnswer
from piepowder.core.marketplace.model import Operation, OrderState, Rate
from piepowder.core.marketplace.router import MethodNotAllowed
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.model import Effect
from piepowder.gateway import guard, recording, restricted
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.blocks import requested_blocks
from piepowder.gateway.caller import Caller
from piepowder.gateway.decide import as_of_now, decide
from piepowder.gateway.decisions import NO_ELEMENT, Plan
from piepowder.gateway.fetch import fetch_answer, fetch_order
from piepowder.gateway.identify import identify
from piepowder.gateway.pages import open_page_token
from piepowder.gateway.parameters import read_parameters
from piepowder.gateway.parts import Gateway
from piepowder.gateway.refused import Refused
from piepowder.gateway.release import decision_headers, release, success
from piepowder.gateway.scope import check_declared
from piepowder.gateway.write import write

_log = structlog.get_logger("piepowder.gateway.call")
SLOWED_BY = 10  # rates and bursts of an app that the court has slowed down


async def answer(gateway: Gateway, scope: guard.Scope, receive: guard.Receive) -> WireAnswer:
    """One call, whatever it is: always an answer, always a record."""
    attempt = Attempt()
    try:
        return await _serve(gateway, attempt, scope, receive)
    except PiepowderError as error:
        return await refuse(gateway, attempt, refusal_of(error))
    except Exception as error:
        return await refuse(gateway, attempt, unforeseen(error))


async def _serve(gateway: Gateway, attempt: Attempt, scope: guard.Scope, receive: guard.Receive) -> WireAnswer:
    request = attempt.request = guard.check(scope)
    operation = route(gateway, attempt, request)
    caller = await identify(gateway, attempt, request)
    throttle(gateway, caller, operation)
    attempt.parameters = read_parameters(operation, request.query)
    check_declared(caller, operation, gateway.feed.database_now())
    if operation.kind == "restricted_token":
        return await restricted.issue(
            gateway,
            attempt,
            await guard.read_body(request, receive, limit_bytes=gateway.settings.request_body_bytes_max),
        )
    plan = decide(gateway, attempt, caller)
    check_parameters(gateway, attempt, plan)
    if operation.kind == "write":
        return await write(
            gateway,
            attempt,
            plan,
            await guard.read_body(request, receive, limit_bytes=gateway.settings.request_body_bytes_max),
        )
    return await read(gateway, attempt, plan)


def route(gateway: Gateway, attempt: Attempt, request: guard.Request) -> Operation:
    """The operation, by the one canonical path. An unknown one is refused before anything else is asked."""
    found = gateway.router.match(request.method, request.path)
    if found is None:
        raise Refused("not_found", "operation_unknown", "no operation of this API has this path", hint="check the path")
    if isinstance(found, MethodNotAllowed):
        raise Refused("method", "method_not_allowed", f"this path does not take {request.method}", allow=found.allowed)
    attempt.operation, attempt.path = found
    return attempt.operation


def throttle(gateway: Gateway, caller: Caller, operation: Operation) -> None:
    """One bucket per (app, seller, operation), shared by all workers of this node; an app that was slowed down has a tenth."""
    rate = gateway.rate(operation, caller.app.rates)
    if slowed := gateway.feed.snapshot.slowed(caller.app):
        rate = Rate(rate.per_second / SLOWED_BY, max(1, rate.burst // SLOWED_BY))
    key = f"{caller.app.id}|{caller.seller.id}|{operation.id}".encode()
    turn = gateway.limits.take(key, rate.per_second, rate.burst)
    if not turn.allowed:
        raise Refused(
            "throttled",
            "quota_exceeded",
            f"more than {rate.per_second:g} calls a second (burst {rate.burst}) to `{operation.name}` for this seller",
            hint=f"try again in {turn.retry_after_seconds:.1f} s"
            + ("; the app's standing slows it down" if slowed else ""),
            retry_after_seconds=math.ceil(turn.retry_after_seconds),
        )


def check_parameters(gateway: Gateway, attempt: Attempt, plan: Plan) -> None:
    """The API's own rules; and a filter on personal data is a read of it, allowed only where the data itself would be."""
    assert attempt.operation is not None
    assert attempt.parameters is not None
    values = attempt.parameters.values
    verdicts = plan.state(OrderState.UNKNOWN).verdicts[NO_ELEMENT]
    for parameter in attempt.operation.parameters:
        if parameter.name in values and parameter.category and is_personal(parameter.category):
            verdict = verdicts.get(parameter.category)
            if verdict is None or verdict.effect is not Effect.KEEP:
                sentence = verdict.sentence if verdict else "nothing allows it"
                raise Refused(
                    "forbidden", "parameter_personal", f"`{parameter.name}` asks by personal data", hint=sentence
                )
    complaint = gateway.dialect.check(attempt.operation, values, gateway.now())
    if complaint is not None:
        raise Refused("invalid", "parameters_contradict", complaint)


async def read(gateway: Gateway, attempt: Attempt, plan: Plan) -> WireAnswer:
    """Fetch, project, record, answer."""
    assert attempt.operation is not None
    assert attempt.parameters is not None
    blocks = requested_blocks(attempt.operation, attempt.parameters)
    query = open_page_token(gateway, attempt, blocks.query)
    known = await fetch_order(gateway, attempt) if plan.depends_on_state else None
    fetched = await fetch_answer(gateway, attempt, query)
    plan = as_of_now(gateway, attempt, plan)
    released = release(gateway, attempt, plan, fetched, known, blocks.hidden)
    await gateway.appender.append(recording.read(gateway, attempt, plan, released))
    return success(gateway, attempt, released.body)


async def refuse(gateway: Gateway, attempt: Attempt, refusal: Refusal) -> WireAnswer:
    """Recorded like everything else; if even that fails, the answer is that nothing can be answered now."""
    try:
        await gateway.appender.append(recording.refusal(gateway, attempt, refusal))
    except PiepowderError as error:
        refusal = refusal_of(error)
    answer = gateway.dialect.refuse(
        refusal, decision=attempt.record_id, request=attempt.request_id, operation=at_own_rate(gateway, attempt)
    )
    return WireAnswer(answer.status, (*answer.headers, *decision_headers(attempt)), answer.body)


def at_own_rate(gateway: Gateway, attempt: Attempt) -> Operation | None:
    """The operation with the rate that holds for this app, since some errors name it, as successes do."""
    operation, caller = attempt.operation, attempt.caller
    if operation is None or caller is None:
        return operation
    return replace(operation, rate=gateway.rate(operation, caller.app.rates))


def refusal_of(error: PiepowderError) -> Refusal:
    """A refusal says why; any other error of ours says only that it could not be done."""
    refusal: Refusal | None = getattr(error, "refusal", None)
    if refusal is not None:
        return refusal
    reason = error.code.removeprefix("gateway_")
    if reason == "ledger_unavailable":
        return Refusal(
            kind="unavailable", reason=reason, message="no record can be written just now, so nothing is released"
        )
    return Refusal(
        kind="unavailable", reason=reason, message="the gateway cannot answer just now", hint="try again shortly"
    )


def unforeseen(error: Exception) -> Refusal:
    """A mistake of ours. Where it happened is logged, but never its text, which may quote what was read."""
    places = [f"{place.filename.rpartition('/')[2]}:{place.lineno}" for place in extract_tb(error.__traceback__)]
    _log.error("gateway_unforeseen", error=type(error).__name__, places=places[-12:])
    return Refusal(kind="internal", reason="unforeseen", message="the gateway made a mistake, so nothing is released")
