"""Prefixed ids that sort by the time they were made: `app_` + 26 characters, ULID layout (48-bit milliseconds, 80 random bits).

Crockford's base32 in lower case, so an id survives being read aloud, double-clicked and put into a URL.
"""

import base64
import os
import time
from typing import NewType

AppId = NewType("AppId", str)
DeveloperId = NewType("DeveloperId", str)
SellerId = NewType("SellerId", str)
GrantId = NewType("GrantId", str)
RecordId = NewType("RecordId", str)

_ALPHABET = b"0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's; it sorts as its values do
_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET)


def new_id(prefix: str) -> str:
    """`new_id("app")` -> `app_01jd…` (prefix, underscore, 26 characters)."""
    return at_time(prefix, time.time_ns() // 1_000_000)


def at_time(prefix: str, milliseconds: int) -> str:
    """As `new_id`, for a given moment in milliseconds since 1970."""
    number = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    # 128 bits behind two zero bits are 26 digits of 5; six more zero bits make whole bytes.
    digits = base64.b32encode((number << 6).to_bytes(17, "big"))[:26]
    return prefix + "_" + digits.translate(_TO_CROCKFORD).decode()
