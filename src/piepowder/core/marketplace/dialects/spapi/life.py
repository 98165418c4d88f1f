"""The life of an Amazon order, from its status, its packages and the last day it may arrive.

```
Pending, Unshipped, PartiallyShipped ──► Shipped ──► delivered (<= 30 days) ──► closed
          └──► Canceled, Unfulfillable
```
"Delivered" is the packages' status, else the latest delivery date passed. Neither API says when a parcel arrived, so
the 30 days count from that date. Without it a delivered or shipped order cannot be told apart from an old one: unknown.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from piepowder.core.marketplace.dialects.spapi.moments import parse_moment
from piepowder.core.marketplace.model import OrderState

DELIVERED_FOR = timedelta(days=30)

_WITHOUT_DELIVERY: dict[str, OrderState] = {
    "Pending": OrderState.UNSHIPPED,
    "PendingAvailability": OrderState.UNSHIPPED,
    "Unshipped": OrderState.UNSHIPPED,
    "PartiallyShipped": OrderState.UNSHIPPED,
    "Canceled": OrderState.CANCELLED,
    "Unfulfillable": OrderState.CANCELLED,
    "PENDING": OrderState.UNSHIPPED,
    "PENDING_AVAILABILITY": OrderState.UNSHIPPED,
    "UNSHIPPED": OrderState.UNSHIPPED,
    "PARTIALLY_SHIPPED": OrderState.UNSHIPPED,
    "CANCELLED": OrderState.CANCELLED,
    "UNFULFILLABLE": OrderState.CANCELLED,
}
_SHIPPED = frozenset({"Shipped", "SHIPPED"})


def order_state(fields: Mapping[str, object], now: datetime) -> OrderState:
    """`fields`: `status`, `latest_delivery` (ISO 8601), `packages` (status of each parcel; a text or a list of texts)."""
    status = fields.get("status")
    if not isinstance(status, str):
        return OrderState.UNKNOWN
    if status not in _SHIPPED:
        return _WITHOUT_DELIVERY.get(status, OrderState.UNKNOWN)
    due = fields.get("latest_delivery")
    if type(due) is not datetime or due.tzinfo is not UTC:
        due = parse_moment(due)
    if due is None:
        return OrderState.UNKNOWN
    if now - due > DELIVERED_FOR:
        return OrderState.CLOSED
    return OrderState.DELIVERED if now > due or _all_delivered(fields.get("packages")) else OrderState.SHIPPED


def _all_delivered(packages: object) -> bool:
    """Whether every parcel that was not called off has arrived."""
    statuses = [packages] if isinstance(packages, str) else packages
    if not isinstance(statuses, list | tuple):
        return False
    travelling = [status for status in statuses if status != "CANCELLED"]
    return bool(travelling) and all(status == "DELIVERED" for status in travelling)
