"""Amazon's habits: where the token stands, the error shape, the headers, the order's life.

The marketplace's own API behind the gateway takes the gateway's credential in the same header and the seller in
`x-marketplace-seller`; it answers with the same header, which is the proof that an answer belongs to that seller.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from piepowder.core.kernel import json
from piepowder.core.marketplace.dialect import Headers, Refusal, UpstreamCall, WireAnswer
from piepowder.core.marketplace.dialects.spapi.life import order_state
from piepowder.core.marketplace.dialects.spapi.parameters import broken_rule
from piepowder.core.marketplace.model import Operation, OrderState, Rate

TOKEN_HEADER = b"x-amz-access-token"
SELLER_HEADER = b"x-marketplace-seller"
#: seconds to wait after a 429. Not `retry-after`, which Amazon does not send: `amzn-sp-api` would sleep through it inside the call, three
#: times over, and then raise an error of its HTTP library in place of its own
RETRY_HEADER = b"x-piepowder-retry-after"

#: kind of refusal -> status and code. A bad token is 403, never 401: one client library has no answer to a 401.
ERRORS: dict[str, tuple[int, str]] = {
    "invalid": (400, "InvalidInput"),
    "unauthorised": (403, "Unauthorized"),
    "forbidden": (403, "Unauthorized"),
    "not_found": (404, "NotFound"),
    "method": (405, "InvalidInput"),
    "not_acceptable": (406, "InvalidInput"),
    "too_large": (413, "RequestTooLarge"),
    "too_long": (414, "RequestTooLarge"),
    "unsupported": (415, "UnsupportedMediaType"),
    "throttled": (429, "QuotaExceeded"),
    "headers_too_large": (431, "RequestTooLarge"),
    "internal": (500, "InternalFailure"),
    "upstream": (502, "InternalFailure"),
    "unavailable": (503, "ServiceUnavailable"),
}
_RATE_STATUSES = frozenset({400, 404})  # besides 2xx: the only ones that name the rate
_PLAIN = re.compile(r"[A-Za-z0-9\-_.~]*").fullmatch
_FIXED = ((b"content-type", b"application/json"), (b"cache-control", b"private, no-store"), (b"accept-ranges", b"none"))


class SpApi:
    """The Selling Partner API."""

    name = "spapi"

    def token(self, headers: Headers) -> str | None:
        """The value of `x-amz-access-token`. A bearer token in `Authorization` alone is none: identity has one place.

        `ValueError` for a repeated header, and for a bearer token beside the app's. An AWS signature is ignored.
        """
        tokens = [value for name, value in headers if name == TOKEN_HEADER]
        authorizations = [value for name, value in headers if name == b"authorization"]
        if len(tokens) > 1 or len(authorizations) > 1:
            raise ValueError("a token header is repeated")
        if tokens and authorizations and authorizations[0].lstrip()[:7].lower() == b"bearer ":
            raise ValueError("two bearer tokens")
        return tokens[0].decode("latin-1").strip() or None if tokens else None

    def refuse(self, refusal: Refusal, *, decision: str, request: str, operation: Operation | None) -> WireAnswer:
        status, code = ERRORS.get(refusal.kind, ERRORS["internal"])
        error = {"code": code, "message": refusal.message, "details": _details(refusal, decision)}
        headers = [(b"x-amzn-requestid", _text(request)), *_FIXED]
        if operation is not None and status in _RATE_STATUSES:
            headers.append(_rate_header(operation.rate))
        headers += [(RETRY_HEADER if name == b"retry-after" else name, value) for name, value in refusal.headers()]
        return WireAnswer(status, tuple(headers), json.encode({"errors": [error]}))

    def success_headers(self, *, request: str, operation: Operation, rate: Rate) -> tuple[tuple[bytes, bytes], ...]:
        return ((b"x-amzn-requestid", _text(request)), *_FIXED, _rate_header(rate))

    def upstream(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str],
        query: Sequence[tuple[str, str]],
        body: bytes,
        seller: str,
        credential: str,
    ) -> UpstreamCall:
        """Lists go out comma-joined; a comma inside a value is percent-encoded. `ValueError` for a bad header value."""
        target = "/".join([_escaped(path[name]) if name else literal for literal, name in _steps(operation.path)])
        if query:
            target = f"{target}?{_query(query)}"
        headers = _upstream_headers(credential, seller)
        if body:
            headers = (*headers, (b"content-type", b"application/json"))
        return UpstreamCall(operation.method.encode(), target.encode(), headers, body)

    def proves_seller(self, seller: str, headers: Headers, body: bytes) -> bool:
        """Whether the upstream named exactly this seller, once."""
        return [value for name, value in headers if name == SELLER_HEADER] == [seller.encode()]

    def order_state(self, fields: Mapping[str, object], now: datetime) -> OrderState:
        return order_state(fields, now)

    def check(self, operation: Operation, query: Mapping[str, Sequence[str]], now: datetime) -> str | None:
        return broken_rule(operation.id, query, now)


def _details(refusal: Refusal, decision: str) -> str:
    """Reason id, sentence, what would change it, decision id: each in its place, none empty."""
    hint = refusal.hint or "ask the marketplace's operator, naming this decision"
    return f"{refusal.reason}: {refusal.message}; what would change it: {hint}; decision {decision}"


@lru_cache(1_000)
def _steps(template: str) -> tuple[tuple[str, str], ...]:
    """The steps of a path: (literal, "") or ("", name of a parameter)."""
    return tuple(("", step[1:-1]) if step.startswith("{") else (step, "") for step in template.split("/"))


@lru_cache(100_000)
def _upstream_headers(credential: str, seller: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (TOKEN_HEADER, _header_value(credential)),
        (SELLER_HEADER, _header_value(seller)),
        (b"accept", b"application/json"),
        (b"accept-encoding", b"identity"),
    )


def _escaped(value: str) -> str:
    """Percent-encoded; most values are plain already, and `quote` takes its time to find out."""
    return value if _PLAIN(value) else quote(value, safe="-_.~")


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(_escaped(value))
    return "&".join([f"{_escaped(name)}={','.join(values)}" for name, values in lists.items()])


def _rate_header(rate: Rate) -> tuple[bytes, bytes]:
    return (b"x-amzn-ratelimit-limit", repr(float(rate.per_second)).encode())


def _text(value: str) -> bytes:
    return value.encode("latin-1", "replace")


def _header_value(value: str) -> bytes:
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError("a header value must be printable ASCII")
    return value.encode()
