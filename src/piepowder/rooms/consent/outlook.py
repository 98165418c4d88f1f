"""What the end of a grant would mean: for the shop, and for the data that the app has."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings

from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.billing.models import Subscription
from piepowder.rooms.consent.manifests import asked_by
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.uses import GrantUse, open_orders, use_since

LOOKED_AT = timedelta(days=30)  # about as long as an order is of any concern to those who ship it


@dataclass(frozen=True, slots=True)
class Stopping:
    """One purpose that comes to an end, with the operations called for it."""

    purpose: str
    words: str
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    stopping: tuple[Stopping, ...]
    open_orders: int
    use: GrantUse  # of the last 30 days
    delete_by: date
    plan: str  # name of the plan that the seller pays for it, which is cancelled with it; empty if there is none


def of_end(row: Grant, *, at: datetime) -> Outlook:
    """If the grant ended now."""
    asked = asked_by(row.app, row.version)
    stopping = [Stopping(one, purpose_words(one), asked.operations.get(one, ())) for one in row.purposes]
    plan = Subscription.objects.live_between(row.app_id, row.seller_id)
    return Outlook(
        stopping=tuple(stopping),
        open_orders=open_orders(row, at - LOOKED_AT),
        use=use_since(row, at - LOOKED_AT),
        plan=plan.plan.name if plan is not None else "",
        delete_by=(at + timedelta(days=settings.PIEPOWDER.deletion_days)).date(),
    )


def described(outlook: Outlook) -> dict[str, object]:
    """What API and command line show."""
    return {
        "stopping": {one.purpose: list(one.operations) for one in outlook.stopping},
        "open_orders": outlook.open_orders,
        "delete_by": outlook.delete_by,
        "plan": outlook.plan,
    }
