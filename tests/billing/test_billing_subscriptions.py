from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions
from piepowder.rooms.billing.models import Plan, Subscription, TermsOffer
from piepowder.rooms.billing.reads import plans_of
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Seller
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from tests.support.billing import BEGIN, DECEMBER, FREE, MIDDLE, NOVEMBER, make_plan, monthly, per_order
from tests.support.consent import make_app, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def app() -> App:
    return make_app()


@pytest.fixture
def seller() -> Seller:
    return make_seller()


def subscribe(plan: Plan, seller: Seller, at: datetime = MIDDLE) -> Subscription:
    return actions.subscribe(plan, seller, by=SYSTEM, at=at)


def refused(code: str) -> "pytest.RaisesExc[PiepowderError]":
    return pytest.raises(PiepowderError, check=lambda error: error.code == code)


def test_the_store_is_told_the_plans_that_can_be_chosen(app: App) -> None:
    """Offered ones with their newest terms, free before monthly before per order; withdrawn ones not."""
    make_plan(app, per_order(), "By order")
    make_plan(app, FREE, "To try")
    gone = make_plan(app, monthly("1.00"), "Old")
    plan = make_plan(app, monthly(), "Flat")
    actions.withdraw_plan(gone, by=SYSTEM, at=BEGIN)
    actions.change_plan(plan, terms=monthly("12.00"), by=SYSTEM, at=BEGIN)
    assert [(one.name, one.words) for one in plans_of(app)] == [
        ("To try", "Free"),
        ("Flat", "12.00 EUR a month"),
        ("By order", "0.05 EUR for each order"),
    ]


def test_a_plan_has_one_name_and_no_hidden_letters(app: App) -> None:
    """Of an app, that is; what nobody can see is refused."""
    make_plan(app)
    with refused("billing_plan_name_taken"):
        make_plan(app, name="  Small   shops ")
    with refused("ground_name_hidden"):
        make_plan(app, name="Small\u202eshops")
    with refused("billing_plan_name_missing"):
        make_plan(app, name="   ")


def test_a_stale_form_changes_no_plan(app: App) -> None:
    """Whoever saw version 1 does not write over version 2."""
    plan = make_plan(app)
    actions.change_plan(plan, terms=monthly("10.00"), by=SYSTEM, at=BEGIN, seen=1)
    with refused("billing_plan_changed_meanwhile"):
        actions.change_plan(plan, terms=monthly("11.00"), by=SYSTEM, at=BEGIN, seen=1)
    with refused("billing_plan_unchanged"):
        actions.change_plan(plan, terms=monthly("10.00"), by=SYSTEM, at=BEGIN, seen=2)


def test_a_seller_subscribes_once_to_an_app(app: App, seller: Seller) -> None:
    """A second time is a conflict, also for another plan; the developer is told of the first."""
    row = subscribe(make_plan(app), seller)
    assert (row.status, row.version.number) == ("active", 1)
    with refused("billing_subscribed_already"):
        subscribe(make_plan(app, FREE, "Other"), seller)
    assert Letter.objects.filter(recipient=app.developer_id, kind="billing.subscribed").count() == 1


def test_what_is_not_open_is_not_subscribed_to(app: App, seller: Seller) -> None:
    """A withdrawn plan, an app that takes nobody new, a closed shop."""
    plan = make_plan(app)
    actions.withdraw_plan(plan, by=SYSTEM, at=BEGIN)
    with refused("billing_plan_withdrawn"):
        subscribe(plan, seller)
    plan = actions.offer_plan(Plan.objects.named(plan.id), by=SYSTEM, at=BEGIN)
    Seller.objects.filter(pk=seller.pk).update(active=False)
    with refused("billing_seller_inactive"):
        subscribe(plan, Seller.objects.get(pk=seller.pk))
    Seller.objects.filter(pk=seller.pk).update(active=True)
    set_standing(app.id, Standing.SUSPENDED, by=SYSTEM, at=BEGIN, reason="test")
    with refused("billing_app_not_open"):
        subscribe(plan, Seller.objects.get(pk=seller.pk))


def test_a_trial_is_given_once(app: App, seller: Seller) -> None:
    """It ends by the clock, costs nothing when cancelled, and does not begin anew with another subscription."""
    plan = make_plan(app, monthly(trial_days=14))
    row = subscribe(plan, seller)
    assert (row.status, row.trial_ends_at) == ("trial", MIDDLE + timedelta(days=14))
    row = actions.cancel(row, by=SYSTEM, at=MIDDLE)
    assert (row.status, row.ends_at) == ("cancelled", MIDDLE + timedelta(days=14))
    row = actions.resume(row, by=SYSTEM, at=MIDDLE)
    assert (row.status, row.ends_at) == ("trial", None)
    actions.follow_time(at=MIDDLE + timedelta(days=12))
    assert Letter.objects.filter(recipient=seller.id, kind="billing.trial_ends").count() == 1
    actions.follow_time(at=MIDDLE + timedelta(days=12))
    actions.follow_time(at=MIDDLE + timedelta(days=14))
    assert Letter.objects.filter(recipient=seller.id, kind="billing.trial_ends").count() == 1
    assert Subscription.objects.named(row.id).status == "active"
    actions.cancel(Subscription.objects.named(row.id), by=SYSTEM, at=datetime(2026, 12, 5, tzinfo=UTC))
    actions.follow_time(at=datetime(2027, 1, 1, tzinfo=UTC))
    again = subscribe(plan, seller, datetime(2027, 1, 2, tzinfo=UTC))
    assert (again.status, again.trial_ends_at) == ("active", None)


def test_cancelling_has_effect_at_the_end_of_the_month(app: App, seller: Seller) -> None:
    """Until then it can be taken back, afterwards not; twice is a conflict."""
    row = actions.cancel(subscribe(make_plan(app), seller), by=SYSTEM, at=MIDDLE, reason="too dear")
    assert (row.status, row.ends_at) == ("cancelled", datetime(2026, 12, 1, tzinfo=UTC))
    with refused("billing_subscription_not_from_here"):
        actions.cancel(row, by=SYSTEM, at=MIDDLE)
    assert actions.follow_time(at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)) == 0
    assert actions.resume(row, by=SYSTEM, at=MIDDLE).status == "active"
    row = actions.cancel(Subscription.objects.named(row.id), by=SYSTEM, at=MIDDLE)
    assert actions.follow_time(at=datetime(2026, 12, 1, tzinfo=UTC)) == 1
    with refused("billing_not_cancelled"):
        actions.resume(row, by=SYSTEM, at=datetime(2026, 12, 1, tzinfo=UTC))


def test_what_is_free_ends_at_once(app: App, seller: Seller) -> None:
    """There is no period that was paid."""
    row = actions.cancel(subscribe(make_plan(app, FREE), seller), by=SYSTEM, at=MIDDLE)
    assert (row.status, row.ends_at) == ("ended", MIDDLE)


def test_subscribers_keep_their_terms_until_they_accept(app: App, seller: Seller) -> None:
    """Told once, by the clock; a yes holds from the next month on, and the present month stays as it was."""
    plan = make_plan(app)
    row = subscribe(plan, seller)
    actions.change_plan(plan, terms=monthly("20.00"), by=SYSTEM, at=MIDDLE)
    assert actions.follow_time(at=MIDDLE) == 1
    assert actions.follow_time(at=MIDDLE) == 0
    [offer] = TermsOffer.objects.open_to(seller.id)
    assert Letter.objects.filter(recipient=seller.id, kind="billing.new_terms").count() == 1
    row = Subscription.objects.named(row.id)
    assert row.version_in(DECEMBER).amount == Decimal("9.90")
    row = actions.accept_terms(offer, by=SYSTEM, at=MIDDLE)
    assert row.version_in(NOVEMBER).amount == Decimal("9.90")
    assert row.version_in(DECEMBER).amount == Decimal("20.00")
    with refused("billing_termsoffer_changed_meanwhile"):
        actions.accept_terms(offer, by=SYSTEM, at=MIDDLE)


def test_a_no_and_a_newer_offer_leave_the_terms(app: App, seller: Seller) -> None:
    """Whoever declines keeps theirs; a version that came meanwhile overtakes the offer of the one before."""
    plan = make_plan(app)
    row = subscribe(plan, seller)
    plan = actions.change_plan(plan, terms=monthly("20.00"), by=SYSTEM, at=MIDDLE)
    actions.follow_time(at=MIDDLE)
    first = TermsOffer.objects.open_to(seller.id).get()
    actions.change_plan(plan, terms=monthly("15.00"), by=SYSTEM, at=MIDDLE)
    actions.follow_time(at=MIDDLE)
    second = TermsOffer.objects.open_to(seller.id).get()
    assert (TermsOffer.objects.get(pk=first.pk).status, second.version.number) == ("overtaken", 3)
    actions.decline_terms(second, by=SYSTEM, at=MIDDLE)
    assert actions.follow_time(at=MIDDLE) == 0
    assert Subscription.objects.named(row.id).version.number == 1


def test_another_plan_begins_next_month(app: App, seller: Seller) -> None:
    """A second choice in the same month replaces the first; a plan of another app is refused."""
    row = subscribe(make_plan(app), seller)
    by_order, free = make_plan(app, per_order(), "By order"), make_plan(app, FREE, "To try")
    actions.switch_plan(row, by_order, by=SYSTEM, at=MIDDLE)
    row = actions.switch_plan(row, free, by=SYSTEM, at=MIDDLE)
    assert [row.version_in(month).plan.name for month in (NOVEMBER, DECEMBER)] == ["Small shops", "To try"]
    with refused("billing_plan_of_other_app"):
        actions.switch_plan(row, make_plan(make_app("Other")), by=SYSTEM, at=MIDDLE)
    with refused("billing_plan_chosen_already"):
        actions.switch_plan(row, free, by=SYSTEM, at=MIDDLE)
    actions.cancel(row, by=SYSTEM, at=MIDDLE)
    with refused("billing_subscription_over"):
        actions.switch_plan(row, by_order, by=SYSTEM, at=MIDDLE)
