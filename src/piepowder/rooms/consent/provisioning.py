"""What command line and JSON API share: grants by id, and an authorisation with everything a client library needs."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Client, Grant, GrantQuerySet
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.people.models import Seller

SHOWN_MAX = 500


@transaction.atomic
def create(
    app_id: str,
    seller_id: str,
    *,
    purposes: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    by: Actor,
    at: datetime,
) -> dict[str, object]:
    """Grants, and hands out what an Amazon-style client wants: `client_id`, `client_secret`, `refresh_token`.

    An app that has such a client already keeps its secret: `client_secret` is None then, and the owner has it.
    """
    app, seller = App.objects.named(app_id), Seller.objects.named(seller_id)
    client = Client.objects.lasting_of(app)
    secret: str | None = None
    if client is None:
        client, secret = actions.register_client(app, lasting=True, by=by, at=at)
    row = actions.grant(app, seller, purposes=purposes, categories=categories, by=by, at=at)
    refresh_token = actions.provision_refresh_token(row, client=client, by=by, at=at)
    return {
        **shown(row),
        "client_id": client.client_id,
        "client_secret": secret,
        "refresh_token": refresh_token,
    }


def narrow(
    grant_id: str, *, purposes: Sequence[str] | None, categories: Sequence[str] | None, by: Actor, at: datetime
) -> Grant:
    return actions.narrow(Grant.objects.named(grant_id), purposes=purposes, categories=categories, by=by, at=at)


def revoke(grant_id: str, *, by: Actor, at: datetime) -> Grant:
    return actions.revoke(Grant.objects.named(grant_id), by=by, at=at)


def found(*, app_id: str | None = None, seller_id: str | None = None) -> GrantQuerySet:
    """The newest grants, at most 500."""
    rows = Grant.objects.newest()
    if app_id:
        rows = rows.filter(app=app_id)
    if seller_id:
        rows = rows.filter(Q(seller=seller_id) | Q(seller__marketplace_id=seller_id))
    return rows[:SHOWN_MAX]


def shown(row: Grant) -> dict[str, object]:
    return {
        "id": row.id,
        "app": row.app_id,
        "seller": row.seller_id,
        "version": row.version,
        "status": row.status,
        "purposes": list(row.purposes),
        "categories": row.categories,
        "granted_at": row.granted_at,
        "expires_at": row.expires_at,
        "ended_at": row.ended_at,
    }
