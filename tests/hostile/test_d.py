"""Hostile inputs, group D: HTTP framing, over raw sockets, since no client library can send these bytes (53 is nightly)."""

import pytest

from tests.hostile.harness import Answer, Gate, head, marker, one, order_number, parse

RESTRICTED = "/tokens/2021-03-01/restrictedDataToken"
PATH = "/orders/v0/orders/303-0000000-0000000"


def bytes_of(*lines: str, body: bytes = b"", end: str = "\r\n") -> bytes:
    return (end.join(lines) + end + end).encode("latin-1") + body


def said(gate: Gate, data: bytes) -> Answer:
    """The one answer, after which the connection is closed: whatever follows is not read as another request."""
    follower = head("GET", PATH, ("x-amz-access-token", gate.token()))
    before = gate.asked()
    answer = gate.say(data + follower)
    assert gate.asked() == before
    assert answer.header("connection") == "close"
    return answer


def posted(gate: Gate, *lines: str, body: bytes = b"{}", version: str = "HTTP/1.1", end: str = "\r\n") -> bytes:
    usual = ["host: gateway", f"x-amz-access-token: {gate.token()}", "content-type: application/json"]
    return bytes_of(f"POST {RESTRICTED} {version}", *usual, *lines, body=body, end=end)


CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["content-length: 2", "transfer-encoding: chunked"], CHUNKED),  # 42
        (["transfer-encoding: chunked", "content-length: 14"], CHUNKED),
        (["transfer-encoding: identity, chunked"], CHUNKED),  # 43
        (["transfer-encoding: chunked, identity"], CHUNKED),
        (["transfer-encoding: chunked, chunked"], CHUNKED),
        (["transfer-encoding: xchunked"], CHUNKED),
        (["transfer-encoding: chunked", "transfer-encoding: chunked"], CHUNKED),
        (["transfer-encoding: identity"], b"{}"),
        (["transfer-encoding : chunked"], CHUNKED),
        (["transfer-encoding:\x0bchunked"], CHUNKED),
        (["content-length: 2", "content-length: 3"], b"{}"),  # 44
        (["content-length: 2", "content-length: 2"], b"{}"),
        (["content-length: 2, 2"], b"{}"),
        (["content-length: +2"], b"{}"),
        (["content-length: -2"], b"{}"),
        (["content-length: 0x2"], b"{}"),
        (["content-length: 2 3"], b"{}"),
        (["content-length: "], b"{}"),
        (["content-length: 99999999999999999999"], b"{}"),
        (["x: y\r\n folded", "content-length: 2"], b"{}"),  # 45
        (["content-length: 2", "\tfolded"], b"{}"),
        (["content-length: 2", "no colon"], b"{}"),
        (["content-length: 2", ": no name"], b"{}"),
        (["content-length: 2", "sp ace: x"], b"{}"),
        (["content-length: 2", "x: a\x00b"], b"{}"),
        (["content-length: 2", "x: a\rb"], b"{}"),
        (["transfer-encoding: chunked"], b"2;\x00\r\n{}\r\n0\r\n\r\n"),
        (["transfer-encoding: chunked"], b"2 \r\n{}\r\n0\r\n\r\n"),
        (["transfer-encoding: chunked"], b"0x2\r\n{}\r\n0\r\n\r\n"),
        (["transfer-encoding: chunked"], b"2\n{}\n0\n\n"),
        (["transfer-encoding: chunked"], b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    ],
)
def test_d_42_to_45_framing_that_can_be_read_in_two_ways(gate: Gate, lines: list[str], body: bytes) -> None:
    """Refused, and the connection closed: no reader behind us may see another request in it."""
    gate.judge(said(gate, posted(gate, *lines, body=body)), 400)


def test_d_45_bare_line_feeds(gate: Gate) -> None:
    """A line ends with CR LF."""
    gate.judge(said(gate, posted(gate, "content-length: 2", end="\n")), 400)
    mixed = posted(gate, "content-length: 2").replace(b"\r\nhost", b"\nhost")
    gate.judge(said(gate, mixed), 400)


@pytest.mark.parametrize(
    "version", ["HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/1", "http/1.1", "ICY/1.1", ""]
)
def test_d_46_other_versions(gate: Gate, version: str) -> None:
    """HTTP/1.0 knows no chunks, and nothing else is spoken here."""
    gate.judge(said(gate, posted(gate, "transfer-encoding: chunked", body=CHUNKED, version=version)), 400)


@pytest.mark.parametrize(
    "lines",
    [[], ["host: a", "host: a"], ["host: a", "host: b"], ["host: "], ["host: a, b"], ["host: a b"], ["host: a/b"], ["host: a@b"],
     ["host: a:b"], ["host: a", "HOST: a"]],
)  # fmt: skip
def test_d_47_hosts(gate: Gate, lines: list[str]) -> None:
    """One `Host`, no more and no less; a client that cuts its own address (`27.0.0.1:8400`) is served all the same."""
    request = bytes_of(f"GET {PATH} HTTP/1.1", *lines, f"x-amz-access-token: {gate.token()}", "connection: close")
    gate.judge(gate.say(request), 400)


@pytest.mark.parametrize("host", ["27.0.0.1:8400", "[::1]:8400", "sellingpartnerapi-eu.example"])
def test_d_47_any_host_will_do(gate: Gate, host: str) -> None:
    """No address is built from it, so it decides nothing."""
    number = order_number()
    gate.upstream_says(one(number))
    request = head("GET", f"/orders/v0/orders/{number}", ("x-amz-access-token", gate.token()), host=host)
    gate.judge(gate.say(request), 200)


@pytest.mark.parametrize(
    ("lines", "status", "reason"),
    [
        ([("authorization", "Bearer a"), ("authorization", "Bearer a")], 400, "duplicate_header"),  # 48
        ([("authorization", "Bearer a"), ("Authorization", "Basic b")], 400, "duplicate_header"),
        ([("x-amz-access-token", "{0}"), ("x-amz-access-token", "{0}")], 400, "token_ambiguous"),  # 50
        ([("x-amz-access-token", "{0}"), ("X-Amz-Access-Token", "other")], 400, "token_ambiguous"),
        ([("x-amz-access-token", "{0}"), ("authorization", "Bearer {0}")], 400, "token_ambiguous"),
        ([("x-amz-access-token", "{0}"), ("authorization", "bearer other")], 400, "token_ambiguous"),
        ([("authorization", "Bearer {0}")], 403, "token_missing"),
        ([("x_amz_access_token", "{0}")], 403, "token_missing"),
        ([("x-amz-access-token", "")], 403, "token_missing"),
        ([("x-amz-access-token", "{0}x")], 403, "token_unknown"),
        ([("x-amz-access-token", "{0}, {0}")], 403, "token_unknown"),
        ([("x-amz-access-token", "Atz.sprdt|" + "x" * 60)], 403, "token_unknown"),
        ([("x-amz-access-token", "x" * 5_000)], 403, "token_unknown"),
        ([("x-amz-access-token", "\xe4\xf6\xff")], 403, "token_unknown"),
    ],
)
def test_d_48_50_tokens(gate: Gate, lines: list[tuple[str, str]], status: int, reason: str) -> None:
    """Never the first or the last of several; a bad one is 403, as Amazon's clients expect."""
    before = gate.asked()
    filled = [(name, value.replace("{0}", gate.token())) for name, value in lines]
    gate.judge(gate.say(head("GET", PATH, *filled)), status, reason=reason)
    assert gate.asked() == before


def test_d_50_a_signature_beside_the_token_is_ignored(gate: Gate) -> None:
    """Old clients still sign as AWS wanted it."""
    number = order_number()
    gate.upstream_says(one(number))
    signature = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=00"
    )
    gate.judge(gate.get(f"/orders/v0/orders/{number}", ("authorization", signature)), 200)
    assert gate.upstream.requests[-1].header("authorization") is None


@pytest.mark.parametrize(
    "where",
    ["?access_token={0}", "?x-amz-access-token={0}", "?X-Amz-Access-Token={0}", "?x%2Damz%2Daccess%2Dtoken={0}", "?client_secret={0}",
     "?refresh_token={0}"],
)  # fmt: skip
@pytest.mark.parametrize("also", [True, False])
def test_d_49_a_token_in_the_query(gate: Gate, where: str, also: bool) -> None:
    """Refused, in the header as well or not, and it shows in no log."""
    secret = marker("token")
    lines = [("x-amz-access-token", gate.token())] if also else []
    answer = gate.say(head("GET", PATH + where.format(secret), *lines))
    gate.judge(answer, 400, reason="token_in_query")


def test_d_49_a_token_in_the_body(gate: Gate) -> None:
    """It is a member like any other that nobody knows: who calls is not decided by it, and it goes nowhere."""
    body = b'{"x-amz-access-token": "%b", "restrictedResources": []}' % marker("token").encode()
    gate.judge(gate.post(RESTRICTED, body), 400, reason="resources_malformed")


def test_d_50_headers_that_would_say_who_calls(gate: Gate) -> None:
    """Identity, address, path and method come from the token and the request line; nothing of these headers goes on."""
    number, secret = order_number(), marker("spoof")
    other = gate.stack.made["apps"]["tracker"]
    lines = [
        ("x_app_id", other["app_id"]), ("x-app-id", other["app_id"]), ("x-forwarded-for", "10.0.0.1"), ("forwarded", f"for={secret}"),
        ("x-original-url", "/orders/v0/orders"), ("x-rewrite-url", "/orders/v0/orders"), ("x-http-method-override", "DELETE"),
        ("x-marketplace-seller", "A2HOSTILE"), ("x-piepowder-decision", secret), ("cookie", secret), ("x-secret", secret),
    ]  # fmt: skip
    gate.upstream_says(one(number))
    [record] = gate.judge(gate.get(f"/orders/v0/orders/{number}", *lines), 200)
    assert record["app"] == gate.stack.made["apps"]["full"]["app_id"]
    told = gate.upstream.requests[-1]
    assert (told.method, told.target) == ("GET", f"/orders/v0/orders/{number}")
    assert {name for name, _ in told.headers} == {
        "host", "accept", "accept-encoding", "x-amz-access-token", "x-marketplace-seller",
    }  # fmt: skip
    assert told.header("x-marketplace-seller") == "A1HOSTILE"


@pytest.mark.parametrize("method", ["get", "Get", "FOO", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "PRI", "G ET", ""])
def test_d_51_other_methods(gate: Gate, method: str) -> None:
    """Refused before anybody is asked who calls."""
    answer = gate.say(head(method, PATH, ("x-amz-access-token", gate.token())))
    [record] = gate.judge(answer, (400, 405))
    assert record["app"] == ""


@pytest.mark.parametrize(
    ("method", "target"), [("PUT", PATH), ("DELETE", PATH), ("GET", RESTRICTED), ("PATCH", "/sellers/v1/account")]
)
def test_d_51_a_method_that_a_path_does_not_take(gate: Gate, method: str, target: str) -> None:
    """The answer says which ones it takes."""
    answer = gate.ask(method, target, ("content-type", "application/json"), body=b"" if method == "GET" else b"{}")
    gate.judge(answer, 405, reason="method_not_allowed")
    assert answer.header("allow") in ("GET, HEAD", "POST")


def test_d_51_head_is_a_get_without_a_body(gate: Gate) -> None:
    """Filtered and recorded as a GET, with the length that its body would have."""
    number = order_number()
    for _ in range(2):
        gate.upstream_says(one(number, f'"SellerOrderId": "{marker("x")}"'))
    whole = gate.get(f"/orders/v0/orders/{number}")
    gate.records()
    data = gate.converse(head("HEAD", f"/orders/v0/orders/{number}", ("x-amz-access-token", gate.token())))
    top, _, body = data.partition(b"\r\n\r\n")
    assert body == b""
    assert f"content-length: {len(whole.body)}".encode() in top
    [answer] = parse(data)
    [record] = gate.judge(answer, 200)
    assert (record["kind"], record["operation"], record["bytes_out"]) == (
        "gateway.read",
        "orders.v0.getOrder",
        len(whole.body),
    )


@pytest.mark.parametrize(
    ("lines", "target", "status"),
    [
        ([("x-long", "y" * 100_000)], PATH, 431),
        ([("x-long", "y" * 8_200)], PATH, 431),
        ([("y" * 8_200, "x")], PATH, 431),
        ([(f"x-{number}", "y") for number in range(1_000)], PATH, 431),
        ([(f"x-{number}", "y" * 1_000) for number in range(40)], PATH, 431),
        ([], "/orders/" + "v" * 100_000, 414),
        ([], PATH + "?x=" + "y" * 100_000, 414),
        ([], PATH + "?x=" + "y" * 8_200, 414),
    ],
)
def test_d_52_too_long(gate: Gate, lines: list[tuple[str, str]], target: str, status: int) -> None:
    """What is larger than any client needs is refused, with a name for what was too large."""
    answer = gate.say(head("GET", target, ("x-amz-access-token", gate.token()), *lines))
    gate.judge(answer, status)


def test_d_52_a_body_too_large(gate: Gate) -> None:
    """Announced or not, more than 8 MiB is not read."""
    lines = [("x-amz-access-token", gate.token()), ("content-type", "application/json")]
    gate.judge(gate.say(head("POST", RESTRICTED, *lines, length=9 << 20)), 413, reason="body_too_large")
    start = head("POST", RESTRICTED, *lines, ("transfer-encoding", "chunked"))
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    gate.judge(gate.say(start, *[chunk] * 9), 413, reason="body_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/json; charset=utf-16", "application/json, text/plain", "", "json"])  # fmt: skip
def test_d_other_content_types(gate: Gate, kind: str) -> None:
    """A body is JSON in UTF-8, and says so."""
    gate.judge(
        gate.post(RESTRICTED, b'{"restrictedResources": []}', ("content-type", kind)),
        415,
        reason="unsupported_media_type",
    )


def test_d_a_body_where_none_belongs(gate: Gate) -> None:
    """A GET has none."""
    gate.judge(gate.ask("GET", PATH, ("content-type", "application/json"), body=b"{}"), 400, reason="unexpected_body")


def test_d_pipelined_requests_are_calls_of_their_own(gate: Gate) -> None:
    """Two requests in one breath get two answers in order and two records."""
    number = order_number()
    gate.upstream_says(one(number))
    first = head("GET", f"/orders/v0/orders/{number}", ("x-amz-access-token", gate.token()))
    first = first.replace(b"connection: close\r\n", b"")
    answers = parse(gate.converse(first + head("GET", PATH, ("x-amz-access-token", "nobody"))))
    assert [answer.status for answer in answers] == [200, 403]
    assert sorted(record["outcome"] for record in gate.records()) == ["refused", "served"]
