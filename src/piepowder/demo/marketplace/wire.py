"""What every operation shares: the call, its parameters, answers and errors in Amazon's shape."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.demo.orders import Order, OrderBook, Seller

Headers = tuple[tuple[bytes, bytes], ...]
JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")


class Answer(Struct, frozen=True):
    status: int
    headers: Headers
    body: bytes


class Fault(PiepowderError):
    """An error that the caller sees: HTTP status and Amazon's code word."""

    def __init__(self, status: int, word: str, message: str, details: str = "") -> None:
        super().__init__(f"demo_marketplace_{word.lower()}", message)
        self.status, self.word, self.details = status, word, details


def invalid(message: str) -> Fault:
    return Fault(400, "InvalidInput", message, "see the operation's parameters in the API's documentation")


def not_found() -> Fault:
    """The same for a number that does not exist and for another seller's."""
    return Fault(404, "NotFound", "The requested resource does not exist.", "no such order for this seller")


class Call(Struct, frozen=True, kw_only=True):
    """One request, already authenticated and scoped to a seller. `now` in seconds since 1970."""

    book: OrderBook
    seller: Seller
    path: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    now: int

    def order(self) -> Order:
        found = self.book.order(self.seller, self.path[0])
        if found is None:
            raise not_found()
        return found

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, (default,))[0]

    def many(self, name: str, *, limit: int = 50) -> tuple[str, ...]:
        """A list: comma-joined, and a repeated key as well."""
        values = tuple(part for value in self.query.get(name, ()) for part in value.split(",") if part)
        if len(values) > limit:
            raise invalid(f"{name} takes at most {limit} values.")
        return values

    def choices(self, name: str, options: frozenset[str]) -> tuple[str, ...]:
        values = self.many(name)
        for value in values:
            if value not in options:
                raise invalid(f"{name} does not take `{value}`.")
        return values

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        text = self.one(name, str(default))
        if not (text.isascii() and text.isdigit()) or not low <= int(text[:9]) <= high:
            raise invalid(f"{name} must be a number from {low} to {high}.")
        return int(text)

    def moment(self, name: str) -> int | None:
        """Seconds since 1970 of an ISO 8601 parameter; naive times are UTC. None where it is absent or empty."""
        text = self.one(name)
        return parse_moment(text, name) if text else None


def parse_moment(text: str, name: str) -> int:
    """`2026-01-01T00:00:00Z`, with an offset, or naive. A `+` that came as a blank is read as the `+` it was."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        raise invalid(f"{name} must be an ISO 8601 date-time.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    """Amazon leaves absent members out; it does not send them empty."""
    return {name: value for name, value in fields.items() if value or value is False or value.__class__ is int}


Handler = Callable[[Call], Any]
