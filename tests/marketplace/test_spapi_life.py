from datetime import UTC, datetime, timedelta

import pytest

from piepowder.core.marketplace.dialects import load_dialect
from piepowder.core.marketplace.dialects.spapi.moments import parse_moment
from piepowder.core.marketplace.model import OrderState

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TOMORROW, YESTERDAY = "2026-04-01T12:00:00Z", "2026-03-30T12:00:00Z"
LAST_YEAR = "2025-03-30T12:00:00Z"
UNSHIPPED, SHIPPED, DELIVERED = OrderState.UNSHIPPED, OrderState.SHIPPED, OrderState.DELIVERED
CLOSED, CANCELLED, UNKNOWN = OrderState.CLOSED, OrderState.CANCELLED, OrderState.UNKNOWN


@pytest.mark.parametrize(
    ("status", "due", "packages", "state"),
    [
        ("Pending", None, None, UNSHIPPED),
        ("PendingAvailability", None, None, UNSHIPPED),
        ("Unshipped", YESTERDAY, None, UNSHIPPED),
        ("PartiallyShipped", LAST_YEAR, None, UNSHIPPED),
        ("Shipped", TOMORROW, None, SHIPPED),
        ("Shipped", YESTERDAY, None, DELIVERED),
        ("Shipped", LAST_YEAR, None, CLOSED),
        ("Canceled", None, None, CANCELLED),
        ("Unfulfillable", None, None, CANCELLED),
        ("InvoiceUnconfirmed", TOMORROW, None, UNKNOWN),
        ("PENDING_AVAILABILITY", None, None, UNSHIPPED),
        ("PARTIALLY_SHIPPED", TOMORROW, ["DELIVERED"], UNSHIPPED),
        ("SHIPPED", TOMORROW, ["IN_TRANSIT"], SHIPPED),
        ("SHIPPED", TOMORROW, ["DELIVERED", "IN_TRANSIT"], SHIPPED),
        ("SHIPPED", TOMORROW, ["DELIVERED", "CANCELLED"], DELIVERED),
        ("SHIPPED", TOMORROW, "DELIVERED", DELIVERED),
        ("SHIPPED", TOMORROW, ["CANCELLED"], SHIPPED),
        ("SHIPPED", TOMORROW, [], SHIPPED),
        ("SHIPPED", LAST_YEAR, ["IN_TRANSIT"], CLOSED),
        ("CANCELLED", TOMORROW, None, CANCELLED),
        ("UNFULFILLABLE", None, None, CANCELLED),
        # missing, or not what it should be
        (None, TOMORROW, None, UNKNOWN),
        ("shipped", TOMORROW, None, UNKNOWN),
        ("jane@buyers.example", TOMORROW, None, UNKNOWN),
        (["Shipped"], TOMORROW, None, UNKNOWN),
        ("Shipped", None, None, UNKNOWN),
        ("Shipped", "soon", None, UNKNOWN),
        ("Shipped", 1774958400, None, UNKNOWN),
        ("SHIPPED", None, ["DELIVERED"], UNKNOWN),
        ("SHIPPED", TOMORROW, {"x": 1}, SHIPPED),
    ],
)
def test_order_states(status: object, due: object, packages: object, state: OrderState) -> None:
    """Each status, date and set of parcels gives one class; anything wrong or missing the strictest."""
    given = {"status": status, "latest_delivery": due, "packages": packages}
    present = {name: value for name, value in given.items() if value is not None}
    assert load_dialect("spapi").order_state(present, NOW) == state
    assert load_dialect("spapi").order_state(given, NOW) == state


@pytest.mark.parametrize(("late", "state"), [(0, DELIVERED), (1, CLOSED)])
def test_thirty_days_to_the_second(late: int, state: OrderState) -> None:
    """Thirty days after the last day of delivery an order is still "delivered", a second later it is closed."""
    due = (NOW - timedelta(days=30, seconds=late)).isoformat()
    assert load_dialect("spapi").order_state({"status": "Shipped", "latest_delivery": due}, NOW) == state


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.678901Z", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-13-02", None),
        ("٢٠٢٦-01-02", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_moments_are_read_leniently(text: object, moment: datetime | None) -> None:
    """With `Z`, an offset, neither, or a day alone; all in UTC; nothing else, and never an exception."""
    assert parse_moment(text) == moment
