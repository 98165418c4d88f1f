"""Marks that only the holder of the key can make, one for each (app, seller, buyer), so copies cannot be joined across apps.

A key for each kind, app, seller and epoch is derived with HMAC-SHA256 (every part led by its length, so no two lists of parts run
together); under it, each buyer's mark is a keyed BLAKE2b (RFC 7693) of 80 bits. Both are pseudo-random functions; the second costs a
tenth of the first, and a page has a hundred buyers.
Base32 (RFC 4648) in lower case, without tags or dots, survives what normalisers do to addresses.
"""

import hmac
import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_ALIAS_BYTES = 10  # 80 bits: one hit in 1e6 guesses at 1e9 live aliases has a chance below 1e-8
_PSEUDONYM_CHARACTERS = 12  # 60 bits: for 10 million buyers of one seller, a chance of 5e-5 that any two are confused
_ALIAS_LOCAL_PART = re.compile(r"[a-z2-7]{16}")


def pseudonym(key: bytes, app: str, seller: str, subject: str) -> str:
    """`buyer-` and 12 characters: the same buyer of the same seller is always the same to an app, and to no other app."""
    return "buyer-" + _mark(_key(key, "pseudonym", app, seller), subject)[:_PSEUDONYM_CHARACTERS]


def alias(key: bytes, app: str, seller: str, subject: str, epoch: str, domain: str) -> str:
    """A relay address: 16 characters (80 bits) at `domain`. A new epoch makes new addresses."""
    return f"{_mark(_key(key, 'alias', app, seller, epoch), subject)}@{domain}"


def alias_maker(key: bytes, app: str, seller: str, epoch: str, domain: str) -> Callable[[str], str]:
    """`alias` for many buyers of one seller."""
    derived, ending = _key(key, "alias", app, seller, epoch), "@" + domain

    def make(subject: str) -> str:
        return _mark(derived, subject) + ending

    return make


def could_be_alias(address: str, domain: str) -> bool:
    """Whether an address has the shape of an alias of that domain, however it was written; whose it is, a key or a table says."""
    local, _, host = address.strip().lower().rpartition("@")
    return host == domain.lower() and _ALIAS_LOCAL_PART.fullmatch(local) is not None


@lru_cache(10_000)
def _key(key: bytes, *parts: str) -> bytes:
    """32 bytes for one kind of mark, app, seller and epoch."""
    message = b"".join(
        [len(part).to_bytes(4, "big") + part for part in [text.encode("utf-8", "surrogatepass") for text in parts]]
    )
    return hmac.digest(key, message, "sha256")


def _mark(derived: bytes, subject: str) -> str:
    """16 characters of base32."""
    number = int.from_bytes(
        blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=_ALIAS_BYTES, key=derived).digest(), "big"
    )
    return (
        _PAIRS[number >> 70]
        + _PAIRS[number >> 60 & 1023]
        + _PAIRS[number >> 50 & 1023]
        + _PAIRS[number >> 40 & 1023]
        + _PAIRS[number >> 30 & 1023]
        + _PAIRS[number >> 20 & 1023]
        + _PAIRS[number >> 10 & 1023]
        + _PAIRS[number & 1023]
    )
