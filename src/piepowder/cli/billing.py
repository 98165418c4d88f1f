"""`piepowder billing`: plans of apps, subscriptions of sellers, commission, months and their statements, settlements."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from piepowder.cli.billing_subscriptions import app as subscriptions
from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

if TYPE_CHECKING:
    from piepowder.rooms.billing.rules import Terms

app = App(name="billing", help="Plans, subscriptions, commission, statements and settlements.")
app.command(subscriptions, name="subscription")

_PLAN = ("id", "name", "status", "price", "version")
_STATEMENT = ("id", "month", "developer", "currency", "gross", "commission", "share")
_SETTLEMENT = ("id", "month", "party", "amount", "currency", "status", "reference", "problem")


def _terms(kind: str, currency: str, amount: str, trial_days: int, included_orders: int) -> "Terms":
    from piepowder.rooms.billing.money import check_currency, parsed
    from piepowder.rooms.billing.rules import PlanKind, Terms

    code = check_currency(currency)
    return Terms(
        kind=PlanKind(kind),
        currency=code,
        amount=parsed(amount, code),
        trial_days=trial_days,
        included_orders=included_orders,
    )


@app.command
def plans(app_id: str, *, common: Common = Common()) -> None:
    """Plans of an app, withdrawn ones last."""
    open_rooms(common)
    from piepowder.rooms.billing.models import Plan

    show_list([plan.described() for plan in Plan.objects.of_app(app_id)], _PLAN, common)


@app.command
def create_plan(
    app_id: str,
    name: str,
    *,
    kind: Literal["free", "monthly", "per_order"],
    currency: str,
    amount: str = "0",
    trial_days: int = 0,
    included_orders: int = 0,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Offer a plan of an app.

    Parameters
    ----------
    app_id
        The app (`app_…`).
    name
        What sellers call it.
    kind
        `free`, `monthly` (an amount a calendar month) or `per_order` (an amount for each order the app reads in a month).
    currency
        Three letters, like `EUR`.
    amount
        A decimal number with a point, at most as fine as the currency.
    trial_days
        Days at the beginning that cost nothing.
    included_orders
        Orders a month that cost nothing, of a plan per order.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as MarketApp
    from piepowder.rooms.billing import actions
    from piepowder.rooms.ground.caller import Permission

    market_app = MarketApp.objects.named(app_id)
    by = acting(key_file, Permission.BILLING, own=market_app.developer_id)
    terms = _terms(kind, currency, amount, trial_days, included_orders)
    show(actions.create_plan(market_app, name=name, terms=terms, by=by, at=now()).described(), common)


@app.command
def change_plan(
    plan_id: str,
    *,
    kind: Literal["free", "monthly", "per_order"],
    currency: str,
    amount: str = "0",
    trial_days: int = 0,
    included_orders: int = 0,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """New terms of a plan, as a new version. Whoever subscribed before keeps theirs until they accept.

    Parameters
    ----------
    plan_id
        The plan (`plan_…`).
    kind
        `free`, `monthly` or `per_order`.
    currency
        Three letters, like `EUR`.
    amount
        A decimal number with a point.
    trial_days
        Days at the beginning that cost nothing.
    included_orders
        Orders a month that cost nothing, of a plan per order.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Plan
    from piepowder.rooms.ground.caller import Permission

    plan = Plan.objects.named(plan_id)
    by = acting(key_file, Permission.BILLING, own=plan.app.developer_id)
    terms = _terms(kind, currency, amount, trial_days, included_orders)
    show(actions.change_plan(plan, terms=terms, by=by, at=now()).described(), common)


@app.command
def withdraw_plan(plan_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Let nobody new choose a plan; whoever has it keeps it.

    Parameters
    ----------
    plan_id
        The plan (`plan_…`).
    reason
        For the record.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Plan
    from piepowder.rooms.ground.caller import Permission

    plan = Plan.objects.named(plan_id)
    by = acting(key_file, Permission.BILLING, own=plan.app.developer_id)
    show(actions.withdraw_plan(plan, by=by, at=now(), reason=reason).described(), common)


@app.command
def offer_plan(plan_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Offer a withdrawn plan again.

    Parameters
    ----------
    plan_id
        The plan (`plan_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Plan
    from piepowder.rooms.ground.caller import Permission

    plan = Plan.objects.named(plan_id)
    by = acting(key_file, Permission.BILLING, own=plan.app.developer_id)
    show(actions.offer_plan(plan, by=by, at=now()).described(), common)


@app.command
def commission(*, common: Common = Common()) -> None:
    """Commission rates and free amounts, with the month each holds from."""
    open_rooms(common)
    from piepowder.rooms.billing.models import CommissionRate, FreeAmount

    rates = [row.described() for row in CommissionRate.objects.order_by("-from_month", "category")]
    free = [row.described() for row in FreeAmount.objects.order_by("-from_month", "currency")]
    if common.json:
        show({"rates": rates, "free": free}, common)
        return
    show_list(rates, ("category", "percent", "from"), common)
    show_list(free, ("currency", "amount", "period", "from"), common)


@app.command
def set_rate(
    percent: str,
    *,
    from_month: str,
    category: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Set a commission rate from a month on.

    Parameters
    ----------
    percent
        A number like `15` or `2.5`.
    from_month
        The first month it holds for, like `2026-11`; not one whose statements are out.
    category
        The store category; without it, every category that has no rate of its own.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions, months
    from piepowder.rooms.billing.rules import parsed_percent
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.BILLING)
    month = months.parsed(from_month)
    row = actions.set_commission(category, parsed_percent(percent), from_month=month, by=by, at=now())
    show(row.described(), common)


@app.command
def set_free(
    amount: str,
    currency: str,
    *,
    period: Literal["year", "lifetime"],
    from_month: str,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Set how much of a developer's turnover is free of commission, from a month on.

    Parameters
    ----------
    amount
        A decimal number; `0` for nothing.
    currency
        Three letters, like `EUR`.
    period
        So much in each calendar `year`, or once in a `lifetime`.
    from_month
        The first month it holds for, like `2026-11`.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions, months
    from piepowder.rooms.billing.money import parsed
    from piepowder.rooms.billing.rules import FreePeriod
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.BILLING)
    row = actions.set_free_amount(
        parsed(amount, currency),
        currency,
        period=FreePeriod(period),
        from_month=months.parsed(from_month),
        by=by,
        at=now(),
    )
    show(row.described(), common)


@app.command
def run(month: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Issue the statements of a month that is over; once. The worker does it by itself an hour after the month's end.

    Parameters
    ----------
    month
        Like `2026-11`.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions, months
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.BILLING)
    rows = actions.run_month(months.parsed(month), by=by, at=now())
    show_list([row.described() for row in rows], _STATEMENT, common)


@app.command
def statements(*, developer: str | None = None, month: str | None = None, common: Common = Common()) -> None:
    """The newest statements, at most 500; those without a developer are the marketplace's.

    Parameters
    ----------
    developer
        Only of this developer (`dev_…`).
    month
        Only of this month, like `2026-11`.
    """
    open_rooms(common)
    from piepowder.rooms.billing import months
    from piepowder.rooms.billing.models import Statement

    rows = Statement.objects.newest()
    rows = rows.filter(developer=developer) if developer else rows
    rows = rows.filter(month=months.parsed(month)) if month else rows
    show_list([row.described() for row in rows[:500]], _STATEMENT, common)


@app.command
def statement(statement_id: str, *, to_csv: bool = False, common: Common = Common()) -> None:
    """One statement with its entries.

    Parameters
    ----------
    statement_id
        The statement (`stm_…`).
    to_csv
        Print it as CSV.
    """
    open_rooms(common)
    from piepowder.rooms.billing import reads
    from piepowder.rooms.billing.models import Statement

    row = Statement.objects.named(statement_id)
    if to_csv:
        csv.writer(sys.stdout).writerows(reads.file_rows(row))
        return
    lines = [entry.described() for entry in reads.entries_of(row)]
    if common.json:
        show({**row.described(), "lines": lines}, common)
        return
    show(row.described(), common)
    show_list(lines, ("id", "seller", "words", "gross", "commission", "share"), common)


@app.command
def correct(
    entry_id: str, amount: str, *, reason: str, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Give an amount of a charge back, by a new entry; the charge itself stays.

    Parameters
    ----------
    entry_id
        The charge (`ent_…`).
    amount
        How much the seller gets back.
    reason
        Seller and developer read it.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Entry
    from piepowder.rooms.billing.money import parsed
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.BILLING)
    entry = Entry.objects.named(entry_id)
    made = actions.correct(entry, parsed(amount, entry.currency), by=by, at=now(), reason=reason)
    show(made.described(), common)


@app.command
def settlements(*, party: str | None = None, month: str | None = None, common: Common = Common()) -> None:
    """What is collected (above zero) and paid out (below), the newest first, at most 500.

    Parameters
    ----------
    party
        Only of this developer (`dev_…`) or seller (`sel_…`).
    month
        Only of this month, like `2026-11`.
    """
    open_rooms(common)
    from piepowder.rooms.billing import months
    from piepowder.rooms.billing.models import Settlement

    rows = Settlement.objects.newest()
    rows = rows.filter(party=party) if party else rows
    rows = rows.filter(month=months.parsed(month)) if month else rows
    show_list([row.described() for row in rows[:500]], _SETTLEMENT, common)


@app.command
def settled(settlement_id: str, *, reference: str, key_file: Path | None = None, common: Common = Common()) -> None:
    """Note that an amount was collected or paid elsewhere.

    Parameters
    ----------
    settlement_id
        The settlement (`setl_…`).
    reference
        Where that is found, like a booking number; never a card or account number.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Settlement
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.BILLING)
    row = actions.settle_by_hand(Settlement.objects.named(settlement_id), reference=reference, by=by, at=now())
    show(row.described(), common)


@app.command
def try_again(settlement_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Have a payment that failed fall due anew.

    Parameters
    ----------
    settlement_id
        The settlement (`setl_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Settlement
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.BILLING)
    show(actions.try_again(Settlement.objects.named(settlement_id), by=by, at=now()).described(), common)
