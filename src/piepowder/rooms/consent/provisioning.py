"""What command line and JSON API share: grants by id, and an authorisation with everything a client library needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.taxonomy import covers
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.manifests import Asked, asked_by, asked_of
from piepowder.rooms.consent.models import Client, Grant, GrantQuerySet
from piepowder.rooms.consent.rules import Declared, difference, only
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.people.models import Seller

SHOWN_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a door was told of purposes and categories. None: not said. `categories` holds for every purpose that declares them."""

    purposes: Sequence[str] | None = None
    narrowed: Declared | None = None
    categories: Sequence[str] | None = None
    read: str | None = None  # the version that the seller had read

    def narrowing(self, asked: Asked) -> Declared | None:
        if self.categories is None:
            return self.narrowed
        if self.narrowed is not None:
            raise PiepowderError(
                "consent_narrowed_twice",
                "categories were named both for all purposes and for single ones",
                hint="name one of them",
            )
        return only(self.categories, asked.purposes)


ALL = Wish()


@transaction.atomic
def create(app_id: str, seller_id: str, wish: Wish = ALL, *, by: Actor, at: datetime) -> dict[str, object]:
    """Grants, and hands out what an Amazon-style client wants: `client_id`, `client_secret`, `refresh_token`.

    An app that has such a client already keeps its secret: `client_secret` is None then, and the owner has it.
    """
    app, seller = App.objects.named(app_id), Seller.objects.named(seller_id)
    client = Client.objects.lasting_of(app)
    secret: str | None = None
    if client is None:
        client, secret = actions.register_client(app, lasting=True, by=by, at=at)
    narrowed = wish.narrowing(asked_of(app, seller.id))
    row = actions.grant(app, seller, purposes=wish.purposes, narrowed=narrowed, read=wish.read, by=by, at=at)
    refresh_token = actions.provision_refresh_token(row, client=client, by=by, at=at)
    return {
        **shown(row),
        "client_id": client.client_id,
        "client_secret": secret,
        "refresh_token": refresh_token,
    }


def narrow(grant_id: str, wish: Wish, *, by: Actor, at: datetime) -> Grant:
    """Takes away from what was granted."""
    row = Grant.objects.named(grant_id)
    asked = asked_by(row.app, row.version)
    narrowed = wish.narrowing(asked)
    if wish.categories is not None and narrowed is not None:
        narrowed = _still_granted(row, wish.categories, narrowed, asked)
    return actions.narrow(row, purposes=wish.purposes, narrowed=narrowed, by=by, at=at)


def _still_granted(row: Grant, categories: Sequence[str], narrowed: Declared, asked: Asked) -> Declared:
    """ "Only these, whatever for" is no wish for more where one purpose was narrowed before; a category granted nowhere is."""
    granted = {purpose: kept for purpose, kept in narrowed.items() if purpose in row.purposes}
    left = {
        purpose: [word for word in kept if covers(row.choice.left_to(purpose, asked.purposes), word)]
        for purpose, kept in granted.items()
    }
    everywhere = {word for kept in left.values() for word in kept}
    return left if everywhere.issuperset(categories) else granted


def choose(grant_id: str, wish: Wish, *, by: Actor, at: datetime) -> Grant:
    row = Grant.objects.named(grant_id)
    narrowed = wish.narrowing(asked_of(row.app, row.seller_id))
    return actions.choose(row, purposes=wish.purposes, narrowed=narrowed, read=wish.read, by=by, at=at)


def asked_now(grant_id: str) -> dict[str, object]:
    """What the seller of a grant is asked for now, and what of it the grant's own version did not ask."""
    row = Grant.objects.named(grant_id)
    before, now = asked_by(row.app, row.version), asked_of(row.app, row.seller_id)
    beyond = difference(row.choice, before, now)
    return {
        "version": now.version,
        "purposes": {purpose: list(wanted) for purpose, wanted in now.purposes.items()},
        "new_purposes": list(beyond.purposes),
        "new_categories": [{"purpose": purpose, "category": category} for purpose, category in beyond.categories],
    }


def revoke(grant_id: str, *, by: Actor, at: datetime, reason: str = "") -> Grant:
    return actions.revoke(Grant.objects.named(grant_id), by=by, at=at, reason=reason)


def renew(grant_id: str, *, by: Actor, at: datetime) -> Grant:
    return actions.renew(Grant.objects.named(grant_id), by=by, at=at)


def refuse_more(grant_id: str, *, by: Actor, at: datetime) -> Grant:
    actions.refuse_request(Grant.objects.named(grant_id), by=by, at=at)
    return Grant.objects.named(grant_id)


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
        "narrowed": row.narrowed,
        "granted_at": row.granted_at,
        "expires_at": row.expires_at,
        "ended_at": row.ended_at,
        "end_reason": row.end_reason,
    }
