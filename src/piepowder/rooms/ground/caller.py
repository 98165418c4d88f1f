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


@dataclass(frozen=True, slots=True)
class Caller:
    actor: Actor
    permissions: frozenset[Permission]


def require(request: HttpRequest, permission: Permission) -> Actor:
    """The actor of an authenticated request; forbidden where it lacks the permission."""
    caller = getattr(request, "auth", None)
    if not isinstance(caller, Caller):
        raise PiepowderError("ground_not_signed_in", "this endpoint needs an API key", kind=ErrorKind.FORBIDDEN)
    if permission not in caller.permissions:
        raise PiepowderError(
            "ground_not_permitted",
            f"this key has no permission `{permission}`",
            hint="ask for a key of a role that has it",
            kind=ErrorKind.FORBIDDEN,
            permission=str(permission),
        )
    return caller.actor
