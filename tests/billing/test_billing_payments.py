from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing import actions
from piepowder.rooms.billing.models import Settlement
from piepowder.rooms.billing.payments import Answer, Order, Outcome, Recording, provider
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.notices.models import Letter
from tests.support.billing import AFTER, BEGIN, NOVEMBER, OFFICE, make_plan, monthly
from tests.support.consent import make_app, make_seller

ORDER = Order(key="setl_1.0", party="sel_1", amount=Decimal("9.90"), currency="EUR", words="Apps November 2026")
LATER = AFTER + timedelta(minutes=20)


@pytest.fixture(params=["memory", "file"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Recording:
    """Every provider there is, for the tests of the contract."""
    return Recording(tmp_path / "payments.jsonl" if request.param == "file" else None)


def refused(code: str) -> "pytest.RaisesExc[PiepowderError]":
    return pytest.raises(PiepowderError, check=lambda error: error.code == code)


def test_the_same_key_moves_nothing_twice(kept: Recording) -> None:
    """The second answer is what became of the first order."""
    first = kept.collect(ORDER)
    assert (kept.collect(ORDER), kept.look(ORDER.key)) == (first, first)
    assert [line.order for line in kept.taken()] == [ORDER]
    assert first.reference


@pytest.mark.parametrize("changed", [{"amount": Decimal("9.91")}, {"party": "sel_2"}, {"currency": "USD"}])
def test_a_key_is_of_one_order(kept: Recording, changed: dict[str, object]) -> None:
    """Another amount, party or direction under the same key is refused."""
    kept.collect(ORDER)
    with refused("billing_payment_key_reused"):
        kept.collect(msgspec.structs.replace(ORDER, **changed))
    with refused("billing_payment_key_reused"):
        kept.pay_out(ORDER)


def test_what_was_never_ordered_is_unknown(kept: Recording) -> None:
    """Looking makes no payment."""
    with refused("billing_payment_unknown"):
        kept.look("setl_2.0")


def test_a_provider_that_is_away_says_so(kept: Recording) -> None:
    """And has taken nothing."""
    kept.available = False
    with refused("billing_payment_unavailable"):
        kept.collect(ORDER)
    with refused("billing_payment_unavailable"):
        kept.pay_out(ORDER)
    with refused("billing_payment_unavailable"):
        kept.look(ORDER.key)
    kept.available = True
    assert kept.taken() == []


def test_an_order_has_no_place_for_a_card() -> None:
    """What goes to a provider and comes back are ids, an amount and words."""
    assert Order.__struct_fields__ == ("key", "party", "amount", "currency", "words")
    assert Answer.__struct_fields__ == ("outcome", "reference", "problem")


def test_the_setting_names_the_provider(tmp_path: Path) -> None:
    """By hand there is none; the recording one writes into the data folder, for all processes."""
    assert provider("by_hand", tmp_path) is None
    first, second = provider("recording", tmp_path), provider("recording", tmp_path)
    assert isinstance(first, Recording)
    assert isinstance(second, Recording)
    first.pay_out(ORDER)
    assert second.look(ORDER.key).outcome is Outcome.SETTLED


@pytest.fixture
def due(db: None) -> Callable[[], dict[str, Settlement]]:
    """A month of 9.90 without commission was run: what is due, by the first letters of the party."""
    plan = make_plan(make_app(), monthly())
    actions.subscribe(plan, make_seller(), by=SYSTEM, at=BEGIN)
    actions.run_month(NOVEMBER, by=OFFICE, at=AFTER)
    return lambda: {row.party[:3]: row for row in Settlement.objects.all()}


Due = Callable[[], dict[str, Settlement]]


def test_the_clock_collects_and_pays_out(due: Due) -> None:
    """From the seller, to the developer; settled ones are never sent again."""
    kept = Recording()
    assert actions.settle_due(kept, at=AFTER) == 2
    assert {row.status for row in due().values()} == {"settled"}
    assert {(line.verb, line.order.party[:3], line.order.amount) for line in kept.taken()} == {
        ("collect", "sel", Decimal("9.90")),
        ("pay_out", "dev", Decimal("9.90")),
    }
    assert actions.settle_due(kept, at=LATER) == 0


def test_a_provider_that_is_away_is_asked_again(due: Due) -> None:
    """Nothing is lost or doubled."""
    kept = Recording()
    kept.available = False
    actions.settle_due(kept, at=AFTER)
    assert {row.status for row in due().values()} == {"due"}
    assert due()["sel"].problem == "the payment provider does not answer"
    kept.available = True
    assert actions.settle_due(kept, at=AFTER) == 0
    assert actions.settle_due(kept, at=LATER) == 2
    assert {row.status for row in due().values()} == {"settled"}


def test_what_is_under_way_is_looked_at(due: Due) -> None:
    """Until the provider says what became of it."""
    kept = Recording(becomes=Outcome.UNDER_WAY)
    actions.settle_due(kept, at=AFTER)
    assert {row.status for row in due().values()} == {"sent"}
    kept.settle(f"{due()['sel'].id}.0", Outcome.FAILED, "the account is closed")
    kept.settle(f"{due()['dev'].id}.0", Outcome.SETTLED)
    actions.settle_due(kept, at=LATER)
    rows = due()
    assert (rows["sel"].status, rows["dev"].status) == ("failed", "settled")
    assert Letter.objects.filter(recipient=rows["sel"].party, kind="billing.payment_failed").count() == 1
    actions.try_again(rows["sel"], by=OFFICE, at=LATER)
    kept.becomes = Outcome.SETTLED
    actions.settle_due(kept, at=LATER)
    assert due()["sel"].status == "settled"
    assert len(kept.taken()) == 3


def test_without_a_provider_staff_settle(due: Due) -> None:
    """With a reference that is no card number; once."""
    assert actions.settle_due(None, at=LATER) == 0
    row = due()["sel"]
    for text, code in (("  ", "missing"), ("4111 1111 1111 1111", "is_card"), ("card 4111-1111-1111-1111", "is_card")):
        with refused(f"billing_reference_{code}"):
            actions.settle_by_hand(row, reference=text, by=OFFICE, at=LATER)
    row = actions.settle_by_hand(row, reference="bank 2026-12-03, line 7", by=OFFICE, at=LATER)
    assert (row.status, row.reference) == ("settled", "bank 2026-12-03, line 7")
    with refused("billing_settlement_not_from_here"):
        actions.settle_by_hand(row, reference="again", by=OFFICE, at=LATER)
    with refused("billing_payment_not_failed"):
        actions.try_again(row, by=OFFICE, at=LATER)
