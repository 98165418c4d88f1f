import pytest

from piepowder.core.policy.narrowing import left_to

GRANTED = ("shipping", "shipping.labels", "tax")


@pytest.mark.parametrize(
    ("purpose", "left"),
    [
        ("shipping", {"buyer.name"}),
        ("shipping.customs", {"buyer.name"}),
        ("shipping.labels", None),
        ("tax", set()),
        ("tax.invoices", set()),
        ("metrics", set()),
    ],
)
def test_the_nearest_granted_purpose_speaks(purpose: str, left: set[str] | None) -> None:
    """A purpose reads what was left to it, or to the nearest granted one above it; one that nobody granted reads nothing."""
    narrowed = {"shipping": ("buyer.name",), "tax": ()}
    assert left_to(purpose, GRANTED, narrowed) == left


def test_a_whole_grant_narrows_nothing() -> None:
    """Without a narrowing every purpose reads what the manifest declares for it."""
    assert left_to("shipping", GRANTED, None) is None
    assert left_to(None, GRANTED, {}) is None


def test_an_unknown_purpose_gets_what_every_narrowed_one_was_left() -> None:
    """The strictest that it could mean; a group and its member meet at the member."""
    narrowed = {"shipping": ("buyer.address", "buyer.name"), "tax": ("buyer.address.street", "buyer.tax_id")}
    assert left_to(None, GRANTED, narrowed) == frozenset({"buyer.address.street"})
    assert left_to(None, GRANTED, {"shipping": ("buyer.name",)}) == frozenset({"buyer.name"})
