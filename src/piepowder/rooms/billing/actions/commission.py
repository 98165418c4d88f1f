"""The marketplace's commission: a rate for each store category, and an amount that is free of it for each developer.

Both hold from the first of a month on, and never for a month whose statements are out.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import months
from piepowder.rooms.billing.models import AppCategory, CommissionRate, FreeAmount, MonthRun
from piepowder.rooms.billing.money import check_currency, shown
from piepowder.rooms.billing.rules import FreePeriod, check_rate
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def set_commission(category: str, percent: Decimal, *, from_month: date, by: Actor, at: datetime) -> CommissionRate:
    """The rate of a category, or (empty) of all without one of their own. A second one for the same month replaces the first.

    Codes: `billing_rate_malformed`, `billing_month_closed`.
    """
    check_rate(percent)
    _check_open(from_month)
    values = {"percent": percent, "set_by": str(by), "set_at": at}
    row, _ = CommissionRate.objects.update_or_create(values, category=category, from_month=from_month)
    detail = {"category": category, "percent": f"{percent:f}", "from": f"{from_month:%Y-%m}"}
    record("billing.set_commission", by=by, at=at, detail=detail)
    return row


@transaction.atomic
def set_free_amount(
    amount: Decimal, currency: str, *, period: FreePeriod, from_month: date, by: Actor, at: datetime
) -> FreeAmount:
    """So much of what a developer's apps bring in, a calendar year or ever, is free of commission. Nothing: an amount of zero."""
    currency = check_currency(currency)
    if amount < 0:
        raise PiepowderError("billing_free_amount_negative", "an amount that is free is not below zero")
    _check_open(from_month)
    values = {"amount": amount, "period": period, "set_by": str(by), "set_at": at}
    row, _ = FreeAmount.objects.update_or_create(values, currency=currency, from_month=from_month)
    detail = {
        "amount": shown(amount, currency),
        "currency": currency,
        "period": str(period),
        "from": f"{from_month:%Y-%m}",
    }
    record("billing.set_free_amount", by=by, at=at, detail=detail)
    return row


@transaction.atomic
def file_app(app: App, category: str, *, by: Actor, at: datetime) -> None:
    """The store says in which category an app stands; it counts from the next statements on. Safe to repeat."""
    before = AppCategory.objects.filter(app=app).values_list("category", flat=True).first()
    if before == category:
        return
    AppCategory.objects.update_or_create({"category": category, "changed_at": at}, app=app)
    detail = {"from": before or "", "to": category}
    record("billing.file_app", by=by, at=at, app=app.id, developer=app.developer_id, detail=detail)


def _check_open(month: date) -> None:
    newest = MonthRun.objects.newest()
    if newest is not None and month <= newest.month:
        raise PiepowderError(
            "billing_month_closed",
            f"the statements of {months.words(month)} are out",
            hint=f"the first month it can hold for is {months.words(months.following(newest.month))}",
            kind=ErrorKind.CONFLICT,
        )
