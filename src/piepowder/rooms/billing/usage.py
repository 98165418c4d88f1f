"""What subscriptions used in a month, counted from the ledger: numbers of orders, and nothing that leads back to one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from piepowder.core.ledger.orders import OrderSpan, distinct_orders
from piepowder.rooms.billing import months
from piepowder.rooms.billing.models import Subscription
from piepowder.rooms.billing.rules import PlanKind, Use
from piepowder.rooms.billing.zone import zone

SPANS_AT_ONCE = 500


def charged_span(row: Subscription, month: date) -> months.Span | None:
    """When in the month it cost something: from its begin or the end of its trial, to its end."""
    since = max(row.started_at, row.trial_ends_at or row.started_at)
    return months.within(months.bounds(month, zone()), since, row.ends_at)


def uses(rows: Sequence[Subscription], month: date, *, upto: datetime | None = None) -> list[Use]:
    """What each subscription had of the month, or of the month up to a moment; orders only where the plan is per order."""
    spans = [charged_span(row, month) for row in rows]
    orders = _orders(rows, spans, month, upto)
    days = months.days_in(month)
    return [
        Use(days=months.days_touched(span, zone()) if span else 0, days_in_month=days, orders=orders.get(row.id, 0))
        for row, span in zip(rows, spans, strict=True)
    ]


def _orders(
    rows: Sequence[Subscription], spans: Sequence[months.Span | None], month: date, upto: datetime | None
) -> dict[str, int]:
    asked = [
        (row, span)
        for row, span in zip(rows, spans, strict=True)
        if span is not None and row.version_in(month).kind == PlanKind.PER_ORDER
    ]
    counted: dict[str, int] = {}
    for place in range(0, len(asked), SPANS_AT_ONCE):
        some = asked[place : place + SPANS_AT_ONCE]
        questions = [
            OrderSpan(app=row.app_id, seller=row.seller_id, since=span[0], until=min(span[1], upto or span[1]))
            for row, span in some
        ]
        numbers = distinct_orders(_connection(), questions)
        counted.update({row.id: number for (row, _), number in zip(some, numbers, strict=True)})
    return counted


def _connection() -> Any:
    connection.ensure_connection()
    return connection.connection
