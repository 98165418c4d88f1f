"""How an API request is signed in: `Authorization: Bearer ppk_…`."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.caller import Caller
from piepowder.rooms.people.actions import digest_of
from piepowder.rooms.people.models import StaffKey
from piepowder.rooms.people.rules import KEY_PREFIX, ROLES, KeyRole


class StaffKeyBearer(HttpBearer):
    """An operator's key. Looked up by its digest, so no comparison depends on the secret's bytes."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        if not token.startswith(KEY_PREFIX):
            return None
        key = StaffKey.objects.by_digest(digest_of(token))
        return key and Caller(Actor(ActorKind.STAFF, key.id), ROLES[KeyRole(key.role)])
