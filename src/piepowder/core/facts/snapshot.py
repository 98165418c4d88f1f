"""Everything a gateway worker knows, as one immutable value with a number.

    rows of the database --read_rows--> Changes --Snapshot.with_changes--> the next Snapshot

A later release of the control plane may have written a row that this one cannot read. Such a row is treated as the strictest it could
mean (an app, seller, grant, standing or policy that is not there; a token revoked for good) and reported, never guessed.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from piepowder.core.facts.model import (
    KINDS,
    AppFact,
    GrantFact,
    PolicyFact,
    SellerFact,
    StandingFact,
    decode_fact,
)
from piepowder.core.facts.shared import Shared
from piepowder.core.facts.table import Table

FOREVER = float("inf")
POLICY_KEY = "current"
NO_CAPABILITIES: frozenset[str] = frozenset()


class Row(NamedTuple):
    """One stored fact: `body` is its JSON, None once it is removed."""

    kind: str
    key: str
    body: str | bytes | None
    number: int


class Unreadable(NamedTuple):
    kind: str
    key: str
    why: str


class Changes:
    """Facts read from rows, by kind and key; None where one is gone. The last row of a key wins."""

    def __init__(self) -> None:
        self.number = 0
        self.apps: dict[str, AppFact | None] = {}
        self.grants: dict[str, GrantFact | None] = {}
        self.sellers: dict[str, SellerFact | None] = {}
        self.standing: dict[str, StandingFact | None] = {}
        self.revoked_tokens: dict[bytes, float | None] = {}
        self.policy: dict[str, PolicyFact | None] = {}
        self.keys: list[tuple[str, str]] = []
        self.unreadable: list[Unreadable] = []


class Snapshot(Struct, frozen=True, kw_only=True, eq=False):
    """Facts by key. A grant that was revoked and a subject without standing are simply not there."""

    number: int = 0  # of the newest change in it
    apps: Table[str, AppFact] = msgspec.field(default_factory=Table)
    grants: Table[str, GrantFact] = msgspec.field(default_factory=Table)
    sellers: Table[str, SellerFact] = msgspec.field(default_factory=Table)
    standing: Table[str, StandingFact] = msgspec.field(default_factory=Table)  # by app id and by developer id
    revoked_tokens: Table[bytes, float] = msgspec.field(default_factory=Table)  # SHA-256 -> until (seconds)
    policy: PolicyFact | None = None

    def capabilities(self, app: AppFact) -> frozenset[str]:
        """What the app may do just now: what its own standing and its developer's both allow."""
        own, developers = self.standing.get(app.id), self.standing.get(app.developer)
        if own is None or developers is None:
            return NO_CAPABILITIES
        return frozenset(own.capabilities).intersection(developers.capabilities)

    def slowed(self, app: AppFact) -> bool:
        """Whether the app has a tenth of its rates just now, by its own standing or its developer's."""
        own, developers = self.standing.get(app.id), self.standing.get(app.developer)
        return own is not None and developers is not None and (own.slowed or developers.slowed)

    def with_changes(self, changes: Changes) -> "Snapshot":
        """The snapshot after these changes. Costs what changed, not what is there; this one stays as it is."""
        return Snapshot(
            number=max(self.number, changes.number),
            apps=self.apps.replace(changes.apps),
            grants=self.grants.replace(changes.grants),
            sellers=self.sellers.replace(changes.sellers),
            standing=self.standing.replace(changes.standing),
            revoked_tokens=self.revoked_tokens.replace(changes.revoked_tokens),
            policy=changes.policy.get(POLICY_KEY, self.policy),
        )

    def without_revocations_before(self, moment: float) -> "Snapshot":
        """Forgets revoked tokens that have expired by themselves (seconds since 1970)."""
        over: dict[bytes, float | None] = {d: None for d, until in self.revoked_tokens.items() if until < moment}
        return msgspec.structs.replace(self, revoked_tokens=self.revoked_tokens.replace(over)) if over else self


def read_rows(rows: Iterable[Row], *, shared: Shared, into: Changes | None = None) -> Changes:
    """Decodes rows. `shared` lends the words it has seen, so that a grant does not keep its own copy of an app's id."""
    changes = Changes() if into is None else into
    for row in rows:
        changes.number = max(changes.number, row.number)
        if row.kind not in KINDS:
            changes.unreadable.append(Unreadable(row.kind, row.key, "unknown kind"))
            continue
        changes.keys.append((row.kind, row.key))
        try:
            fact = None if row.body is None else decode_fact(row.kind, row.body)
            _READERS[row.kind](changes, row.key, fact, shared)
        except (msgspec.DecodeError, ValueError) as error:
            changes.unreadable.append(Unreadable(row.kind, row.key, str(error)))
            _STRICTEST[row.kind](changes, row.key)
    return changes


def _app(changes: Changes, key: str, fact: Any, shared: Shared) -> None:
    app = shared.app(fact) if fact is not None else None
    if app is not None:
        shared.remember(app.id)
    changes.apps[_own(key, app)] = app


def _grant(changes: Changes, key: str, fact: Any, shared: Shared) -> None:
    grant = shared.grant(fact) if fact is not None else None
    changes.grants[_own(key, grant)] = grant


def _seller(changes: Changes, key: str, fact: Any, shared: Shared) -> None:
    if fact is not None:
        shared.remember(fact.id)
    changes.sellers[_own(key, fact)] = fact


def _standing(changes: Changes, key: str, fact: Any, shared: Shared) -> None:
    changes.standing[shared.id_of(key)] = shared.standing(fact) if fact is not None else None


def _policy(changes: Changes, key: str, fact: Any, shared: Shared) -> None:
    changes.policy[key] = fact


def _revoked_token(changes: Changes, key: str, fact: Any, shared: Shared) -> None:
    changes.revoked_tokens[bytes.fromhex(key)] = fact.until if fact is not None else None


def _own(key: str, fact: AppFact | GrantFact | SellerFact | None) -> str:
    """The key, as the fact itself holds it."""
    if fact is None:
        return key
    if fact.id != key:
        raise ValueError(f"stored under `{key}`, but says `{fact.id}`")
    return fact.id


def _revoked_for_good(changes: Changes, key: str) -> None:
    try:
        changes.revoked_tokens[bytes.fromhex(key)] = FOREVER
    except ValueError:
        return  # no token has such a digest


_READERS = {
    "app": _app,
    "grant": _grant,
    "seller": _seller,
    "standing": _standing,
    "policy": _policy,
    "revoked_token": _revoked_token,
}
_STRICTEST = {
    "app": lambda changes, key: changes.apps.update({key: None}),
    "grant": lambda changes, key: changes.grants.update({key: None}),
    "seller": lambda changes, key: changes.sellers.update({key: None}),
    "standing": lambda changes, key: changes.standing.update({key: None}),
    "policy": lambda changes, key: changes.policy.update({key: None}),
    "revoked_token": _revoked_for_good,
}
