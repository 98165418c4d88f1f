import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from django.db.models import Sum

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions, months, reads
from piepowder.rooms.billing.models import (
    CommissionRate,
    Entry,
    MonthRun,
    Posting,
    Settlement,
    Statement,
    Subscription,
)
from piepowder.rooms.billing.rules import FreePeriod, Terms
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.models import Seller
from piepowder.rooms.publication.models import Fact
from tests.support.billing import (
    AFTER,
    BEGIN,
    DECEMBER,
    MIDDLE,
    NOVEMBER,
    OCTOBER,
    OFFICE,
    made_up_orders,
    make_plan,
    monthly,
    per_order,
    read_orders,
)
from tests.support.consent import make_app, make_seller

in_transaction = pytest.mark.django_db


def subscribed(app: App, terms: Terms, at: datetime = BEGIN, name: str = "Small shops") -> tuple[Subscription, Seller]:
    seller = make_seller()
    return actions.subscribe(make_plan(app, terms, name), seller, by=SYSTEM, at=at), seller


def refused(code: str) -> "pytest.RaisesExc[PiepowderError]":
    return pytest.raises(PiepowderError, check=lambda error: error.code == code)


def rate(percent: str, category: str = "", month: date = NOVEMBER) -> CommissionRate:
    return actions.set_commission(category, Decimal(percent), from_month=month, by=OFFICE, at=BEGIN)


@in_transaction
def test_a_month_is_charged_by_days_and_split() -> None:
    """15 of 30 days of 9.90 are 4.95; 15 percent of it, rounded, are the marketplace's, the rest the developer's."""
    app = make_app()
    rate("15")
    subscribed(app, monthly(), at=MIDDLE)
    statements = {row.developer_id: row for row in actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)}
    own = statements[app.developer_id]
    assert (own.gross, own.commission, own.share) == (Decimal("4.95"), Decimal("0.74"), Decimal("4.21"))
    assert statements[None].commission == Decimal("0.74")
    assert Posting.objects.balances(NOVEMBER)[("marketplace", "EUR")] == Decimal("-0.74")


@in_transaction
def test_an_order_is_counted_once_from_the_ledger() -> None:
    """However often it was read; refused calls, other sellers, other apps and other months do not count."""
    app, other = make_app(), make_app("Other")
    row, seller = subscribed(app, per_order(included_orders=2))
    orders = made_up_orders(5)
    read_orders(app, seller, orders[:3], MIDDLE)
    read_orders(app, seller, orders, MIDDLE + timedelta(hours=1))
    read_orders(app, seller, orders, MIDDLE, outcome="refused")
    read_orders(other, seller, made_up_orders(7), MIDDLE)
    read_orders(app, make_seller(), made_up_orders(7), MIDDLE)
    read_orders(app, seller, made_up_orders(1), BEGIN - timedelta(microseconds=1))
    read_orders(app, seller, made_up_orders(1), datetime(2026, 12, 1, tzinfo=UTC))
    [one] = reads.running([row], at=datetime(2026, 11, 30, tzinfo=UTC))
    assert (one.orders, one.so_far) == (5, "0.15 EUR")
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    entry = Entry.objects.get()
    assert entry.gross == Decimal("0.15")
    assert entry.words == "Label printer, Small shops: 3 orders at 0.05 EUR, 2 of 5 free"


@in_transaction
def test_billing_is_no_reason_to_see_buyers() -> None:
    """No column of billing can hold a hash of an order or a buyer, and no answer does."""
    row, seller = subscribed(make_app(), per_order())
    orders = made_up_orders(3)
    read_orders(row.app, seller, orders, MIDDLE)
    [statement, _] = actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    told = "".join(",".join(line) for line in reads.file_rows(statement)) + str(Entry.objects.get().described())
    assert not [order for order in orders if order.hex() in told]
    names = ("Entry", "Posting", "Statement", "Settlement", "Subscription")
    from piepowder.rooms.billing import models

    kinds = {field.get_internal_type() for name in names for field in getattr(models, name)._meta.get_fields()}
    assert not kinds & {"BinaryField", "JSONField", "ArrayField"}


@in_transaction
@pytest.mark.parametrize(
    ("zone", "inside"), [("UTC", 1), ("America/New_York", 0), ("Asia/Tokyo", 1), ("Pacific/Kiritimati", 1)]
)
def test_a_month_ends_where_the_marketplace_is(settings: Any, zone: str, inside: int) -> None:
    """An order read at 02:00 UTC on the first is of November in New York's books no more than its clock says."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"billing_time_zone": zone})
    app = make_app()
    _, seller = subscribed(app, per_order("1.00"), at=BEGIN - timedelta(days=5))
    read_orders(app, seller, made_up_orders(1), datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
    late = datetime(2027, 1, 2, tzinfo=UTC)
    actions.run_month(OCTOBER, by=OFFICE, at=late)
    actions.run_month(NOVEMBER, by=OFFICE, at=late)
    assert Entry.objects.filter(month=NOVEMBER).count() == inside
    assert Entry.objects.filter(month=OCTOBER).count() == 1 - inside


@in_transaction
def test_trials_and_ended_subscriptions_cost_what_is_left() -> None:
    """A trial into the month shortens it; one that was cancelled in its trial costs nothing."""
    app = make_app()
    subscribed(app, monthly("30.00", trial_days=10))
    cancelled, _ = subscribed(app, monthly("31.00", trial_days=10), name="Other")
    actions.cancel(cancelled, by=SYSTEM, at=BEGIN)
    actions.follow_time(at=MIDDLE)
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    entry = Entry.objects.get()
    assert (entry.gross, entry.words.endswith("20 of 30 days")) == (Decimal("20.00"), True)


@in_transaction
def test_each_currency_is_a_statement_of_its_own() -> None:
    """Yen have no parts and dinars a thousand; nothing is ever added across currencies."""
    app = make_app()
    rate("12.5")
    subscribed(app, monthly("999", "JPY"), name="Yen")
    subscribed(app, monthly("1.999", "KWD"), name="Dinar")
    rows = actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    own = {row.currency: row.described() for row in rows if row.developer_id}
    assert (own["JPY"]["commission"], own["JPY"]["share"]) == ("125", "874")
    assert (own["KWD"]["commission"], own["KWD"]["share"]) == ("0.250", "1.749")
    assert len(rows) == 4


@in_transaction
def test_rates_go_by_category_and_by_the_month() -> None:
    """A category's own rate before the one for all; a change holds from its month on."""
    tax, label = make_app("Tax"), make_app("Label")
    rate("15")
    rate("5", "invoicing")
    rate("8", "invoicing", DECEMBER)
    actions.file_app(tax, "invoicing", by=SYSTEM, at=BEGIN)
    subscribed(tax, monthly("100.00"))
    subscribed(label, monthly("100.00"))
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    with refused("billing_month_closed"):
        rate("1", "invoicing", NOVEMBER)
    actions.run_month(DECEMBER, by=OFFICE, at=AFTER + timedelta(days=31))
    found = [(row.month, row.developer_id, row.commission) for row in Statement.objects.exclude(developer=None)]
    assert sorted(found) == sorted(
        [
            (NOVEMBER, tax.developer_id, Decimal(5)),
            (NOVEMBER, label.developer_id, Decimal(15)),
            (DECEMBER, tax.developer_id, Decimal(8)),
            (DECEMBER, label.developer_id, Decimal(15)),
        ]
    )


@in_transaction
@pytest.mark.parametrize(("period", "january"), [(FreePeriod.YEAR, "0.00"), (FreePeriod.LIFETIME, "10.00")])
def test_the_first_amount_is_free_for_each_developer(period: FreePeriod, january: str) -> None:
    """Over all apps of a developer together, across a charge that it covers in part, anew with each year or never."""
    app = make_app()
    rate("10")
    actions.set_free_amount(Decimal(150), "EUR", period=period, from_month=NOVEMBER, by=OFFICE, at=BEGIN)
    subscribed(app, monthly("100.00"))
    taken = []
    for month in (NOVEMBER, DECEMBER, date(2027, 1, 1)):
        [own, _] = actions.run_month(month, by=OFFICE, at=months.bounds(month, UTC)[1] + timedelta(hours=1))
        taken.append(f"{own.commission:.2f}")
    assert taken == ["0.00", "5.00", january]


@in_transaction
def test_statements_are_issued_once_and_in_turn() -> None:
    """Not before the month is over, not twice, not out of turn; the clock catches up on every month."""
    subscribed(make_app(), monthly(), at=BEGIN)
    with refused("billing_month_not_over"):
        actions.run_month(NOVEMBER, by=OFFICE, at=AFTER - timedelta(seconds=1))
    with refused("billing_month_not_next"):
        actions.run_month(OCTOBER, by=OFFICE, at=AFTER)
    assert actions.run_due(at=AFTER) == 1
    with refused("billing_month_run_already"):
        actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    assert actions.run_due(at=AFTER) == 0
    assert actions.run_due(at=AFTER + timedelta(days=70)) == 2
    assert Statement.objects.filter(developer=None).count() == MonthRun.objects.count() == 3


@in_transaction
def test_a_correction_is_a_new_entry_of_the_present_month() -> None:
    """The statement that is out stays; seller, developer and marketplace get their parts back on the next one."""
    app = make_app()
    rate("15")
    row, seller = subscribed(app, monthly("9.99"))
    [before, _] = actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    charge = Entry.objects.get()
    actions.correct(charge, Decimal("3.33"), by=OFFICE, at=AFTER, reason="was not there for ten days")
    with refused("billing_correction_not_fitting"):
        actions.correct(charge, Decimal("6.67"), by=OFFICE, at=AFTER, reason="too much")
    made = actions.correct(charge, Decimal("6.66"), by=OFFICE, at=AFTER, reason="and not at all")
    with refused("billing_correction_of_correction"):
        actions.correct(made, Decimal("1.00"), by=OFFICE, at=AFTER, reason="no")
    with refused("billing_correction_not_fitting"):
        actions.correct(charge, Decimal("0.01"), by=OFFICE, at=AFTER, reason="nothing is left")
    actions.cancel(row, by=SYSTEM, at=AFTER)
    assert Statement.objects.get(pk=before.pk).gross == Decimal("9.99")
    rows = actions.run_month(DECEMBER, by=OFFICE, at=AFTER + timedelta(days=31))
    own = next(one for one in rows if one.developer_id)
    assert (own.gross, own.commission) == (Decimal(0), Decimal(0))  # a month of 9.99, and 9.99 given back
    balances = Posting.objects.balances()
    assert balances[(seller.id, "EUR")] == Decimal("9.99")
    assert sum(balances.values()) == 0


@in_transaction
def test_the_books_balance_and_stay() -> None:
    """The database itself refuses a change, a deletion, and an entry whose sides do not add up."""
    subscribed(make_app(), monthly())
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    assert Posting.objects.aggregate(total=Sum("amount"))["total"] == 0
    for model in (Entry, Posting, Statement, MonthRun):
        rows: Any = model._default_manager.all()
        with pytest.raises((ProgrammingError, InternalError), match="only added to"), transaction.atomic():
            rows._raw_delete(rows.db)
        with pytest.raises((ProgrammingError, InternalError), match="only added to"), transaction.atomic():
            rows.update(id="other")
    posting = Posting.objects.first()
    assert posting is not None
    with pytest.raises(IntegrityError, match="do not balance"):
        _post(posting.entry)


@transaction.atomic
def _post(entry: Entry) -> None:
    Posting.objects.create(entry=entry, account="somebody", amount=Decimal(1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@in_transaction
def test_settlements_are_what_statements_say() -> None:
    """The seller owes the gross amount, the developer is owed the share; both add up with the commission."""
    app = make_app()
    rate("15")
    _, seller = subscribed(app, monthly("9.99"))
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    amounts = {row.party: row.amount for row in Settlement.objects.all()}
    assert amounts == {seller.id: Decimal("9.99"), app.developer_id: Decimal("-8.49")}


@in_transaction
def test_nothing_of_billing_reaches_the_gateway() -> None:
    """Money decides on no call: no fact is published by a plan, a subscription or a statement."""
    app, seller = make_app(), make_seller()
    before = list(Fact.objects.order_by("kind", "key").values_list("kind", "key", "number"))
    row = actions.subscribe(make_plan(app), seller, by=SYSTEM, at=BEGIN)
    actions.cancel(row, by=SYSTEM, at=BEGIN)
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    assert list(Fact.objects.order_by("kind", "key").values_list("kind", "key", "number")) == before


def _at_once(in_thread: Callable[..., threading.Thread], action: Callable[[], object], count: int = 8) -> list[str]:
    """What became of several at the same moment: `done`, or the code of the refusal."""
    came: list[str] = []
    gate = threading.Barrier(count)

    def one() -> None:
        gate.wait()
        try:
            action()
        except PiepowderError as error:
            came.append(error.code)
        else:
            came.append("done")

    threads = [in_thread(one) for _ in range(count)]
    for thread in threads:
        thread.join()
    return sorted(came)


def test_one_month_is_run_once_at_the_same_moment(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Of eight that press the button at once, one issues; nobody is charged twice."""
    subscribed(make_app(), monthly())
    came = _at_once(in_thread, lambda: actions.run_month(NOVEMBER, by=OFFICE, at=AFTER))
    assert came == ["billing_month_run_already"] * 7 + ["done"]
    assert (Entry.objects.count(), Statement.objects.count()) == (1, 2)


def test_one_shop_subscribes_once_at_the_same_moment(
    committed: str, in_thread: Callable[..., threading.Thread]
) -> None:
    """A double click is one subscription."""
    plan, seller = make_plan(make_app()), make_seller()
    came = _at_once(in_thread, lambda: actions.subscribe(plan, seller, by=SYSTEM, at=MIDDLE))
    assert came == ["billing_subscribed_already"] * 7 + ["done"]
    assert Subscription.objects.count() == 1


def test_no_more_is_given_back_than_was_paid(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Eight that give the whole charge back at once give it back once."""
    subscribed(make_app(), monthly())
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    charge = Entry.objects.get()
    came = _at_once(in_thread, lambda: actions.correct(charge, charge.gross, by=OFFICE, at=AFTER, reason="twice"))
    assert came == ["billing_correction_not_fitting"] * 7 + ["done"]
