"""Sellers that a marketplace has already, many at once; and taking them back."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import Change, record_many
from piepowder.rooms.people.models import Account, ApiKey, Seller
from piepowder.rooms.publication.actions import publish_many


@transaction.atomic
def import_sellers(sellers: Sequence[Seller], *, by: Actor, at: datetime) -> list[Seller]:
    """Keeps new sellers as `provision_seller` does; whoever calls has seen that their ids and subjects are free."""
    made = Seller.objects.bulk_create(sellers, batch_size=1_000)
    changes = [
        Change(seller=one.id, detail={"marketplace_id": one.marketplace_id, "active": one.active}) for one in made
    ]
    record_many("people.import_seller", changes, by=by, at=at, outcome="created")
    publish_many(("seller", one.id, one.fact()) for one in made)
    return made


@transaction.atomic
def forget_sellers(sellers: Collection[Seller], *, by: Actor, at: datetime) -> None:
    """Takes back sellers that an import made by mistake and that nothing refers to."""
    ids = [one.id for one in sellers]
    Seller.objects.filter(pk__in=ids).delete()
    changes = [Change(seller=one.id, detail={"marketplace_id": one.marketplace_id}) for one in sellers]
    record_many("people.forget_seller", changes, by=by, at=at)
    publish_many(("seller", one, None) for one in ids)


def in_use(seller_ids: Collection[str]) -> set[str]:
    """Those for whom somebody signed in or that have a key."""
    accounts = Account.objects.filter(seller__in=seller_ids).values_list("seller_id", flat=True)
    keys = ApiKey.objects.filter(seller__in=seller_ids).values_list("seller_id", flat=True)
    return {one for one in (*accounts, *keys) if one}
