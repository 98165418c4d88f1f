import pytest

from piepowder.core.kernel import json
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.dialect import Refusal
from piepowder.core.marketplace.dialects import load_dialect
from piepowder.core.marketplace.model import Rate

SPAPI = load_dialect("spapi")
OPERATIONS = load_catalogue("spapi").operations
GET_ORDERS, GET_ADDRESS = OPERATIONS["orders.v0.getOrders"], OPERATIONS["orders.v0.getOrderAddress"]


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([(b"x-amz-access-token", b"Atza|abc")], "Atza|abc"),
        ([(b"x-amz-access-token", b" abc ")], "abc"),
        ([(b"x-amz-access-token", b"abc"), (b"authorization", b"AWS4-HMAC-SHA256 Credential=x")], "abc"),
        ([(b"authorization", b"AWS4-HMAC-SHA256 Credential=x")], None),
        ([(b"authorization", b"Bearer abc")], None),
        ([(b"x-amz-access-token", b"")], None),
        ([(b"x-amz-access-token", b"\xff")], "\xff"),
        ([], None),
    ],
)
def test_token(headers: list[tuple[bytes, bytes]], token: str | None) -> None:
    """The token stands in one header; an AWS signature is ignored; a bearer token elsewhere is none."""
    assert SPAPI.token(headers) == token


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-amz-access-token", b"a"), (b"x-amz-access-token", b"a")],
        [(b"x-amz-access-token", b"a"), (b"authorization", b"Bearer b")],
        [(b"x-amz-access-token", b"a"), (b"authorization", b" bEARER a")],
        [(b"authorization", b"Bearer b"), (b"authorization", b"AWS4-HMAC-SHA256 x")],
    ],
)
def test_contradicting_tokens(headers: list[tuple[bytes, bytes]]) -> None:
    """Neither the first nor the last of two tokens wins."""
    with pytest.raises(ValueError, match="token"):
        SPAPI.token(headers)


@pytest.mark.parametrize(
    ("kind", "status", "code", "names_rate"),
    [
        ("invalid", 400, "InvalidInput", True),
        ("unauthorised", 403, "Unauthorized", False),
        ("forbidden", 403, "Unauthorized", False),
        ("not_found", 404, "NotFound", True),
        ("method", 405, "InvalidInput", False),
        ("not_acceptable", 406, "InvalidInput", False),
        ("too_large", 413, "RequestTooLarge", False),
        ("too_long", 414, "RequestTooLarge", False),
        ("unsupported", 415, "UnsupportedMediaType", False),
        ("throttled", 429, "QuotaExceeded", False),
        ("headers_too_large", 431, "RequestTooLarge", False),
        ("internal", 500, "InternalFailure", False),
        ("upstream", 502, "InternalFailure", False),
        ("unavailable", 503, "ServiceUnavailable", False),
        ("a kind of tomorrow", 500, "InternalFailure", False),
    ],
)
def test_error_shape(kind: str, status: int, code: str, names_rate: bool) -> None:
    """One error with code, message and details: reason, sentence, remedy, decision; the rate on 400 and 404 only."""
    refusal = Refusal(kind=kind, reason="why_not", message="this cannot be", hint="do that")
    answer = SPAPI.refuse(refusal, decision="rec_1", request="req_1", operation=GET_ORDERS)
    details = "why_not: this cannot be; what would change it: do that; decision rec_1"
    assert answer.status == status
    assert json.decode(answer.body) == {"errors": [{"code": code, "message": "this cannot be", "details": details}]}
    headers = dict(answer.headers)
    assert headers[b"x-amzn-requestid"] == b"req_1"
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"cache-control"] == b"private, no-store"
    assert headers[b"accept-ranges"] == b"none"
    assert headers.get(b"x-amzn-ratelimit-limit") == (b"0.0167" if names_rate else None)


def test_details_are_never_empty() -> None:
    """Without a hint the details still say whom to ask, and an unknown operation has no rate."""
    answer = SPAPI.refuse(
        Refusal(kind="invalid", reason="r", message="m"), decision="rec_1", request="req_1", operation=None
    )
    assert json.decode(answer.body)["errors"][0]["details"] == (
        "r: m; what would change it: ask the marketplace's operator, naming this decision; decision rec_1"
    )
    assert b"x-amzn-ratelimit-limit" not in dict(answer.headers)


def test_allowed_methods_and_waiting_time() -> None:
    """A wrong method is told the right ones, a throttled caller how long to wait, in a header on which no client acts by itself."""
    method = Refusal(kind="method", reason="r", message="m", allow=("GET", "HEAD"))
    throttled = Refusal(kind="throttled", reason="r", message="m", retry_after_seconds=60)
    headers = [
        dict(SPAPI.refuse(each, decision="d", request="r", operation=None).headers) for each in (method, throttled)
    ]
    assert headers[0][b"allow"] == b"GET, HEAD"
    assert headers[1][b"x-piepowder-retry-after"] == b"60"
    assert b"retry-after" not in headers[1]


def test_success_headers_name_the_rate_in_force() -> None:
    """A success names the request and the rate that this app has, in requests a second."""
    headers = dict(SPAPI.success_headers(request="req_1", operation=GET_ORDERS, rate=Rate(5, 10)))
    assert headers == {
        b"x-amzn-requestid": b"req_1",
        b"content-type": b"application/json",
        b"cache-control": b"private, no-store",
        b"accept-ranges": b"none",
        b"x-amzn-ratelimit-limit": b"5.0",
    }


def test_upstream_request() -> None:
    """Lists are comma-joined, values encoded, the seller and the gateway's own credential in headers, nothing else."""
    call = SPAPI.upstream(
        GET_ORDERS,
        path={},
        query=[
            ("MarketplaceIds", "A"),
            ("MarketplaceIds", "B,C"),
            ("BuyerEmail", "a b&c=d@x.example"),
            ("NextToken", "ü/+"),
        ],
        body=b"",
        seller="SELLER1",
        credential="secret",
    )
    assert call.method == b"GET"
    assert call.target == (
        b"/orders/v0/orders?MarketplaceIds=A,B%2CC&BuyerEmail=a%20b%26c%3Dd%40x.example&NextToken=%C3%BC%2F%2B"
    )
    assert dict(call.headers) == {
        b"x-amz-access-token": b"secret",
        b"x-marketplace-seller": b"SELLER1",
        b"accept": b"application/json",
        b"accept-encoding": b"identity",
    }


def test_upstream_path_and_body() -> None:
    """Path values are encoded whole; a body is JSON."""
    call = SPAPI.upstream(GET_ADDRESS, path={"orderId": "1/../2?x"}, query=(), body=b"{}", seller="S", credential="c")
    assert call.target == b"/orders/v0/orders/1%2F..%2F2%3Fx/address"
    assert dict(call.headers)[b"content-type"] == b"application/json"
    assert call.body == b"{}"


@pytest.mark.parametrize("seller", ["", "S\r\nx-injected: 1", "Sé", "S\x00"])
def test_upstream_headers_cannot_be_injected(seller: str) -> None:
    """A seller's id that is no header value stops the call."""
    with pytest.raises(ValueError, match="ASCII"):
        SPAPI.upstream(GET_ORDERS, path={}, query=(), body=b"", seller=seller, credential="c")


@pytest.mark.parametrize(
    ("headers", "proven"),
    [
        ([(b"x-marketplace-seller", b"S1")], True),
        ([(b"x-marketplace-seller", b"S2")], False),
        ([(b"x-marketplace-seller", b"S1"), (b"x-marketplace-seller", b"S1")], False),
        ([(b"x-marketplace-seller", b"S1, S2")], False),
        ([], False),
    ],
)
def test_proof_of_the_seller(headers: list[tuple[bytes, bytes]], proven: bool) -> None:
    """An answer is the seller's only where the upstream names exactly this seller, once."""
    assert SPAPI.proves_seller("S1", headers, b"{}") is proven
