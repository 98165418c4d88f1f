"""Listings as they stand on a shelf: found, ordered, and with what a card needs, in a handful of queries for a page."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from piepowder.rooms.store.categories import Category, categories
from piepowder.rooms.store.labels import Glance, glances
from piepowder.rooms.store.models import Listing, Screenshot, Use
from piepowder.rooms.store.models.listings import SORTS, ListingQuerySet
from piepowder.rooms.store.prices import Plan, free_app_ids, plans_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody looks for; empty members do not narrow."""

    words: str = ""
    shelf: str = ""
    sort: str = ""
    private: bool = False
    free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    listing: Listing
    glance: Glance
    plans: tuple[Plan, ...]
    has: bool  # the seller uses it already
    picture: Screenshot | None = None


def find(wish: Wish, seller_id: str) -> ListingQuerySet:
    """On the shelves for this seller (an empty id: for all), in the order wished for; the best match first unless another is."""
    rows = Listing.objects.full().open_to_new().visible_to(seller_id).defer("long", "looked_texts", "search")
    if wish.shelf:
        rows = rows.filter(categories__contains=[wish.shelf])
    if wish.private:
        rows = rows.filter(personal_asked=0)
    if wish.free:
        rows = rows.filter(app__in=free_app_ids())
    if wish.words:
        rows = rows.containing(wish.words)
        return rows.order_by(*SORTS[wish.sort]) if wish.sort else rows
    return rows.order_by(*SORTS[wish.sort or "used"])


def cards(listings: Iterable[Listing], seller_id: str, *, pictures: bool = False) -> list[Card]:
    rows = list(listings)
    app_ids = [row.app_id for row in rows]
    seen, plans = glances(rows), plans_of(app_ids)
    used = Use.objects.of_seller(seller_id, app_ids) if seller_id else set()
    shots = Screenshot.objects.first_of([row.pk for row in rows]) if pictures else {}
    return [
        Card(
            listing=row,
            glance=seen[row.app_id],
            plans=plans.get(row.app_id, ()),
            has=row.app_id in used,
            picture=shots.get(row.pk),
        )
        for row in rows
    ]


def shelves(seller_id: str) -> list[tuple[Category, int]]:
    """Each shelf with the number of apps on it for this seller."""
    on_shelf = {one: Count("pk", filter=Q(categories__contains=[one])) for one in categories()}
    counts = Listing.objects.open_to_new().visible_to(seller_id).aggregate(**on_shelf)
    return [(one, counts[one.id]) for one in categories().values()]
