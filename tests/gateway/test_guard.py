"""The guard: one canonical request or a refusal (hostile groups A, D, E where they are decided before routing)."""

import asyncio
import gzip
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from piepowder.gateway import guard
from piepowder.gateway.refused import Refused

HOST = (b"host", b"gateway.example")
ORDER = b"/orders/v0/orders/902-3159896-1390916"


def scope(
    target: bytes = ORDER,
    *,
    method: str = "GET",
    headers: Iterable[tuple[bytes, bytes]] = (HOST,),
    version: str = "1.1",
) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "http_version": version,
        "headers": list(headers),
        "extensions": {"piepowder.target": target},
    }


def refusal(request: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        guard.check(request)
    assert caught.value.code == "gateway_" + caught.value.refusal.reason
    return caught.value.refusal.kind, caught.value.refusal.reason


def with_headers(*headers: tuple[bytes, bytes], method: str = "GET", version: str = "1.1") -> dict[str, Any]:
    return scope(headers=[HOST, *headers], method=method, version=version)


def unprotected(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """The scope of a server without our protocol."""
    return {
        "method": "GET",
        "headers": [HOST, *headers],
        "raw_path": b"/a",
        "query_string": b"b=c",
        "http_version": "1.1",
    }


def test_ordinary_call_passes_as_it_is() -> None:
    """Path, decoded segments, query in order, headers untouched."""
    request = guard.check(scope(ORDER + b"?MarketplaceIds=A%2CB&CreatedAfter=2024-01-01T00%3A00%3A00Z&x=a+b&x=&flag"))
    assert (request.method, request.head, request.has_body) == ("GET", False, False)
    assert request.path == ORDER.decode()
    assert request.segments == ("orders", "v0", "orders", "902-3159896-1390916")
    assert request.query == (
        ("MarketplaceIds", "A,B"),
        ("CreatedAfter", "2024-01-01T00:00:00Z"),
        ("x", "a b"),
        ("x", ""),
        ("flag", ""),
    )


def test_server_without_our_protocol_is_guarded_too() -> None:
    """Without the raw target, `raw_path` and `query_string` are read."""
    request = guard.check(unprotected())
    assert (request.path, request.query) == ("/a", (("b", "c"),))
    assert refusal(unprotected() | {"raw_path": b"/a%2Fb"}) == ("invalid", "non_canonical_path")


def test_head_is_a_get_without_a_body() -> None:
    """It is filtered and recorded like one."""
    request = guard.check(scope(method="HEAD"))
    assert (request.method, request.head) == ("GET", True)


@pytest.mark.parametrize("method", ["get", "FOO", "TRACE", "CONNECT", "OPTIONS", "Get", "GET ", "", "PROPFIND"])
def test_other_methods_are_refused(method: str) -> None:
    """Case 51."""
    assert refusal(scope(method=method)) == ("method", "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        b"/catalog/%2e%2e/orders/v0/orders",
        b"/catalog/../orders/v0/orders",
        b"/catalog/..",
        b"/./orders",
        b"/orders/v0/orders/1%2FbuyerInfo",
        b"/orders/v0/orders/1%2fbuyerInfo",
        b"/orders/v0/orders/1%252FbuyerInfo",
        b"/orders/v0/orders/1%25",
        b"/orders/%2e",
        b"/orders/%2E%2E",
        b"/orders/1%00",
        b"/orders/1%0A",
        b"/orders/1%7F",
        b"/orders/1%C2%85",
        b"/orders/%zz",
        b"/orders/%4",
        b"/orders/%",
        b"/orders/%c0%ae",
        b"/orders/%C0%AE",
        b"/orders/%ED%A0%80",
        b"/orders/%FF",
        b"/orders;x/1",
        b"/orders%3Bx/1",
        b"/orders\\1",
        b"/orders%5C1",
        b"/orders%3F1",
        b"/orders%231",
        b"//orders",
        b"/orders//v0",
        b"/orders/v0/",
        b"/%6Frders",
        b"/orders%2Dv0",
        b"/%c3%a9",
        b"/\xc3\xa9",
        b"/orders#x",
        b"/orders?a=b#x",
        b"/a b",
        b"/a\tb",
        b"/a\x00b",
        b'/a"b',
        b"/a<b>",
        b"/{orderId}",
        b"/a|b",
        b"/a^b",
        b"/a`b",
        b"http://evil.example/orders/v0/orders",
        b"//evil.example/orders",
        b"orders/v0/orders",
        b"*",
        b"",
        b"evil.example:443",
    ],
)
def test_path_that_can_be_read_in_two_ways_is_refused(path: bytes) -> None:
    """Cases 54 to 57."""
    assert refusal(scope(path)) == ("invalid", "non_canonical_path")


def test_needed_encodings_pass_and_needless_ones_of_delimiters_are_undone() -> None:
    """Clients differ in whether they encode `,` or `:`; both spellings become one string."""
    assert guard.check(scope(b"/listings/A%2CB%3A/SKU%20%C3%A9")).path == "/listings/A,B:/SKU%20%C3%A9"
    assert guard.check(scope(b"/listings/A,B:/SKU%20%C3%A9")).segments == ("listings", "A,B:", "SKU é")
    assert guard.check(scope(b"/...")).segments == ("...",)
    assert guard.check(scope(b"/")).segments == ("",)


_PIECES = (
    *(
        ".",
        "..",
        "...",
        "%2E",
        "%2e",
        "%2F",
        "%5C",
        "\\",
        ";",
        "%3B",
        "%25",
        "%",
        "%00",
        "%zz",
        "%C3%A9",
        "%C0%AF",
        "%20",
        "%6F",
    ),
    *(
        "orders",
        "v0",
        "902-1",
        "buyerInfo",
        "O",
        "é",
        "?",
        "#",
        ",",
        "%2C",
        "+",
        "%2B",
        "@",
        ":",
        "~",
        "%7E",
        "%FF",
        " ",
        "//",
    ),
    *(
        "/orders",
        "/v0",
        "/902-1",
        "/buyerInfo",
        "/orders/v0",
        "/",
        "/a",
        "/A,b",
        "/%20",
        "/902-1%2FbuyerInfo",
        "/orders/v0/902-1",
    ),
)
_routes = {
    "/orders/v0": "list",
    "/orders/v0/902-1": "one",
    "/orders/v0/902-1/buyerInfo": "personal",
    "/orders": "root",
}


def decide(path: str) -> str:
    return _routes.get(path, "unknown")


@given(st.binary(max_size=8).map(lambda octets: "/orders" + "".join(_PIECES[octet % len(_PIECES)] for octet in octets)))
@example("/orders/v0/902-1/buyerInfo")
@example("/orders/v0/902-1%2FbuyerInfo")
@example("/orders/v0/./902-1/buyerInfo")
@example("orders")
@settings(max_examples=5000, deadline=None)
def test_every_path_is_refused_or_decided_like_its_canonical_form(text: str) -> None:
    """`decide(norm(p)) == decide(p)` or 400: what passes is a fixed point, decodes to its segments, and hides no structure."""
    try:
        path, segments = guard.canonical_path(text.encode("utf-8"))
    except Refused as refused:
        assert refused.refusal.reason == "non_canonical_path"  # noqa: PT017
        return
    assert guard.canonical_path(path.encode()) == (path, segments)
    assert path == "/" + "/".join(quote(part, safe="-._~!$&'()*+,=:@") for part in segments)
    assert not any(part in (".", "..") or set(part) & set("/\\;%?#\x00") for part in segments)
    assert decide(path) == decide("/" + "/".join(segments))


@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=10)), max_size=5))
@settings(max_examples=500, deadline=None)
def test_encoded_query_comes_back_as_it_was(pairs: list[tuple[str, str]]) -> None:
    """Any names and values, properly encoded, are read as meant, or refused for what they hold."""
    raw = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
    try:
        parsed = guard.parse_query(raw.encode())
    except Refused as refused:
        assert refused.refusal.reason in {"malformed_query", "token_in_query"}  # noqa: PT017
        return
    assert list(parsed) == pairs


def _encode(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize(
    "query",
    [
        *(
            b"a=" + value
            for value in (
                b"%",
                b"%4",
                b"%zz",
                b"%C0%AF",
                b"%ED%A0%80",
                b"%FF",
                b"%00",
                b"%C2%85",
                b"\xc3\xa9",
                b"b c",
                b"\t",
            )
        ),
        b"%0Aa=1",
        b"a=\x7f",
        b"&".join([b"a=1"] * 257),
    ],
)
def test_query_that_is_not_text_is_refused(query: bytes) -> None:
    """Malformed escapes, overlong forms, control characters, raw bytes."""
    assert refusal(scope(ORDER + b"?" + query)) == ("invalid", "malformed_query")


def test_encoded_parameter_names_are_decoded() -> None:
    """Case 58: `%64ataElements` is `dataElements`, and nothing else."""
    assert guard.check(scope(b"/a?%64ataElements=x&dataElements%5B%5D=y&&a=b=c")).query == (
        ("dataElements", "x"),
        ("dataElements[]", "y"),
        ("a", "b=c"),
    )


@pytest.mark.parametrize(
    "query",
    [b"access_token=x", b"X-Amz-Access-Token=x", b"%61ccess_token=x", b"a=1&x-amz-security-token=", b"refresh_token=x"],
)
def test_token_in_the_query_is_refused(query: bytes) -> None:
    """Case 49: also when it stands there alone."""
    assert refusal(scope(ORDER + b"?" + query)) == ("invalid", "token_in_query")


@pytest.mark.parametrize("query", [b"format=csv", b"Format=XML", b"a=1&format=jsonp"])
def test_other_formats_are_not_served(query: bytes) -> None:
    """Case 25."""
    assert refusal(scope(ORDER + b"?" + query)) == ("not_acceptable", "not_acceptable")


def test_callback_is_just_a_parameter() -> None:
    """Nobody wraps an answer in it."""
    assert guard.check(scope(ORDER + b"?callback=f&format=json")).query == (("callback", "f"), ("format", "json"))


@pytest.mark.parametrize(
    "accept",
    [
        b"*/*",
        b"application/json",
        b"application/hal+json",
        b"text/html, application/json;q=0.9",
        b"application/*",
        b"",
        b"*/*;q=0.1",
    ],
)
def test_clients_that_take_json_are_served(accept: bytes) -> None:
    """With or without parameters; a quality above zero is enough."""
    guard.check(with_headers((b"accept", accept)))


@pytest.mark.parametrize(
    "accept", [b"application/xml", b"text/csv", b"application/json;q=0", b"*/*; q=0.000", b"text/*"]
)
def test_clients_that_take_no_json_are_refused(accept: bytes) -> None:
    """Case 25: XML and CSV never pass through a JSON projection."""
    assert refusal(with_headers((b"accept", accept))) == ("not_acceptable", "not_acceptable")


@pytest.mark.parametrize(
    "hosts", [[], [HOST, HOST], [HOST, (b"host", b"other")], [(b"host", b"")], [(b"host", b"a b")], [(b"host", b"a/b")]]
)
def test_host_must_be_there_once(hosts: list[tuple[bytes, bytes]]) -> None:
    """Case 47."""
    kind, reason = refusal(scope(headers=hosts))
    assert (kind, reason) in {("invalid", "bad_host"), ("invalid", "duplicate_header")}


@pytest.mark.parametrize("host", [b"127.0.0.1:8400", b"[::1]:8400", b"gateway.example", b"localhost", b"[2001:db8::1]"])
def test_hosts_in_every_spelling_pass(host: bytes) -> None:
    """Names, addresses, ports."""
    guard.check(scope(headers=[(b"host", host)]))


@pytest.mark.parametrize(
    "name", [b"authorization", b"content-length", b"transfer-encoding", b"content-type", b"content-encoding"]
)
def test_headers_that_decide_something_may_come_once(name: bytes) -> None:
    """Case 48: never first or last wins."""
    assert refusal(with_headers((name, b"1"), (name, b"1"), method="POST")) == ("invalid", "duplicate_header")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"5, 5")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"-5")],
        [(b"content-length", b"0x5")],
        [(b"content-length", b" 5")],
        [(b"content-length", b"")],
        [(b"content-length", b"\xd9\xa5")],
        [(b"content-length", b"9" * 30)],
        [(b"transfer-encoding", b"identity, chunked")],
        [(b"transfer-encoding", b"gzip")],
        [(b"transfer-encoding", b"identity")],
        [(b"transfer-encoding", b"")],
    ],
)
def test_framing_is_checked_once_more(headers: list[tuple[bytes, bytes]]) -> None:
    """Cases 42 to 44, for the day a parser changes its mind."""
    assert refusal(with_headers(*headers, method="POST")) == ("invalid", "bad_framing")


def test_chunks_need_http_1_1() -> None:
    """Case 46; other versions than 1.0 and 1.1 are not spoken."""
    assert refusal(with_headers((b"transfer-encoding", b"chunked"), method="POST", version="1.0")) == (
        "invalid",
        "bad_framing",
    )
    assert refusal(scope(version="2.0")) == ("invalid", "bad_framing")
    guard.check(scope(version="1.0"))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(b"x", b"y")] * 100, "headers_too_large"),
        ([(b"x", b"y" * 9000)], "headers_too_large"),
        ([(b"x", b"y" * 8000)] * 5, "headers_too_large"),
    ],
)
def test_headers_have_caps(headers: list[tuple[bytes, bytes]], reason: str) -> None:
    """Case 52: number, line, sum; here for servers without our protocol, which counts for itself."""
    assert refusal(unprotected(*headers)) == ("headers_too_large", reason)


def test_target_has_a_cap() -> None:
    """Case 52."""
    assert refusal(scope(b"/" + b"a" * 100_000)) == ("too_long", "target_too_long")
    assert refusal(scope(b"/a?b=" + b"a" * 100_000)) == ("too_long", "target_too_long")


@pytest.mark.parametrize("value", [b"a\x00b", b"a\nb", b"a\rb", b"a\x7fb", b"a\x1b[31m"])
def test_control_characters_in_headers_are_refused(value: bytes) -> None:
    """Nobody's log or parser meets them."""
    assert refusal(unprotected((b"user-agent", value))) == ("invalid", "malformed_header")


def test_headers_that_claim_an_identity_change_nothing() -> None:
    """Case 50: they are neither refused nor looked at."""
    claims = [(b"x-forwarded-for", b"1.2.3.4"), (b"x-original-url", b"/admin"), (b"x-http-method-override", b"DELETE")]
    request = guard.check(with_headers(*claims, (b"upgrade", b"h2c"), (b"connection", b"upgrade")))
    assert (request.method, request.path) == ("GET", ORDER.decode())


@pytest.mark.parametrize(
    "content_type", [b"", b"text/plain", b"application/x-www-form-urlencoded", b"application/json; charset=utf-16"]
)
def test_body_must_be_json_in_utf_8(content_type: bytes) -> None:
    """Anything else is not read at all."""
    headers = [(b"content-length", b"2"), (b"content-type", content_type)]
    assert refusal(with_headers(*headers, method="POST")) == ("unsupported", "unsupported_media_type")


@pytest.mark.parametrize("coding", [b"gzip, gzip", b"gzip, gzip, gzip", b"br", b"zstd", b"x-gzip", b"deflate", b""])
def test_body_may_have_one_known_coding(coding: bytes) -> None:
    """Case 34."""
    headers = [(b"content-length", b"2"), (b"content-type", b"application/json"), (b"content-encoding", coding)]
    assert refusal(with_headers(*headers, method="POST")) == ("unsupported", "unsupported_encoding")


def test_get_with_a_body_is_refused_but_an_empty_one_is_none() -> None:
    """`Content-Length: 0` is what some clients always send."""
    assert refusal(with_headers((b"content-length", b"1"))) == ("invalid", "unexpected_body")
    assert guard.check(with_headers((b"content-length", b"0"))).has_body is False
    assert guard.check(with_headers((b"content-length", b"0"), method="POST")).has_body is False


def test_body_announced_too_large_is_refused_before_it_is_read() -> None:
    """8 MiB, by its announced length."""
    headers = [(b"content-length", b"8388609"), (b"content-type", b"application/json")]
    assert refusal(with_headers(*headers, method="POST")) == ("too_large", "body_too_large")


def body_of(
    *messages: dict[str, Any], length: int | None = None, gzipped: bool = False, limit_bytes: int = 1000
) -> bytes:
    """What `read_body` makes of a sequence of ASGI messages; waits for ever after the last."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    request = guard.Request("POST", False, "/a", ("a",), (), [], has_body=True, body_length=length, gzip=gzipped)
    return asyncio.run(guard.read_body(request, receive, limit_bytes=limit_bytes, deadline_seconds=0.2))


def part(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def body_refusal(*messages: dict[str, Any], **options: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        body_of(*messages, **options)
    return caught.value.refusal.kind, caught.value.refusal.reason


def test_body_is_joined_and_inflated() -> None:
    """Plain or gzip, in any number of parts."""
    assert body_of(part(b"ab", more=True), part(b"", more=True), part(b"c"), length=3) == b"abc"
    packed = gzip.compress(b'{"a":1}')
    assert body_of(part(packed[:5], more=True), part(packed[5:]), length=len(packed), gzipped=True) == b'{"a":1}'


def test_body_that_ends_too_early_is_no_body() -> None:
    """Case 36: a disconnect never means complete, nor does a short count."""
    gone = {"type": "http.disconnect"}
    assert body_refusal(gone) == ("invalid", "body_incomplete")
    assert body_refusal(part(b"{}", more=True), gone) == ("invalid", "body_incomplete")
    assert body_refusal(part(b"{}"), length=3) == ("invalid", "body_incomplete")


def test_body_that_never_ends_meets_its_deadline() -> None:
    """Case 37."""
    assert body_refusal(part(b"{", more=True)) == ("invalid", "body_timeout")


def test_body_over_the_cap_is_cut_where_it_crosses_it() -> None:
    """Chunked bodies have no announced length."""
    assert body_refusal(part(b"x" * 600, more=True), part(b"x" * 600, more=True)) == ("too_large", "body_too_large")
    assert body_refusal(part(b""), length=2000) == ("too_large", "body_too_large")


def test_gzip_bodies_are_bounded_and_exact() -> None:
    """Cases 33 and 35 from the app's side."""
    bomb = gzip.compress(bytes(10_000_000))
    assert body_refusal(part(bomb), gzipped=True, limit_bytes=8 * 1024 * 1024) == ("too_large", "body_too_large")
    assert body_refusal(part(b"{}"), gzipped=True) == ("invalid", "malformed_encoding")
    assert body_refusal(part(gzip.compress(b"{}") + b"x"), gzipped=True) == ("invalid", "malformed_encoding")
    assert body_refusal(part(gzip.compress(b"{}")[:-1]), gzipped=True) == ("invalid", "malformed_encoding")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"dataElements":[],"dataElements":["buyerInfo"]}', "duplicate_member"),
        (b'{"a":{"b":[{"c":1,"\\u0063":2}]}}', "duplicate_member"),
        (b"[" * 65 + b"]" * 65, "json_too_deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "json_too_deep"),
        (b"[" * 1000, "json_too_deep"),
        (b"[" * 100_000, "json_too_deep"),
        (b'{"a":' * 100_000, "json_too_deep"),
        (b"1" * 4301, "json_too_large"),
        (b'{"unknown":' + b"1" * 4301 + b"}", "json_too_large"),
        (b"-1." + b"1" * 5000, "json_too_large"),
        (b"{" + b",".join(b'"%d":1' % number for number in range(10_001)) + b"}", "json_too_large"),
        (b'{"' + b"k" * 257 + b'":1}', "json_too_large"),
        (b"1E400", "json_malformed"),
        (b"NaN", "json_malformed"),
        (b"[Infinity]", "json_malformed"),
        (b"-Infinity", "json_malformed"),
        (b'"\\ud800"', "json_malformed"),
        (b'{"\\udc00":1}', "json_malformed"),
        (b"\xef\xbb\xbf{}", "json_malformed"),
        ("{}".encode("utf-16"), "json_malformed"),
        ("{}".encode("utf-32"), "json_malformed"),
        (b'"\xc0\xaf"', "json_malformed"),
        (b'"\xed\xa0\x80"', "json_malformed"),
        (b'"\xff"', "json_malformed"),
        (b"{} {}", "json_malformed"),
        (b'{}\n{"a":1}', "json_malformed"),
        (b"{'a':1}", "json_malformed"),
        (b"[1,]", "json_malformed"),
        (b"/*x*/{}", "json_malformed"),
        (b'"a\nb"', "json_malformed"),
        (b"01", "json_malformed"),
        (b"", "json_malformed"),
    ],
)
def test_json_that_others_may_read_otherwise_is_refused(body: bytes, reason: str) -> None:
    """Cases 3 and 12 to 24, from the app."""
    with pytest.raises(Refused) as caught:
        guard.strict_json(body)
    assert (caught.value.refusal.kind, caught.value.refusal.reason) == ("invalid", reason)
    assert "1111" not in caught.value.message


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[" * 64 + b"]" * 64, None),
        (b'{"__proto__":1,"constructor":2}', {"__proto__": 1, "constructor": 2}),
        (b"12345678901234567890123", 12345678901234567890123),
        (b'"\\u0000"', "\0"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"BuyerEmail":1,"buyeremail":2}', {"BuyerEmail": 1, "buyeremail": 2}),
        (b"-0", 0),
    ],
)
def test_strange_but_unambiguous_json_is_read(body: bytes, value: Any) -> None:
    """Digits are kept, names are never normalised."""
    found = guard.strict_json(body)
    assert value is None or found == value
