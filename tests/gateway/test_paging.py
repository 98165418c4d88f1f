"""Page tokens: only the same app, for the same seller, grant, operation and filters, within a day."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from piepowder.core.kernel.errors import PiepowderError
from piepowder.gateway.paging import Binding, filters_digest, open_sealed, seal
from piepowder.gateway.refused import Refused

KEY = bytes(range(32))
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
BINDING = Binding(
    app="app_1",
    seller="sel_1",
    grant="grt_1",
    operation="orders.v0.getOrders",
    filters=filters_digest([("OrderStatuses", "Shipped")]),
)


def refusal(token: str, binding: Binding = BINDING, *, key: bytes = KEY, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as caught:
        open_sealed(key, token, binding, now=now)
    assert caught.value.refusal.kind == "invalid"
    return caught.value.refusal.reason


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_token_comes_back_to_whom_it_was_issued(upstream_token: str) -> None:
    """Whatever upstream's token holds; it travels in a URL as it is."""
    sealed = seal(KEY, upstream_token, BINDING, issued_at=NOW)
    assert set(sealed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert open_sealed(KEY, sealed, BINDING, now=NOW + timedelta(hours=23)) == upstream_token


def test_token_shows_nothing_of_what_upstream_said() -> None:
    """Encrypted, and different each time."""
    first, second = (seal(KEY, "email=PPW-jane@example.com", BINDING, issued_at=NOW) for _ in range(2))
    assert first != second
    assert b"PPW" not in base64.urlsafe_b64decode(first + "==")


@pytest.mark.parametrize(
    "change",
    [
        {"app": "app_2"},
        {"seller": "sel_2"},
        {"grant": "grt_2"},
        {"operation": "orders.v0.getOrderItems"},
        {"filters": filters_digest([("OrderStatuses", "Unshipped")])},
        {"filters": b""},
        {"app": "app_1sel", "seller": "_1"},
    ],
)
def test_token_of_another_call_is_foreign(change: dict[str, str | bytes]) -> None:
    """Each part of the binding counts."""
    assert refusal(seal(KEY, "t", BINDING, issued_at=NOW), replace(BINDING, **change)) == "page_token_foreign"


def test_token_expires_after_a_day() -> None:
    """And one from the future was not issued by a clock we believe."""
    sealed = seal(KEY, "t", BINDING, issued_at=NOW)
    assert open_sealed(KEY, sealed, BINDING, now=NOW + timedelta(hours=24)) == "t"
    assert refusal(sealed, now=NOW + timedelta(hours=24, seconds=1)) == "page_token_expired"
    assert refusal(sealed, now=NOW - timedelta(minutes=2)) == "page_token_expired"
    assert open_sealed(KEY, sealed, BINDING, now=NOW - timedelta(seconds=30)) == "t"


def test_every_changed_character_is_noticed() -> None:
    """One by one; also a token cut short, padded, or sealed with another key."""
    sealed = seal(KEY, "t", BINDING, issued_at=NOW)
    for at, character in enumerate(sealed):
        other = "A" if character != "A" else "Q"
        assert refusal(sealed[:at] + other + sealed[at + 1 :]) == "page_token_malformed"
    assert refusal(sealed[:-4]) == "page_token_malformed"
    assert refusal(sealed + "AAAA") == "page_token_malformed"
    assert refusal(sealed, key=bytes(32)) == "page_token_malformed"


@pytest.mark.parametrize(
    "token", ["", "x", "2", "é", "a b", "====", "A" * 100, "A" * 100_000, "\x00", "+/+/", "\ud800"]
)
def test_what_never_was_a_token_is_malformed(token: str) -> None:
    """Anything at all may stand in a query."""
    assert refusal(token) == "page_token_malformed"


def test_last_characters_spare_bits_are_no_second_spelling() -> None:
    """base64 leaves bits unused; a token has one spelling only."""
    for length in range(1, 6):
        sealed = seal(KEY, "t" * length, BINDING, issued_at=NOW)
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for last in alphabet:
            if last != sealed[-1]:
                assert refusal(sealed[:-1] + last) == "page_token_malformed"


def test_upstream_token_too_long_for_a_url_is_an_error_of_ours() -> None:
    """It is not handed to an app that could never send it back."""
    with pytest.raises(PiepowderError) as caught:
        seal(KEY, "t" * 5000, BINDING, issued_at=NOW)
    assert caught.value.code == "gateway_page_token_too_long"


def test_filters_are_the_same_in_any_order_of_names() -> None:
    """But not across names, values or their number."""
    assert filters_digest([("a", "1"), ("b", "2")]) == filters_digest([("b", "2"), ("a", "1")])
    digests = [
        filters_digest(each)
        for each in ([], [("a", "12")], [("a1", "2")], [("a", "1"), ("a", "2")], [("a", "1"), ("2", "")])
    ]
    assert len(set(digests)) == len(digests)
