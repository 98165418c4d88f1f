"""Which permissions a member of staff or a key has, by role; what a key looks like. Pure."""

import zlib
from datetime import datetime, timedelta
from enum import StrEnum

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.caller import Permission


class KeyRole(StrEnum):
    OPERATOR = "operator"  # a person or program that runs the marketplace's platform
    PROVISIONING = "provisioning"  # the marketplace's own systems: they create sellers
    REVIEWER = "reviewer"  # decides assessments, identities and app versions
    AUDITOR = "auditor"  # reads everything, changes nothing
    DEVELOPER = "developer"  # a developer's own programs
    SELLER = "seller"  # a seller's own programs


ROLES: dict[KeyRole, frozenset[Permission]] = {
    KeyRole.OPERATOR: frozenset(Permission) - {Permission.DEVELOP, Permission.SELL},
    KeyRole.PROVISIONING: frozenset({Permission.PROVISION}),
    KeyRole.REVIEWER: frozenset({Permission.READ, Permission.RECORDS, Permission.REVIEW}),
    KeyRole.AUDITOR: frozenset({Permission.READ, Permission.RECORDS}),
    KeyRole.DEVELOPER: frozenset({Permission.DEVELOP}),
    KeyRole.SELLER: frozenset({Permission.SELL}),
}
STAFF_ROLES = (KeyRole.OPERATOR, KeyRole.REVIEWER, KeyRole.AUDITOR)  # of people; the others are of programs
MARKETPLACE_KEY_ROLES = (*STAFF_ROLES, KeyRole.PROVISIONING)

KEY_PREFIX = "ppk_"
KEY_DAYS = {30: "30 days", 90: "90 days", 365: "a year", 730: "two years", 0: "until it is revoked"}
KEY_LIFETIME_MAX = timedelta(days=730)
_SUM_DIGITS = 6
_LENGTH_BEFORE = 47  # keys of the first version have no checksum
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LINK_LIFETIME = timedelta(minutes=15)
NOTED_EVERY = timedelta(minutes=5)  # how exact `last_used_at` of a key is


def key_text(random: str) -> str:
    """A whole key: `ppk_`, its random part, and six digits of checksum, by which a scanner tells it from other text."""
    return f"{KEY_PREFIX}{random}{_checksum(random)}"


def is_key(text: str) -> bool:
    """Whether it can be a key at all: most typing mistakes are known without asking the database."""
    if not text.startswith(KEY_PREFIX) or not text.isascii():
        return False
    if len(text) == _LENGTH_BEFORE:
        return True
    random, checksum = text[len(KEY_PREFIX) : -_SUM_DIGITS], text[-_SUM_DIGITS:]
    return len(random) >= 32 and checksum == _checksum(random)


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_SUM_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def check_key_role(role: KeyRole, *, developer: str, seller: str) -> None:
    """A key of a developer or seller reaches that one only; a key of the marketplace has a role of the marketplace."""
    fitting = (KeyRole.DEVELOPER,) if developer else (KeyRole.SELLER,) if seller else MARKETPLACE_KEY_ROLES
    if role not in fitting:
        raise PiepowderError(
            "people_key_role_wrong",
            f"a key like this cannot have the role `{role}`",
            hint="possible: " + ", ".join(f"`{one}`" for one in fitting),
        )


def check_expiry(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is not None and not at < expires_at <= at + KEY_LIFETIME_MAX:
        raise PiepowderError(
            "people_key_expiry_wrong",
            "a key expires in the future, at most two years ahead",
            hint="leave the end out for a key that is valid until it is revoked",
        )
