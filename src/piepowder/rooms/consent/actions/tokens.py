"""Codes and tokens. Each function runs inside the transaction of its request and locks the row it spends.

A refusal is raised after what must follow from it was written (the end of a family), and the door commits both.
"""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from piepowder.core.facts.model import RevokedTokenFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent.models import (
    AccessToken,
    AccessTokenQuerySet,
    AuthorizationCode,
    Client,
    ClientSecret,
    Grant,
    RefreshToken,
    RestrictedToken,
)
from piepowder.rooms.consent.rules import (
    ACCESS_LIFETIME,
    CODE_LIFETIME,
    REFRESH_LIFETIME,
    REUSE_GRACE,
    GrantStatus,
)
from piepowder.rooms.consent.texts import digest_hex, first_refresh_text, next_refresh_text
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.publication import actions as publication

Ended = tuple[str, str, RevokedTokenFact]  # kind, key and body of a fact


def save_code(
    text: str, *, client: Client, grant: Grant, redirect_uri: str, challenge: str, at: datetime
) -> AuthorizationCode:
    """A code for one exchange within a minute."""
    row: AuthorizationCode = AuthorizationCode.objects.create(
        code=digest_hex(text),
        application=client,
        grant=grant,
        redirect_uri=redirect_uri,
        code_challenge=challenge,
        code_challenge_method="S256" if challenge else "",
        expires=at + CODE_LIFETIME,
        family=uuid4(),
    )
    return row


def take_code(text: str, *, client: Client, verifier_given: bool, at: datetime) -> AuthorizationCode:
    """The code's row, locked. A code that comes a second time ends every token that came from it (ASVS 10.4.2)."""
    row = AuthorizationCode.objects.presented(digest_hex(text))
    if row is None or row.application_id != client.pk:
        raise _refused("consent_code_unknown")
    if row.used_at is not None:
        end_family(row.family, reason="consent_code_reused", client=client, grant=row.grant, at=at)
        raise _refused("consent_code_reused")
    if row.expires <= at:
        raise _refused("consent_code_expired")
    _require_active(row.grant, at)
    if verifier_given and not row.code_challenge:
        raise _refused("consent_pkce_verifier_without_challenge")
    return row


def use_up_code(row: AuthorizationCode, *, at: datetime) -> None:
    AuthorizationCode.objects.filter(pk=row.pk, used_at=None).update(used_at=at)


def take_refresh_token(text: str, *, client: Client, at: datetime) -> RefreshToken:
    """The refresh token's row, locked, if it may be used.

    A rotated one that comes back ends its family, except within ten seconds from the same confidential client, which may
    have lost the answer: it is given the very same child again, as long as that child was not used.
    """
    row = RefreshToken.objects.presented(digest_hex(text))
    if row is None or row.application_id != client.pk:
        raise _refused("consent_refresh_token_unknown")
    _require_active(row.grant, at)  # the better reason: a grant's end revokes its tokens as well
    if row.revoked is not None:
        raise _refused("consent_refresh_token_revoked")
    if row.expires_at <= at:
        raise _refused("consent_refresh_token_expired")
    if row.used_at is not None and not _may_repeat(row, text, client, at):
        end_family(row.token_family, reason="consent_refresh_token_reused", client=client, grant=row.grant, at=at)
        raise _refused("consent_refresh_token_reused")
    return row


def _may_repeat(row: RefreshToken, text: str, client: Client, at: datetime) -> bool:
    if not client.confidential or row.used_at is None or at - row.used_at > REUSE_GRACE:
        return False
    child = RefreshToken.objects.presented(digest_hex(next_refresh_text(text)))
    return child is not None and child.used_at is None and child.revoked is None


def issue(
    access_text: str,
    *,
    refresh_text: str,
    client: Client,
    grant: Grant,
    family: UUID | None,
    parent: RefreshToken | None,
    secret: ClientSecret | None = None,
    at: datetime,
) -> None:
    """A new access token beside those that live; the refresh token too where it is a new one.

    `secret` is what the client proved itself with; the record names it, so that a rotation can be followed to its end.
    """
    line = parent.token_family if parent else family
    _add_access_token(
        access_text, client=client, kind=AccessToken.Kind.ACCESS, grant=grant, family=line, scope="", at=at
    )
    _record_issued(client, secret, at=at, seller=grant.seller_id, grant=grant.id, how="refresh" if parent else "code")
    if parent is not None and (client.lasting or parent.used_at is not None):
        return  # the same token again: lasting, or the child that a lost answer carried
    expires_at = parent.expires_at if parent else grant.expires_at if client.lasting else at + REFRESH_LIFETIME
    _add_refresh_token(refresh_text, client=client, grant=grant, family=line, expires_at=expires_at, at=at)
    if parent is not None:
        RefreshToken.objects.filter(pk=parent.pk).update(used_at=at)


def issue_grantless(
    access_text: str, *, client: Client, scope: str, secret: ClientSecret | None = None, at: datetime
) -> None:
    """A token of the app itself, in no seller's name."""
    kind = AccessToken.Kind.GRANTLESS
    _add_access_token(access_text, client=client, kind=kind, grant=None, family=None, scope=scope, at=at)
    _record_issued(client, secret, at=at, how="client_credentials")


def _record_issued(
    client: Client, secret: ClientSecret | None, *, at: datetime, how: str, seller: str = "", grant: str = ""
) -> None:
    detail = {"client": client.client_id, "secret": secret.id if secret else "", "how": how}
    by = Actor(ActorKind.DEVELOPER, client.client_id)
    record("consent.issue_token", by=by, at=at, app=client.app_id, seller=seller, grant=grant, detail=detail)


@transaction.atomic
def provision_refresh_token(grant: Grant, *, client: Client, by: Actor, at: datetime) -> str:
    """A refresh token without a consent page, as an operator hands it to an app; the text is shown this once."""
    _require_active(grant, at)
    text = first_refresh_text()
    expires_at = grant.expires_at if client.lasting else at + REFRESH_LIFETIME
    _add_refresh_token(text, client=client, grant=grant, family=uuid4(), expires_at=expires_at, at=at)
    record("consent.provision", by=by, at=at, app=grant.app_id, seller=grant.seller_id, grant=grant.id)
    return text


def revoke_token(text: str, *, client: Client, at: datetime) -> None:
    """Ends an access token, or a refresh token with all that came from it. Silent about what is not the client's (RFC 7009)."""
    digest = digest_hex(text)
    refresh = RefreshToken.objects.presented(digest)
    if refresh is not None and refresh.application_id == client.pk:
        end_family(refresh.token_family, reason="consent_client_revoked", client=client, grant=refresh.grant, at=at)
    access = AccessToken.objects.filter(token_checksum=digest, application=client)
    if ended := end_access_tokens(access, at=at):
        _record_ended(access.get(), client, at=at)
        publication.publish_many(ended)


def _record_ended(token: AccessToken, client: Client, *, at: datetime) -> None:
    by = Actor(ActorKind.DEVELOPER, client.client_id)
    about = {"app": token.app_id, "seller": token.seller_id or "", "grant": token.grant_id or ""}
    record("consent.revoke_token", by=by, at=at, detail={"kind": token.kind}, **about)


def end_family(family: UUID | None, *, reason: str, client: Client, grant: Grant, at: datetime) -> None:
    """Ends every token of one authorisation code or provisioning, with a ledger record that says why."""
    if family is None:
        return
    RefreshToken.objects.filter(token_family=family, revoked=None).update(revoked=at)
    ended = end_access_tokens(AccessToken.objects.filter(family=family), at=at)
    record(
        "consent.end_family",
        by=Actor(ActorKind.DEVELOPER, client.client_id),
        at=at,
        app=grant.app_id,
        seller=grant.seller_id,
        grant=grant.id,
        reason=reason,
        detail={"family": str(family), "access_tokens": len(ended)},
    )
    publication.publish_many(ended)


def end_tokens_of(grant: Grant, *, at: datetime) -> list[Ended]:
    """Ends all tokens of a grant, restricted ones too; the facts that tell the gateway, for the caller to publish last."""
    RefreshToken.objects.filter(grant=grant, revoked=None).update(revoked=at)
    return [
        *end_access_tokens(AccessToken.objects.filter(grant=grant), at=at),
        *_end_restricted_tokens(grant.id, at=at),
    ]


def end_access_tokens(tokens: AccessTokenQuerySet, *, at: datetime) -> list[Ended]:
    """Marks live access tokens as revoked; the facts that tell the gateway."""
    live = list(tokens.live(at).select_for_update().values_list("pk", "token_checksum", "expires"))
    AccessToken.objects.filter(pk__in=[row[0] for row in live]).update(revoked_at=at)
    return [("revoked_token", digest, RevokedTokenFact(until=until.timestamp())) for _, digest, until in live]


def _end_restricted_tokens(grant_id: str, *, at: datetime) -> list[Ended]:
    live = list(RestrictedToken.objects.live(at).filter(grant_id=grant_id).values_list("id", "digest", "expires_at"))
    RestrictedToken.objects.filter(id__in=[row[0] for row in live]).update(revoked_at=at)
    return [
        ("revoked_token", bytes(digest).hex(), RevokedTokenFact(until=until.timestamp())) for _, digest, until in live
    ]


def _add_access_token(
    text: str,
    *,
    client: Client,
    kind: AccessToken.Kind,
    grant: Grant | None,
    family: UUID | None,
    scope: str,
    at: datetime,
) -> None:
    AccessToken.objects.create(
        token_checksum=digest_hex(text),
        kind=kind,
        application=client,
        app_id=client.app_id,
        grant=grant,
        seller_id=grant.seller_id if grant else None,
        family=family,
        scope=scope,
        issued_at=at,
        expires=at + ACCESS_LIFETIME,
    )


def _add_refresh_token(
    text: str, *, client: Client, grant: Grant, family: UUID | None, expires_at: datetime, at: datetime
) -> None:
    RefreshToken.objects.create(
        token_checksum=digest_hex(text),
        application=client,
        grant=grant,
        token_family=family,
        issued_at=at,
        expires_at=min(expires_at, grant.expires_at),
    )


def _require_active(grant: Grant, at: datetime) -> None:
    if grant.status == GrantStatus.REVOKED:
        raise _refused("consent_grant_revoked")
    if grant.status == GrantStatus.EXPIRED or grant.expires_at <= at:
        raise _refused("consent_grant_expired")


_SENTENCES = {
    "consent_code_unknown": "no such authorisation code was given to this client",
    "consent_code_reused": "the authorisation code was used before; the tokens that came from it are revoked",
    "consent_code_expired": "the authorisation code is older than a minute",
    "consent_pkce_verifier_without_challenge": "a code verifier came with a code that was asked for without a challenge",
    "consent_refresh_token_unknown": "no such refresh token was given to this client",
    "consent_refresh_token_revoked": "the refresh token was revoked",
    "consent_refresh_token_expired": "the refresh token has expired",
    "consent_refresh_token_reused": "the refresh token was used before; its whole family is revoked",
    "consent_grant_revoked": "the seller has revoked the authorisation",
    "consent_grant_expired": "the seller's authorisation has expired",
}


def _refused(code: str) -> PiepowderError:
    return PiepowderError(code, _SENTENCES[code], oauth="invalid_grant")
