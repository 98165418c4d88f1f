"""One connection to upstream: writes one request, reads one answer, byte by byte suspicious.

idle -> exchange() -> headers -> body -> idle       (or closed: fault, surplus bytes, `connection: close`)
"""

import asyncio
from itertools import chain
from typing import cast

import httptools
from msgspec import Struct

from piepowder.gateway.coding import CodingFault, inflate

HEADERS_MAX = 100
INTERIM_MAX = 8
HOPELESS = ("upstream_unreachable", "the connection was closed")
_VERSIONS = frozenset({"1.1", "1.0"})
_WITHOUT_BODY = frozenset({204, 304})
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})


class UpstreamAnswer(Struct, frozen=True):
    """A complete answer; `headers` in lower case as they came, `body` decoded."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Fault(Exception):
    """Why there is no answer. `stale`: a reused connection that failed before any byte of an answer."""

    def __init__(self, reason: str, sentence: str, *, stale: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.sentence, self.stale = reason, sentence, stale


class Connection(asyncio.Protocol):
    """Callbacks `on_…` are httptools'. An exchange ends in `_finish` or `_fail`, whichever comes first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, headers_bytes_max: int, body_bytes_max: int) -> None:
        self._loop = loop
        self._headers_bytes_max, self._body_bytes_max = headers_bytes_max, body_bytes_max
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[UpstreamAnswer] | None = None
        self._served = 0
        self.usable = False
        self.idle_since = 0.0
        self._give_up_at = self._first_byte_by = float("inf")
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._body_bytes = self._wire_bytes = self._interim = 0
        self._in_body = False
        self._coding = b"identity"

    async def exchange(self, data: bytes, give_up_at: float, first_byte_seconds: float) -> UpstreamAnswer:
        """Raises `Fault`. Whatever else ends it (a cancelled caller) closes the connection."""
        if not self.usable or self._transport is None:
            raise Fault(*HOPELESS, stale=self._served > 0)
        self._give_up_at = give_up_at
        self._first_byte_by = self._loop.time() + first_byte_seconds
        self._reset()
        answer: asyncio.Future[UpstreamAnswer] = self._loop.create_future()
        self._answer = answer
        self._transport.write(data)
        try:
            return await answer
        finally:
            if self._answer is not None:
                self.abort(*HOPELESS)

    def is_late(self, now: float) -> bool:
        return now > self._give_up_at or (self._wire_bytes == 0 and now > self._first_byte_by)

    def abort(self, reason: str, sentence: str) -> None:
        """Close at once; an exchange in flight fails with that reason."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(Fault(reason, sentence, stale=self._wire_bytes == 0 and self._served > 0))

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are asyncio's in all but name
        self.usable = True

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort(*HOPELESS)  # bytes nobody asked for would be taken for the next answer
            return
        self._wire_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.abort("upstream_unparseable", "upstream switches protocols")
        except httptools.HttpParserError as error:
            self._fail_parsing(error)
        if self._answer is not None and self._wire_bytes > self._wire_bytes_max():
            self.abort("upstream_too_large", "upstream's answer is too large")

    def _wire_bytes_max(self) -> int:
        """Twice what the parts may have together: bounds what has no cap of its own, like chunk extensions and trailers."""
        return 2 * (self._headers_bytes_max + (self._body_bytes_max if self._in_body else 0))

    def eof_received(self) -> None:
        self._lost()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()
        self._transport = None

    def _lost(self) -> None:
        if self._wire_bytes:
            self.abort("upstream_truncated", "upstream closed the connection within its answer")
        else:
            self.abort("upstream_unreachable", "upstream closed the connection without an answer")

    def _fail_parsing(self, error: Exception) -> None:
        cause = error.__context__
        if isinstance(cause, Fault):
            self.abort(cause.reason, cause.sentence)
        else:
            self.abort("upstream_unparseable", "upstream's answer is not HTTP")

    # httptools

    def on_message_begin(self) -> None:
        if self._answer is None:
            self.usable = False  # a second answer in the same breath

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # trailers are dropped
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101 or self._interim >= INTERIM_MAX:
                raise Fault("upstream_unparseable", "upstream switches protocols")
            return
        if self._parser.get_http_version() not in _VERSIONS:
            raise Fault("upstream_unparseable", "upstream's answer is not HTTP/1.1")
        size = sum(map(len, chain.from_iterable(self._headers))) + 4 * len(self._headers)
        if size > self._headers_bytes_max or len(self._headers) > HEADERS_MAX:
            raise Fault("upstream_too_large", "the headers of upstream's answer are too large")
        framing = _framing(self._headers)
        self._coding = framing.get(b"content-encoding", b"identity").lower()
        if self._coding not in (b"identity", b"gzip"):
            raise Fault("upstream_encoding", "upstream's answer has a coding that is not served")
        length = framing.get(b"content-length")
        if status not in _WITHOUT_BODY and length is None and b"transfer-encoding" not in framing:
            raise Fault("upstream_unparseable", "upstream's answer says nothing about its end")
        if length is not None and int(length) > self._body_bytes_max:
            raise Fault("upstream_too_large", "upstream's answer is too large")
        self._in_body = True

    def on_body(self, chunk: bytes) -> None:
        self._body_bytes += len(chunk)
        if self._body_bytes > self._body_bytes_max:
            raise Fault("upstream_too_large", "upstream's answer is too large")
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if not self._in_body:  # 1xx
            self._interim += 1
            self._headers.clear()
            return
        if self._answer is None:
            return
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        if self._coding == b"gzip" and body:
            body = self._inflate(body)
        answer, self._answer = self._answer, None
        self._served += 1
        if not self._parser.should_keep_alive():
            self.abort(*HOPELESS)
        if not answer.done():
            answer.set_result(UpstreamAnswer(self._parser.get_status_code(), tuple(self._headers), body))

    def _inflate(self, body: bytes) -> bytes:
        try:
            return inflate(body, self._body_bytes_max)
        except CodingFault as fault:
            reason = "upstream_too_large" if fault.too_large else "upstream_encoding"
            raise Fault(reason, "upstream's answer is not what its coding says") from None


def _framing(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers that say where the body ends and how to read it; one of each, and not both ways at once."""
    framing = dict(headers)
    if len(framing) != len(headers) and any([name for name, _ in headers].count(name) > 1 for name in _FRAMING):
        raise Fault("upstream_unparseable", "upstream's answer contradicts itself")
    transfer, length = framing.get(b"transfer-encoding"), framing.get(b"content-length")
    if transfer is not None and (length is not None or transfer.lower() != b"chunked"):
        raise Fault("upstream_unparseable", "upstream's answer contradicts itself")
    if length is not None and not length.isdigit():
        raise Fault("upstream_unparseable", "upstream's answer contradicts itself")
    return framing
