"""Stall's habits, none of them Amazon's: a bearer token, the seller in the path, problem documents (RFC 9457), the
proof in the body, states said outright, times in seconds since 1970."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.dialect import DialectRefused, Headers, Refusal, UpstreamCall, WireAnswer
from piepowder.core.marketplace.model import Operation, OrderState, Rate

DELIVERED_FOR = timedelta(days=30)
_YEAR_10000 = 253_402_300_800  # seconds since 1970; no calendar here goes further

#: kind of refusal -> status and title
ERRORS: dict[str, tuple[int, str]] = {
    "invalid": (422, "Invalid request"),
    "unauthorised": (401, "Token needed"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "Not found"),
    "method": (405, "Method not allowed"),
    "not_acceptable": (406, "Not acceptable"),
    "too_large": (413, "Too large"),
    "too_long": (414, "Address too long"),
    "unsupported": (415, "Unsupported content"),
    "throttled": (429, "Too many requests"),
    "headers_too_large": (431, "Headers too large"),
    "internal": (500, "Internal error"),
    "upstream": (502, "Marketplace failed"),
    "unavailable": (503, "Unavailable"),
}
_STATES = {
    "awaiting_dispatch": OrderState.UNSHIPPED,
    "dispatched": OrderState.SHIPPED,
    "voided": OrderState.CANCELLED,
}
_UNKNOWN_SALE = Refusal(kind="not_found", reason="not_found", message="the requested resource does not exist")


class _Proof(Struct):
    shop: str


class Stall:
    """The made-up marketplace of the tests."""

    name = "stall"

    def token(self, headers: Headers) -> str | None:
        """The bearer token of `Authorization`; `ValueError` where that header is repeated."""
        values = [value for name, value in headers if name == b"authorization"]
        if len(values) > 1:
            raise ValueError("the Authorization header is repeated")
        scheme, _, token = values[0].decode("latin-1").strip().partition(" ") if values else ("", "", "")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def refuse(self, refusal: Refusal, *, decision: str, request: str, operation: Operation | None) -> WireAnswer:
        status, title = ERRORS.get(refusal.kind, ERRORS["internal"])
        problem = {
            "type": f"urn:stall:problem:{refusal.reason}",
            "title": title,
            "status": status,
            "detail": refusal.message,
            "instance": f"urn:stall:request:{request}",
            "remedy": refusal.hint or "ask the marketplace's operator, naming this decision",
            "decision": decision,
        }
        headers = [(b"content-type", b"application/problem+json"), *_common(request)]
        if refusal.kind == "unauthorised":
            headers.append((b"www-authenticate", b"Bearer"))
        return WireAnswer(status, (*headers, *refusal.headers()), json.encode(problem))

    def success_headers(self, *, request: str, operation: Operation, rate: Rate) -> tuple[tuple[bytes, bytes], ...]:
        allowance = (b"stall-allowance", f"{rate.per_second * 60:g} per minute, {rate.burst} at once".encode())
        return ((b"content-type", b"application/json"), *_common(request), allowance)

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
        """The seller is the shop in the path. Another's shop is answered like a sale that does not exist."""
        if path.get("shop", seller) != seller:
            raise DialectRefused(_UNKNOWN_SALE)
        values = {**path, "shop": seller}
        steps = (step if step[:1] != "{" else quote(values[step[1:-1]], safe="") for step in operation.path.split("/"))
        target = "/".join(steps) + ("?" + urlencode(query, quote_via=quote) if query else "")
        headers = [(b"x-api-key", credential.encode("ascii")), (b"accept", b"application/json")]
        if body:
            headers.append((b"content-type", b"application/json"))
        return UpstreamCall(operation.method.encode(), target.encode(), tuple(headers), body)

    def proves_seller(self, seller: str, headers: Headers, body: bytes) -> bool:
        """The answer's own `shop` says whose it is."""
        try:
            return json.decode_as(body, _Proof).shop == seller
        except PiepowderError:
            return False

    def order_state(self, fields: Mapping[str, object], now: datetime) -> OrderState:
        """`state` in words; a delivered sale also needs `delivered_at`, in seconds since 1970."""
        state, delivered_at = fields.get("state"), fields.get("delivered_at")
        if state != "delivered":
            return _STATES.get(state, OrderState.UNKNOWN) if isinstance(state, str) else OrderState.UNKNOWN
        if not isinstance(delivered_at, int) or not 0 <= delivered_at < _YEAR_10000:
            return OrderState.UNKNOWN
        age = now - (datetime.fromtimestamp(0, UTC) + timedelta(seconds=delivered_at))
        return OrderState.DELIVERED if age <= DELIVERED_FOR else OrderState.CLOSED

    def check(self, operation: Operation, query: Mapping[str, Sequence[str]], now: datetime) -> str | None:
        """Stall has one rule: a cursor comes alone."""
        if query.get("cursor") and len(query) > 1 and set(query) - {"cursor", "limit"}:
            return "`cursor` already stands for all other filters"
        return None


def _common(request: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"stall-request", request.encode("latin-1", "replace")), (b"cache-control", b"private, no-store"))
