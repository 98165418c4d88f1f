"""Marks that only the holder of the key can make, one for each (app, seller, buyer), so copies cannot be joined across apps.

Each is HMAC-SHA256 over its kind and its parts, every part led by its length: no two lists of parts run together.
Base32 (RFC 4648) in lower case, without tags or dots, survives what normalisers do to addresses.
"""

import hmac
import re

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_ALIAS_BYTES = 10  # 80 bits: one hit in 1e6 guesses at 1e9 live aliases has a chance below 1e-8
_SHIFTS = tuple(range(70, -1, -10))
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


def _mark(key: bytes, kind: str, *parts: str) -> str:
    """16 characters of base32: the first 80 bits of the keyed hash over `kind`, then `<length>:<text>` for each part."""
    message = kind + "".join([f" {len(part)}:{part}" for part in parts])
    number = int.from_bytes(hmac.digest(key, message.encode("utf-8", "surrogatepass"), "sha256")[:_ALIAS_BYTES], "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
