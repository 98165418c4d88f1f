"""How a key signs in: `Authorization: Bearer ppk_…` at the API, a file at the command line."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from piepowder.core.kernel.clock import SystemClock
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.caller import Caller
from piepowder.rooms.people.actions import digest_of, note_key_use
from piepowder.rooms.people.models import ApiKey
from piepowder.rooms.people.rules import ROLES, KeyRole, is_key

_KINDS = {KeyRole.DEVELOPER: ActorKind.DEVELOPER, KeyRole.SELLER: ActorKind.SELLER}


def caller_of(secret: str) -> Caller | None:
    """Whose key this is. Looked up by its digest, so no comparison depends on the secret's bytes."""
    if not is_key(secret):
        return None
    now = SystemClock().now()
    key = ApiKey.objects.by_digest(digest_of(secret), now)
    if key is None:
        return None
    note_key_use(key, at=now)
    role = KeyRole(key.role)
    actor = Actor(_KINDS.get(role, ActorKind.STAFF), key.id)
    return Caller(actor, ROLES[role], developer=key.developer, seller=key.seller_id or "")


class KeyBearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        return caller_of(token)
