"""Marks that only the holder of the key can make, one for each (app, seller, buyer), so copies cannot be joined across apps.

Each is HMAC-SHA256 over its kind and its parts, every part led by its length: no two lists of parts run together.
Base32 (RFC 4648) in lower case, without tags or dots, survives what normalisers do to addresses.
"""

import hmac
import re

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_ALIAS_BITS = 80  # one hit in 1e6 guesses at 1e9 live aliases has a chance below 1e-8
_PSEUDONYM_CHARACTERS = 12  # 60 bits: for 10 million buyers of one seller, a chance of 5e-5 that any two are confused
_ALIAS_LOCAL_PART = re.compile(r"[a-z2-7]{16}")


def pseudonym(key: bytes, app: str, seller: str, subject: str) -> str:
    """`buyer-` and 12 characters: the same buyer of the same seller is always the same to an app, and to no other app."""
    return "buyer-" + _mark(key, "pseudonym", app, seller, subject)[:_PSEUDONYM_CHARACTERS]


def alias(key: bytes, app: str, seller: str, subject: str, epoch: str, domain: str) -> str:
    """A relay address: 16 characters (80 bits) at `domain`. A new epoch makes new addresses."""
    return f"{_mark(key, 'alias', app, seller, subject, epoch)}@{domain}"


def could_be_alias(address: str, domain: str) -> bool:
    """Whether an address has the shape of an alias of that domain, however it was written; whose it is, a key or a table says."""
    local, _, host = address.strip().lower().rpartition("@")
    return host == domain.lower() and _ALIAS_LOCAL_PART.fullmatch(local) is not None


def _mark(key: bytes, *parts: str) -> str:
    """16 characters of base32: the first 80 bits of the keyed hash."""
    message = b"".join([len(part).to_bytes(4, "big") + part for part in [text.encode() for text in parts]])
    number = int.from_bytes(hmac.digest(key, message, "sha256")[: _ALIAS_BITS // 8], "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(_ALIAS_BITS - 10, -1, -10)])
