"""Hostile inputs, group C: compression and transfer. Cases by their numbers."""

import contextlib
import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterable

import pytest

from tests.hostile.conftest import DEADLINE_SECONDS
from tests.hostile.harness import SELLER, Gate, head, marker, one, order_number, parse, says
from tests.support.scripted_upstream import CLOSE, RESET, Drip, Step

RESTRICTED = "/tokens/2021-03-01/restrictedDataToken"
PROOF = f"x-marketplace-seller: {SELLER}\r\n"


def raw(lines: str, body: bytes = b"", *, status: str = "200 OK") -> bytes:
    """An answer of upstream, header lines to the letter."""
    return f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{PROOF}{lines}\r\n".encode("latin-1") + body


def sized(body: bytes, lines: str = "") -> bytes:
    return raw(f"{lines}content-length: {len(body)}\r\n", body)


def bomb(megabytes: int) -> bytes:
    """A gzip member of zeros, a thousandth of their size."""
    press = zlib.compressobj(9, wbits=31)
    return b"".join(press.compress(bytes(1 << 20)) for _ in range(megabytes)) + press.flush()


def secret_order() -> tuple[str, bytes]:
    """An order whose free member is a marker that may go out, so that a partial answer would show."""
    number = order_number()
    return number, one(number, f'"SellerOrderId": "{marker("whole")}"').encode()


def refused(gate: Gate, reason: str | None, *steps: Step, number: str | None = None) -> None:
    """Upstream does this, and the app gets an error without a byte of it."""
    gate.upstream_does(*steps)
    gate.judge(gate.get(f"/orders/v0/orders/{number or order_number()}"), 502, reason=reason)


def test_c_33_bombs_from_upstream(gate: Gate) -> None:
    """A body that inflates without end is cut off; memory stays where it was."""
    body, before = bomb(300), gate.memory_bytes()
    refused(gate, "upstream_too_large", sized(body, "content-encoding: gzip\r\n"))
    assert gate.memory_bytes() - before < 64 << 20


def test_c_33_bombs_from_an_app(gate: Gate) -> None:
    """The same from the other side."""
    body, before = bomb(300), gate.memory_bytes()
    gate.judge(gate.post(RESTRICTED, body, ("content-encoding", "gzip")), 413, reason="body_too_large")
    assert gate.memory_bytes() - before < 64 << 20


CODINGS = [
    "gzip, gzip, gzip",
    "br",
    "zstd",
    "x-gzip",
    "deflate",
    "compress",
    "gzip\r\ncontent-encoding: gzip",
    "martian",
    "",
]


@pytest.mark.parametrize("coding", CODINGS)
def test_c_34_codings_from_upstream(gate: Gate, coding: str) -> None:
    """One known coding at most, whatever the bytes are."""
    number, document = secret_order()
    for body in (document, gzip.compress(document)):
        refused(gate, None, sized(body, f"content-encoding: {coding}\r\n"), number=number)


@pytest.mark.parametrize("coding", [each for each in CODINGS if "\r" not in each])
def test_c_34_codings_from_an_app(gate: Gate, coding: str) -> None:
    """Nothing is decoded by guess."""
    body = gzip.compress(b'{"restrictedResources": []}')
    gate.judge(gate.post(RESTRICTED, body, ("content-encoding", coding)), 415, reason="unsupported_encoding")


def test_c_34_what_upstream_is_told(gate: Gate) -> None:
    """The coding asked of upstream is the gateway's own, not the app's."""
    number, _ = secret_order()
    gate.upstream_says(one(number))
    answer = gate.get(f"/orders/v0/orders/{number}", ("accept-encoding", "br, zstd;q=0.9"), ("te", "trailers"))
    gate.judge(answer, 200)
    told = gate.upstream.requests[-1]
    assert {value for name, value in told.headers if name == "accept-encoding"} == {"identity"}
    assert told.header("te") is None
    assert answer.header("content-encoding") is None


def test_c_34_gzip_is_understood(gate: Gate) -> None:
    """One whole member of gzip is as good as plain bytes, from either side."""
    number, _ = secret_order()
    gate.upstream_does(sized(gzip.compress(one(number).encode()), "content-encoding: GZIP\r\n"))
    gate.judge(gate.get(f"/orders/v0/orders/{number}"), 200)
    resources = [{"method": "GET", "path": f"/orders/v0/orders/{number}", "dataElements": ["shippingAddress"]}]
    body = gzip.compress(json.dumps({"restrictedResources": resources}).encode())
    gate.judge(gate.post(RESTRICTED, body, ("content-encoding", "gzip")), 200)


def faulty_gzip(document: bytes) -> dict[str, bytes]:
    whole = gzip.compress(document)
    return {
        "plain": document,
        "truncated": whole[:-9],
        "without its end": whole[:-4],
        "wrong sum": whole[:-8] + bytes(8),
        "two members": gzip.compress(b'{"payload":{}}') + whole,
        "trailing bytes": whole + document,
        "empty": b"",
    }


@pytest.mark.parametrize("kind", faulty_gzip(b""))
def test_c_35_gzip_that_is_none(gate: Gate, kind: str) -> None:
    """A label on plain bytes, half a member, two of them, bytes behind: no answer."""
    number, document = secret_order()
    refused(gate, None, sized(faulty_gzip(document)[kind], "content-encoding: gzip\r\n"), number=number)


@pytest.mark.parametrize("kind", [kind for kind in faulty_gzip(b"") if kind != "empty"])
def test_c_35_gzip_that_is_none_from_an_app(gate: Gate, kind: str) -> None:
    """Refused from an app, too."""
    body = faulty_gzip(b'{"restrictedResources": []}')[kind]
    gate.judge(gate.post(RESTRICTED, body, ("content-encoding", "gzip")), 400, reason="malformed_encoding")


def broken(document: bytes) -> dict[str, tuple[Step, ...]]:
    half = len(document) // 2
    chunked = raw("transfer-encoding: chunked\r\n")
    return {
        "closes in the body": (raw(f"content-length: {len(document)}\r\n", document[:half]), CLOSE),
        "resets in the body": (raw(f"content-length: {len(document)}\r\n", document[:half]), RESET),
        "closes in the headers": (b"HTTP/1.1 200 OK\r\ncontent-type: appli", CLOSE),
        "closes at once": (CLOSE,),
        "no length": (raw("", document), CLOSE),
        "closes between chunks": (chunked + b"%x\r\n%b\r\n" % (len(document), document), CLOSE),
        "malformed chunk": (chunked + b"zz\r\n" + document, CLOSE),
        "negative chunk": (chunked + b"-5\r\n" + document, CLOSE),
        "chunk shorter than said": (chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(document) + 9, document), CLOSE),
        "two lengths": (raw(f"content-length: {len(document)}\r\ncontent-length: 5\r\n", document), CLOSE),
        "length and chunks": (
            raw("content-length: 5\r\ntransfer-encoding: chunked\r\n", b"5\r\n{    \r\n0\r\n\r\n"),
            CLOSE,
        ),
        "signed length": (raw(f"content-length: +{len(document)}\r\n", document), CLOSE),
        "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE),
        "HTTP/2": (b"HTTP/2 200\r\ncontent-length: 2\r\n\r\n{}", CLOSE),
        "HTTP/0.9": (document, CLOSE),
        "a second answer behind": (sized(document[:-1]) + sized(document), CLOSE),
        "odd transfer coding": (raw("transfer-encoding: gzip, chunked\r\n", document), CLOSE),
        "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000, CLOSE),
        "too many headers": (raw("x: y\r\n" * 200 + f"content-length: {len(document)}\r\n", document), CLOSE),
    }


@pytest.mark.parametrize("kind", broken(b"{}"))
def test_c_36_an_answer_that_breaks_off(gate: Gate, kind: str) -> None:
    """Nothing partial: either all of an answer was understood, or there is none."""
    number, document = secret_order()
    refused(gate, None, *broken(document)[kind], number=number)


def test_c_36_an_app_that_breaks_off(gate: Gate) -> None:
    """A request whose body ends early is never taken for a complete one; it is recorded although nobody waits."""
    body = b'{"restrictedResources": []}'
    start = head(
        "POST", RESTRICTED, ("x-amz-access-token", gate.token()), ("content-type", "application/json"), length=500
    )
    with socket.create_connection(("127.0.0.1", gate.port)) as connection:
        connection.sendall(start + body)
        connection.shutdown(socket.SHUT_WR)
        [answer] = parse(_all_of(connection))
    gate.judge(answer, 400, reason="body_incomplete")


SLOW: dict[str, tuple[Step, ...]] = {
    "says nothing": (Drip(b"H" * 2, 60.0),),
    "drips its headers": (Drip(raw("content-length: 2\r\n", b"{}"), 0.2),),
    "drips its body": (raw("content-length: 1000\r\n"), Drip(b" " * 1000, 0.05)),
}


@pytest.mark.parametrize("kind", SLOW)
def test_c_37_a_slow_upstream(gate: Gate, kind: str) -> None:
    """The deadline cuts it, and other calls do not wait for it."""
    number = order_number()
    gate.upstream_does(*SLOW[kind])
    with _opened(gate, head("GET", f"/orders/v0/orders/{number}", ("x-amz-access-token", gate.token()))) as connection:
        _until(lambda: gate.upstream.requests[-1].target.endswith(number))
        other = order_number()
        gate.upstream_says(one(other))
        quick = gate.get(f"/orders/v0/orders/{other}")
        assert quick.status == 200  # while the slow one still waits
        gate.judge(quick, 200)
        [slow] = parse(_all_of(connection))
    gate.judge(slow, 502, reason="upstream_timeout")


def test_c_37_a_slow_app(gate: Gate) -> None:
    """A head that does not come whole in time is answered and closed."""
    with _opened(gate, b"GET /orders/v0/orders HTTP/1.1\r\nhost: gate") as connection:
        [answer] = parse(_all_of(connection))
    gate.judge(answer, 400, reason="head_timeout")


def test_c_37_idle_connections(gate: Gate) -> None:
    """Hundreds that say nothing, or only half of it, are in nobody's way, and leave when their time is over."""
    idle = [socket.create_connection(("127.0.0.1", gate.port)) for _ in range(300)]
    for connection in idle[::2]:
        connection.sendall(b"GET / HT")
    number = order_number()
    gate.upstream_says(one(number))
    answer = gate.get(f"/orders/v0/orders/{number}")
    gate.judge(answer, 200)
    for connection in idle:
        connection.settimeout(DEADLINE_SECONDS * 10)
        assert (b"head_timeout" in _all_of(connection)) is (connection in idle[::2])
        connection.close()
    assert len(gate.records()) == 150
    gate.check_worker()


LEAKY = [
    "X-Buyer-Email",
    "Link",
    "Set-Cookie",
    "ETag",
    "Content-Disposition",
    "Location",
    "Warning",
    "Content-Language",
    "Via",
]


@pytest.mark.parametrize("name", LEAKY)
def test_c_38_personal_data_in_headers(gate: Gate, name: str) -> None:
    """Headers of an answer are the gateway's own, on success and on error."""
    number = order_number()
    for status in (200, 404, 500):
        gate.upstream_says(one(number), (name, f'"{marker("header")}"'), status=status)
        answer = gate.get(f"/orders/v0/orders/{number}")
        gate.judge(answer, {200: 200, 404: 404, 500: 502}[status])
        assert answer.header(name) is None
        assert answer.header("cache-control") == "private, no-store"


def test_c_38_personal_data_in_trailers(gate: Gate) -> None:
    """There are no trailers."""
    number = order_number()
    document = one(number).encode()
    body = b"%x;x=%b\r\n%b\r\n0\r\nx-buyer: %b\r\n\r\n" % (
        len(document), marker("extension").encode(), document, marker("trailer").encode(),
    )  # fmt: skip
    gate.upstream_does(raw("transfer-encoding: chunked\r\ntrailer: x-buyer\r\n", body))
    gate.judge(gate.get(f"/orders/v0/orders/{number}"), 200)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:1/", "https://storage.example/{0}?X-Signature=1", "/orders/v0/orders/{0}"]
)
def test_c_39_redirects(gate: Gate, status: int, where: str) -> None:
    """Never followed, never passed on."""
    before, number = gate.asked(), order_number()
    gate.upstream_says(one(number), ("location", where.format(marker("location"))), status=status)
    answer = gate.get(f"/orders/v0/orders/{number}")
    gate.judge(answer, 502, reason="upstream_status")
    assert answer.header("location") is None
    assert gate.asked() == before + 1


STATUSES = {
    400: 400,
    401: 502,
    403: 502,
    404: 404,
    409: 502,
    410: 502,
    418: 502,
    422: 400,
    429: 429,
    500: 502,
    503: 502,
    504: 502,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain"])
def test_c_40_error_texts_quote_the_buyer(gate: Gate, status: int, kind: str) -> None:
    """An error of upstream is answered with a code of ours; what it said stays behind."""
    secret = marker("quoted")
    body = json.dumps({"errors": [{"code": "Invalid", "message": f"no buyer {secret}", "details": secret}]})
    gate.upstream_says(body, ("content-type", kind), ("retry-after", "7"), status=status)
    answer = gate.get(f"/orders/v0/orders/{order_number()}")
    gate.judge(answer, STATUSES[status])


@pytest.mark.parametrize("errors", ['"errors": [{{"message": "{0}"}}]', '"errors": "{0}"', '"warnings": ["{0}"]'])
def test_c_40_errors_in_a_success(gate: Gate, errors: str) -> None:
    """Upstream's words beside a payload are no part of the answer."""
    number = order_number()
    body = one(number)[:-1] + ", " + errors.format(marker("quoted")) + "}"
    gate.upstream_says(body)
    answer = gate.get(f"/orders/v0/orders/{number}")
    gate.judge(answer, 200)
    assert list(answer.json) == ["payload"]


SWITCHES = {
    "101": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    "h2c": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nPRI * HTTP/2.0",
    "200 with upgrade": raw("connection: upgrade\r\nupgrade: websocket\r\n"),
    "endless 100": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
}


@pytest.mark.parametrize("kind", SWITCHES)
def test_c_41_upstream_switches_protocols(gate: Gate, kind: str) -> None:
    """Nobody asked for that."""
    refused(gate, None, SWITCHES[kind], CLOSE)


def test_c_41_interim_answers_are_dropped(gate: Gate) -> None:
    """Early hints and a final answer: only the final one counts, and nothing of the hints shows."""
    number = order_number()
    hint = f"HTTP/1.1 103 Early Hints\r\nlink: <{marker('hint')}>\r\n\r\n".encode()
    gate.upstream_does(hint + hint + says(one(number)))
    answer = gate.get(f"/orders/v0/orders/{number}")
    gate.judge(answer, 200)
    assert answer.raw.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "wanted", [("websocket", "Upgrade"), ("h2c", "Upgrade, HTTP2-Settings"), ("TLS/1.0", "upgrade")]
)
def test_c_41_an_app_asks_to_switch(gate: Gate, wanted: tuple[str, str]) -> None:
    """The call is answered as any other, over HTTP/1.1, and the connection is closed behind it."""
    number = order_number()
    gate.upstream_says(one(number))
    lines = [("upgrade", wanted[0]), ("connection", wanted[1]), ("x-amz-access-token", gate.token())]
    request = head("GET", f"/orders/v0/orders/{number}", *lines).replace(b"connection: close\r\n", b"")
    answer = gate.say(request + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    gate.judge(answer, (200, 400))
    assert answer.header("upgrade") is None


def _opened(gate: Gate, *parts: bytes) -> "contextlib.closing[socket.socket]":
    connection = socket.create_connection(("127.0.0.1", gate.port), timeout=DEADLINE_SECONDS * 10)
    for part in parts:
        connection.sendall(part)
    return contextlib.closing(connection)


def _all_of(connection: socket.socket) -> bytes:
    pieces: Iterable[bytes] = iter(lambda: connection.recv(1 << 16), b"")
    return b"".join(pieces)


def _until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < give_up
