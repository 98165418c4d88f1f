from datetime import UTC, datetime, timedelta

import pytest

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import rules
from piepowder.rooms.appstore.rules import TRANSITIONS, ModeStatus, check_manifest, check_rates, check_until
from piepowder.rooms.ground.machine import draw

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KNOWN = {"orders.v0.getOrders", "orders.v0.getOrder"}


def test_the_drawing_in_the_docstring_is_the_table() -> None:
    """The module's docstring shows exactly the moves that the table allows."""
    drawn = [line.strip() for line in (rules.__doc__ or "").splitlines() if "->" in line]
    assert drawn == draw(TRANSITIONS).splitlines()
    assert set(TRANSITIONS) == set(ModeStatus)


@pytest.mark.parametrize(
    ("operations", "categories", "problems"),
    [
        ({"orders.v0.getOrders": ("shipping",)}, {"shipping": ("buyer.name", "buyer.address")}, []),
        ({"orders.v0.getOrders": ("shipping.labels",)}, {}, []),
        ({}, {}, ["the manifest names no operation"]),
        ({"orders.v0.dropOrders": ("shipping",)}, {}, ["operation `orders.v0.dropOrders` is not in the catalogue"]),
        ({"orders.v0.getOrders": ()}, {}, ["operation `orders.v0.getOrders` has no purpose"]),
        (
            {"orders.v0.getOrders": ("mischief",)},
            {},
            ["unknown purpose `mischief` of operation `orders.v0.getOrders`"],
        ),
        ({"orders.v0.getOrders": ("none",)}, {}, ["unknown purpose `none` of operation `orders.v0.getOrders`"]),
        (
            {"orders.v0.getOrders": ("shipping",)},
            {"tax": ("buyer.tax_id",)},
            ["purpose `tax` has data categories, but no operation is called for it"],
        ),
        (
            {"orders.v0.getOrders": ("shipping",)},
            {"shipping": ("buyer.shoe_size",)},
            ["unknown data category `buyer.shoe_size` for purpose `shipping`"],
        ),
    ],
)
def test_a_manifest_names_only_what_exists(
    operations: dict[str, tuple[str, ...]], categories: dict[str, tuple[str, ...]], problems: list[str]
) -> None:
    """Operations, purposes and categories of a manifest are known words, and belong together."""
    assert check_manifest(ManifestFact(operations, categories), KNOWN) == problems


@pytest.mark.parametrize(
    ("rates", "count"),
    [
        ({"*": (1.0, 5), "orders.v0.getOrders": (0.0167, 20)}, 0),
        ({"orders.v0.nothing": (1.0, 5)}, 1),
        ({"*": (0.0, 5)}, 1),
        ({"*": (float("nan"), 5)}, 1),
        ({"*": (float("inf"), 0)}, 2),
        ({"*": (-1.0, -1)}, 2),
    ],
)
def test_a_rate_is_a_positive_number(rates: dict[str, tuple[float, int]], count: int) -> None:
    """A plan whose rate is no rate, or for an unknown operation, is refused with a sentence for each."""
    assert len(check_rates(rates, KNOWN)) == count


@pytest.mark.parametrize(
    ("mode", "days", "code"),
    [
        (Mode.OBSERVE, None, "appstore_mode_without_end"),
        (Mode.OBSERVE, 0, "appstore_mode_end_past"),
        (Mode.OBSERVE, 181, "appstore_mode_end_far"),
        (Mode.ENFORCE, -1, "appstore_mode_end_past"),
    ],
)
def test_observe_mode_ends(mode: Mode, days: int | None, code: str) -> None:
    """Observe mode has an end date ahead, and not too far ahead."""
    until = None if days is None else AT + timedelta(days=days)
    with pytest.raises(PiepowderError) as raised:
        check_until(mode, until, AT)
    assert raised.value.code == code


def test_other_modes_may_last() -> None:
    """Only observe mode needs an end date."""
    check_until(Mode.ENFORCE, None, AT)
    check_until(Mode.SUBSTITUTE, AT + timedelta(days=1000), AT)
    check_until(Mode.OBSERVE, AT + timedelta(days=180), AT)
