"""Tokens, known by their SHA-256 digest only. An unknown digest costs one indexed look-up, then it is remembered.

A revocation reaches a worker through the feed, and may overtake a look-up that began before it: so the feed's map is read after each
look-up and at each use, and a remembered token is never more than a hint that it once existed.
"""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import decode_as, encode_text
from piepowder.gateway.database import Database
from piepowder.gateway.feed import Feed

_log = structlog.get_logger("piepowder.gateway.tokens")
KNOWN_MAX = 100_000
UNKNOWN_MAX = 10_000
UNKNOWN_SECONDS = 1.0
FEED_SECONDS_MAX = 0.5  # how long a new token waits for the facts that were there before it
TOKEN_CHARACTERS_MAX = 4_096
RESTRICTED_PREFIX = "Atz.sprdt|"  # as Amazon's own begin
_LOOK_UP = """
SELECT kind, app, grant_id, seller, scope, extract(epoch FROM issued_at)::float8, extract(epoch FROM expires_at)::float8,
       revoked, restriction, (SELECT number FROM publication_version WHERE id = 1)
FROM consent_gate_token WHERE digest = %s
"""
_INSERT = """
INSERT INTO consent_restricted_token (id, digest, app_id, grant_id, seller_id, restriction, issued_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


class Resource(Struct, frozen=True, kw_only=True):
    """One entry of a restricted token: a method and a path (or path template), and the data elements it unlocks there."""

    method: str
    path: str
    elements: tuple[str, ...] = ()


class Restriction(Struct, frozen=True, kw_only=True, eq=False):
    resources: tuple[Resource, ...]
    purposes: dict[str, tuple[str, ...]] = {}  # data element or "*" -> purposes it was issued for
    target: str | None = None  # the app that may use the token, where it is not the one that asked for it


class TokenFact(Struct, frozen=True, kw_only=True, eq=False):
    """What stands behind a token. Times are seconds since 1970, database time. Whoever uses it checks `revoked` and `expires_at`."""

    kind: str  # access | restricted | grantless
    app: str
    grant: str
    seller: str
    scope: str
    issued_at: float
    expires_at: float
    restriction: Restriction | None = None
    revoked: bool = False
    digest: bytes = b""  # SHA-256 of the token


def digest_of(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class Tokens:
    """One per worker."""

    def __init__(self, dsn: str, feed: Feed) -> None:
        self._database = Database(dsn)
        self._feed = feed
        self._known: dict[bytes, TokenFact] = {}  # oldest first
        self._unknown: dict[bytes, float] = {}  # digest -> believed until, database time
        self._asking: dict[bytes, asyncio.Task[TokenFact | None]] = {}

    async def start(self) -> None:
        """Connects; `gateway_database_unavailable` where the database or the view of tokens is not there."""
        await self._database.ask(_LOOK_UP, [b""])

    async def stop(self) -> None:
        for task in list(self._asking.values()):
            task.cancel()
        await self._database.close()

    async def lookup(self, token: str) -> TokenFact | None:
        """The token's fact, revoked or expired ones included, or None if there is no such token.

        `gateway_database_unavailable` where that cannot be learnt just now.
        """
        if not token or len(token) > TOKEN_CHARACTERS_MAX:
            return None
        digest = digest_of(token)
        fact = self._known.get(digest)
        if fact is None:
            if self._unknown.get(digest, 0.0) > self._feed.database_now():
                return None
            fact = await self._ask(digest)
        if fact is not None and self.is_revoked(fact):
            return msgspec.structs.replace(fact, revoked=True)
        return fact

    def is_revoked(self, fact: TokenFact) -> bool:
        """Whether the feed knows by now that the token was revoked; asked again at the end of a long call."""
        return fact.revoked or fact.digest in self._feed.snapshot.revoked_tokens

    async def issue_restricted(
        self, *, parent: TokenFact, restriction: Restriction, issued_at: datetime, lifetime_seconds: float
    ) -> str:
        """A new restricted token for the same app, grant and seller, stored before it is handed out. Only its digest is kept.

        `issued_at` is database time. `gateway_database_unavailable` where it could not be stored.
        """
        token = RESTRICTED_PREFIX + secrets.token_urlsafe(48)
        expires_at = issued_at + timedelta(seconds=lifetime_seconds)
        subject = [parent.app, parent.grant, parent.seller]
        await self._database.store(
            _INSERT, [new_id("rdt"), digest_of(token), *subject, encode_text(restriction), issued_at, expires_at]
        )
        return token

    async def _ask(self, digest: bytes) -> TokenFact | None:
        """One look-up per digest, however many calls wait for it; one that gives up does not take the others along."""
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.create_task(self._look_up(digest))
            task.add_done_callback(lambda done: self._asked(digest, done))
        return await asyncio.shield(task)

    def _asked(self, digest: bytes, done: "asyncio.Task[TokenFact | None]") -> None:
        del self._asking[digest]
        if not done.cancelled():
            done.exception()

    async def _look_up(self, digest: bytes) -> TokenFact | None:
        rows = await self._database.ask(_LOOK_UP, [digest])
        if not rows:
            _remember(self._unknown, digest, self._feed.database_now() + UNKNOWN_SECONDS, UNKNOWN_MAX)
            return None
        *row, number = rows[0]
        # A token may be seconds old, and its grant's fact still on the way: whoever knows the token knows what was true with it.
        await self._feed.reach(number, seconds=FEED_SECONDS_MAX)
        fact = self._fact(digest, row)
        _remember(self._known, digest, fact, KNOWN_MAX)
        return fact

    def _fact(self, digest: bytes, row: Sequence[Any]) -> TokenFact:
        kind, app, grant, seller, scope, issued_at, expires_at, revoked, restriction = row
        snapshot = self._feed.snapshot
        readable, read = _restriction(kind, restriction)
        known = snapshot.grants.get(grant)
        return TokenFact(
            kind=self._feed.shared.value(kind),
            app=known.app if known and known.app == app else app,
            grant=known.id if known else grant or "",
            seller=known.seller if known and known.seller == seller else seller or "",
            scope=self._feed.shared.value(scope or ""),
            issued_at=issued_at,
            expires_at=expires_at,
            restriction=read,
            revoked=revoked or not readable,
            digest=digest,
        )


def _restriction(kind: str, text: str | None) -> tuple[bool, Restriction | None]:
    """Whether it can be read, and what it says. A restricted token without a readable restriction opens nothing."""
    if kind != "restricted":
        return True, None
    try:
        return True, decode_as(text or "", Restriction)
    except PiepowderError as error:
        _log.error("token_restriction_unreadable", error=error.message)
        return False, None


def _remember(cache: dict[bytes, Any], digest: bytes, value: Any, most: int) -> None:
    """Bounded: the oldest leaves first."""
    if len(cache) >= most:
        del cache[next(iter(cache))]
    cache[digest] = value
