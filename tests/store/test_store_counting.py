import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from piepowder.rooms.people.models import Seller
from piepowder.rooms.store import actions
from piepowder.rooms.store.actions import counting
from piepowder.rooms.store.labels import described, label_of
from piepowder.rooms.store.models import Day, Label, Listing, Median, Place, Tally
from tests.support.storefront import call, days, make_app, make_listing, make_sellers, refused

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NEXT = timedelta(minutes=10)


@pytest.fixture
def listing(committed: str) -> Listing:
    return make_listing(AT)


@pytest.fixture
def sellers(committed: str) -> list[Seller]:
    return make_sellers(3, AT)


def row(listing: Listing, category: str) -> dict[str, object]:
    found = described(label_of(Listing.objects.of_app(listing.app_id)))["rows"]
    return next(one for one in found if one["category"] == category)


def test_declared_beside_observed(listing: Listing, sellers: list[Seller]) -> None:
    """Asks for names and addresses; read names in half of the calls, an order's name twice, addresses never."""
    orders = tuple(bytes([number]) * 16 for number in range(10))
    for seller in sellers:
        call(listing.app, seller, AT, kept=("buyer.name", "order.item"), orders=orders)
        call(listing.app, seller, AT, kept=("order.item",), withheld=("buyer.address.street",), orders=orders)
    refused(listing.app, sellers[0], AT)
    assert actions.count_due(at=AT) == 1
    label = described(label_of(listing))
    assert (label["state"], label["calls"], label["calls_with_personal_data"], label["refused"]) == ("shown", 6, 3, 1)
    assert label["orders"] == 10
    name, address = row(listing, "buyer.name"), row(listing, "buyer.address")
    assert (name["share_read"], name["reads_per_order"], name["never_used"]) == (0.5, 3, False)
    assert (address["share_read"], address["share_withheld"], address["never_used"]) == (0, 0.5, True)


def test_below_three_sellers_nothing_is_shown(listing: Listing, sellers: list[Seller]) -> None:
    """Two sellers' calls are counted and kept to ourselves; with the third they are shown."""
    for seller in sellers[:2]:
        call(listing.app, seller, AT, kept=("buyer.name",))
    actions.count_due(at=AT)
    hidden = described(label_of(listing))
    assert (hidden["state"], hidden["calls"], row(listing, "buyer.name")["share_read"]) == ("few", 0, None)
    assert Label.objects.get(pk=listing.app_id).body["cells"] == []
    call(listing.app, sellers[2], AT, kept=("buyer.name",))
    actions.count_due(at=AT + NEXT)
    assert row(listing, "buyer.name")["share_read"] == 1


def test_each_record_counts_once(
    listing: Listing, sellers: list[Seller], monkeypatch: pytest.MonkeyPatch, in_thread: Callable[..., threading.Thread]
) -> None:
    """In small batches, in looks one after another and at once, and after a look that died before its end."""
    monkeypatch.setattr(counting, "BATCH_RECORDS", 2)
    for seller in sellers:
        for _ in range(3):
            call(listing.app, seller, AT, kept=("buyer.name",))
    with monkeypatch.context() as broken:
        broken.setattr(counting, "_put", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            actions.count_due(at=AT)
    assert not Day.objects.exists()
    threads = [in_thread(actions.count_due, at=AT) for _ in range(3)]
    for thread in threads:
        thread.join(30)
    for number in range(1, 4):
        actions.count_due(at=AT + number * NEXT)
    assert [day.calls for day in Day.objects.all()] == [9]
    assert Tally.objects.get(category="buyer.name").read == 9


def test_thirty_days_pass(listing: Listing, sellers: list[Seller]) -> None:
    """What was read longer ago leaves the label although nothing new happens, and the tables some time after."""
    for seller in sellers:
        call(listing.app, seller, AT, kept=("buyer.name",))
    actions.count_due(at=AT)
    actions.count_due(at=AT + days(29))
    assert label_of(listing).state == "shown"
    actions.count_due(at=AT + days(30))
    assert label_of(listing).state == "none"
    actions.count_due(at=AT + days(50))
    assert not Day.objects.exists()


def test_the_escape_of_nul_stops_nobody(listing: Listing, sellers: list[Seller]) -> None:
    """A record with it in its detail, which PostgreSQL cannot take apart, is counted like the others."""
    for seller in sellers:
        written = call(listing.app, seller, AT, kept=("buyer.name",))
        call(
            listing.app,
            seller,
            AT,
            detail=written.detail[:-1] + b',"notes":["a\\u0000b\\\\u0000"]}',
            orders=written.orders,
        )
    actions.count_due(at=AT)
    assert row(listing, "buyer.name")["share_read"] == 1


def test_medians_of_a_shelf(listing: Listing, sellers: list[Seller]) -> None:
    """Of three apps on it, the middle one; for fewer there is none."""
    apps = [listing.app, make_app(AT, "Second"), make_app(AT, "Third")]
    for number, app in enumerate(apps):
        if number:
            make_listing(AT, app)
        for seller in sellers:
            for turn in range(2):
                call(app, seller, AT, kept=("buyer.name",) if turn < number else ("order.item",))
    actions.count_due(at=AT)
    assert Median.objects.get(shelf="shipping", category="buyer.name").share == 0.5
    assert row(listing, "buyer.name")["median_of_shelf"] == 0.5


def test_a_look_rests_as_long_as_it_worked_many_times(listing: Listing, sellers: list[Seller]) -> None:
    """So that counting never takes a processor for itself."""
    actions.count_due(at=AT)
    Place.objects.filter(pk=1).update(took_seconds=30)
    call(listing.app, sellers[0], AT)
    assert actions.count_due(at=AT + timedelta(minutes=9)) == 0
    assert actions.count_due(at=AT + timedelta(minutes=11)) == 1


def test_purposes_joined_count_for_each(listing: Listing, sellers: list[Seller]) -> None:
    """A call under `shipping+tax` is one for shipping."""
    for seller in sellers:
        call(listing.app, seller, AT, kept=("buyer.name",), purpose="shipping+tax")
    actions.count_due(at=AT)
    (use,) = next(one for one in label_of(listing).rows if one.category == "buyer.name").uses
    assert use.share == 1


def test_a_purpose_of_one_seller_is_not_told_apart(listing: Listing, sellers: list[Seller]) -> None:
    """The sum over all sellers stays; no purpose is shown, so that the hidden one is not what is left."""
    for seller in sellers:
        call(listing.app, seller, AT, kept=("buyer.name",))
    call(listing.app, sellers[0], AT, kept=("buyer.name",), purpose="tax")
    actions.count_due(at=AT)
    shown = next(one for one in label_of(listing).rows if one.category == "buyer.name")
    assert (shown.share, [use.share for use in shown.uses]) == (1, [None])
