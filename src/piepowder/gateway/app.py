"""The ASGI application of one worker: three doors (`/healthz`, `/readyz`, `/metrics`) of its own, everything else is a call."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from piepowder.core.marketplace.dialect import WireAnswer
from piepowder.gateway.call import answer
from piepowder.gateway.parts import Gateway

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Application:
    """ASGI 3. Each worker has its own registry of metrics; a worker's door tells about that worker."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.registry = CollectorRegistry()
        self.calls = Counter("gateway_calls", "Calls answered, by status.", ["status"], registry=self.registry)
        self.seconds = Histogram(
            "gateway_call_seconds",
            "From the head of a request to its answer.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._by_status = {status: self.calls.labels(str(status)) for status in (200, 403, 404, 429, 502, 503)}
        self._doors = {"/healthz": self._health, "/readyz": self._ready, "/metrics": self._metrics}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        door = self._doors.get(scope["path"])
        found = door() if door is not None else await answer(self.gateway, scope, receive)
        await _send(send, found)
        if door is None:
            counter = self._by_status.get(found.status)
            (counter if counter is not None else self.calls.labels(str(found.status))).inc()
            self.seconds.observe(time.perf_counter() - started)

    def _health(self) -> WireAnswer:
        return WireAnswer(200, ((b"content-type", b"text/plain"),), b"alive\n")

    def _ready(self) -> WireAnswer:
        ready = self.gateway.feed.ready and self.gateway.feed.fresh()
        return WireAnswer(
            200 if ready else 503, ((b"content-type", b"text/plain"),), b"ready\n" if ready else b"not ready\n"
        )

    def _metrics(self) -> WireAnswer:
        return WireAnswer(200, ((b"content-type", b"text/plain; version=0.0.4"),), generate_latest(self.registry))


async def _send(send: Send, found: WireAnswer) -> None:
    length = (b"content-length", str(len(found.body)).encode())
    headers = found.headers if found.status == 204 else (*found.headers, length)
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": found.body})
