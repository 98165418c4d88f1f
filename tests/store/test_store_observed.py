import random
from datetime import date

import pytest

from piepowder.core.kernel.json import encode_text
from piepowder.rooms.store.observed import Counted, Promise, Row, add_up, label, middle, personal_asked, shares
from piepowder.rooms.store.sketch import added, distinct, from_registers
from piepowder.rooms.store.verdicts import Became, became

DAY = date(2026, 11, 20)
DECLARED = {"shipping": ("buyer.name", "buyer.address", "order.item"), "tax": ("buyer.name",)}


def verdicts(**states: dict[str, str]) -> str:
    return encode_text({state: {name: [done] for name, done in told.items()} for state, told in states.items()})


def told(text: str, orders: dict[str, int]) -> dict[str, tuple[str, int]]:
    return {one.category: (one.done, one.orders_read) for one in became(text, orders)}


def test_the_kindest_state_counts() -> None:
    """Read in one state is read; the orders of other states do not count."""
    text = verdicts(shipped={"buyer.name": "kept"}, closed={"buyer.name": "withheld"})
    assert told(text, {"shipped": 2, "closed": 5})["buyer.name"] == ("read", 2)


def test_words_above_categories_count_too() -> None:
    """An address is read when a part of it is, once for each order."""
    text = verdicts(shipped={"buyer.address.street": "kept", "buyer.address.postcode": "substituted"})
    counted = told(text, {"shipped": 3})
    assert counted["buyer.address"] == ("read", 3)
    assert counted["buyer.address.postcode"] == ("replaced", 0)


def test_nothing_of_anybody_is_read_without_an_order() -> None:
    """A page without orders reads no shopper's data; the seller's own is read all the same."""
    text = verdicts(none={"buyer.name": "kept", "seller.commercial": "kept"})
    counted = told(text, {})
    assert "buyer.name" not in counted
    assert counted["seller.commercial"] == ("read", 0)


def test_data_elements_belong_to_their_state() -> None:
    """`shipped/shippingAddress` is a part of `shipped`."""
    text = encode_text({"shipped/shippingAddress": {"buyer.address.street": ["kept"]}})
    assert told(text, {"shipped": 1})["buyer.address.street"] == ("read", 1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"a": 1}', "not json"])
def test_strange_verdicts_count_nothing(text: str) -> None:
    """A call of another release counts as a call."""
    assert became(text, {"shipped": 1}) == list[Became]()


def hashes(count: int, seed: int = 7) -> bytes:
    drawn, registers = random.Random(seed), dict[int, int]()
    for _ in range(count):
        one = drawn.randbytes(16)
        number = int.from_bytes(one[1:4], "big")
        rank = 25 if number == 0 else 25 - number.bit_length()
        registers[one[0]] = max(registers.get(one[0], 0), rank)
    return from_registers(registers)


@pytest.mark.parametrize("count", [0, 1, 7, 100, 5_000, 50_000])
def test_a_sketch_is_about_right(count: int) -> None:
    """Within a fifth for many, within one or two for few."""
    assert abs(distinct(hashes(count)) - count) <= max(2, count / 4)


def test_sketches_add_up() -> None:
    """A month is the sum of its days, and the same order on two days is one."""
    one, other = hashes(300), hashes(300, seed=8)
    assert distinct(added(one, one)) == distinct(one)
    assert 450 < distinct(added(one, other)) < 750
    assert added(b"", one) == one


def day(sellers: list[str], calls: int = 10, **more: int) -> dict[str, object]:
    plain = {"personal": 0, "refused": 0, "orders": 0}
    return {"day": DAY, "purpose": "shipping", "calls": calls, "sellers": sellers, "seen": hashes(20), **plain, **more}


def tally(category: str, read: int, sellers: list[str], **more: object) -> dict[str, object]:
    plain = {"purpose": "shipping", "replaced": 0, "withheld": 0, "orders_read": 40}
    return {"category": category, "read": read, "sellers": sellers, **plain, **more}


ABC = ["sel_a", "sel_b", "sel_c"]


def rows(counted: Counted, medians: dict[str, float] | None = None) -> dict[str, Row]:
    promises = {("shipping", "buyer.name"): Promise(effect="keep", note="")}
    shown = label(DECLARED, promises, add_up(counted), shelf="Shipping", medians=medians or {})
    return {row.category: row for row in shown.rows}


def test_shares_and_volumes() -> None:
    """Read in 4 of 10 calls, each order's name twice; the median stands beside it; the rest was never read."""
    counted = Counted(days=(day(ABC),), tallies=(tally("buyer.name", 4, ABC),))
    row = rows(counted, {"buyer.name": 0.1})["buyer.name"]
    assert (row.share, row.median) == (0.4, 0.1)
    assert row.per_order == pytest.approx(2, abs=0.4)
    assert [use.share for use in row.uses] == [0.4, 0]
    assert rows(counted)["buyer.address"].never


def test_below_three_sellers_nothing_is_kept() -> None:
    """Neither the whole nor a part that one or two shops are behind leaves the counting."""
    few = add_up(Counted(days=(day(ABC[:2]),), tallies=(tally("buyer.name", 4, ABC[:2]),)))
    assert (few.shown, few.calls, few.cells) == (False, 0, [])
    part = Counted(days=(day(ABC),), tallies=(tally("buyer.name", 4, ABC[:2]),))
    assert {(cell.shown, cell.read) for cell in add_up(part).cells} == {(False, 0)}
    assert rows(part)["buyer.name"].share is None


def test_sellers_of_several_days_are_put_together() -> None:
    """Three shops on three days are three."""
    days = tuple(day([seller]) for seller in ABC)
    assert add_up(Counted(days=days, tallies=())).shown


def test_an_app_that_never_called_has_no_shares() -> None:
    """Nothing is said about it, not even that it reads nothing."""
    shown = label(DECLARED, {}, None)
    assert shown.state == "none"
    assert {row.share for row in shown.rows} == {None}
    assert shares(add_up(Counted(days=(), tallies=())), DECLARED) == {}


def test_kinds_of_data_are_counted() -> None:
    """A group counts for all that is in it; order data does not count."""
    assert personal_asked(DECLARED) == 5
    assert personal_asked({"metrics": ("order.money", "seller.commercial")}) == 0
    assert personal_asked({"shipping": ("buyer.address", "buyer.address.street")}) == 4


def test_the_middle() -> None:
    """Of shares."""
    assert [middle([0.5]), middle([0.25, 0.75]), middle([0.9, 0.1, 0.3])] == [0.5, 0.5, 0.3]
