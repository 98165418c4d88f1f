"""Grants on a seller's behalf, and the credentials of apps; the twins of `piepowder grant`."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions, outlook, provisioning, uses
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Moment, Prose, Sent, Word, now

router = Router(tags=["grants"])
Days = Annotated[int, Field(ge=1, le=366)]


class WishSent(Sent):
    """Categories for single purposes (`narrowed`), or for all of them at once (`categories`)."""

    purposes: list[Word] | None = None
    narrowed: dict[Word, list[Word]] | None = None
    categories: list[Word] | None = None

    def wish(self) -> provisioning.Wish:
        return provisioning.Wish(purposes=self.purposes, narrowed=self.narrowed, categories=self.categories)


class ChoiceSent(WishSent):
    """`read`: the version whose purposes the seller had before them, as `…/asked` names it. If another one took its place, 409."""

    read: Key

    def wish(self) -> provisioning.Wish:
        return replace(super().wish(), read=self.read)


class GrantSent(WishSent):
    """`seller`: Piepowder's id or the marketplace's own. `read`: the version that the seller was shown, if one was."""

    app: Key
    seller: Key
    read: Key | None = None

    def wish(self) -> provisioning.Wish:
        return replace(super().wish(), read=self.read)


class RevokeSent(Sent):
    reason: Prose = ""


class ClientSent(Sent):
    app: Key
    redirect_uris: list[str] = []
    confidential: bool = True
    lasting: bool = False  # works as Amazon's libraries do: no PKCE, one refresh token for the life of a grant


NO_REASON = RevokeSent()


class RedirectsSent(Sent):
    redirect_uris: list[str]


class GrantShown(Schema):
    id: str
    app: str
    seller: str
    version: str
    status: str
    purposes: list[str]
    narrowed: (
        dict[str, list[str]] | None
    )  # purpose -> the only categories it may read; not in it: all that the version declares
    granted_at: Moment
    expires_at: Moment
    ended_at: Moment | None
    end_reason: str


class CategoryUseShown(Schema):
    category: str
    purpose: str
    kept: int
    substituted: int
    withheld: int


class UseShown(Schema):
    calls: int
    personal_calls: int
    order_reads: int
    newest: Moment | None
    complete: bool  # false: there were more calls than were counted
    categories: list[CategoryUseShown]


class OutlookShown(Schema):
    stopping: dict[str, list[str]]  # purpose -> operations
    open_orders: int
    delete_by: date
    plan: str  # that the seller pays for the app; it is cancelled with the grant


class NewCategoryShown(Schema):
    purpose: str
    category: str


class AskedShown(Schema):
    """`purposes`: with the data that each wants; `new_…`: what the version that the seller allowed did not ask."""

    version: str
    purposes: dict[str, list[str]]
    new_purposes: list[str]
    new_categories: list[NewCategoryShown]


class ChangeShown(Schema):
    id: str
    kind: str
    recorded_at: Moment
    outcome: str
    reason: str


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
    caller = caller_of(request)
    require_own(request, Permission.READ, seller=caller.seller)
    rows = provisioning.found(app_id=app, seller_id=caller.seller or seller)
    return [provisioning.shown(row) for row in rows]


@router.post("", response={201: CredentialsShown})
def create_grant(request: HttpRequest, sent: GrantSent) -> Status[dict[str, object]]:
    """Authorises an app for a seller and hands out what a client library wants. Texts of secrets are shown this once."""
    by = require(request, Permission.CONSENT)
    return Status(201, provisioning.create(sent.app, sent.seller, sent.wish(), by=by, at=now()))


@router.get("/{grant_id}", response=GrantShown)
def get_grant(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    """One grant, whatever became of it."""
    row = Grant.objects.named(grant_id)
    require_own(request, Permission.READ, seller=row.seller_id)
    return provisioning.shown(row)


@router.get("/{grant_id}/use", response=UseShown)
def get_use(request: HttpRequest, grant_id: Key, days: Days = 7) -> dict[str, object]:
    """What the app read for the shop in the past days, counted in the ledger by data category and purpose."""
    row = Grant.objects.named(grant_id)
    require_own(request, Permission.RECORDS, seller=row.seller_id)
    return uses.described(uses.use_since(row, now() - timedelta(days=days)))


@router.get("/{grant_id}/end", response=OutlookShown)
def get_outlook(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    """What would happen if the grant ended now."""
    row = Grant.objects.named(grant_id)
    require_own(request, Permission.RECORDS, seller=row.seller_id)
    return outlook.described(outlook.of_end(row, at=now()))


@router.get("/{grant_id}/history", response=list[ChangeShown])
def get_history(request: HttpRequest, grant_id: Key) -> list[dict[str, object]]:
    """What happened to the grant, newest first: at most 200 changes."""
    row = Grant.objects.named(grant_id)
    require_own(request, Permission.RECORDS, seller=row.seller_id)
    return [{name: getattr(one, name) for name in ChangeShown.model_fields} for one in uses.history(row)]


@router.get("/{grant_id}/asked", response=AskedShown)
def get_asked(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    """What the seller is asked for now: what `choose` chooses among, and the version that it has to name as `read`."""
    _read(request, grant_id)
    return provisioning.asked_now(grant_id)


@router.post("/{grant_id}/narrow", response=GrantShown)
def narrow_grant(request: HttpRequest, grant_id: Key, sent: WishSent) -> dict[str, object]:
    """Keeps only what is named; a member left out stays as it is."""
    by = _own(request, grant_id)
    return provisioning.shown(provisioning.narrow(grant_id, sent.wish(), by=by, at=now()))


@router.post("/{grant_id}/choose", response=GrantShown)
def choose_grant(request: HttpRequest, grant_id: Key, sent: ChoiceSent) -> dict[str, object]:
    """Chooses again among all that `…/asked` tells; answers a request for more."""
    by = _own(request, grant_id)
    return provisioning.shown(provisioning.choose(grant_id, sent.wish(), by=by, at=now()))


@router.post("/{grant_id}/refuse-more", response=GrantShown)
def refuse_more(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    """Says no to what a new version asks; what was granted goes on."""
    by = _own(request, grant_id)
    return provisioning.shown(provisioning.refuse_more(grant_id, by=by, at=now()))


@router.post("/{grant_id}/renew", response=GrantShown)
def renew_grant(request: HttpRequest, grant_id: Key) -> dict[str, object]:
    """Another year for the same permissions."""
    by = _own(request, grant_id)
    return provisioning.shown(provisioning.renew(grant_id, by=by, at=now()))


@router.post("/{grant_id}/revoke", response=GrantShown)
def revoke_grant(request: HttpRequest, grant_id: Key, sent: RevokeSent = NO_REASON) -> dict[str, object]:
    """Ends the grant and every token under it; every gateway worker knows within a moment of this answer."""
    by = _own(request, grant_id)
    return provisioning.shown(provisioning.revoke(grant_id, by=by, at=now(), reason=sent.reason))


def _read(request: HttpRequest, grant_id: str) -> None:
    require_own(request, Permission.READ, seller=Grant.objects.named(grant_id).seller_id)


def _own(request: HttpRequest, grant_id: str) -> Actor:
    """The seller's own key, or one of staff that may act for sellers."""
    return require_own(request, Permission.CONSENT, seller=Grant.objects.named(grant_id).seller_id)


clients = Router(tags=["clients"])


class SecretShown(Schema):
    id: str
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment | None  # to the hour


class ClientDescribed(Schema):
    client_id: str
    app: str
    confidential: bool
    lasting: bool
    redirect_uris: list[str]
    secrets: list[SecretShown]


@clients.get("", response=list[ClientDescribed])
def list_clients(request: HttpRequest, app: Key) -> list[dict[str, Any]]:
    """An app's clients, with when each secret runs out and was last used; never a secret itself."""
    _own_app(request, App.objects.named(app), Permission.READ)
    return [client.described(now()) for client in Client.objects.of_app(app)]


@clients.post("", response={201: ClientShown})
def register_client(request: HttpRequest, sent: ClientSent) -> Status[dict[str, Any]]:
    """A client of an app; its secret is shown this once and is empty for a public client."""
    app = App.objects.named(sent.app)
    by = _own_app(request, app, Permission.CONSENT)
    client, secret = actions.register_client(
        app,
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
    client = Client.objects.named(client_id)
    by = _own_app(request, client.app, Permission.CONSENT)
    return {"client_id": client.client_id, "client_secret": actions.rotate_secret(client, by=by, at=now())}


@clients.post("/{client_id}/secrets/{secret_id}/end", response=ClientDescribed)
def end_secret(request: HttpRequest, client_id: Key, secret_id: Key) -> dict[str, Any]:
    """Ends one of two secrets at once."""
    client = Client.objects.named(client_id)
    by = _own_app(request, client.app, Permission.CONSENT)
    return actions.end_secret(client, secret_id, by=by, at=now()).described(now())


@clients.put("/{client_id}/redirect-uris", response=ClientDescribed)
def set_redirects(request: HttpRequest, client_id: Key, sent: RedirectsSent) -> dict[str, Any]:
    """The addresses a seller may be sent back to, in place of the present ones."""
    client = Client.objects.named(client_id)
    by = _own_app(request, client.app, Permission.CONSENT)
    return actions.set_redirects(client, sent.redirect_uris, by=by, at=now()).described(now())


def _own_app(request: HttpRequest, app: App, staff: Permission) -> Actor:
    """The developer's own key, or one of staff."""
    return require_own(request, staff, developer=app.developer_id)
