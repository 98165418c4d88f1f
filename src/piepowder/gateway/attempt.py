"""One call on its way: what has been learned of it so far, so that a refusal at any step can be recorded with all that is known."""

import time

from piepowder.core.kernel.ids import new_id
from piepowder.core.marketplace.model import Operation, OrderState
from piepowder.gateway.caller import Caller
from piepowder.gateway.decisions import Plan
from piepowder.gateway.guard import Request
from piepowder.gateway.parameters import Parameters


class Attempt:
    """Filled in step by step by `call.py`; read by `recording.py`."""

    __slots__ = (
        "caller", "intention", "notes", "number", "operation", "parameters", "path", "plan", "record_id", "request", "request_id",
        "started", "states",
    )  # fmt: skip

    def __init__(self) -> None:
        self.record_id = new_id("rec")
        self.request_id = self.record_id.replace("rec_", "req_")
        self.started = time.monotonic()
        self.request: Request | None = None
        self.operation: Operation | None = None
        self.path: dict[str, str] = {}
        self.caller: Caller | None = None
        self.parameters: Parameters | None = None
        self.plan: Plan | None = None
        self.number = 0  # of the snapshot that was decided on
        self.states: frozenset[OrderState] = frozenset()  # that turned up in the answer
        self.intention = ""  # record of the intention, once a write has one
        self.notes: list[str] = []

    def decided(self, caller: Caller, plan: Plan, number: int) -> None:
        self.caller, self.plan, self.number = caller, plan, number

    def note(self, sentence: str) -> None:
        """For the record, never for the app: may describe, must not quote, what upstream said."""
        self.notes.append(sentence[:300])

    def withheld(self) -> bytes:
        """`buyer.email=alias, buyer.name=withheld`: what the policy keeps back in this answer, for its header."""
        return self.plan.summary(self.states) if self.plan is not None and self.states else b""
