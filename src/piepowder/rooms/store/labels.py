"""The data label of a listing as pages, API and commands show it: manifest, policy in force, and what was counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from piepowder.rooms.store.categories import category_name
from piepowder.rooms.store.models import Label, Listing, Median
from piepowder.rooms.store.observed import LabelShown, Observed, label
from piepowder.rooms.store.released import declared, promises


def label_of(listing: Listing) -> LabelShown:
    """The whole label of one app, beside the median of its first shelf."""
    return labels_of([listing])[listing.app_id]


def labels_of(listings: Iterable[Listing]) -> dict[str, LabelShown]:
    """App id -> label; several at once for the page that compares."""
    rows = list(listings)
    bodies = Label.objects.bodies(row.app_id for row in rows)
    medians = Median.objects.of({row.categories[0] for row in rows if row.categories})
    found = {}
    for row in rows:
        manifest = row.app.manifest() if row.app.current_version else None
        shelf = row.categories[0] if row.categories else ""
        body = bodies.get(row.app_id)
        found[row.app_id] = label(
            declared(manifest) if manifest else {},
            promises(row.app, manifest) if manifest else {},
            msgspec.convert(body, Observed) if body is not None else None,
            shelf=category_name(shelf) if shelf else "",
            medians={category: one.share for (on, category), one in medians.items() if on == shelf},
        )
    return found


@dataclass(frozen=True, slots=True)
class Glance:
    """For a card: how many kinds of a shopper's data an app asks for, and how many it read. `read` is None where that is not shown."""

    asked: int
    read: int | None


def glances(listings: Iterable[Listing]) -> dict[str, Glance]:
    """App id -> glance, from one look at the table of labels."""
    rows = list(listings)
    shares = dict(Label.objects.filter(pk__in=[row.app_id for row in rows]).values_list("app_id", "body"))
    return {row.app_id: Glance(row.personal_asked, _read(shares.get(row.app_id))) for row in rows}


def _read(body: dict[str, Any] | None) -> int | None:
    if body is None:
        return None
    observed = msgspec.convert(body, Observed)
    return observed.leaves_read() if observed.shown and observed.calls else None


def described(shown: LabelShown) -> dict[str, Any]:
    """What API and command line show of a label."""
    total = shown.observed if shown.state == "shown" else Observed()
    return {
        "state": shown.state,
        "days": 30,
        "calls": total.calls,
        "calls_with_personal_data": total.personal,
        "refused": total.refused,
        "orders": total.orders,
        "shelf": shown.shelf,
        "rows": [
            {
                "category": row.category,
                "words": row.words,
                "personal": row.personal,
                "purposes": [
                    {"purpose": use.purpose, "policy": use.promise.effect, "note": use.promise.note, "share": use.share}
                    for use in row.uses
                ],
                "share_read": row.share,
                "share_replaced": row.replaced,
                "share_withheld": row.withheld,
                "reads_per_order": row.per_order,
                "median_of_shelf": row.median,
                "never_used": row.never,
            }
            for row in shown.rows
        ],
    }
