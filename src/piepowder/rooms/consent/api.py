"""Grants on a seller's behalf, and the credentials of apps; the twins of `piepowder grant`."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions, provisioning
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Moment, Sent, Word, now

router = Router(tags=["grants"])


class GrantSent(Sent):
    app: Key
    seller: Key  # Piepowder's id or the marketplace's own
    purposes: list[Word] | None = None  # none given: all that the app's manifest declares
    categories: list[Word] | None = None


class NarrowSent(Sent):
    purposes: list[Word] | None = None
    categories: list[Word] | None = None


class ClientSent(Sent):
    app: Key
    redirect_uris: list[str] = []
    confidential: bool = True
    lasting: bool = False  # works as Amazon's libraries do: no PKCE, one refresh token for the life of a grant


class GrantShown(Schema):
    id: str
    app: str
    seller: str
    version: str
    status: str
    purposes: list[str]
    categories: list[str] | None
    granted_at: Moment
    expires_at: Moment
    ended_at: Moment | None


class CredentialsShown(GrantShown):
    client_id: str
    client_secret: str | None  # shown once, when the client is made
    refresh_token: str  # shown once


class ClientShown(Schema):
    client_id: str
    client_secret: str


@router.get("", response=list[GrantShown])
def list_grants(request: HttpRequest, app: Key | None = None, seller: Key | None = None) -> list[dict[str, object]]:
    """The newest grants, at most 500, of one app or one seller if asked."""
    require(request, Permission.READ)
    return [provisioning.shown(row) for row in provisioning.found(app_id=app, seller_id=seller)]


@router.post("", response={201: CredentialsShown})
def create_grant(request: HttpRequest, sent: GrantSent) -> Status[dict[str, object]]:
    """Authorises an app for a seller and hands out what a client library wants. Texts of secrets are shown this once."""
    by = require(request, Permission.CONSENT)
    made = provisioning.create(
        sent.app, sent.seller, purposes=sent.purposes, categories=sent.categories, by=by, at=now()
    )
    return Status(201, made)


@router.get("/{grant_id}", response=GrantShown)
def get_grant(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    require(request, Permission.READ)
    return provisioning.shown(Grant.objects.named(grant_id))


@router.post("/{grant_id}/narrow", response=GrantShown)
def narrow_grant(request: HttpRequest, grant_id: Key, sent: NarrowSent) -> dict[str, object]:
    """Keeps only what is named; a member left out stays as it is."""
    by = require(request, Permission.CONSENT)
    row = provisioning.narrow(grant_id, purposes=sent.purposes, categories=sent.categories, by=by, at=now())
    return provisioning.shown(row)


@router.post("/{grant_id}/revoke", response=GrantShown)
def revoke_grant(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    """Ends the grant and every token under it; every gateway worker knows within a moment of this answer."""
    by = require(request, Permission.CONSENT)
    return provisioning.shown(provisioning.revoke(grant_id, by=by, at=now()))


clients = Router(tags=["clients"])


@clients.post("", response={201: ClientShown})
def register_client(request: HttpRequest, sent: ClientSent) -> Status[dict[str, Any]]:
    """A client of an app; its secret is shown this once and is empty for a public client."""
    by = require(request, Permission.CONSENT)
    client, secret = actions.register_client(
        App.objects.named(sent.app),
        redirect_uris=tuple(sent.redirect_uris),
        confidential=sent.confidential,
        lasting=sent.lasting,
        by=by,
        at=now(),
    )
    return Status(201, {"client_id": client.client_id, "client_secret": secret})


@clients.post("/{client_id}/rotate-secret", response=ClientShown)
def rotate_secret(request: HttpRequest, client_id: Key) -> dict[str, Any]:
    """A new secret; the present one stays valid for seven days more."""
    by = require(request, Permission.CONSENT)
    client = Client.objects.named(client_id)
    return {"client_id": client.client_id, "client_secret": actions.rotate_secret(client, by=by, at=now())}
