"""Page tokens: upstream's own token, sealed so that only the same app can use it, for the same seller, grant and filters.

    base64url( version 1 | salt 12 | nonce 12 | AES-256-GCM( issued at, 8 | binding 16 | upstream's token ) )

Encrypted, since upstream's tokens may hold anything. The binding stands inside, not in the associated data, so that a
foreign token can be told from a mangled one. Each token has a key of its own, derived from the salt: random nonces
under one key would run out of safety after some thousand million pages.
"""

import base64
import binascii
import hashlib
import os
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from piepowder.gateway.refused import Refused

MAX_AGE = timedelta(hours=24)
TOKEN_MAX_CHARACTERS = 6144  # stays under the cap of a request target
_VERSION = b"\x01"
_SALT, _NONCE, _TAG = 12, 12, 16
_HEAD = struct.Struct(">d16s")
_CLOCK_SKEW = timedelta(minutes=1)


class Binding(Struct, frozen=True, kw_only=True):
    """All that must be the same on the next page. Ids are Piepowder's; `filters` is `filters_digest`'s answer."""

    app: str
    seller: str
    grant: str
    operation: str
    filters: bytes = b""


def filters_digest(filters: Iterable[tuple[str, str]]) -> bytes:
    """16 bytes that are the same for the same filters in any order of names (values of one name keep theirs)."""
    return _digest([part for pair in sorted(filters, key=lambda pair: pair[0]) for part in pair])


def seal(key: bytes, upstream_token: str, binding: Binding, *, issued_at: datetime) -> str:
    """A page token for the app. `key`: 32 bytes, `ring.derive("paging")`; `issued_at`: aware."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    plain = _HEAD.pack(issued_at.timestamp(), _binding_digest(binding)) + upstream_token.encode(
        "utf-8", "surrogatepass"
    )
    sealed = _VERSION + salt + nonce + _cipher(key, salt).encrypt(nonce, plain, _VERSION)
    token = _encode(sealed)
    if len(token) > TOKEN_MAX_CHARACTERS:
        raise Refused("upstream", "page_token_too_long", "upstream's page token is too long to be passed on")
    return token


def open_sealed(key: bytes, token: str, binding: Binding, *, now: datetime, max_age: timedelta = MAX_AGE) -> str:
    """Upstream's token. Raises `Refused`: page_token_malformed | page_token_foreign | page_token_expired."""
    plain = _decrypt(key, token)
    issued, digest = _HEAD.unpack_from(plain)
    if digest != _binding_digest(binding):
        raise _refused(
            "page_token_foreign", "this page token was not issued for this call", "repeat the first page's filters"
        )
    age = now - datetime.fromtimestamp(issued, UTC)
    if age > max_age or age < -_CLOCK_SKEW:
        raise _refused("page_token_expired", "this page token has expired", "start again at the first page")
    return plain[_HEAD.size :].decode("utf-8", "surrogatepass")


def _decrypt(key: bytes, token: str) -> bytes:
    try:
        if len(token) > TOKEN_MAX_CHARACTERS or "=" in token:
            raise ValueError
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if (
            len(sealed) < 1 + _SALT + _NONCE + _HEAD.size + _TAG
            or not sealed.startswith(_VERSION)
            or _encode(sealed) != token
        ):
            raise ValueError  # base64 leaves spare bits in its last character; a token has one spelling only
        salt, nonce, ciphertext = (
            sealed[1 : 1 + _SALT],
            sealed[1 + _SALT : 1 + _SALT + _NONCE],
            sealed[1 + _SALT + _NONCE :],
        )
        return _cipher(key, salt).decrypt(nonce, ciphertext, _VERSION)
    except (ValueError, binascii.Error, InvalidTag):
        hint = "send the token exactly as it was returned"
        raise _refused("page_token_malformed", "this is not a page token of this gateway", hint) from None


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def _refused(reason: str, message: str, hint: str) -> Refused:
    return Refused("invalid", reason, message, hint=hint)


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(hashlib.blake2b(salt, digest_size=32, key=key, person=b"piepowder page").digest())


def _binding_digest(binding: Binding) -> bytes:
    return _digest([binding.app, binding.seller, binding.grant, binding.operation, binding.filters.hex()])


def _digest(parts: list[str]) -> bytes:
    """Every part with its length, so that no two lists run together into the same bytes."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.blake2b(b"".join([struct.pack(">I", len(e)) + e for e in encoded]), digest_size=16).digest()
