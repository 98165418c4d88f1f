"""Plans, subscriptions, commission: what may follow on what, and what is owed. Pure.

A plan, `Plan`:

    offered -> withdrawn
    withdrawn -> offered

Its developer moves it. Whoever subscribed before keeps a withdrawn plan.

A subscription, `Subscription`:

    trial -> active, cancelled, ended
    active -> cancelled, ended
    cancelled -> active, ended, trial
    ended -> (final)

The seller cancels, and may take that back until it has effect; the clock ends the trial and what was cancelled.

New terms for a subscription, `TermsOffer`:

    open -> accepted, declined, overtaken
    accepted -> (final)
    declined -> (final)
    overtaken -> (final)

The seller's move, without a date: until the answer, and after a no, the old terms go on.

A settlement of what is owed for a month, `Settlement`:

    due -> failed, sent, settled
    sent -> failed, settled
    failed -> due
    settled -> (final)

The payment provider moves it, through the clock; staff try a failed one again.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing.money import ZERO, Money, part, rounded

TRIAL_DAYS_MAX = 90
INCLUDED_ORDERS_MAX = 1_000_000
TRIAL_TOLD_BEFORE = timedelta(days=3)
RUN_AFTER = timedelta(hours=1)  # a call under way at midnight is on the ledger by then
HUNDRED = Decimal(100)


class PlanKind(StrEnum):
    FREE = "free"
    MONTHLY = "monthly"  # an amount for each calendar month
    PER_ORDER = "per_order"  # an amount for each order that the app read in the month


class PlanStatus(StrEnum):
    OFFERED = "offered"
    WITHDRAWN = "withdrawn"


class SubscriptionStatus(StrEnum):
    TRIAL = "trial"
    ACTIVE = "active"
    CANCELLED = "cancelled"  # goes on to the end of the period
    ENDED = "ended"


class OfferStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    OVERTAKEN = "overtaken"


class SettlementStatus(StrEnum):
    DUE = "due"
    SENT = "sent"
    SETTLED = "settled"
    FAILED = "failed"


class FreePeriod(StrEnum):
    YEAR = "year"
    LIFETIME = "lifetime"


class EntryKind(StrEnum):
    CHARGE = "charge"
    CORRECTION = "correction"


PLAN_TRANSITIONS: dict[PlanStatus, frozenset[PlanStatus]] = {
    PlanStatus.OFFERED: frozenset({PlanStatus.WITHDRAWN}),
    PlanStatus.WITHDRAWN: frozenset({PlanStatus.OFFERED}),
}
TRANSITIONS: dict[SubscriptionStatus, frozenset[SubscriptionStatus]] = {
    SubscriptionStatus.TRIAL: frozenset(
        {SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED, SubscriptionStatus.ENDED}
    ),
    SubscriptionStatus.ACTIVE: frozenset({SubscriptionStatus.CANCELLED, SubscriptionStatus.ENDED}),
    SubscriptionStatus.CANCELLED: frozenset(
        {SubscriptionStatus.ACTIVE, SubscriptionStatus.ENDED, SubscriptionStatus.TRIAL}
    ),
    SubscriptionStatus.ENDED: frozenset(),
}
OFFER_TRANSITIONS: dict[OfferStatus, frozenset[OfferStatus]] = {
    OfferStatus.OPEN: frozenset({OfferStatus.ACCEPTED, OfferStatus.DECLINED, OfferStatus.OVERTAKEN}),
    OfferStatus.ACCEPTED: frozenset(),
    OfferStatus.DECLINED: frozenset(),
    OfferStatus.OVERTAKEN: frozenset(),
}
SETTLEMENT_TRANSITIONS: dict[SettlementStatus, frozenset[SettlementStatus]] = {
    SettlementStatus.DUE: frozenset({SettlementStatus.FAILED, SettlementStatus.SENT, SettlementStatus.SETTLED}),
    SettlementStatus.SENT: frozenset({SettlementStatus.FAILED, SettlementStatus.SETTLED}),
    SettlementStatus.FAILED: frozenset({SettlementStatus.DUE}),
    SettlementStatus.SETTLED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a version of a plan says. `amount` is for a month or for an order, before which `included_orders` are free."""

    kind: PlanKind
    currency: str
    amount: Decimal
    trial_days: int = 0
    included_orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a subscription had of a month outside its trial: so many days of so many, so many different orders."""

    days: int
    days_in_month: int
    orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who gets what of an amount: `commission + share == gross`, always. `free` is the part on which no commission is due."""

    gross: Decimal
    free: Decimal
    commission: Decimal

    @property
    def share(self) -> Decimal:
        return self.gross - self.commission


def check_terms(terms: Terms) -> None:
    """Codes: `billing_amount_not_fitting`, `billing_trial_not_fitting`, `billing_included_not_fitting`."""
    if (terms.kind is PlanKind.FREE) != (terms.amount == 0) or terms.amount < 0:
        raise PiepowderError(
            "billing_amount_not_fitting",
            "a free plan costs nothing" if terms.kind is PlanKind.FREE else "this plan needs an amount above zero",
            hint="for a plan that costs nothing choose the kind `free`",
        )
    longest = 0 if terms.kind is PlanKind.FREE else TRIAL_DAYS_MAX
    if not 0 <= terms.trial_days <= longest:
        raise PiepowderError(
            "billing_trial_not_fitting",
            "a free plan has no trial" if not longest else f"a trial has at most {TRIAL_DAYS_MAX} days",
        )
    most = INCLUDED_ORDERS_MAX if terms.kind is PlanKind.PER_ORDER else 0
    if not 0 <= terms.included_orders <= most:
        raise PiepowderError(
            "billing_included_not_fitting",
            f"at most {most} orders can be included" if most else "only a plan per order has included orders",
        )


def check_rate(percent: Decimal) -> None:
    if not 0 <= percent <= 100 or percent != round(percent, 4):
        raise PiepowderError(
            "billing_rate_malformed",
            f"`{percent}` is no commission rate",
            hint="0 to 100 percent, with at most four decimals",
        )


def parsed_percent(text: str) -> Decimal:
    """`15` or `2.5`; `billing_rate_malformed` for anything else."""
    written = text.strip().removesuffix("%").strip()
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,8})?", written):
        raise PiepowderError(
            "billing_rate_malformed", f"`{text}` is no commission rate", hint="a number like `15` or `2.5`"
        )
    check_rate(Decimal(written))
    return Decimal(written)


def owed(terms: Terms, use: Use) -> Decimal:
    """A month's amount by days, or an order's amount by orders, rounded to the currency's smallest unit."""
    if terms.kind is PlanKind.MONTHLY:
        return part(terms.amount, Decimal(use.days), Decimal(use.days_in_month), terms.currency)
    if terms.kind is PlanKind.PER_ORDER:
        return rounded(terms.amount * billed_orders(terms, use.orders), terms.currency)
    return rounded(ZERO, terms.currency)


def billed_orders(terms: Terms, orders: int) -> int:
    return max(0, orders - terms.included_orders)


def split(gross: Decimal, *, percent: Decimal, free_left: Decimal, currency: str) -> Split:
    """Commission on what exceeds the free amount that is left; the developer gets the rest."""
    free = min(gross, max(ZERO, free_left))
    return Split(gross=gross, free=free, commission=part(gross - free, percent, HUNDRED, currency))


def split_back(gross: Decimal, commission: Decimal, *, given_back: Decimal, amount: Decimal, currency: str) -> Split:
    """A correction of `amount` (below zero: back to the seller) to a charge of which `given_back` went back before.

    Commission follows in proportion, counted from the charge as it stood, so a charge that is given back whole, in however
    many parts, leaves nothing with anybody.
    """
    standing, left = gross - given_back, gross - given_back + amount
    was = part(commission, standing, gross, currency)
    return Split(gross=amount, free=ZERO, commission=part(commission, left, gross, currency) - was)


def check_correction(gross: Decimal, *, given_back: Decimal, amount: Decimal, currency: str) -> None:
    """A correction gives back, at most what is left of the charge."""
    if not 0 < -amount <= gross - given_back:
        raise PiepowderError(
            "billing_correction_not_fitting",
            f"at most {Money(gross - given_back, currency)} of this charge can be given back",
            hint="an amount above zero; what was given back before is subtracted",
        )


def status_at(trial_ends_at: datetime | None, at: datetime) -> SubscriptionStatus:
    """What a subscription that is not cancelled is at a moment."""
    in_trial = trial_ends_at is not None and at < trial_ends_at
    return SubscriptionStatus.TRIAL if in_trial else SubscriptionStatus.ACTIVE


def words_of(terms: Terms) -> str:
    """A price as a seller reads it."""
    if terms.kind is PlanKind.FREE:
        return "Free"
    each = "a month" if terms.kind is PlanKind.MONTHLY else "for each order"
    said = f"{Money(terms.amount, terms.currency)} {each}"
    if terms.included_orders:
        said += f", {terms.included_orders} orders a month free"
    return f"{said}, first {terms.trial_days} days free" if terms.trial_days else said
