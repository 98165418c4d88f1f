"""Sellers are provisioned, and people whom the marketplace vouches for sign in for them."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.actions.accounts import end_sessions
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.publication.actions import publish


@transaction.atomic
def provision_seller(
    *, marketplace_id: str, name: str, by: Actor, at: datetime, oidc_subject: str | None = None, active: bool = True
) -> Seller:
    """Creates a seller or brings it up to date; the marketplace's own id says which. Safe to repeat."""
    if not marketplace_id.strip():
        raise PiepowderError("people_marketplace_id_missing", "a seller needs the marketplace's own id")
    if marketplace_id.startswith("sel_"):
        raise PiepowderError(
            "people_marketplace_id_ours",
            f"`{marketplace_id}` looks like one of Piepowder's own ids",
            hint="give the marketplace's own id of the seller",
        )
    _check_subject_free(marketplace_id, oidc_subject)
    seller, made = Seller.objects.update_or_create(
        marketplace_id=marketplace_id,
        defaults={"name": name, "oidc_subject": oidc_subject, "active": active},
        create_defaults={"name": name, "oidc_subject": oidc_subject, "active": active, "created_at": at},
    )
    detail = {"marketplace_id": marketplace_id, "active": active}
    record(
        "people.provision_seller",
        by=by,
        at=at,
        seller=seller.id,
        outcome="created" if made else "updated",
        detail=detail,
    )
    publish("seller", seller.id, seller.fact())
    if not active:
        for account in seller.accounts.all():
            end_sessions(account, by=by, at=at)
    return seller


def _check_subject_free(marketplace_id: str, oidc_subject: str | None) -> None:
    if oidc_subject is None:
        return
    holder = Seller.objects.filter(oidc_subject=oidc_subject).exclude(marketplace_id=marketplace_id).first()
    if holder:
        raise PiepowderError(
            "people_subject_taken",
            f"sign-in subject `{oidc_subject}` belongs to seller `{holder.id}`",
            kind=ErrorKind.CONFLICT,
        )


@transaction.atomic
def account_for_seller(seller: Seller, *, email: str, at: datetime, name: str = "") -> Account:
    """The account of a person whom the marketplace's identity provider vouches for as acting for a seller."""
    account = Account.objects.filter(email__iexact=email).first()
    if account is None:
        account = Account.objects.create_user(email, name=name, seller=seller)
        by = Actor(ActorKind.SELLER, account.id)
        record("people.link_account", by=by, at=at, seller=seller.id, detail={"account": account.id})
        return account
    if account.seller_id != seller.id:
        raise PiepowderError(
            "people_account_elsewhere", "this e-mail address belongs to another account", kind=ErrorKind.CONFLICT
        )
    return account
