"""A seller subscribes, changes plans, answers new terms, cancels; the clock ends trials and what was cancelled."""

from datetime import datetime, timedelta

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.billing import letters, months, rules
from piepowder.rooms.billing.models import Plan, PlanVersion, Subscription, Term, TermsOffer
from piepowder.rooms.billing.reads import cancelling
from piepowder.rooms.billing.rules import OfferStatus, PlanStatus, SubscriptionStatus
from piepowder.rooms.billing.zone import zone
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Seller
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability

ROWS_AT_ONCE = 1_000


@transaction.atomic
def subscribe(plan: Plan, seller: Seller, *, by: Actor, at: datetime) -> Subscription:
    """On the plan's newest terms, from now on. A trial is given once for an app, not again after cancelling.

    Codes: `billing_plan_withdrawn`, `billing_subscribed_already`, `billing_app_not_open`, `billing_seller_inactive`.
    """
    plan = Plan.objects.locked(plan.id)
    _check_open(plan, seller)
    # Two at once: the second waits here, and then finds the first one's subscription.
    Seller.objects.select_for_update().get(pk=seller.pk)
    if present := Subscription.objects.live_between(plan.app_id, seller.id):
        raise PiepowderError(
            "billing_subscribed_already",
            f"{seller.name} has a subscription to {plan.app.name} already",
            hint="change its plan instead",
            kind=ErrorKind.CONFLICT,
            subscription=present.id,
        )
    version, trial_ends_at = plan.newest, _trial(plan.newest, seller, at)
    row = Subscription.objects.create(
        app=plan.app,
        seller=seller,
        plan=plan,
        status=rules.status_at(trial_ends_at, at),
        started_at=at,
        trial_ends_at=trial_ends_at,
    )
    Term.objects.create(subscription=row, version=version, from_month=months.month_of(at, zone()))
    detail = {"subscription": row.id, "plan": plan.id, "version": version.number}
    record("billing.subscribe", by=by, at=at, outcome=row.status, detail=detail, **row.ledger_fields())
    row = Subscription.objects.named(row.id)
    letters.subscribed(row, at=at)
    return row


def _trial(version: PlanVersion, seller: Seller, at: datetime) -> datetime | None:
    before = Subscription.objects.filter(app=version.plan.app_id, seller=seller)
    if not version.trial_days or before.exclude(trial_ends_at=None).exists():
        return None
    return at + timedelta(days=version.trial_days)


def _check_open(plan: Plan, seller: Seller) -> None:
    if plan.status != PlanStatus.OFFERED:
        raise PiepowderError(
            "billing_plan_withdrawn", f"the plan “{plan.name}” is not offered any more", kind=ErrorKind.CONFLICT
        )
    if not seller.active:
        raise PiepowderError("billing_seller_inactive", "this shop is closed", kind=ErrorKind.FORBIDDEN)
    if Capability.NEW_AUTHORISATIONS not in Subject.objects.capabilities(plan.app_id, plan.app.developer_id):
        raise PiepowderError(
            "billing_app_not_open",
            f"{plan.app.name} takes nobody new just now",
            hint="its standing, or its developer's, does not permit it",
            kind=ErrorKind.FORBIDDEN,
        )


@transaction.atomic
def switch_plan(row: Subscription, plan: Plan, *, by: Actor, at: datetime) -> Subscription:
    """Another plan of the same app, from the first of the next month on; until then the present terms hold."""
    row = _locked_going_on(row)
    plan = Plan.objects.locked(plan.id)
    if plan.app_id != row.app_id:
        raise PiepowderError("billing_plan_of_other_app", f"“{plan.name}” is a plan of another app")
    _check_open(plan, row.seller)
    if row.version == plan.newest:
        raise PiepowderError("billing_plan_chosen_already", f"you have “{plan.name}” already", kind=ErrorKind.CONFLICT)
    _overtake(row, by=by, at=at)
    return _set_terms(row, plan.newest, "switch_plan", by=by, at=at)


@transaction.atomic
def accept_terms(offer: TermsOffer, *, by: Actor, at: datetime) -> Subscription:
    """New terms, from the first of the next month on."""
    row = _locked_going_on(offer.subscription)
    TermsOffer.objects.advance(offer, OfferStatus.ACCEPTED, verb="accept_terms", by=by, at=at, answered_at=at)
    return _set_terms(row, offer.version, "change_terms", by=by, at=at)


@transaction.atomic
def decline_terms(offer: TermsOffer, *, by: Actor, at: datetime) -> TermsOffer:
    """The old terms go on. Whoever declined may still switch later."""
    return TermsOffer.objects.advance(offer, OfferStatus.DECLINED, verb="decline_terms", by=by, at=at, answered_at=at)


def _set_terms(row: Subscription, version: PlanVersion, verb: str, *, by: Actor, at: datetime) -> Subscription:
    month = months.following(months.month_of(at, zone()))
    Term.objects.update_or_create({"version": version}, subscription=row, from_month=month)
    Subscription.objects.filter(pk=row.pk).update(plan=version.plan)
    detail = {
        "subscription": row.id,
        "plan": version.plan_id,
        "version": version.number,
        "from": f"{month:%Y-%m}",
    }
    record(f"billing.{verb}", by=by, at=at, detail=detail, **row.ledger_fields())
    return Subscription.objects.named(row.id)


@transaction.atomic
def cancel(row: Subscription, *, by: Actor, at: datetime, reason: str = "") -> Subscription:
    """At the end of the month that is paid; in a trial, at its end; what is free ends at once."""
    row = Subscription.objects.locked(row.id)
    _overtake(row, by=by, at=at)
    ends_at = cancelling(row, at=at)
    if ends_at is None:
        return _ended(row, by=by, at=at, ends_at=at, reason=reason)
    Subscription.objects.advance(
        row, SubscriptionStatus.CANCELLED, verb="cancel", by=by, at=at, reason=reason, ends_at=ends_at
    )
    row = Subscription.objects.named(row.id)
    letters.cancelled(row, at=at)
    return row


@transaction.atomic
def resume(row: Subscription, *, by: Actor, at: datetime) -> Subscription:
    """Takes a cancellation back before it has effect."""
    row = Subscription.objects.locked(row.id)
    if row.status != SubscriptionStatus.CANCELLED or (row.ends_at and row.ends_at <= at):
        raise PiepowderError(
            "billing_not_cancelled",
            "there is no cancellation to take back",
            hint="subscribe anew" if row.status == SubscriptionStatus.ENDED else "",
            kind=ErrorKind.CONFLICT,
        )
    to = rules.status_at(row.trial_ends_at, at)
    Subscription.objects.advance(row, to, verb="resume", by=by, at=at, ends_at=None)
    return Subscription.objects.named(row.id)


def _ended(row: Subscription, *, by: Actor, at: datetime, ends_at: datetime, reason: str = "") -> Subscription:
    Subscription.objects.advance(
        row, SubscriptionStatus.ENDED, verb="end", by=by, at=at, reason=reason, ends_at=ends_at
    )
    row = Subscription.objects.named(row.id)
    letters.cancelled(row, at=at)
    return row


def _locked_going_on(row: Subscription) -> Subscription:
    row = Subscription.objects.locked(row.id)
    if row.status in (SubscriptionStatus.CANCELLED, SubscriptionStatus.ENDED):
        raise PiepowderError(
            "billing_subscription_over",
            f"the subscription is {row.status}",
            hint="take the cancellation back first" if row.status == SubscriptionStatus.CANCELLED else "subscribe anew",
            kind=ErrorKind.CONFLICT,
        )
    return row


def _overtake(row: Subscription, *, by: Actor, at: datetime) -> None:
    for offer in TermsOffer.objects.open_of(row.id):
        TermsOffer.objects.advance(offer, OfferStatus.OVERTAKEN, verb="overtake_terms", by=by, at=at, answered_at=at)


def follow_time(*, at: datetime) -> int:
    """What falls due: trials end, cancellations have effect, sellers hear of both and of new terms. How many changes."""
    done = _end_trials(at) + _end_cancelled(at) + _tell_trials(at)
    return done + sum(_tell_version(version, at) for version in PlanVersion.objects.untold()[:ROWS_AT_ONCE])


def _end_trials(at: datetime) -> int:
    due = list(Subscription.objects.trials_over(at).values_list("id", flat=True)[:ROWS_AT_ONCE])
    return sum(_end_trial(one, at) for one in due)


@transaction.atomic
def _end_trial(subscription_id: str, at: datetime) -> bool:
    row = Subscription.objects.locked(subscription_id)
    if row.status != SubscriptionStatus.TRIAL:
        return False
    Subscription.objects.advance(row, SubscriptionStatus.ACTIVE, verb="begin_charging", by=SYSTEM, at=at)
    return True


def _end_cancelled(at: datetime) -> int:
    due = list(Subscription.objects.cancelled_over(at).values_list("id", flat=True)[:ROWS_AT_ONCE])
    return sum(_end_one(one, at) for one in due)


@transaction.atomic
def _end_one(subscription_id: str, at: datetime) -> bool:
    row = Subscription.objects.locked(subscription_id)
    if row.status != SubscriptionStatus.CANCELLED or row.ends_at is None or row.ends_at > at:
        return False
    Subscription.objects.advance(row, SubscriptionStatus.ENDED, verb="end", by=SYSTEM, at=at)
    return True


@transaction.atomic
def _tell_trials(at: datetime) -> int:
    near = Subscription.objects.trials_near_end(at, at + rules.TRIAL_TOLD_BEFORE)
    rows = list(near.select_for_update(of=("self",), skip_locked=True)[:ROWS_AT_ONCE])
    for row in rows:
        letters.trial_ends(row, at=at)
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(trial_told=True)
    return len(rows)


@transaction.atomic
def _tell_version(version: PlanVersion, at: datetime) -> int:
    """Tells those who have an older version of its plan; a thousand at a look, and the last look notes that all know."""
    rows = list(Subscription.objects.behind(version).select_for_update(of=("self",))[:ROWS_AT_ONCE])
    newer = version.plan.versions.filter(number__gt=version.number).exists()
    for row in () if newer else rows:
        _offer(row, version, at=at)
    if newer or len(rows) < ROWS_AT_ONCE:
        PlanVersion.objects.filter(pk=version.pk).update(told=True)
    return len(rows)


def _offer(row: Subscription, version: PlanVersion, *, at: datetime) -> None:
    _overtake(row, by=SYSTEM, at=at)
    if row.status == SubscriptionStatus.CANCELLED:
        return
    offer = TermsOffer.objects.create(subscription=row, version=version, status=OfferStatus.OPEN, told_at=at)
    detail = {"subscription": row.id, "plan": version.plan_id, "version": version.number}
    record("billing.offer_terms", by=SYSTEM, at=at, detail=detail, **row.ledger_fields())
    letters.new_terms(offer, at=at)
