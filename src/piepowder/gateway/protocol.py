"""The server's side of a connection: uvicorn's httptools protocol with caps, deadlines and a way to record what is not HTTP.

    bytes ─► llhttp ─► head complete ─► ASGI call (the raw target in `extensions["piepowder.target"]`)
               │ not HTTP, too large, too slow
               └► ASGI call too (`extensions["piepowder.fault"]`), then the connection is closed

Bytes that no parser accepts thus take the one way of every refusal: the guard raises what stands in the scope, the call is
recorded and answered in the marketplace's own shape. A fault in the body of a call that is already running reaches it as
`http.disconnect`, which never means "complete". After a fault nothing more is read from the connection.
"""

import asyncio
import logging
from asyncio.events import TimerHandle
from itertools import chain
from typing import Any, cast

import httptools
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, HTTPScope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from piepowder.gateway.guard import HEADER_LINE_MAX_BYTES, HEADERS_MAX, HEADERS_MAX_BYTES, TARGET_MAX_BYTES
from piepowder.gateway.refused import Refused

HEAD_DEADLINE_SECONDS = 10.0
STUCK_WRITE_SECONDS = 60.0  # a client that takes no bytes for so long has lost its answer
PIPELINE_MAX = 16
_HEAD_MAX_BYTES = TARGET_MAX_BYTES + HEADERS_MAX_BYTES + 1024


class Cycle(RequestResponseCycle):
    """One call. `broken`: the rest of its body will never come, though an answer can still be sent."""

    broken = False
    _head: Any = None

    async def receive(self) -> ASGIReceiveEvent:
        if not self.broken:
            event = await super().receive()
            if not self.broken:
                return event
        return {"type": "http.disconnect"}

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's, which writes and checks line by line; a whole answer of known length goes out in one write."""
        if self._head is None and not self.response_started and message["type"] == "http.response.start":
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None and self._send_whole(head, message):
            return
        if head is not None:
            await super().send(head)
        await super().send(message)

    def _send_whole(self, head: Any, message: Any) -> bool:
        """False, with nothing done, for anything out of the ordinary."""
        body = message.get("body", b"")
        if message.get("more_body") or self.disconnected or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        headers = [*self.default_headers, *head["headers"]]
        by_name = dict(headers)
        if (
            by_name.get(b"content-length") != b"%d" % len(body)
            or b"connection" in by_name
            or b"transfer-encoding" in by_name
        ):
            return False
        last = b"\r\n\r\n" if self.keep_alive else b"\r\nconnection: close\r\n\r\n"
        block = STATUS_LINE[head["status"]] + b"\r\n".join(map(b": ".join, headers)) + last
        breaks = len(headers) + (2 if self.keep_alive else 3)
        if not block.count(b"\n") == breaks == block.count(b"\r"):
            return False
        self.transport.writelines((block, body))
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


class GuardedProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=GuardedProtocol)`. The deadlines are class attributes so that a subclass can shorten them."""

    head_deadline_seconds = HEAD_DEADLINE_SECONDS
    stuck_write_seconds = STUCK_WRITE_SECONDS
    cycle: Cycle

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None
        self._odd_coding = False
        self._head_open = self._body_open = False  # between the first byte of a message and the end of that part
        self._head_bytes = 0
        self._deaf = False

    # asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._stop_listening()  # no protocol is switched to; what follows is not ours to read
        except httptools.HttpParserError as error:
            if not self._deaf:
                self._fault(_refusal_of(error))
        if not self._deaf and (self._head_open or self.cycle is None or self.cycle.response_complete):
            self._check_open_head()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A client may close its side once it has asked; it still gets the answers to what it asked in full."""
        if self.cycle is None or self.cycle.response_complete or self.scheme == "https":
            return None
        self._stop_listening()
        self.cycle.keep_alive = False
        if self._body_open:
            self._break_body()
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.stuck_write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_write_timer()
        super().resume_writing()

    # httptools

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_open = True
        self._odd_coding = False

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > TARGET_MAX_BYTES:
            raise Refused("too_long", "target_too_long", f"the request target is longer than {TARGET_MAX_BYTES} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"transfer-encoding" and value.lower() != b"chunked":
            self._odd_coding = True
        self.headers.append((name, value))  # counted when the head is complete; until then its bytes are

    def on_headers_complete(self) -> None:
        if self._odd_coding:  # where the body ends is a matter of taste then, and so is what comes after it
            raise Refused("invalid", "bad_framing", "`Transfer-Encoding` must be `chunked`, over HTTP/1.1")
        if len(self.pipeline) >= PIPELINE_MAX:
            raise Refused(
                "invalid", "pipeline_too_long", f"more than {PIPELINE_MAX} requests sent ahead of their answers"
            )
        _check_sizes(self.headers)
        self._head_open, self._body_open = False, True
        self._head_bytes = 0
        self._stop_head_timer()
        version = self.parser.get_http_version()
        path, _, query = self.url.partition(b"?")
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["raw_path"] = path
        scope["path"] = path.decode("ascii", "replace")  # not decoded further: only the guard interprets a path
        scope["query_string"] = query
        scope["extensions"] = {"piepowder.target": self.url}  # type: ignore[dict-item]
        expects = scope["method"] != "GET" and any(
            n == b"expect" and v.lower() == b"100-continue" for n, v in self.headers
        )
        stays = version == "1.1" and self.parser.should_keep_alive() and not self.parser.should_upgrade()
        self._begin(scope, keep_alive=stays, expects=expects)

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._body_open = False
        self._deaf = not self.cycle.keep_alive  # whatever follows a last request is nobody's
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    # ours

    def _begin(self, scope: HTTPScope, *, keep_alive: bool, expects: bool = False) -> Cycle:
        """Start the call of a scope, or queue it behind the one that is running."""
        running = self.cycle
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=_SILENT,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=expects,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if running is None or running.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        return self.cycle

    def _fault(self, refusal: Refused) -> None:
        """The connection has said something that cannot be understood: answer it once, read no more, close."""
        self._stop_listening()
        if self._body_open and self.cycle.response_complete:
            self.transport.close()
            return
        if self._body_open:
            self._break_body()
            return
        scope = cast(
            HTTPScope,
            {
                "type": "http",
                "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
                "http_version": "1.1",
                "server": self.server,
                "client": self.client,
                "scheme": self.scheme,
                "root_path": self.root_path,
                "method": "GET",
                "path": "/",
                "raw_path": b"/",
                "query_string": b"",
                "headers": [],
                "state": self.app_state.copy(),
                "extensions": {"piepowder.fault": refusal},
            },
        )
        self._begin(scope, keep_alive=False).more_body = False

    def _break_body(self) -> None:
        self.cycle.broken = True
        self.cycle.keep_alive = False
        self.cycle.message_event.set()

    def _stop_listening(self) -> None:
        self._deaf = True
        self._stop_head_timer()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_deadline_seconds, self._head_is_late)

    def _check_open_head(self) -> None:
        """A head that did not come whole with its first bytes gets a deadline; ordinary ones never need a timer."""
        if self._head_bytes > _HEAD_MAX_BYTES:
            self._fault(_headers_too_large())
        else:
            self._await_head()

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self._head_open:
            self.transport.close()  # a connection on which nothing was asked: no call
        else:
            sentence = f"the request's head was not complete after {self.head_deadline_seconds:g} s"
            self._fault(Refused("invalid", "head_timeout", sentence))

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


_SILENT = logging.getLogger("piepowder.gateway.silent")


def _check_sizes(headers: list[tuple[bytes, bytes]]) -> None:
    size = sum(map(len, chain.from_iterable(headers))) + 4 * len(headers)
    if size > HEADERS_MAX_BYTES or len(headers) > HEADERS_MAX:
        raise _headers_too_large()
    if size > HEADER_LINE_MAX_BYTES and any(
        len(name) + len(value) + 4 > HEADER_LINE_MAX_BYTES for name, value in headers
    ):
        raise _headers_too_large()


def _headers_too_large() -> Refused:
    return Refused("headers_too_large", "headers_too_large", "the request's headers are too large or too many")


def _refusal_of(error: httptools.HttpParserError) -> Refused:
    """The refusal raised in a callback, or what llhttp's complaint means to a caller."""
    if isinstance(error.__context__, Refused):
        return error.__context__
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return Refused("method", "method_not_allowed", "this method is not served")
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return Refused("invalid", "non_canonical_path", "the request target is not in origin form (`/path?query`)")
    return Refused("invalid", "bad_framing", "the bytes are not one well-formed HTTP/1.1 request")
