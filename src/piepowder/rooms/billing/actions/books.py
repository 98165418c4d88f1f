"""Entries in double entry: what the seller owes, what the developer is owed, what the marketplace keeps. Nothing is ever changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing import months, rules
from piepowder.rooms.billing.models import (
    AppCategory,
    CommissionRate,
    Entry,
    FreeAmount,
    MonthRun,
    Posting,
    Subscription,
)
from piepowder.rooms.billing.models.books import MARKETPLACE
from piepowder.rooms.billing.money import ZERO, Money, shown
from piepowder.rooms.billing.rules import EntryKind, FreePeriod, PlanKind, Split, Terms, Use
from piepowder.rooms.billing.usage import uses
from piepowder.rooms.billing.zone import zone
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@dataclass(slots=True)
class Conditions:
    """What a month's commission depends on. `left` is lessened as the month's charges use the free amounts up."""

    rates: dict[str, Decimal]
    categories: dict[str, str]
    free: dict[str, FreeAmount]
    earned: Mapping[str, Mapping[tuple[str, str], Decimal]]  # by period
    left: dict[tuple[str, str], Decimal]

    def percent(self, app_id: str) -> Decimal:
        return self.rates.get(self.categories.get(app_id, ""), self.rates.get("", ZERO))

    def split(self, row: Subscription, gross: Decimal, currency: str) -> Split:
        """Takes what is still free from the developer's amount."""
        holder = (row.app.developer_id, currency)
        left = self.left.setdefault(holder, self._left_before(holder))
        parts = rules.split(gross, percent=self.percent(row.app_id), free_left=left, currency=currency)
        self.left[holder] = left - gross
        return parts

    def _left_before(self, holder: tuple[str, str]) -> Decimal:
        rule = self.free.get(holder[1])
        return rule.amount - self.earned[rule.period].get(holder, ZERO) if rule else ZERO


def conditions(month: date) -> Conditions:
    """Those that hold for a month."""
    return Conditions(
        rates=CommissionRate.objects.in_month(month),
        categories=dict(AppCategory.objects.values_list("app_id", "category")),
        free=FreeAmount.objects.in_month(month),
        earned={
            FreePeriod.YEAR: Entry.objects.earned_before(month, month.replace(month=1)),
            FreePeriod.LIFETIME: Entry.objects.earned_before(month, None),
        },
        left={},
    )


def book_charges(month: date, rows: Sequence[Subscription], *, at: datetime) -> list[Entry]:
    """One entry for each subscription that cost something in the month."""
    held = conditions(month)
    booked = [
        _charge(row, month, use, held, at=at) for row, use in zip(rows, uses(rows, month), strict=True) if use.days
    ]
    return keep([entry for entry in booked if entry is not None])


def _charge(row: Subscription, month: date, use: Use, held: Conditions, *, at: datetime) -> Entry | None:
    version = row.version_in(month)
    terms = version.terms
    gross = rules.owed(terms, use)
    if not gross:
        return None
    parts = held.split(row, gross, terms.currency)
    return Entry(
        month=month,
        kind=EntryKind.CHARGE,
        subscription=row,
        developer=row.app.developer,
        seller=row.seller,
        words=f"{row.app.name}, {version.plan.name}: {_how(terms, use)}"[:300],
        currency=terms.currency,
        gross=gross,
        free=parts.free,
        percent=held.percent(row.app_id),
        commission=parts.commission,
        booked_at=at,
    )


def _how(terms: Terms, use: Use) -> str:
    price = Money(terms.amount, terms.currency)
    if terms.kind is PlanKind.MONTHLY:
        return f"{price} a month" + (
            "" if use.days == use.days_in_month else f", {use.days} of {use.days_in_month} days"
        )
    free = f", {terms.included_orders} of {use.orders} free" if terms.included_orders else ""
    return f"{rules.billed_orders(terms, use.orders)} orders at {price}{free}"


@transaction.atomic
def correct(entry: Entry, amount: Decimal, *, by: Actor, at: datetime, reason: str) -> Entry:
    """Gives `amount` of a charge back to the seller, by a new entry in the present month. The charge itself stays as it is.

    Commission follows in proportion. Codes: `billing_correction_of_correction`, `billing_correction_not_fitting`,
    `billing_reason_missing`.
    """
    entry = Entry.objects.locked(entry.id)
    if entry.kind != EntryKind.CHARGE:
        raise PiepowderError(
            "billing_correction_of_correction", "this entry is a correction itself", hint="correct the charge again"
        )
    if not reason.strip():
        raise PiepowderError("billing_reason_missing", "a correction needs a reason", hint="the seller reads it")
    given_back = Entry.objects.given_back(entry)
    rules.check_correction(entry.gross, given_back=given_back, amount=-amount, currency=entry.currency)
    parts = rules.split_back(
        entry.gross, entry.commission, given_back=given_back, amount=-amount, currency=entry.currency
    )
    [made] = keep([_correction(entry, parts, reason, at=at)])
    detail = {"entry": made.id, "corrects": entry.id, "gross": shown(made.gross, made.currency)}
    about = entry.subscription.ledger_fields()
    record("billing.correct", by=by, at=at, reason=reason, detail=detail, **about)
    return made


def _correction(entry: Entry, parts: Split, reason: str, *, at: datetime) -> Entry:
    return Entry(
        month=open_month(at),
        kind=EntryKind.CORRECTION,
        subscription=entry.subscription,
        developer_id=entry.developer_id,
        seller=entry.seller,
        corrects=entry,
        words=f"Correction of {months.words(entry.month)}: {' '.join(reason.split())}"[:300],
        currency=entry.currency,
        gross=parts.gross,
        free=parts.free,
        percent=entry.percent,
        commission=parts.commission,
        booked_at=at,
    )


def open_month(at: datetime) -> date:
    """The month that corrections are booked in: the present one, and never one whose statements are out."""
    newest = MonthRun.objects.select_for_update().order_by("-month").first()
    present = months.month_of(at, zone())
    return max(present, months.following(newest.month)) if newest else present


def keep(entries: list[Entry]) -> list[Entry]:
    """Writes entries with their postings. A part that is nothing has no posting."""
    Entry.objects.bulk_create(entries, batch_size=1_000)
    sides = [
        Posting(entry=entry, account=account, amount=amount)
        for entry in entries
        for account, amount in (
            (entry.seller_id, entry.gross),
            (entry.developer_id, -entry.share),
            (MARKETPLACE, -entry.commission),
        )
        if amount
    ]
    Posting.objects.bulk_create(sides, batch_size=2_000)
    return entries
