"""A call that changes something: its intention is durable before upstream hears of it, its outcome after.

If we die between the two, the intention stands open in the ledger and says so; nothing is ever repeated blindly.
"""

from piepowder.core.kernel.ids import new_id
from piepowder.core.marketplace.dialect import WireAnswer
from piepowder.gateway import guard, recording
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.decide import as_of_now
from piepowder.gateway.decisions import Plan
from piepowder.gateway.fetch import fetch_answer
from piepowder.gateway.parts import Gateway
from piepowder.gateway.release import release, success


async def write(gateway: Gateway, attempt: Attempt, plan: Plan, body: bytes) -> WireAnswer:
    assert attempt.operation is not None
    assert attempt.parameters is not None
    if body:
        guard.strict_json(body)
    known = gateway.shapes.body(attempt.operation, body)
    await gateway.appender.append(recording.intention(gateway, attempt, len(known)))
    attempt.intention, attempt.record_id = attempt.record_id, new_id("rec")
    fetched = await fetch_answer(gateway, attempt, attempt.parameters.forward, known)
    plan = as_of_now(gateway, attempt, plan)
    released = release(gateway, attempt, plan, fetched, None, frozenset())
    await gateway.appender.append(recording.outcome(gateway, attempt, plan, released))
    return success(gateway, attempt, released.body)
