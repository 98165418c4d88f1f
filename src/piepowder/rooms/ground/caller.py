"""Who calls an API endpoint, and with which permissions. The doors ask; actions are told the actor by value."""

from dataclasses import dataclass
from enum import StrEnum

from django.http import HttpRequest

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor


class Permission(StrEnum):
    """What an endpoint of the JSON API asks for. `people.rules.ROLES` says who has which."""

    READ = "read"  # developers, apps, sellers, standing
    REGISTER = "register"  # developers, apps, versions, roles, rates
    PROVISION = "provision"  # sellers
    GOVERN = "govern"  # modes and standing
    POLICY = "policy"
    RECORDS = "records"  # the ledger
    CONSENT = "consent"  # grants on a seller's behalf, credentials of apps
    REVIEW = "review"  # assessments, identities, app versions, audits of developers
    BILLING = "billing"  # statements and commission of the marketplace
    DEVELOP = "develop"  # the own organisation: its assessment, apps, statements
    SELL = "sell"  # the own shop: its grants, ratings, subscriptions


@dataclass(frozen=True, slots=True)
class Caller:
    """`developer` or `seller`: the one organisation or shop that this key reaches; both empty for keys of the marketplace."""

    actor: Actor
    permissions: frozenset[Permission]
    developer: str = ""
    seller: str = ""


def caller_of(request: HttpRequest) -> Caller:
    """Who sent an authenticated request."""
    caller = getattr(request, "auth", None)
    if not isinstance(caller, Caller):
        raise PiepowderError("ground_not_signed_in", "this endpoint needs an API key", kind=ErrorKind.FORBIDDEN)
    return caller


def require_own(request: HttpRequest, staff: Permission, *, developer: str = "", seller: str = "") -> Actor:
    """The actor of a request about one developer or one seller: a key of its own, or one of staff with the permission `staff`.

    To anybody else it is as if there were none, so that ids cannot be tried out.
    """
    caller = caller_of(request)
    own = (developer and caller.developer == developer) or (seller and caller.seller == seller)
    if own or not (caller.developer or caller.seller):
        return caller.actor if own else require(request, staff)
    raise PiepowderError("ground_not_found", "there is nothing at this address", kind=ErrorKind.NOT_FOUND)


def require(request: HttpRequest, permission: Permission) -> Actor:
    """The actor of an authenticated request; forbidden where it lacks the permission."""
    caller = caller_of(request)
    if permission not in caller.permissions:
        raise PiepowderError(
            "ground_not_permitted",
            f"this key has no permission `{permission}`",
            hint="ask for a key of a role that has it",
            kind=ErrorKind.FORBIDDEN,
            permission=str(permission),
        )
    return caller.actor
