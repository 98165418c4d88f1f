"""What a client may learn of its own tokens (RFC 7662)."""

from datetime import datetime

from piepowder.rooms.consent.models import AccessToken, Client, RefreshToken
from piepowder.rooms.consent.rules import GrantStatus
from piepowder.rooms.consent.texts import digest_hex

INACTIVE: dict[str, object] = {"active": False}


def describe_token(text: str, *, client: Client, at: datetime) -> dict[str, object]:
    """`{"active": true, client_id, exp, iat, scope, token_type, sub}` for the client's own live token, else `{"active": false}`.

    `sub` is Piepowder's id of the seller.
    """
    digest = digest_hex(text)
    access = (
        AccessToken.objects.live(at).select_related("grant").filter(token_checksum=digest, application=client).first()
    )
    if access is not None:
        if access.grant is not None and access.grant.status != GrantStatus.ACTIVE:
            return INACTIVE
        return _active(client, "Bearer", access.seller_id, access.issued_at, access.expires, access.scope)
    refresh = (
        RefreshToken.objects.usable(at)
        .select_related("grant")
        .filter(token_checksum=digest, application=client)
        .first()
    )
    if refresh is None:
        return INACTIVE
    return _active(client, "refresh_token", refresh.grant.seller_id, refresh.issued_at, refresh.expires_at, "")


def _active(
    client: Client, kind: str, seller_id: str | None, issued_at: datetime, expires_at: datetime, scope: str
) -> dict[str, object]:
    known = {
        "active": True,
        "client_id": client.client_id,
        "token_type": kind,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "scope": scope,
        "sub": seller_id,
    }
    return {name: value for name, value in known.items() if value not in ("", None)}
