"""The facts. Written by the room `publication` as rows (kind, key, body, number); read by the gateway into one snapshot.

`eq=False`: a fact is equal only to itself, so the gateway may key caches by the object; a changed fact is a new object.
"""

import msgspec
from msgspec import Struct

CHANNEL = "piepowder_facts"  # NOTIFY payload: the number of the newest change


class ManifestFact(Struct, frozen=True, eq=False):
    """What one app version may ask for."""

    operations: dict[str, tuple[str, ...]]  # operation id -> purposes it is called for
    categories: dict[str, tuple[str, ...]]  # purpose -> data categories wanted for it
    substitutes_everywhere: bool = False  # opt-in: fill fields that the API itself leaves out for such a call


class AppFact(Struct, frozen=True, kw_only=True, eq=False):
    id: str
    developer: str
    name: str
    environment: str = "production"
    roles: tuple[str, ...] = ()
    current_version: str = "1"
    versions: dict[str, ManifestFact] = {}
    modes: dict[str, str] = {}  # operation id or "*" -> mode; absent: enforce
    modes_until: dict[str, float] = {}  # same keys -> seconds since 1970; from then on that entry of `modes` is void
    rates: dict[str, tuple[float, int]] = {}  # operation id or "*" -> (calls a second, burst)


class StandingFact(Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """What a subject may do just now. Key: an app's id or a developer's id; a call needs the capability from both.

    One small row with a single writer, so cutting personal data does not wait for anything else to be composed.
    A subject without a row has no capability.
    """

    capabilities: tuple[str, ...]  # "call", "read_personal_data", "new_authorisations"
    slowed: bool = False  # calls have a tenth of their rate


class GrantFact(Struct, frozen=True, kw_only=True, eq=False, gc=False, forbid_unknown_fields=True):
    """A seller's authorisation of an app. Absent from the snapshot once revoked.

    A member that this release does not know may be a restriction, so a body that has one is not read at all.
    """

    id: str
    app: str
    seller: str
    version: str  # app version the seller agreed to
    purposes: tuple[str, ...]
    #: purpose -> data categories that the seller left to it; what is not in it reads all that the manifest declares (`policy/narrowing.py`)
    narrowed: dict[str, tuple[str, ...]] | None = None
    expires_at: float | None = None  # seconds since 1970, database time


class SellerFact(Struct, frozen=True, kw_only=True, eq=False, gc=False):
    id: str
    marketplace_id: str  # the marketplace's own id of the seller, as its API says it
    active: bool = True


class PolicyFact(Struct, frozen=True, kw_only=True, eq=False):
    """The policy in force: a whole pack as text, so that every worker compiles the very same words."""

    version: str
    files: dict[str, str]  # file name -> text, as `policy.pack` reads a folder


class RevokedTokenFact(Struct, frozen=True, kw_only=True, eq=False):
    """Key: hex SHA-256 of the token. Kept until the token would have expired by itself."""

    until: float


KINDS: dict[str, type[Struct]] = {
    "app": AppFact,
    "grant": GrantFact,
    "standing": StandingFact,
    "seller": SellerFact,
    "policy": PolicyFact,  # one row, key "current"
    "revoked_token": RevokedTokenFact,
}

_decoders = {kind: msgspec.json.Decoder(shape) for kind, shape in KINDS.items()}


def decode_fact(kind: str, body: bytes | str) -> Struct:
    """One fact from its stored JSON."""
    fact: Struct = _decoders[kind].decode(body)
    return fact
