"""`piepowder billing subscription`: which seller uses an app on which terms."""

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

if TYPE_CHECKING:
    from piepowder.rooms.billing.models import Subscription
    from piepowder.rooms.ground.actor import Actor

app = App(name="subscription", help="Subscriptions of sellers to apps.")


@app.command(name="list")
def list_all(*, app_id: str | None = None, seller: str | None = None, common: Common = Common()) -> None:
    """The newest subscriptions, at most 500.

    Parameters
    ----------
    app_id
        Only to this app (`app_…`).
    seller
        Only of this seller, by Piepowder's id or the marketplace's own.
    """
    open_rooms(common)
    from piepowder.rooms.billing.models import Subscription
    from piepowder.rooms.people.models import Seller

    rows = Subscription.objects.whole().order_by("-id")
    rows = rows.filter(app=app_id) if app_id else rows
    rows = rows.filter(seller=Seller.objects.named(seller)) if seller else rows
    columns = ("id", "app", "seller", "price", "status", "ends_at")
    show_list([row.described() for row in rows[:500]], columns, common)


@app.command
def create(plan_id: str, seller: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Subscribe a seller to a plan, on its newest terms, from now on.

    Parameters
    ----------
    plan_id
        The plan (`plan_…`).
    seller
        The seller, by Piepowder's id or the marketplace's own.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Plan
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.models import Seller

    shop = Seller.objects.named(seller)
    by = acting(key_file, Permission.BILLING, own=shop.id)
    show(actions.subscribe(Plan.objects.named(plan_id), shop, by=by, at=now()).described(), common)


@app.command
def switch(subscription_id: str, plan_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Change to another plan of the same app, from the first of next month on.

    Parameters
    ----------
    subscription_id
        The subscription (`sub_…`).
    plan_id
        The plan (`plan_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import Plan

    row, by = _own(subscription_id, key_file)
    show(actions.switch_plan(row, Plan.objects.named(plan_id), by=by, at=now()).described(), common)


@app.command
def cancel(subscription_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Cancel at the end of the period that is paid.

    Parameters
    ----------
    subscription_id
        The subscription (`sub_…`).
    reason
        For the record.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions

    row, by = _own(subscription_id, key_file)
    show(actions.cancel(row, by=by, at=now(), reason=reason).described(), common)


@app.command
def resume(subscription_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a cancellation back before it has effect.

    Parameters
    ----------
    subscription_id
        The subscription (`sub_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions

    row, by = _own(subscription_id, key_file)
    show(actions.resume(row, by=by, at=now()).described(), common)


@app.command
def offers(subscription_id: str, *, common: Common = Common()) -> None:
    """New terms that wait for the seller's answer.

    Parameters
    ----------
    subscription_id
        The subscription (`sub_…`).
    """
    open_rooms(common)
    from piepowder.rooms.billing.models import TermsOffer

    rows = [offer.described() for offer in TermsOffer.objects.open_of(subscription_id)]
    show_list(rows, ("id", "plan", "version", "price", "told_at"), common)


@app.command
def accept(subscription_id: str, offer_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Accept new terms, from the first of next month on.

    Parameters
    ----------
    subscription_id
        The subscription (`sub_…`).
    offer_id
        The offer (`toff_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import TermsOffer

    row, by = _own(subscription_id, key_file)
    show(actions.accept_terms(TermsOffer.objects.of(row.id, offer_id), by=by, at=now()).described(), common)


@app.command
def decline(subscription_id: str, offer_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Decline new terms: the old ones go on.

    Parameters
    ----------
    subscription_id
        The subscription (`sub_…`).
    offer_id
        The offer (`toff_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.billing import actions
    from piepowder.rooms.billing.models import TermsOffer

    row, by = _own(subscription_id, key_file)
    actions.decline_terms(TermsOffer.objects.of(row.id, offer_id), by=by, at=now())
    show(TermsOffer.objects.of(row.id, offer_id).described(), common)


@app.command
def charges(seller: str, *, month: str | None = None, common: Common = Common()) -> None:
    """What apps cost a seller, the newest first, at most 500.

    Parameters
    ----------
    seller
        The seller, by Piepowder's id or the marketplace's own.
    month
        Only of this month, like `2026-11`.
    """
    open_rooms(common)
    from piepowder.rooms.billing import months
    from piepowder.rooms.billing.models import Entry
    from piepowder.rooms.people.models import Seller

    rows = Entry.objects.of_seller(Seller.objects.named(seller).id)
    rows = rows.filter(month=months.parsed(month)) if month else rows
    show_list([row.described() for row in rows[:500]], ("month", "words", "gross", "currency"), common)


def _own(subscription_id: str, key_file: Path | None) -> "tuple[Subscription, Actor]":
    from piepowder.rooms.billing.models import Subscription
    from piepowder.rooms.ground.caller import Permission

    row = Subscription.objects.named(subscription_id)
    return row, acting(key_file, Permission.BILLING, own=row.seller_id)
