"""Authorisations, clients and tokens that a marketplace has already, many at once; and taking them back.

Of tokens and secrets only digests come in, so nobody here ever sees one that works.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.actions.clients import check_redirects
from piepowder.rooms.consent.models import (
    AccessToken,
    Client,
    ClientSecret,
    Grant,
    PermissionRequest,
    RefreshToken,
    RestrictedToken,
)
from piepowder.rooms.consent.rules import SECRET_LIFETIME, GrantStatus
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import Change, record_many
from piepowder.rooms.publication.actions import publish_many


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """A refresh token that an app holds: hex SHA-256 of its text."""

    grant: Grant
    client_id: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClient:
    """A program that an app has: SHA-256 of its secret, empty where there is none."""

    app: App
    redirect_uris: Sequence[str]
    secret_digest: bytes = b""


@transaction.atomic
def import_clients(several: Sequence[KnownClient], *, by: Actor, at: datetime) -> list[Client]:
    """Clients under the apps' own client ids, working as Amazon's libraries do, with the secrets they have."""
    for one in several:
        check_redirects(one.redirect_uris)
    made: list[Client] = Client.objects.bulk_create([_client(one) for one in several])
    known = list(zip(several, made, strict=True))
    ClientSecret.objects.bulk_create(
        [
            ClientSecret(client=row, digest=one.secret_digest, created_at=at, expires_at=at + SECRET_LIFETIME)
            for one, row in known
            if one.secret_digest
        ]
    )
    told = [
        Change(
            app=one.app.id,
            developer=one.app.developer_id,
            detail={"client": row.client_id, "lasting": True, "secret": bool(one.secret_digest)},
        )
        for one, row in known
    ]
    record_many("consent.import_client", told, by=by, at=at)
    return made


def _client(one: KnownClient) -> Client:
    return Client(
        client_id=one.app.client_id,
        app=one.app,
        name=one.app.name,
        client_type=Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(one.redirect_uris),
        lasting=True,
    )


@transaction.atomic
def import_grants(grants: Sequence[Grant], *, by: Actor, at: datetime) -> list[Grant]:
    """Keeps new grants and tells the gateways. Whoever calls has seen that each pair of app and seller has none."""
    made = Grant.objects.bulk_create(grants, batch_size=2_000)
    changes = [
        Change(
            app=one.app_id,
            seller=one.seller_id,
            grant=one.id,
            detail={"version": one.version, "purposes": one.purposes, "until": one.expires_at.isoformat()},
        )
        for one in made
    ]
    record_many("consent.import_grant", changes, by=by, at=at, outcome=GrantStatus.ACTIVE)
    publish_many(("grant", one.id, one.fact()) for one in made)
    return made


@transaction.atomic
def import_tokens(tokens: Sequence[KnownToken], *, by: Actor, at: datetime) -> None:
    """Refresh tokens that go on working; each ends with its grant."""
    rows = [
        RefreshToken(
            token_checksum=one.digest,
            application_id=one.client_id,
            grant=one.grant,
            token_family=uuid4(),
            issued_at=at,
            expires_at=one.grant.expires_at,
        )
        for one in tokens
    ]
    RefreshToken.objects.bulk_create(rows, batch_size=2_000)
    changes = [Change(app=one.grant.app_id, seller=one.grant.seller_id, grant=one.grant.id) for one in tokens]
    record_many("consent.import_token", changes, by=by, at=at)


def taken_digests(digests: Iterable[str]) -> set[str]:
    """Those of refresh tokens that are known already."""
    several = list(digests)
    rows = RefreshToken.objects.filter(token_checksum__in=several)
    return set(rows.values_list("token_checksum", flat=True)) if several else set()


def in_use(grant_ids: Collection[str]) -> set[str]:
    """Grants under which an app got tokens, or whose seller was asked for more."""
    several = list(grant_ids)
    found = [
        *AccessToken.objects.filter(grant__in=several).values_list("grant_id", flat=True),
        *RestrictedToken.objects.filter(grant_id__in=several).values_list("grant_id", flat=True),
        *PermissionRequest.objects.filter(grant__in=several).values_list("grant_id", flat=True),
    ]
    return {one for one in found if one}


@transaction.atomic
def forget_grants(grants: Collection[Grant], *, by: Actor, at: datetime) -> None:
    """Takes back grants that an import made by mistake and nobody used, with their tokens. The gateways hear of it."""
    ids = [one.id for one in grants]
    RefreshToken.objects.filter(grant__in=ids).delete()
    Grant.objects.filter(pk__in=ids).delete()
    changes = [Change(app=one.app_id, seller=one.seller_id, grant=one.id) for one in grants]
    record_many("consent.forget_grant", changes, by=by, at=at)
    publish_many(("grant", one, None) for one in ids)


@transaction.atomic
def forget_clients(apps: Collection[App], *, by: Actor, at: datetime) -> None:
    """Takes back the clients of apps that an import made by mistake."""
    rows = Client.objects.filter(app__in=apps)
    names: dict[str, list[str]] = {one.id: [] for one in apps}
    for app_id, client_id in rows.values_list("app_id", "client_id"):
        names[app_id].append(client_id)
    rows.delete()
    told = [Change(app=app_id, detail={"clients": several}) for app_id, several in names.items()]
    record_many("consent.forget_client", told, by=by, at=at)
