"""Prefixed ids that sort by the time they were made: `app_` + 26 characters, ULID layout (48-bit milliseconds, 80 random bits).

Crockford's base32 in lower case, so an id survives being read aloud, double-clicked and put into a URL.
"""

import os
import time
from typing import NewType

AppId = NewType("AppId", str)
DeveloperId = NewType("DeveloperId", str)
SellerId = NewType("SellerId", str)
GrantId = NewType("GrantId", str)
RecordId = NewType("RecordId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's; it sorts as its values do
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS = tuple(range(120, -1, -10))


def new_id(prefix: str) -> str:
    """`new_id("app")` -> `app_01jd…` (prefix, underscore, 26 characters)."""
    return at_time(prefix, time.time_ns() // 1_000_000)


def at_time(prefix: str, milliseconds: int) -> str:
    """As `new_id`, for a given moment in milliseconds since 1970."""
    number = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    return prefix + "_" + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
