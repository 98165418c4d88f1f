"""Keys of programs. A key is shown once; only its digest is kept."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import ApiKey, Seller
from piepowder.rooms.people.rules import NOTED_EVERY, KeyRole, check_expiry, check_key_role, key_text

KEYS_MAX = 50  # that work, for one developer or seller: more would be a leak of somebody's


@transaction.atomic
def create_key(
    *,
    name: str,
    role: KeyRole,
    by: Actor,
    at: datetime,
    developer: str = "",
    seller: str = "",
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new API key of the marketplace, of one developer or of one seller: (its row, the key, which nobody can show again)."""
    name = " ".join(name.split())
    if not name:
        raise PiepowderError("people_key_name_missing", "a key needs a name", hint="say which program it is for")
    if developer and not developer.startswith("dev_"):
        raise PiepowderError(
            "people_key_holder_wrong", f"`{developer}` is no developer", hint="give the id of a developer (`dev_…`)"
        )
    check_key_role(role, developer=developer, seller=seller)
    check_expiry(expires_at, at)
    shop = Seller.objects.named(seller) if seller else None
    holder = developer or (shop.id if shop else "")
    if holder and ApiKey.objects.of(holder).working().exclude(expires_at__lte=at).count() >= KEYS_MAX:
        raise PiepowderError(
            "people_keys_too_many", f"there are {KEYS_MAX} keys already", hint="revoke one that nobody uses"
        )
    secret = key_text(secrets.token_urlsafe(32))
    key = ApiKey.objects.create(
        name=name[:200],
        role=role,
        developer=developer,
        seller=shop,
        digest=digest_of(secret),
        hint=secret[-4:],
        created_at=at,
        created_by=str(by),
        expires_at=expires_at,
    )
    detail = {"key": key.id, "name": key.name}
    record(
        "people.create_key", by=by, at=at, outcome=role, detail=detail, developer=developer, seller=key.seller_id or ""
    )
    return key, secret


def role_for(holder: str) -> KeyRole:
    """The one role that a key of this holder can have."""
    if not holder:
        raise PiepowderError("people_key_role_missing", "a key of the marketplace needs a role", hint="give `role`")
    return KeyRole.SELLER if holder.startswith("sel_") else KeyRole.DEVELOPER


def no_longer_than(by: Actor, wanted: datetime | None) -> datetime | None:
    """The end of a key that another key makes: not after its maker's, else a stolen key would renew itself for ever."""
    maker = ApiKey.objects.filter(pk=by.id).first()
    ends = maker.expires_at if maker else None
    return min(wanted, ends) if wanted and ends else wanted or ends


def create_staff_key(*, name: str, by: Actor, at: datetime, role: KeyRole = KeyRole.OPERATOR) -> tuple[ApiKey, str]:
    """`create_key` for the marketplace's own programs."""
    return create_key(name=name, role=role, by=by, at=at)


@transaction.atomic
def revoke_key(key: ApiKey, *, by: Actor, at: datetime) -> ApiKey:
    """Ends a key at once; `people_key_revoked` if it was ended before."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at):
        raise PiepowderError("people_key_revoked", f"key `{key.name}` was revoked before", kind=ErrorKind.CONFLICT)
    detail = {"key": key.id, "name": key.name}
    record("people.revoke_key", by=by, at=at, detail=detail, developer=key.developer, seller=key.seller_id or "")
    return ApiKey.objects.get(pk=key.pk)


def revoke_staff_key(key_id: str, *, by: Actor, at: datetime) -> None:
    """`revoke_key` by the key's id."""
    revoke_key(ApiKey.objects.named(key_id), by=by, at=at)


@transaction.atomic
def revoke_keys_of(holder: str, *, by: Actor, at: datetime) -> int:
    """Ends every key of a developer or seller, as when it closes; how many they were."""
    keys = list(ApiKey.objects.of(holder).working().select_for_update())
    for key in keys:
        revoke_key(key, by=by, at=at)
    return len(keys)


def note_key_use(key: ApiKey, *, at: datetime) -> None:
    """Keeps when a key was last used, to five minutes: one write then, not one with every call."""
    if key.last_used_at is None or key.last_used_at <= at - NOTED_EVERY:
        unseen = Q(last_used_at=None) | Q(last_used_at__lte=at - NOTED_EVERY)
        ApiKey.objects.filter(unseen, pk=key.pk).update(last_used_at=at)


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
