"""HTTP framing over raw sockets against a real server (hostile group D): refused, recorded once, and the worker lives on."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piepowder.gateway import guard
from piepowder.gateway.protocol import GuardedProtocol
from piepowder.gateway.refused import Refused
from tests.support.guarded_server import GuardedServer, read_to_end

STATUS = {
    "invalid": 400,
    "method": 405,
    "not_acceptable": 406,
    "too_large": 413,
    "too_long": 414,
    "unsupported": 415,
    "headers_too_large": 431,
}
GET = b"GET /orders/1 HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n\r\n"


class Quick(GuardedProtocol):
    """The same with short deadlines; `lost` tells when a connection has ended on the server's side."""

    head_deadline_seconds = 0.3
    stuck_write_seconds = 0.3
    lost = threading.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()


class Recorder:
    """An application that guards, reads the body, and records every attempt once, like the gateway's own."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.bodies: list[bytes] = []
        self.recorded = threading.Event()
        self.large = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            request = guard.check(scope)
            self.bodies.append(await guard.read_body(request, receive, deadline_seconds=5))
            status, reason = 200, f"{request.method} {request.path}"
        except Refused as refused:
            status, reason = STATUS[refused.refusal.kind], refused.refusal.reason
        self.records.append(reason)
        self.recorded.set()
        body = self.large or reason.encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def server(recorder: Recorder) -> Iterator[GuardedServer]:
    with GuardedServer(recorder, Quick) as running:
        yield running


def status_of(said: bytes) -> int:
    assert said.startswith(b"HTTP/1.1 "), said
    return int(said[9:12])


def assert_alive(server: GuardedServer) -> None:
    assert status_of(server.say(GET + CLOSE)) == 200


def test_ordinary_calls_share_a_connection(server: GuardedServer, recorder: Recorder) -> None:
    """Keep-alive works, and no header tells which server this is."""
    said = server.say(GET + b"\r\n" + POST + b"Content-Length: 2\r\n\r\n{}" + GET + CLOSE)
    assert recorder.records == ["GET /orders/1", "POST /orders", "GET /orders/1"]
    assert said.count(b"HTTP/1.1 200") == 3
    assert b"server:" not in said.lower()


def test_request_in_small_pieces_is_one_request(server: GuardedServer, recorder: Recorder) -> None:
    """However the bytes are cut."""
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in POST + b"Content-Length: 2\r\n" + CLOSE + b"{}":
            connection.sendall(bytes([octet]))
        said = read_to_end(connection)
    assert (status_of(said), recorder.records, recorder.bodies) == (200, ["POST /orders"], [b"{}"])


@pytest.mark.parametrize(
    ("request_bytes", "reason"),
    [
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_framing"),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", "bad_framing"),
        (POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", "bad_framing"),
        (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "bad_framing"),
        (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_framing"),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "bad_framing"),
        (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "bad_framing"),
        (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "bad_framing"),
        (POST + b"Content-Length: 4, 4\r\n\r\n{}  ", "bad_framing"),
        (POST + b"Content-Length: +2\r\n\r\n{}", "bad_framing"),
        (POST + b"Content-Length: -2\r\n\r\n{}", "bad_framing"),
        (POST + b"Content-Length: 0x2\r\n\r\n{}", "bad_framing"),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}", "bad_framing"),
        (b"GET /orders/1 HTTP/1.1\nHost: x\n\n", "bad_framing"),
        (b"GET /orders/1 HTTP/1.1\r\nHost: x\n\r\n", "bad_framing"),
        (GET + b"X-Folded: a\r\n b\r\n\r\n", "bad_framing"),
        (GET + b" X-Leading: a\r\n\r\n", "bad_framing"),
        (GET + b"X-Space : a\r\n\r\n", "bad_framing"),
        (GET + b"X-Nul: a\x00b\r\n\r\n", "bad_framing"),
        (GET + b"X-Cr: a\rb\r\n\r\n", "bad_framing"),
        (
            b"POST /orders HTTP/1.0\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "bad_framing",
        ),
        (GET + b"Host: x\r\n\r\n", "duplicate_header"),
        (GET + b"Host: y\r\n\r\n", "duplicate_header"),
        (b"GET /orders/1 HTTP/1.1\r\nX: y\r\n\r\n", "bad_host"),
        (GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", "duplicate_header"),
        (b"GET /orders/1 HTTP/9.9\r\nHost: x\r\n\r\n", "bad_framing"),
        (b"GET /orders/1 HTTP/2.0\r\nHost: x\r\n\r\n", "bad_framing"),
        (b"GET /orders/1\r\n\r\n", "bad_framing"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_framing"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "method_not_allowed"),
        (b"get /orders/1 HTTP/1.1\r\nHost: x\r\n\r\n", "method_not_allowed"),
        (b"FOO /orders/1 HTTP/1.1\r\nHost: x\r\n\r\n", "method_not_allowed"),
        (b"TRACE /orders/1 HTTP/1.1\r\nHost: x\r\n\r\n", "method_not_allowed"),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "method_not_allowed"),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "method_not_allowed"),
        (b"GET http://evil.example/orders/1 HTTP/1.1\r\nHost: x\r\n\r\n", "non_canonical_path"),
        (b"GET //evil.example/orders/1 HTTP/1.1\r\nHost: x\r\n\r\n", "non_canonical_path"),
        (b"GET /catalog/%2e%2e/orders HTTP/1.1\r\nHost: x\r\n\r\n", "non_canonical_path"),
        (b"GET /orders/1%2FbuyerInfo HTTP/1.1\r\nHost: x\r\n\r\n", "non_canonical_path"),
        (b"GET /orders/1#x HTTP/1.1\r\nHost: x\r\n\r\n", "non_canonical_path"),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", "non_canonical_path"),
        (b"GET /orders/1?access_token=PPW HTTP/1.1\r\nHost: x\r\n\r\n", "token_in_query"),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "target_too_long"),
        (GET + b"X-Large: " + b"a" * 100_000 + b"\r\n\r\n", "headers_too_large"),
        (GET + b"X: y\r\n" * 1000 + b"\r\n", "headers_too_large"),
        (GET + (b"X: " + b"y" * 8000 + b"\r\n") * 5 + b"\r\n", "headers_too_large"),
        (b"GET /orders/1 HTTP/1.1\r\n" + b"n" * 100_000 + b": y\r\n\r\n", "headers_too_large"),
    ],
)
def test_bytes_that_can_be_read_in_two_ways(
    server: GuardedServer, recorder: Recorder, request_bytes: bytes, reason: str
) -> None:
    """Cases 42 to 52, 54, 55, 57: one refusal with its own reason, one record, a living worker."""
    # Half-closing the connection makes a server that keeps it alive close it as well.
    with server.connect() as connection:
        try:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        said = read_to_end(connection)
    assert recorder.records == [reason]
    assert status_of(said) == {"method_not_allowed": 405, "target_too_long": 414, "headers_too_large": 431}.get(
        reason, 400
    )
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"PPW" not in said
    assert_alive(server)


@pytest.mark.parametrize(
    "fault",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: +2\r\n\r\n{}",
        b" folded\r\n\r\n",
    ],
)
def test_connection_is_closed_after_a_fault(server: GuardedServer, recorder: Recorder, fault: bytes) -> None:
    """Case 42: what follows is not read as a request, so nothing can be smuggled behind it."""
    said = server.say(POST + fault, GET + b"\r\n", GET + b"\r\n")
    assert status_of(said) == 400
    assert b"connection: close" in said
    assert recorder.records == ["bad_framing"]


def test_requests_before_a_fault_are_answered_first(server: GuardedServer, recorder: Recorder) -> None:
    """Case 53: the refusal of the second never stands in for the answer of the first."""
    said = server.say(GET + b"\r\n" + b"garbage\r\n\r\n" + GET + b"\r\n")
    assert recorder.records == ["GET /orders/1", "method_not_allowed"]
    assert said.index(b"HTTP/1.1 200") < said.index(b"HTTP/1.1 405")


@pytest.mark.parametrize(
    "body", [b"ZZ\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n", b"ffffffffffffffffffffff\r\n{}", b"-1\r\n{}\r\n"]
)
def test_fault_within_a_body_is_one_attempt(server: GuardedServer, recorder: Recorder, body: bytes) -> None:
    """Case 36: the call that was reading it is refused; no second record, nothing taken for complete."""
    said = server.say(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert (status_of(said), recorder.records, recorder.bodies) == (400, ["body_incomplete"], [])
    assert b"connection: close" in said


def test_client_that_goes_away_within_its_body_is_refused(server: GuardedServer, recorder: Recorder) -> None:
    """Case 36: half a body and the end of the connection are not a small body."""
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\n{}")
    assert recorder.recorded.wait(10)
    assert (recorder.records, recorder.bodies) == (["body_incomplete"], [])


def test_client_that_closes_its_side_still_gets_its_answers(server: GuardedServer, recorder: Recorder) -> None:
    """What was asked in full is answered; what was not is refused once or, before its head was whole, no call at all."""
    with server.connect() as connection:
        connection.sendall(GET + b"\r\n" + GET + b"\r\n" + b"GET /or")
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection).count(b"HTTP/1.1 200") == 2
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        assert status_of(read_to_end(connection)) == 400
    assert recorder.records == ["GET /orders/1", "GET /orders/1", "body_incomplete"]


def test_upgrade_is_ignored_and_nothing_follows_it(server: GuardedServer, recorder: Recorder) -> None:
    """A request that asks for another protocol is answered as it is; the bytes after it are nobody's request."""
    said = server.say(
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n" + GET + b"\r\n"
    )
    assert (status_of(said), recorder.records) == (200, ["GET /orders/1"])
    assert said.count(b"HTTP/1.1 ") == 1


def test_upgrade_with_a_body_smuggles_nothing(server: GuardedServer, recorder: Recorder) -> None:
    """The parser takes such a body for another protocol; it must become neither a complete body nor a request."""
    inner = GET + b"\r\n"
    head = POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: %d\r\n\r\n" % len(inner)
    for parts in ([head + inner], [head, inner]):
        recorder.records.clear()
        said = server.say(*parts)
        assert (status_of(said), recorder.records) == (400, ["body_incomplete"])
        assert said.count(b"HTTP/1.1 ") == 1


def test_bytes_after_a_last_request_are_nobodys(server: GuardedServer, recorder: Recorder) -> None:
    """`Connection: close` means it."""
    said = server.say(GET + CLOSE + GET + b"\r\n")
    assert (said.count(b"HTTP/1.1 "), recorder.records) == (1, ["GET /orders/1"])


def test_long_pipeline_is_cut(server: GuardedServer, recorder: Recorder) -> None:
    """Requests sent ahead of their answers wait in memory, so only a few may."""
    said = server.say((GET + b"\r\n") * 500)
    assert recorder.records[-1] == "pipeline_too_long"
    assert len(recorder.records) == said.count(b"HTTP/1.1 ") < 30


@pytest.mark.parametrize("sent", [b"G", GET, GET + b"X-Slow: a", b"POST /"])
def test_head_that_does_not_come_is_cut(server: GuardedServer, recorder: Recorder, sent: bytes) -> None:
    """Case 37: the head has a deadline, however many bytes trickle in before it."""
    said = server.say(sent)
    assert (status_of(said), recorder.records) == (400, ["head_timeout"])


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"\r\n\r\n"])
def test_connection_that_asks_nothing_is_closed_without_a_record(
    server: GuardedServer, recorder: Recorder, sent: bytes
) -> None:
    """There was no call; empty lines are not one."""
    assert server.say(sent) == b""
    assert recorder.records == []


def test_second_head_has_a_deadline_too(server: GuardedServer, recorder: Recorder) -> None:
    """Also on a connection that was used properly before."""
    said = server.say(GET + b"\r\n" + b"GET /ord")
    assert recorder.records == ["GET /orders/1", "head_timeout"]
    assert said.count(b"HTTP/1.1 ") == 2


def test_client_that_takes_no_answer_is_cut(server: GuardedServer, recorder: Recorder) -> None:
    """Case 37: an answer nobody reads does not stay in memory for ever."""
    recorder.large = bytes(20_000_000)
    Quick.lost.clear()
    with server.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert Quick.lost.wait(10)
        received = len(read_to_end(connection))
    assert received < 20_000_000
    recorder.large = b""
    assert_alive(server)


def test_expect_continue_is_answered(server: GuardedServer, recorder: Recorder) -> None:
    """A client that asks before it sends its body is told to go on."""
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n" + CLOSE)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert status_of(read_to_end(connection)) == 200
    assert recorder.bodies == [b"{}"]


def test_head_answers_without_a_body(server: GuardedServer, recorder: Recorder) -> None:
    """Case 51: recorded like the GET it stands for."""
    said = server.say(b"HEAD /orders/1 HTTP/1.1\r\nHost: x\r\n" + CLOSE)
    assert said.endswith(b"\r\n\r\n")
    assert recorder.records == ["GET /orders/1"]


_REQUESTS = (
    GET + b"\r\n",
    POST + b"Content-Length: 2\r\n\r\n{}",
    POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"HEAD / HTTP/1.0\r\nHost: x\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n",
)
_EDITS = (
    *(bytes([octet]) for octet in (0, 9, 10, 13, 32, 37, 47, 48, 58, 59, 92, 127, 200, 255)),
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"%2F",
        b": ",
        b"0\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b" HTTP/1.0",
    ),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[GuardedServer, Recorder]]:
    recorder = Recorder()
    with GuardedServer(recorder, Quick) as running:
        yield running, recorder


@given(
    requests=st.lists(st.sampled_from(_REQUESTS), min_size=1, max_size=4),
    edits=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3), st.sampled_from(_EDITS)), max_size=3),
)
@settings(max_examples=400, deadline=None)
def test_no_bytes_get_an_answer_without_a_record(
    shared: tuple[GuardedServer, Recorder], requests: list[bytes], edits: list[tuple[int, int, bytes]]
) -> None:
    """Requests with bytes put in and taken out: each answer stands for one record, and the connection always ends."""
    server, recorder = shared
    data = b"".join(requests)
    for at, removed, added in edits:
        at %= len(data)
        data = data[:at] + added + data[at + removed :]
    recorder.records.clear()
    with server.connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        said = read_to_end(connection)
    answers = said.count(b"HTTP/1.1 ") - said.count(b"HTTP/1.1 100 ")
    assert answers <= len(recorder.records) <= len(requests) + len(edits) + 1
    assert_alive(server)
