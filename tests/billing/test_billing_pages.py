from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils.html import escape

from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions, months
from piepowder.rooms.billing.models import CommissionRate, Entry, Plan, Settlement, Statement, Subscription, TermsOffer
from piepowder.rooms.developers.actions import add_member
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.models import Account, Seller
from tests.support.billing import FREE, OFFICE, make_plan, monthly, per_order
from tests.support.consent import make_app, make_seller
from tests.support.pages import problems
from tests.support.storefront import browser_of, member_browser, seller_browser, staff_browser

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
LAST = months.before(months.before(months.month_of(NOW, UTC)))  # over for long enough at any hour
LAST_BEGAN = months.beginning(LAST, UTC)
HTML = "<script>alert('plan')</script>"


@pytest.fixture
def app() -> App:
    return make_app()


@pytest.fixture
def seller() -> Seller:
    return make_seller()


def member_of(app: App, role: Role) -> Browser:
    account = Account.objects.create_user(f"{role}@labels.example", name="Cleo of the labels")
    add_member(app.developer, account, by=SYSTEM, at=NOW, role=role)
    return browser_of(account)


def good(answer: Any, status: int = 200) -> str:
    """The page, if it is what everybody can use."""
    assert answer.status_code == status
    page: str = answer.content.decode()
    assert problems(page) == []
    return page


def issued(app: App, seller: Seller, amount: str = "9.90") -> Statement:
    """The statement of last month, for one subscription of it."""
    actions.set_commission("", Decimal(15), from_month=LAST, by=OFFICE, at=LAST_BEGAN)
    plan = actions.create_plan(app, name="Small shops", terms=monthly(amount), by=SYSTEM, at=LAST_BEGAN)
    actions.subscribe(plan, seller, by=SYSTEM, at=LAST_BEGAN)
    rows = actions.run_month(LAST, by=OFFICE, at=NOW)
    return next(row for row in rows if row.developer_id)


def test_a_developer_makes_changes_and_withdraws_a_plan(app: App) -> None:
    """What is typed wrong stands at its field with what was typed; a name is shown, whatever it contains."""
    browser = member_of(app, Role.BILLING)
    assert "No plans yet" in good(browser.get("/billing/plans/"))
    wish = {"app": app.id, "name": HTML, "kind": "monthly", "currency": "eur", "amount": "9,90"}
    page = good(browser.post("/billing/plans/new", wish), 422)
    assert "digits and, for parts, a point" in page.lower()
    assert 'value="9,90"' in page
    assert browser.post("/billing/plans/new", {**wish, "amount": "9.90"}).status_code == 302
    plan = Plan.objects.get()
    page = good(browser.get("/billing/plans/"))
    assert escape(HTML) in page
    assert HTML not in page
    assert escape("There is a plan") not in page
    again = good(browser.post("/billing/plans/new", {**wish, "amount": "1.00"}), 422)
    assert "already" in again
    change = {"kind": "per_order", "currency": "EUR", "amount": "0.05", "included_orders": "10", "seen": "1"}
    assert browser.post(f"/billing/plans/{plan.id}/", change).status_code == 302
    stale = good(browser.post(f"/billing/plans/{plan.id}/", {**change, "amount": "0.06"}), 422)
    assert "The plan is at version 2 by now" in stale
    browser.post(f"/billing/plans/{plan.id}/withdraw")
    assert "Withdrawn" in good(browser.get(f"/billing/plans/{plan.id}/"))
    assert Plan.objects.get().newest.words == "0.05 EUR for each order, 10 orders a month free"


def test_a_member_without_the_role_reads_only(app: App) -> None:
    """Readers see plans and statements and have no form; another organisation's plan is as good as none."""
    plan = make_plan(app)
    browser = member_of(app, Role.READER)
    assert "Save as a new version" not in good(browser.get(f"/billing/plans/{plan.id}/"))
    assert browser.post(f"/billing/plans/{plan.id}/", {"kind": "free"}).status_code == 403
    assert browser.get("/billing/plans/new").status_code == 403
    good(browser.get("/billing/statements/"))
    stranger = member_browser(make_app("Other").developer, NOW)
    assert stranger.get(f"/billing/plans/{plan.id}/").status_code == 404


def test_a_seller_subscribes_changes_and_cancels(app: App, seller: Seller) -> None:
    """Each page says what it costs and from when; a second press of a button is told what came first."""
    plan, other = make_plan(app, monthly(trial_days=14)), make_plan(app, per_order(), "By order")
    browser = seller_browser(seller)
    assert "You pay for no app" in good(browser.get("/my/subscriptions/"))
    assert "first 14 days free" in good(browser.get(f"/my/subscriptions/choose/{app.id}/"))
    assert browser.post(f"/my/subscriptions/choose/{app.id}/", {"plan": plan.id}).status_code == 302
    row = Subscription.objects.get()
    page = good(browser.get("/my/subscriptions/"))
    assert "0.00 EUR" in page
    assert "Free days" in page
    browser.post(f"/my/subscriptions/choose/{app.id}/", {"plan": other.id})
    assert "From next month: By order" in good(browser.get("/my/subscriptions/"))
    assert "the end of your free days, and you pay nothing" in good(browser.get(f"/my/subscriptions/{row.id}/cancel"))
    browser.post(f"/my/subscriptions/{row.id}/cancel", {"reason": "too dear"})
    page = good(browser.post(f"/my/subscriptions/{row.id}/cancel", follow=True))
    assert "Nothing was changed" in page
    assert "goes on until" in page
    browser.post(f"/my/subscriptions/{row.id}/resume")
    assert Subscription.objects.get().status == "trial"
    assert seller_browser(make_seller()).get(f"/my/subscriptions/{row.id}/cancel").status_code == 404
    assert browser.post(f"/my/subscriptions/choose/{app.id}/", {"plan": "plan_none"}).status_code == 404


def test_a_seller_answers_new_terms(app: App, seller: Seller) -> None:
    """Both answers have a button of the same weight, and a no changes nothing."""
    plan = make_plan(app)
    actions.subscribe(plan, seller, by=SYSTEM, at=NOW)
    actions.change_plan(plan, terms=monthly("20.00"), by=SYSTEM, at=NOW)
    actions.follow_time(at=NOW)
    browser, offer = seller_browser(seller), TermsOffer.objects.get()
    page = good(browser.get("/my/subscriptions/"))
    assert page.count('<button class="btn" name="answer"') == 2
    browser.post(f"/my/subscriptions/{offer.subscription_id}/terms/{offer.id}", {"answer": "decline"})
    assert TermsOffer.objects.get().status == "declined"
    assert "offers new terms" not in good(browser.get("/my/subscriptions/"))


def test_a_statement_is_read_printed_and_saved(app: App, seller: Seller) -> None:
    """By its developer and staff, with every entry; by nobody else. The file adds up to its last line."""
    statement = issued(app, seller)
    browser = member_browser(app.developer, NOW)
    assert "8.41" in good(browser.get("/billing/statements/"))
    page = good(browser.get(f"/billing/statements/{statement.id}/"))
    assert "How it is counted" in page
    lines = browser.get(f"/billing/statements/{statement.id}/?format=csv").content.decode().splitlines()
    assert lines[-1].endswith("9.90,,,1.49,8.41")
    assert "the marketplace" in good(staff_browser().get("/billing/statements/all")).lower()
    for other in (member_browser(make_app("Other").developer, NOW), seller_browser(seller)):
        assert other.get(f"/billing/statements/{statement.id}/").status_code == 404
    own = Statement.objects.get(developer=None)
    assert browser.get(f"/billing/statements/{own.id}/").status_code == 404
    page = good(staff_browser("auditor").get(f"/billing/statements/{own.id}/"))
    assert "/billing/entries/" not in page


def test_a_formula_in_a_name_is_no_formula_in_the_file(app: App, seller: Seller) -> None:
    """A plan's name comes from a stranger; amounts below zero stay numbers."""
    Seller.objects.filter(pk=seller.pk).update(name="=cmd()")
    App.objects.filter(pk=app.pk).update(name="=1+1")
    statement = issued(App.objects.named(app.id), seller)
    actions.correct(Entry.objects.get(), Decimal(1), by=OFFICE, at=NOW, reason="=1+1")
    text = staff_browser().get(f"/billing/statements/{statement.id}/?format=csv").content.decode()
    assert "'=1+1, Small shops" in text
    charges: Any = seller_browser(seller).get("/my/subscriptions/charges/?format=csv")
    assert "-1.00" in b"".join(charges.streaming_content).decode()


def test_the_office_runs_a_month_once(app: App, seller: Seller) -> None:
    """The button names the month; a second press of an old page runs no other month."""
    office = staff_browser()
    assert "Nobody has subscribed" in good(office.get("/billing/"))
    actions.subscribe(make_plan(app), seller, by=SYSTEM, at=LAST_BEGAN)
    assert "The month is over" in good(office.get("/billing/"))
    month = {"month": f"{LAST:%Y-%m}"}
    assert "are issued" in good(office.post("/billing/run", month, follow=True))
    assert "Nothing was changed" in good(office.post("/billing/run", month, follow=True))
    assert office.post("/billing/run", {"month": "soon"}).status_code == 404
    assert staff_browser("auditor").post("/billing/run", month).status_code == 403


def test_the_office_sets_commission(app: App) -> None:
    """Two forms on a page, each with its errors; developers see what holds for them."""
    office = staff_browser()
    assert "the marketplace takes nothing" in good(office.get("/billing/commission/"))
    month = f"{months.month_of(NOW, UTC):%Y-%m}"
    wrong = {"set": "rate", "rate-percent": "150", "rate-from_month": month}
    assert "0 to 100 percent" in good(office.post("/billing/commission/", wrong), 422)
    office.post("/billing/commission/", {**wrong, "rate-percent": "12.5"})
    free = {
        "set": "free",
        "free-currency": "JPY",
        "free-amount": "1.5",
        "free-period": "year",
        "free-from_month": month,
    }
    assert "JPY has no decimals" in good(office.post("/billing/commission/", free), 422)
    office.post("/billing/commission/", {**free, "free-amount": "100000"})
    assert "12.5" in good(office.get("/billing/commission/"))
    page = good(member_browser(app.developer, NOW).get("/billing/plans/"))
    assert "12.5 % commission" in page
    assert "of each calendar year are free of it" in page
    assert staff_browser("auditor").post("/billing/commission/", wrong).status_code == 403
    assert CommissionRate.objects.count() == 1


def test_the_office_gives_back_and_settles(app: App, seller: Seller) -> None:
    """Not more than was paid; a card number is no reference."""
    issued(app, seller)
    office, entry = staff_browser(), Entry.objects.get()
    too_much = office.post(f"/billing/entries/{entry.id}/", {"amount": "10.00", "reason": "x"})
    assert "At most 9.90" in good(too_much, 422)
    good(office.post(f"/billing/entries/{entry.id}/", {"amount": "4.90", "reason": "half"}, follow=True))
    assert "5.00 EUR" in good(office.get(f"/billing/entries/{entry.id}/"))
    row = Settlement.objects.get(party=seller.id)
    assert row.party in good(office.get("/billing/settlements/?status=due"))
    page = good(office.post(f"/billing/settlements/{row.id}/", {"reference": "4111 1111 1111 1111"}), 422)
    assert "has no place here" in page
    office.post(f"/billing/settlements/{row.id}/", {"reference": "bank, line 7"})
    assert "bank, line 7" in good(office.get("/billing/settlements/?status=settled"))
    assert b"9.90" in b"".join(office.get("/billing/settlements/?format=csv").streaming_content)  # type: ignore[attr-defined]
    assert "is no month" in good(office.get("/billing/settlements/?month=soon"))


def test_what_is_free_is_shown_as_free(app: App, seller: Seller) -> None:
    """A plan without a price has no decimals to read."""
    actions.subscribe(make_plan(app, FREE), seller, by=SYSTEM, at=NOW)
    assert "Free" in good(seller_browser(seller).get("/my/subscriptions/"))


def test_pages_are_for_those_they_are_for(app: App, seller: Seller) -> None:
    """Strangers sign in first; nobody opens another hat's page."""
    for path in ("/my/subscriptions/", "/billing/", "/billing/plans/", "/billing/statements/"):
        assert Browser().get(path).status_code == 302
    assert seller_browser(seller).get("/billing/").status_code == 403
    assert member_browser(app.developer, NOW).get("/my/subscriptions/").status_code == 403
    assert staff_browser().get("/my/subscriptions/").status_code == 403
