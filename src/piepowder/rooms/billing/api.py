"""Plans, subscriptions, commission, statements and settlements; the twins of `piepowder billing`. No answer knows a buyer."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions, months, reads
from piepowder.rooms.billing.models import (
    CommissionRate,
    Entry,
    FreeAmount,
    Plan,
    Settlement,
    Statement,
    Subscription,
    TermsOffer,
)
from piepowder.rooms.billing.money import check_currency, parsed
from piepowder.rooms.billing.rules import FreePeriod, PlanKind, Terms, parsed_percent
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now, page
from piepowder.rooms.people.models import Seller

plans, subscriptions, router = Router(tags=["plans"]), Router(tags=["subscriptions"]), Router(tags=["billing"])

Amount = Annotated[
    str, StringConstraints(max_length=40)
]  # a decimal number as text: numbers of JSON are not exact everywhere
Month = Annotated[str, StringConstraints(max_length=7)]


class TermsSent(Sent):
    kind: PlanKind
    currency: Annotated[str, StringConstraints(max_length=3)]
    amount: Amount = "0"
    trial_days: Annotated[int, Field(ge=0, le=1_000)] = 0
    included_orders: Annotated[int, Field(ge=0, le=2_000_000_000)] = 0

    def terms(self) -> Terms:
        currency = check_currency(self.currency)
        return Terms(
            kind=self.kind,
            currency=currency,
            amount=parsed(self.amount, currency),
            trial_days=self.trial_days,
            included_orders=self.included_orders,
        )


class PlanSent(TermsSent):
    app: Key
    name: Name


class ChangeSent(TermsSent):
    seen: Annotated[int, Field(ge=0, le=1_000_000)] = 0  # the version that was looked at; 0: whatever it is by now


class ReasonSent(Sent):
    reason: Prose = ""


class SubscribeSent(Sent):
    plan: Key
    seller: Key  # Piepowder's id or the marketplace's own


class SwitchSent(Sent):
    plan: Key


class RateSent(Sent):
    percent: Amount
    from_month: Month
    category: Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_-]*$")] = ""


class FreeSent(Sent):
    amount: Amount
    currency: Annotated[str, StringConstraints(max_length=3)]
    period: FreePeriod
    from_month: Month


class CorrectionSent(Sent):
    amount: Amount
    reason: Name


class ReferenceSent(Sent):
    reference: Name


NO_REASON = ReasonSent()


class VersionShown(Schema):
    version: int
    kind: str
    currency: str
    amount: str
    trial_days: int
    included_orders: int


class PlanShown(VersionShown):
    id: str
    app: str
    name: str
    status: str
    price: str
    versions: list[VersionShown]
    created_at: Moment


class SubscriptionShown(Schema):
    id: str
    app: str
    seller: str
    plan: str
    version: int
    price: str
    status: str
    started_at: Moment
    trial_ends_at: Moment | None
    ends_at: Moment | None
    terms: list[dict[str, str | int]]


class OfferShown(Schema):
    id: str
    subscription: str
    app: str
    plan: str
    version: int
    price: str
    status: str
    told_at: Moment


class EntryShown(Schema):
    id: str
    month: str
    kind: str
    app: str
    subscription: str
    developer: str
    seller: str
    corrects: str
    words: str
    currency: str
    gross: str
    free: str
    commission: str
    share: str
    percent: str
    booked_at: Moment


class StatementShown(Schema):
    id: str
    month: str
    developer: str
    currency: str
    entries: int
    gross: str
    commission: str
    share: str
    issued_at: Moment


class StatementWhole(StatementShown):
    lines: list[EntryShown]


class RateShown(Schema):
    id: str
    category: str
    percent: str
    from_: Annotated[str, Field(alias="from")]
    set_by: str
    set_at: Moment


class FreeShown(Schema):
    id: str
    currency: str
    amount: str
    period: str
    from_: Annotated[str, Field(alias="from")]
    set_by: str
    set_at: Moment


class CommissionShown(Schema):
    rates: list[RateShown]
    free: list[FreeShown]


class SettlementShown(Schema):
    id: str
    month: str
    party: str
    currency: str
    amount: str
    status: str
    reference: str
    problem: str
    settled_at: Moment | None


@plans.get("", response=list[PlanShown])
def list_plans(request: HttpRequest, app: Key) -> list[dict[str, Any]]:
    """All plans of an app, withdrawn ones last. Prices are public: any key may ask."""
    caller_of(request)
    return [plan.described() for plan in Plan.objects.of_app(app)]


@plans.post("", response={201: PlanShown})
def create_plan(request: HttpRequest, sent: PlanSent) -> Status[dict[str, Any]]:
    """Makes a plan of an app: free, by the month, or by the order."""
    app = App.objects.named(sent.app)
    by = require_own(request, Permission.BILLING, developer=app.developer_id)
    return Status(201, actions.create_plan(app, name=sent.name, terms=sent.terms(), by=by, at=now()).described())


@plans.post("/{plan_id}/change", response=PlanShown)
def change_plan(request: HttpRequest, plan_id: Key, sent: ChangeSent) -> dict[str, Any]:
    """New terms, as a new version: whoever subscribed before keeps theirs until they accept."""
    plan, by = _plan(request, plan_id)
    return actions.change_plan(plan, terms=sent.terms(), seen=sent.seen, by=by, at=now()).described()


@plans.post("/{plan_id}/withdraw", response=PlanShown)
def withdraw_plan(request: HttpRequest, plan_id: Key, sent: ReasonSent = NO_REASON) -> dict[str, Any]:
    """Offers a plan to nobody new; who has it keeps it."""
    plan, by = _plan(request, plan_id)
    return actions.withdraw_plan(plan, by=by, at=now(), reason=sent.reason).described()


@plans.post("/{plan_id}/offer", response=PlanShown)
def offer_plan(request: HttpRequest, plan_id: Key) -> dict[str, Any]:
    """Offers a withdrawn plan again."""
    plan, by = _plan(request, plan_id)
    return actions.offer_plan(plan, by=by, at=now()).described()


def _plan(request: HttpRequest, plan_id: str) -> tuple[Plan, Actor]:
    plan = Plan.objects.named(plan_id)
    return plan, require_own(request, Permission.BILLING, developer=plan.app.developer_id)


@subscriptions.get("", response=list[SubscriptionShown])
def list_subscriptions(
    request: HttpRequest, app: Key | None = None, seller: Key | None = None, after: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """A seller's own, a developer's apps' own, or, for staff, all; in the order of their ids."""
    caller = caller_of(request)
    require_own(request, Permission.READ, developer=caller.developer, seller=caller.seller)
    rows = Subscription.objects.whole()
    if caller.developer:
        rows = rows.filter(app__developer=caller.developer)
    if app:
        rows = rows.filter(app=app)
    if caller.seller or seller:
        rows = rows.filter(seller=caller.seller or seller)
    return [row.described() for row in page(rows, after=after, limit=limit)]


@subscriptions.post("", response={201: SubscriptionShown})
def subscribe(request: HttpRequest, sent: SubscribeSent) -> Status[dict[str, Any]]:
    """On the newest terms of a plan, from now on."""
    seller = Seller.objects.named(sent.seller)
    by = require_own(request, Permission.BILLING, seller=seller.id)
    row = actions.subscribe(Plan.objects.named(sent.plan), seller, by=by, at=now())
    return Status(201, row.described())


@subscriptions.get("/{subscription_id}", response=SubscriptionShown)
def get_subscription(request: HttpRequest, subscription_id: Key) -> dict[str, Any]:
    """One subscription, with its plan and terms."""
    row = Subscription.objects.named(subscription_id)
    require_own(request, Permission.READ, seller=row.seller_id, developer=row.app.developer_id)
    return row.described()


@subscriptions.post("/{subscription_id}/switch", response=SubscriptionShown)
def switch_plan(request: HttpRequest, subscription_id: Key, sent: SwitchSent) -> dict[str, Any]:
    """Another plan of the same app, from the first of next month on."""
    row, by = _subscription(request, subscription_id)
    return actions.switch_plan(row, Plan.objects.named(sent.plan), by=by, at=now()).described()


@subscriptions.post("/{subscription_id}/cancel", response=SubscriptionShown)
def cancel(request: HttpRequest, subscription_id: Key, sent: ReasonSent = NO_REASON) -> dict[str, Any]:
    """At the end of the period that is paid."""
    row, by = _subscription(request, subscription_id)
    return actions.cancel(row, by=by, at=now(), reason=sent.reason).described()


@subscriptions.post("/{subscription_id}/resume", response=SubscriptionShown)
def resume(request: HttpRequest, subscription_id: Key) -> dict[str, Any]:
    """Takes a cancellation back before it has effect."""
    row, by = _subscription(request, subscription_id)
    return actions.resume(row, by=by, at=now()).described()


@subscriptions.get("/{subscription_id}/offers", response=list[OfferShown])
def list_offers(request: HttpRequest, subscription_id: Key) -> list[dict[str, Any]]:
    """New terms that wait for the seller's answer."""
    row = Subscription.objects.named(subscription_id)
    require_own(request, Permission.READ, seller=row.seller_id)
    return [offer.described() for offer in TermsOffer.objects.open_of(row.id)]


@subscriptions.post("/{subscription_id}/offers/{offer_id}/accept", response=SubscriptionShown)
def accept_terms(request: HttpRequest, subscription_id: Key, offer_id: Key) -> dict[str, Any]:
    """New terms, from the first of next month on."""
    offer, by = _offer(request, subscription_id, offer_id)
    return actions.accept_terms(offer, by=by, at=now()).described()


@subscriptions.post("/{subscription_id}/offers/{offer_id}/decline", response=OfferShown)
def decline_terms(request: HttpRequest, subscription_id: Key, offer_id: Key) -> dict[str, Any]:
    """The old terms go on."""
    offer, by = _offer(request, subscription_id, offer_id)
    actions.decline_terms(offer, by=by, at=now())
    return TermsOffer.objects.of(subscription_id, offer_id).described()


def _subscription(request: HttpRequest, subscription_id: str) -> tuple[Subscription, Actor]:
    row = Subscription.objects.named(subscription_id)
    return row, require_own(request, Permission.BILLING, seller=row.seller_id)


def _offer(request: HttpRequest, subscription_id: str, offer_id: str) -> tuple[TermsOffer, Actor]:
    row, by = _subscription(request, subscription_id)
    return TermsOffer.objects.of(row.id, offer_id), by


@router.get("/commission", response=CommissionShown, by_alias=True)
def get_commission(request: HttpRequest) -> dict[str, Any]:
    """Rates and free amounts with the month each holds from, the newest first. They are the same for everybody, and public."""
    caller_of(request)
    rates = CommissionRate.objects.order_by("-from_month", "category")
    free = FreeAmount.objects.order_by("-from_month", "currency")
    return {"rates": [row.described() for row in rates], "free": [row.described() for row in free]}


@router.post("/commission/rates", response=RateShown, by_alias=True)
def set_commission(request: HttpRequest, sent: RateSent) -> dict[str, Any]:
    """The rate of a store category, or of all without one of their own, from a month on."""
    by = require(request, Permission.BILLING)
    percent, month = parsed_percent(sent.percent), months.parsed(sent.from_month)
    return actions.set_commission(sent.category, percent, from_month=month, by=by, at=now()).described()


@router.post("/commission/free-amounts", response=FreeShown, by_alias=True)
def set_free_amount(request: HttpRequest, sent: FreeSent) -> dict[str, Any]:
    """So much of a developer's turnover in a currency is free of commission, from a month on."""
    by = require(request, Permission.BILLING)
    amount, month = parsed(sent.amount, sent.currency), months.parsed(sent.from_month)
    row = actions.set_free_amount(amount, sent.currency, period=sent.period, from_month=month, by=by, at=now())
    return row.described()


@router.get("/statements", response=list[StatementShown])
def list_statements(
    request: HttpRequest, developer: Key | None = None, month: Month | None = None
) -> list[dict[str, Any]]:
    """The newest statements, at most 500: of one's own organisation; for staff, of all, those of the marketplace among them."""
    caller = caller_of(request)
    require_own(request, Permission.READ, developer=caller.developer)
    rows = Statement.objects.newest()
    if caller.developer or developer:
        rows = rows.filter(developer=caller.developer or developer)
    if month:
        rows = rows.filter(month=months.parsed(month))
    return [row.described() for row in rows[:500]]


@router.get("/statements/{statement_id}", response=StatementWhole)
def get_statement(request: HttpRequest, statement_id: Key) -> dict[str, Any]:
    """A statement with all its entries."""
    row = Statement.objects.named(statement_id)
    require_own(request, Permission.READ, developer=row.developer_id or "")
    return {**row.described(), "lines": [entry.described() for entry in reads.entries_of(row)]}


@router.post("/months/{month}/run", response=list[StatementShown])
def run_month(request: HttpRequest, month: Month) -> list[dict[str, Any]]:
    """Issues the statements of a month that is over; once. The clock does it by itself an hour after the month's end."""
    by = require(request, Permission.BILLING)
    return [row.described() for row in actions.run_month(months.parsed(month), by=by, at=now())]


@router.get("/charges", response=list[EntryShown])
def list_charges(request: HttpRequest, seller: Key | None = None, month: Month | None = None) -> list[dict[str, Any]]:
    """What apps cost a seller: charges and corrections of months whose statements are out, the newest first, at most 500."""
    caller = caller_of(request)
    require_own(request, Permission.READ, seller=caller.seller)
    rows = Entry.objects.of_seller(caller.seller or Seller.objects.named(seller or "").id)
    if month:
        rows = rows.filter(month=months.parsed(month))
    return [row.described() for row in rows[:500]]


@router.post("/entries/{entry_id}/correct", response={201: EntryShown})
def correct(request: HttpRequest, entry_id: Key, sent: CorrectionSent) -> Status[dict[str, Any]]:
    """Gives an amount of a charge back, by a new entry; the charge itself stays."""
    by = require(request, Permission.BILLING)
    entry = Entry.objects.named(entry_id)
    amount = parsed(sent.amount, entry.currency)
    return Status(201, actions.correct(entry, amount, by=by, at=now(), reason=sent.reason).described())


@router.get("/settlements", response=list[SettlementShown])
def list_settlements(
    request: HttpRequest, party: Key | None = None, month: Month | None = None
) -> list[dict[str, Any]]:
    """What is collected (above zero) and paid out (below), the newest first, at most 500."""
    caller = caller_of(request)
    require_own(request, Permission.READ, developer=caller.developer, seller=caller.seller)
    rows = Settlement.objects.newest()
    if own := caller.developer or caller.seller or party:
        rows = rows.filter(party=own)
    if month:
        rows = rows.filter(month=months.parsed(month))
    return [row.described() for row in rows[:500]]


@router.post("/settlements/{settlement_id}/settled", response=SettlementShown)
def settle_by_hand(request: HttpRequest, settlement_id: Key, sent: ReferenceSent) -> dict[str, Any]:
    """Notes that an amount was collected or paid elsewhere, and where that is found."""
    by = require(request, Permission.BILLING)
    row = Settlement.objects.named(settlement_id)
    return actions.settle_by_hand(row, reference=sent.reference, by=by, at=now()).described()


@router.post("/settlements/{settlement_id}/try-again", response=SettlementShown)
def try_again(request: HttpRequest, settlement_id: Key) -> dict[str, Any]:
    """A payment that failed falls due anew."""
    by = require(request, Permission.BILLING)
    return actions.try_again(Settlement.objects.named(settlement_id), by=by, at=now()).described()
