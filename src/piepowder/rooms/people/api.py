"""Sellers: the provisioning API of the marketplace's own systems."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Sent, now, page
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Seller

router = Router(tags=["sellers"])


class SellerSent(Sent):
    name: Name
    oidc_subject: Key | None = None
    active: bool = True


class SellerShown(Schema):
    id: str
    marketplace_id: str
    name: str
    oidc_subject: str | None
    active: bool
    created_at: Moment


@router.get("", response=list[SellerShown])
def list_sellers(request: HttpRequest, after: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Sellers in the order of their ids; the next page begins `after` the last id of this one."""
    require(request, Permission.READ)
    return [seller.described() for seller in page(Seller.objects.all(), after=after, limit=limit)]


@router.get("/{seller_id}", response=SellerShown)
def get_seller(request: HttpRequest, seller_id: Key) -> dict[str, Any]:
    """One seller, by our id or by the marketplace's own."""
    require(request, Permission.READ)
    return Seller.objects.named(seller_id).described()


@router.put("/{seller_id}", response=SellerShown)
def put_seller(request: HttpRequest, seller_id: Key, sent: SellerSent) -> dict[str, Any]:
    """Creates a seller or brings it up to date; `seller_id` is the marketplace's own id. Safe to repeat."""
    by = require(request, Permission.PROVISION)
    seller = actions.provision_seller(
        marketplace_id=seller_id,
        name=sent.name,
        oidc_subject=sent.oidc_subject,
        active=sent.active,
        by=by,
        at=now(),
    )
    return seller.described()
