"""A developer makes a plan, changes its terms by a new version, withdraws it and offers it again."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing.models import Plan, PlanVersion
from piepowder.rooms.billing.money import shown
from piepowder.rooms.billing.rules import PlanStatus, Terms, check_terms
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.ground.names import clean_name

PLANS_MAX = 20


@transaction.atomic
def create_plan(app: App, *, name: str, terms: Terms, by: Actor, at: datetime) -> Plan:
    """A plan with its first version, offered from now on.

    Codes: `billing_plan_name_missing`, `billing_plan_name_taken`, `billing_plans_too_many`, and those of the terms.
    """
    check_terms(terms)
    _check_open(app)
    name = clean_name(name)
    if not name:
        raise PiepowderError("billing_plan_name_missing", "a plan needs a name")
    App.objects.locked(app.id)  # two forms sent at once make one plan
    present = list(Plan.objects.filter(app=app).values_list("name", flat=True))
    if name in present:
        raise PiepowderError(
            "billing_plan_name_taken", f"`{app.name}` has a plan `{name}` already", kind=ErrorKind.CONFLICT
        )
    if len(present) >= PLANS_MAX:
        raise PiepowderError("billing_plans_too_many", f"an app has at most {PLANS_MAX} plans", kind=ErrorKind.CONFLICT)
    plan = Plan.objects.create(app=app, name=name, status=PlanStatus.OFFERED, created_at=at)
    _add(plan, 1, terms, at=at)
    _record("create_plan", plan, 1, terms, by=by, at=at)
    return Plan.objects.named(plan.id)


@transaction.atomic
def change_plan(plan: Plan, *, terms: Terms, by: Actor, at: datetime, seen: int = 0) -> Plan:
    """New terms, as a new version. Whoever has an older one keeps it, is told by the clock, and may accept.

    `seen` is the version that whoever changes had in front of them; `billing_plan_changed_meanwhile` if it is not the newest.
    """
    check_terms(terms)
    plan = Plan.objects.locked(plan.id)
    _check_open(plan.app)
    newest = plan.newest
    if seen and seen != newest.number:
        raise PiepowderError(
            "billing_plan_changed_meanwhile",
            f"the plan is at version {newest.number} by now",
            hint="look at it and decide again",
            kind=ErrorKind.CONFLICT,
        )
    if terms == newest.terms:
        raise PiepowderError("billing_plan_unchanged", "these are the present terms already", kind=ErrorKind.CONFLICT)
    number = newest.number + 1
    _add(plan, number, terms, at=at)
    _record("change_plan", plan, number, terms, by=by, at=at)
    return Plan.objects.named(plan.id)


@transaction.atomic
def withdraw_plan(plan: Plan, *, by: Actor, at: datetime, reason: str = "") -> Plan:
    """Nobody new can choose it; whoever has it keeps it."""
    return Plan.objects.advance(plan, PlanStatus.WITHDRAWN, verb="withdraw_plan", by=by, at=at, reason=reason)


@transaction.atomic
def offer_plan(plan: Plan, *, by: Actor, at: datetime) -> Plan:
    """A withdrawn plan can be chosen again."""
    _check_open(plan.app)
    return Plan.objects.advance(plan, PlanStatus.OFFERED, verb="offer_plan", by=by, at=at)


def _check_open(app: App) -> None:
    if not app.developer.is_open:
        raise PiepowderError(
            "billing_developer_closed", f"{app.developer.name} is closed and offers nothing", kind=ErrorKind.CONFLICT
        )


def _add(plan: Plan, number: int, terms: Terms, *, at: datetime) -> None:
    PlanVersion.objects.create(
        plan=plan,
        number=number,
        kind=terms.kind,
        currency=terms.currency,
        amount=terms.amount,
        trial_days=terms.trial_days,
        included_orders=terms.included_orders,
        created_at=at,
        told=number == 1,
    )


def _record(verb: str, plan: Plan, number: int, terms: Terms, *, by: Actor, at: datetime) -> None:
    detail = {
        "plan": plan.id,
        "version": number,
        "kind": str(terms.kind),
        "currency": terms.currency,
        "amount": shown(terms.amount, terms.currency),
        "trial_days": terms.trial_days,
        "included_orders": terms.included_orders,
    }
    record(f"billing.{verb}", by=by, at=at, detail=detail, **plan.ledger_fields())
