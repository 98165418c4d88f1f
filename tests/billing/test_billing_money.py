from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing import months, rules
from piepowder.rooms.billing.money import DECIMALS, ZERO, Money, parsed, part, rounded, shown
from piepowder.rooms.billing.rules import PlanKind, Terms, Use

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "USD", "ISK", "TND"])
ZONES = [
    UTC,
    *map(ZoneInfo, ("Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Asia/Beirut", "America/Sao_Paulo")),
]


@st.composite
def amounts(draw: st.DrawFn, currency: str, least: int = 0) -> Decimal:
    units = draw(st.integers(least, 10**14))
    return Decimal(units).scaleb(-DECIMALS[currency])


@st.composite
def percents(draw: st.DrawFn) -> Decimal:
    return Decimal(draw(st.integers(0, 1_000_000))).scaleb(-4)


@given(st.data(), CURRENCIES, percents())
def test_parts_always_add_up(data: st.DataObject, currency: str, percent: Decimal) -> None:
    """Commission and share are the gross amount, in whole units, whatever rate and free amount."""
    gross, left = data.draw(amounts(currency)), data.draw(amounts(currency))
    parts = rules.split(gross, percent=percent, free_left=left, currency=currency)
    assert parts.commission + parts.share == gross
    assert 0 <= parts.commission <= gross
    assert parts.commission == rounded(parts.commission, currency)
    assert parts.free == min(gross, left)
    exact = (gross - parts.free) * percent / 100
    assert abs(parts.commission - exact) * 2 <= Decimal(1).scaleb(-DECIMALS[currency])


@given(st.data(), CURRENCIES, percents())
def test_what_is_given_back_in_parts_leaves_nothing(data: st.DataObject, currency: str, percent: Decimal) -> None:
    """After corrections that add up to the charge, nobody keeps a unit of it."""
    gross = data.draw(amounts(currency, least=1))
    charge = rules.split(gross, percent=percent, free_left=ZERO, currency=currency)
    back, commission, share = ZERO, charge.commission, charge.share
    while back < gross:
        amount = min(gross - back, max(data.draw(amounts(currency, least=1)), gross / 5))
        amount = min(gross - back, rounded(amount, currency))
        rules.check_correction(gross, given_back=back, amount=-amount, currency=currency)
        parts = rules.split_back(gross, charge.commission, given_back=back, amount=-amount, currency=currency)
        assert parts.commission + parts.share == -amount
        back, commission, share = back + amount, commission + parts.commission, share + parts.share
        assert min(commission, share) >= 0
    assert (commission, share) == (ZERO, ZERO)


@given(st.data(), CURRENCIES)
def test_what_is_shown_is_read_back(data: st.DataObject, currency: str) -> None:
    """An amount as files have it is the amount itself."""
    amount = data.draw(amounts(currency).filter(lambda one: one < Decimal(10) ** 12))
    assert parsed(shown(amount, currency), currency) == amount
    assert shown(amount, currency).count(".") == (1 if DECIMALS[currency] else 0)


@pytest.mark.parametrize(
    ("amount", "currency", "whole"),
    [
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("0.0049999999", "EUR", "0.00"),
        ("0.5", "JPY", "1"),
        ("2.5", "JPY", "3"),
        ("1.0005", "KWD", "1.001"),
        ("-0.001", "EUR", "0.00"),
    ],
)
def test_half_a_unit_goes_away_from_zero(amount: str, currency: str, whole: str) -> None:
    """The one rounding rule, in currencies of no, two and three decimals."""
    assert shown(Decimal(amount), currency) == whole


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1.5", "JPY", "billing_amount_too_fine"),
        ("1.005", "EUR", "billing_amount_too_fine"),
        ("1.0005", "KWD", "billing_amount_too_fine"),
        ("1e3", "EUR", "billing_amount_malformed"),
        ("NaN", "EUR", "billing_amount_malformed"),
        ("Infinity", "EUR", "billing_amount_malformed"),
        ("1,000.00", "EUR", "billing_amount_malformed"),
        ("9,90", "EUR", "billing_amount_malformed"),
        ("", "EUR", "billing_amount_malformed"),
        ("--1", "EUR", "billing_amount_malformed"),
        ("١٢", "EUR", "billing_amount_malformed"),
        ("1_000", "EUR", "billing_amount_malformed"),
        ("0x10", "EUR", "billing_amount_malformed"),
        ("999999999999999", "EUR", "billing_amount_too_large"),
        ("1", "EURO", "billing_currency_unknown"),
        ("1", "QQQ", "billing_currency_unknown"),
    ],
)
def test_no_amount_is_guessed(text: str, currency: str, code: str) -> None:
    """What could be read in two ways, or needs rounding, is refused."""
    with pytest.raises(PiepowderError) as raised:
        parsed(text, currency)
    assert raised.value.code == code


def _code(read: Callable[[str], Decimal], text: str) -> str:
    try:
        read(text)
    except PiepowderError as error:
        return error.code
    return ""


@given(st.text(max_size=30) | st.from_regex(r"-?[0-9]{0,16}[.,]?[0-9]{0,4}", fullmatch=True))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    """No text whatever makes another error."""
    assert _code(lambda given: parsed(given, "EUR"), text)[:15] in ("", "billing_amount_")
    assert _code(rules.parsed_percent, text) in ("", "billing_rate_malformed")


def test_every_currency_has_its_decimals() -> None:
    """Those of ISO 4217, each once."""
    assert (DECIMALS["EUR"], DECIMALS["JPY"], DECIMALS["KWD"], DECIMALS["ISK"], DECIMALS["TND"]) == (2, 0, 3, 0, 3)
    assert all(len(code) == 3 and code.isupper() for code in DECIMALS)
    assert str(Money(Decimal("1234.5"), "EUR")) == "1234.50 EUR"
    assert part(Decimal(10), Decimal(1), Decimal(3), "EUR") == Decimal("3.33")


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.sampled_from(ZONES))
def test_months_meet_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    """A month ends at the moment the next begins, in every zone, and every moment is in the month that its date says."""
    month = day.replace(day=1)
    begins, ends = months.bounds(month, zone)
    assert ends == months.bounds(months.following(month), zone)[0]
    assert months.before(months.following(month)) == month
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    assert begins.timestamp() <= noon.timestamp() < ends.timestamp()
    assert months.month_of(noon, zone) == month
    assert months.days_touched((begins, ends), zone) == months.days_in(month)


@given(st.integers(0, 30), st.integers(0, 86_399), st.sampled_from(ZONES))
def test_days_are_those_of_the_marketplace(day: int, second: int, zone: ZoneInfo) -> None:
    """A subscription that begins on some day of December is charged for that day and all after it."""
    begins, ends = months.bounds(date(2026, 12, 1), zone)
    since = begins + timedelta(days=day, seconds=second)  # no clock there changes in December
    span = months.within((begins, ends), since, None)
    assert span is not None
    assert months.days_touched(span, zone) == 31 - day


def test_a_span_that_is_over_before_it_begins_is_none() -> None:
    """A trial that outlasts the month costs nothing in it."""
    span = months.bounds(date(2026, 11, 1), UTC)
    assert months.within(span, span[1], None) is None
    assert months.within(span, span[0] + timedelta(days=5), span[0] + timedelta(days=5)) is None


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "26-11", "", "2026-11-01", "november", "\uff12\uff10\uff12\uff16-11"]
)
def test_a_month_that_is_none_is_refused(text: str) -> None:
    """Four digits, a dash, two digits."""
    with pytest.raises(PiepowderError) as raised:
        months.parsed(text)
    assert raised.value.code == "billing_month_malformed"


@given(st.data(), CURRENCIES, st.integers(28, 31))
def test_days_cost_their_part_of_a_month(data: st.DataObject, currency: str, days: int) -> None:
    """A whole month costs the whole amount, no day more than the month."""
    amount = data.draw(amounts(currency, least=1).filter(lambda one: one < Decimal(10) ** 11))
    terms = Terms(kind=PlanKind.MONTHLY, currency=currency, amount=amount)
    assert rules.owed(terms, Use(days=days, days_in_month=days)) == amount
    used = data.draw(st.integers(0, days))
    assert 0 <= rules.owed(terms, Use(days=used, days_in_month=days)) <= amount


@given(st.integers(0, 10**7), st.integers(0, 10**6))
def test_included_orders_cost_nothing(orders: int, included: int) -> None:
    """Only the orders beyond them are multiplied."""
    terms = Terms(kind=PlanKind.PER_ORDER, currency="EUR", amount=Decimal("0.05"), included_orders=included)
    use = Use(days=1, days_in_month=30, orders=orders)
    assert rules.owed(terms, use) == max(0, orders - included) * Decimal("0.05")
