"""How an operator's key signs in: `Authorization: Bearer ppk_…` at the API, a file at the command line."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.caller import Caller
from piepowder.rooms.people.actions import digest_of
from piepowder.rooms.people.models import StaffKey
from piepowder.rooms.people.rules import KEY_PREFIX, ROLES, KeyRole


def caller_of(secret: str) -> Caller | None:
    """Whose key this is. Looked up by its digest, so no comparison depends on the secret's bytes."""
    if not secret.startswith(KEY_PREFIX):
        return None
    key = StaffKey.objects.by_digest(digest_of(secret))
    if key is None:
        return None
    return Caller(Actor(ActorKind.STAFF, key.id), ROLES[KeyRole(key.role)])


class StaffKeyBearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        return caller_of(token)
