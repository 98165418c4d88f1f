"""What an API's own document does not say. One small interface; SP-API is one implementation, `stall` another."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import Operation, OrderState, Rate

Headers = Sequence[tuple[bytes, bytes]]  # names in lower case, as they came


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a call is answered with an error, in words of no dialect.

    `reason` is stable (`token_expired`, `policy_refused`, `not_found`, `throttled`, ...); `kind` groups reasons.
    """

    kind: str  # invalid | unauthorised | forbidden | not_found | method | not_acceptable | too_large | unsupported |
    #            too_long | headers_too_large | throttled | upstream | unavailable | internal
    reason: str
    message: str
    hint: str = ""  # what would change it
    allow: tuple[str, ...] = ()  # with `method`: the methods that the path knows
    retry_after_seconds: int | None = None  # with `throttled` and `unavailable`

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What HTTP itself has to say of it (RFC 9110): `allow`, `retry-after`."""
        told = [("allow", ", ".join(self.allow))] if self.allow else []
        if self.retry_after_seconds is not None:
            told.append(("retry-after", str(self.retry_after_seconds)))
        return [(name.encode(), value.encode()) for name, value in told]


class DialectRefused(PiepowderError):
    """What `Dialect.upstream` raises for a call that must not go out; `refusal` is answered as any other."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"marketplace_{refusal.reason}", refusal.message, hint=refusal.hint)
        self.refusal = refusal


class WireAnswer(Struct, frozen=True):
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class UpstreamCall(Struct, frozen=True):
    method: bytes
    target: bytes  # path and query, encoded
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""


class Dialect(Protocol):
    """The marketplace's habits. Pure: no clock, no network."""

    name: str

    def token(self, headers: Headers) -> str | None:
        """The app's token, or None. `ValueError` where two bearer tokens contradict each other (hostile 48-50)."""
        ...

    def refuse(self, refusal: Refusal, *, decision: str, request: str, operation: Operation | None) -> WireAnswer:
        """An error in the API's own shape, details never empty."""
        ...

    def success_headers(self, *, request: str, operation: Operation, rate: Rate) -> tuple[tuple[bytes, bytes], ...]:
        """Request id, content type and rate headers of a successful answer."""
        ...

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
        """The request to the marketplace's own API, scoped to one seller (the marketplace's id of it).

        `query` has one pair for each value of a list. `path` may lack what the dialect knows itself, such as the
        seller. `DialectRefused` where the path names another seller.
        """
        ...

    def proves_seller(self, seller: str, headers: Headers, body: bytes) -> bool:
        """Whether an upstream answer shows that it belongs to that seller."""
        ...

    def order_state(self, fields: Mapping[str, object], now: datetime) -> OrderState:
        """The class of an order from its binding's `state_fields`; wrong or missing values give `UNKNOWN`."""
        ...

    def check(self, operation: Operation, query: Mapping[str, Sequence[str]], now: datetime) -> str | None:
        """The API's own rules between parameters; a sentence for the app when broken."""
        ...
