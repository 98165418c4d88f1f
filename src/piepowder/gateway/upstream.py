"""The way to the marketplace's own API: one small interface, one lean client of our own on httptools.

Lean because this is most of what a small call costs: general clients spent two to ten times the CPU on the same answers
(`benchmarks/upstream_clients.py`). It speaks HTTP/1.1 to one origin, one request per connection at a time, and refuses
whatever it would have to guess about: an answer that ends with the connection, stacked codings, protocol switches.
It follows no redirects and hands on no trailers and no 1xx answers.
"""

import asyncio
import re
import ssl
from collections import deque
from typing import Protocol

from msgspec import Struct

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.marketplace.dialect import Refusal, UpstreamCall
from piepowder.gateway.exchange import HOPELESS, Connection, Fault, UpstreamAnswer

__all__ = ["Breaker", "LeanUpstream", "Limits", "Upstream", "UpstreamAnswer", "UpstreamFailure"]

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?\Z"
).match
_WITH_BODY = frozenset({b"POST", b"PUT", b"PATCH"})
_SWEEP_SECONDS = 0.05
_BREAKER_FAILURES = 5
_BREAKER_SECONDS = 1.0


class UpstreamFailure(PiepowderError):
    """No usable answer. `reason`: upstream_unreachable | upstream_timeout | upstream_truncated | upstream_too_large |
    upstream_unparseable | upstream_encoding | upstream_busy. Never carries a byte of what upstream said.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"gateway_{reason}", message, kind=ErrorKind.UNAVAILABLE)
        self.reason = reason
        self.refusal = Refusal(
            kind="upstream", reason=reason, message="the marketplace's own API gave no usable answer"
        )


class Upstream(Protocol):
    async def fetch(self, call: UpstreamCall, *, deadline_seconds: float = 30.0) -> UpstreamAnswer:
        """The whole answer, decoded, header names in lower case. Raises `UpstreamFailure`."""
        ...

    async def close(self) -> None:
        """Drop every connection; calls in flight fail."""
        ...


class Limits(Struct, frozen=True, kw_only=True):
    connections: int = 256
    connect_seconds: float = 5.0
    first_byte_seconds: float = 30.0
    idle_seconds: float = (
        15.0  # shorter than any server's keep-alive we know, so that a reused connection is rarely stale
    )
    headers_bytes: int = 32 * 1024
    body_bytes: int = 32 * 1024 * 1024


class LeanUpstream:
    """A pool of keep-alive connections to one origin (`http://host:port` or `https://host`)."""

    def __init__(self, origin: str, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._secure, self._host, self._port = parse_origin(origin)
        self._tls = (tls or ssl.create_default_context()) if self._secure else None
        self._limits = limits or Limits()
        self._head = b"host: " + origin.partition("://")[2].rstrip("/").encode() + b"\r\naccept-encoding: identity\r\n"
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._breaker = Breaker()
        self._closed = False

    async def fetch(self, call: UpstreamCall, *, deadline_seconds: float = 30.0) -> UpstreamAnswer:
        data = serialise(call, self._head)
        give_up_at = asyncio.get_running_loop().time() + deadline_seconds
        connection = self._take_idle() or await self._open(give_up_at)
        try:
            return await self._exchange(connection, data, give_up_at)
        except Fault as fault:
            # The server may close a kept connection just as we write to it. Then it has not begun to answer, and a
            # reading call may be sent once more; a writing one may have been carried out.
            if not (fault.stale and call.method == b"GET"):
                raise UpstreamFailure(fault.reason, fault.sentence) from None
        return await self._once_more(data, give_up_at)

    async def close(self) -> None:
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for connection in [*self._idle, *self._busy]:
            connection.abort("upstream_unreachable", "the gateway is stopping")
        self._idle.clear()
        for waiter in self._waiting:
            waiter.cancel()

    async def _once_more(self, data: bytes, give_up_at: float) -> UpstreamAnswer:
        connection = await self._open(give_up_at)
        try:
            return await self._exchange(connection, data, give_up_at)
        except Fault as fault:
            raise UpstreamFailure(fault.reason, fault.sentence) from None

    async def _exchange(self, connection: Connection, data: bytes, give_up_at: float) -> UpstreamAnswer:
        self._busy.add(connection)
        if self._sweeper is None:
            self._sweep()
        try:
            return await connection.exchange(data, give_up_at, self._limits.first_byte_seconds)
        finally:
            # A call that was cancelled leaves half an answer behind: `exchange` has closed such a connection.
            self._busy.discard(connection)
            self._put_back(connection)

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    def _put_back(self, connection: Connection) -> None:
        if connection.usable and not self._closed:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        self._wake_next()

    def _wake_next(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    async def _open(self, give_up_at: float) -> Connection:
        while len(self._busy) + self._opening >= self._limits.connections:
            await self._wait_for_a_place(give_up_at)
            connection = self._take_idle()
            if connection is not None:
                return connection
        self._breaker.check(asyncio.get_running_loop().time())
        self._opening += 1
        try:
            return await self._connect(give_up_at)
        except BaseException:
            self._wake_next()  # the place this call had goes to whoever waits
            raise
        finally:
            self._opening -= 1

    async def _wait_for_a_place(self, give_up_at: float) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout_at(give_up_at):
                await waiter
        except TimeoutError:
            raise UpstreamFailure("upstream_busy", "no connection became free in time") from None
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake_next()
            raise

    async def _connect(self, give_up_at: float) -> Connection:
        loop = asyncio.get_running_loop()
        limits = self._limits
        try:
            async with asyncio.timeout_at(min(give_up_at, loop.time() + limits.connect_seconds)):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, limits.headers_bytes, limits.body_bytes),
                    self._host,
                    self._port,
                    ssl=self._tls,
                )
        except TimeoutError:
            self._breaker.failed(loop.time())
            raise UpstreamFailure("upstream_timeout", "connecting took too long") from None
        except OSError as error:
            self._breaker.failed(loop.time())
            raise UpstreamFailure("upstream_unreachable", f"cannot connect: {type(error).__name__}") from None
        self._breaker.succeeded()
        return connection

    def _sweep(self) -> None:
        """One timer for all connections instead of one per call: deadlines are long, calls are short."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._busy):
            if connection.is_late(now):
                connection.abort("upstream_timeout", "no complete answer in time")
        if self._idle and (now - self._idle[0].idle_since > self._limits.idle_seconds or not self._idle[0].usable):
            self._idle.pop(0).abort(*HOPELESS)
        if self._busy or self._idle:
            self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)
        else:
            self._sweeper = None


def parse_origin(origin: str) -> tuple[bool, str, int]:
    """Whether it is secure, host and port of `http(s)://host[:port]`; `gateway_bad_origin` for anything else."""
    match = _ORIGIN(origin)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise PiepowderError("gateway_bad_origin", f"`{origin}` is not an origin", hint="write http(s)://host:port")
    secure = match["scheme"] == "https"
    return secure, match["host"].strip("[]"), int(match["port"] or (443 if secure else 80))


class Breaker:
    """After five failed connects in a row calls fail at once for a second; then one of them may try."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_until = 0.0

    def check(self, now: float) -> None:
        if self._failures < _BREAKER_FAILURES:
            return
        if now < self._open_until:
            raise UpstreamFailure("upstream_unreachable", "upstream could not be reached a moment ago")
        self._open_until = now + _BREAKER_SECONDS

    def failed(self, now: float) -> None:
        self._failures += 1
        self._open_until = now + _BREAKER_SECONDS

    def succeeded(self) -> None:
        self._failures = 0


def serialise(call: UpstreamCall, head: bytes) -> bytes:
    """The request's bytes. A line break smuggled into target or headers is a bug above us and never goes out."""
    data = b"%b %b HTTP/1.1\r\n%b" % (call.method, call.target, head)
    if call.headers:
        data += b"\r\n".join(map(b": ".join, call.headers)) + b"\r\n"
    count = len(call.headers) + 3
    if call.body or call.method in _WITH_BODY:
        data += b"content-length: %d\r\n" % len(call.body)
        count += 1
    clean = data.count(b"\n") == count == data.count(b"\r") and call.target.startswith(b"/") and b" " not in call.target
    if not clean or call.method == b"HEAD":
        raise PiepowderError("gateway_bad_upstream_call", "a call to upstream that would not be one HTTP request")
    return data + b"\r\n" + call.body
