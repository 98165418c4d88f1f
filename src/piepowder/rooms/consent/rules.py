"""What a grant may become, and how long credentials live. Pure.

A grant that was revoked or has expired never comes back: the seller grants anew.

    active -> expired, revoked
    revoked -> (final)
    expired -> (final)
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from piepowder.core.kernel.errors import ErrorKind, PiepowderError


class GrantStatus(StrEnum):
    """Whose move it is: the seller's while active; nobody's afterwards."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


TRANSITIONS: dict[GrantStatus, frozenset[GrantStatus]] = {
    GrantStatus.ACTIVE: frozenset({GrantStatus.REVOKED, GrantStatus.EXPIRED}),
    GrantStatus.REVOKED: frozenset(),
    GrantStatus.EXPIRED: frozenset(),
}

GRANT_LIFETIME = timedelta(days=365)
CODE_LIFETIME = timedelta(seconds=60)
ACCESS_LIFETIME = timedelta(seconds=3600)  # one client caches for 3200 s whatever the answer says
REFRESH_LIFETIME = timedelta(days=90)  # absolute, of a whole family; a lasting token ends with its grant
REUSE_GRACE = timedelta(seconds=10)  # a confidential client may repeat a refresh whose answer it lost
SECRET_LIFETIME = timedelta(days=180)
LINK_LIFETIME = timedelta(minutes=15)
SECRET_OVERLAP = timedelta(days=7)  # the old secret stays valid this long after a rotation

GRANTLESS_SCOPES = frozenset(
    {
        "sellingpartnerapi::notifications",
        "sellingpartnerapi::client_credential:rotation",
        "sellingpartnerapi::migration",
    }
)


def chosen(what: str, wanted: Iterable[str] | None, declared: Iterable[str]) -> tuple[str, ...] | None:
    """The seller's choice, in order and once each; `consent_<what>_not_declared` for what the manifest does not name.

    `None` stands for "all that the manifest declares" and is kept as such.
    """
    if wanted is None:
        return None
    choice, offered = set(wanted), set(declared)
    if foreign := sorted(choice - offered):
        raise PiepowderError(
            f"consent_{what}_not_declared",
            f"{what} `{foreign[0]}` is not in the app's manifest",
            hint=f"declared: {', '.join(sorted(offered)) or 'none'}",
            value=foreign[0],
        )
    return tuple(sorted(choice))


def narrowed(what: str, wanted: Iterable[str], present: Iterable[str]) -> tuple[str, ...]:
    """A choice that only takes away; `consent_narrow_widens` for anything that was not granted before."""
    choice, before = set(wanted), set(present)
    if wider := sorted(choice - before):
        raise PiepowderError(
            "consent_narrow_widens",
            f"{what} `{wider[0]}` was not granted, and narrowing cannot add it",
            hint="ask the seller to authorise the app anew",
            kind=ErrorKind.CONFLICT,
            value=wider[0],
        )
    return tuple(sorted(choice))


def redirect_problem(uri: str) -> str:
    """What is wrong with a redirect address that somebody registers, as the end of a sentence; empty if nothing.

    HTTPS, or HTTP on a loopback address literal (RFC 8252 section 7.3: `localhost` may resolve to something else).
    """
    if not uri.isascii() or any(character.isspace() or character in '\\"<>^`{|}' for character in uri):
        return "has characters that do not belong into an address"
    parts = urlsplit(uri)
    if parts.scheme not in ("https", "http"):
        return "is neither https nor http"
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return "has no plain host name"
    if "#" in uri:
        return "has a fragment"
    if "*" in uri:
        return "has a wildcard"
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1"):
        return "is http outside loopback"
    return ""
