from decimal import Decimal

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing import rules
from piepowder.rooms.billing.rules import PlanKind, Terms
from tests.support.billing import FREE, monthly, per_order

TABLES = (rules.PLAN_TRANSITIONS, rules.TRANSITIONS, rules.OFFER_TRANSITIONS, rules.SETTLEMENT_TRANSITIONS)


def test_the_drawings_are_the_tables() -> None:
    """The module's docstring draws exactly the moves there are."""
    drawn = [line.strip() for line in (rules.__doc__ or "").splitlines() if "->" in line]
    assert drawn == [
        f"{before} -> {', '.join(sorted(after)) or '(final)'}" for table in TABLES for before, after in table.items()
    ]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (monthly("0.00"), "billing_amount_not_fitting"),
        (monthly("-1.00"), "billing_amount_not_fitting"),
        (Terms(kind=PlanKind.FREE, currency="EUR", amount=Decimal(1)), "billing_amount_not_fitting"),
        (Terms(kind=PlanKind.FREE, currency="EUR", amount=Decimal(0), trial_days=1), "billing_trial_not_fitting"),
        (monthly(trial_days=91), "billing_trial_not_fitting"),
        (monthly(trial_days=-1), "billing_trial_not_fitting"),
        (monthly(included_orders=1), "billing_included_not_fitting"),
        (per_order(included_orders=1_000_001), "billing_included_not_fitting"),
    ],
)
def test_terms_that_say_two_things_are_refused(terms: Terms, code: str) -> None:
    """What is free costs nothing and has no trial; only a plan per order has free orders."""
    with pytest.raises(PiepowderError) as raised:
        rules.check_terms(terms)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (FREE, "Free"),
        (monthly(trial_days=14), "9.90 EUR a month, first 14 days free"),
        (per_order("3", "JPY", included_orders=100), "3 JPY for each order, 100 orders a month free"),
    ],
)
def test_a_price_is_a_sentence(terms: Terms, words: str) -> None:
    """As the store and the consent page show it."""
    rules.check_terms(terms)
    assert rules.words_of(terms) == words


@pytest.mark.parametrize("text", ["-1", "100.01", "1e1", "", "15.00001", "fifteen"])
def test_a_rate_is_a_percentage(text: str) -> None:
    """0 to 100, four decimals at most."""
    with pytest.raises(PiepowderError) as raised:
        rules.parsed_percent(text)
    assert raised.value.code == "billing_rate_malformed"
    assert rules.parsed_percent("2.5 %") == Decimal("2.5")
