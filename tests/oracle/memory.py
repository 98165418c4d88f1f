"""A whole gateway in this process: catalogue, Cedar, decisions, projection, guard and token logic are the real ones; what stands behind
an interface (upstream, database of tokens, ledger) is kept in memory.
"""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from piepowder.core.facts.shared import Shared
from piepowder.core.facts.snapshot import Row, Snapshot, read_rows
from piepowder.core.kernel import json
from piepowder.core.kernel.config import load
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.rows import encode_row
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.dialect import UpstreamCall, WireAnswer
from piepowder.core.marketplace.dialects import load_dialect
from piepowder.gateway import call
from piepowder.gateway.exchange import UpstreamAnswer
from piepowder.gateway.feed import Feed
from piepowder.gateway.limits import Limits
from piepowder.gateway.order_states import OrderStates
from piepowder.gateway.parts import Gateway, Keys
from piepowder.gateway.tokens import Tokens, digest_of

SELLER_HEADER = b"x-marketplace-seller"
_tokens = itertools.count(1)


class MemoryDatabase:
    """As `gateway.database.Database`, for the two statements that `Tokens` knows."""

    def __init__(self) -> None:
        self.rows: dict[bytes, tuple[Any, ...]] = {}

    async def ask(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        return [self.rows[values[0]]] if values[0] in self.rows else []

    async def store(self, query: str, values: list[Any]) -> None:
        _, digest, app, grant, seller, restriction, issued, expires = values
        self.rows[digest] = (
            "restricted", app, grant, seller, "", issued.timestamp(), expires.timestamp(), False, restriction, 0,
        )  # fmt: skip

    async def close(self) -> None:
        self.rows.clear()


class MemoryFeed(Feed):
    """Fed by hand; the database's clock is this machine's."""

    live = True

    def fresh(self) -> bool:
        return self.live

    def database_now(self) -> float:
        return time.time()


class MemoryUpstream:
    """Answers each path with the text it was given for it; `meanwhile` happens while it takes its time."""

    def __init__(self) -> None:
        self.answers: dict[bytes, bytes] = {}
        self.calls: list[UpstreamCall] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def fetch(self, call: UpstreamCall, *, deadline_seconds: float = 30.0) -> UpstreamAnswer:
        self.calls.append(call)
        self.meanwhile()
        headers = [(b"content-type", b"application/json"), (b"set-cookie", b"PPW-cookie-0123456789abcdef")]
        headers += [header for header in call.headers if header[0] == SELLER_HEADER]
        return UpstreamAnswer(200, tuple(headers), self.answers[call.target.partition(b"?")[0]])

    async def close(self) -> None:
        self.answers.clear()


class MemoryLedger:
    """As `ledger.append.Appender`: what PostgreSQL could not store is refused here, too."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def append(self, record: Record) -> None:
        encode_row(record)
        self.records.append(record)


class InMemory:
    """The gateway and its surroundings. Facts come as published rows, read as a worker reads them."""

    def __init__(self, dialect: str, folder: Path) -> None:
        self.upstream, self.ledger, self.database, self.feed = (
            MemoryUpstream(),
            MemoryLedger(),
            MemoryDatabase(),
            MemoryFeed(),
        )
        tokens = Tokens("", self.feed)
        tokens._database = self.database  # type: ignore[assignment]
        settings = load(data=folder, dialect=dialect, upstream_credential="credential", rates="generous")
        self.limits = Limits(folder / "limits", slots=1024)
        self.gateway = Gateway(
            settings=settings,
            catalogue=load_catalogue(dialect),
            dialect=load_dialect(dialect),
            feed=self.feed,
            tokens=tokens,
            limits=self.limits,
            upstream=self.upstream,
            appender=self.ledger,  # type: ignore[arg-type]
            keys=Keys(orders=b"o" * 32, subjects=b"s" * 32, marks=b"m" * 32, paging=b"p" * 32),
        )

    def publish(self, facts: dict[tuple[str, str], Struct | None]) -> None:
        """The facts of a new world: everything before is gone."""
        self.feed.replace(Snapshot())
        self.feed.shared = Shared()
        self.change(facts)
        self.gateway.order_states = OrderStates()
        self.database.rows.clear()

    def change(self, facts: dict[tuple[str, str], Struct | None]) -> None:
        number = self.feed.snapshot.number + 1
        rows = [
            Row(kind, key, None if fact is None else json.encode(fact), number) for (kind, key), fact in facts.items()
        ]
        self.feed.apply(read_rows(rows, shared=self.feed.shared))

    def token(self, row: tuple[Any, ...]) -> str:
        """A new token, as the control plane would have stored it."""
        text = f"token-{next(_tokens)}"
        self.database.rows[digest_of(text)] = row
        return text

    async def call(self, scope: dict[str, Any], body: bytes = b"") -> tuple[WireAnswer, list[Record]]:
        """The answer, and the records that were made of it."""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        self.ledger.records.clear()
        answer = await call.answer(self.gateway, scope, receive)
        return answer, list(self.ledger.records)
