"""Pseudonyms, aliases, masks, shortened postcodes and normal forms."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.marks import (
    MASK,
    alias,
    could_be_alias,
    mask,
    mask_email,
    mask_name,
    mask_phone,
    normal_country,
    normal_email,
    normal_name,
    normal_phone,
    normal_postcode,
    outward,
    pseudonym,
)

KEY = bytes(range(32))
PARTS = ("app_a", "sel_a", "buyer-1")


def by_hand(kind: str, app: str, seller: str, *rest: str) -> str:
    """The mark as the documentation describes it, with nothing of the implementation: a derived key, BLAKE2b, 80 bits, base32."""
    subject, epoch = rest[0], rest[1:]
    parts = [part.encode() for part in (kind, app, seller, *epoch)]
    derived = hmac.new(KEY, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256").digest()
    digest = hashlib.blake2b(subject.encode(), digest_size=10, key=derived).digest()
    return base64.b32encode(digest).decode().lower()


def test_known_vectors() -> None:
    """These very marks must come out for ever: other systems hold them."""
    assert pseudonym(KEY, *PARTS) == "buyer-slm4cj3zp6lc"
    assert alias(KEY, *PARTS, "1", "relay.example") == "rxgftfjymkvmoocl@relay.example"


@given(app=st.text(), seller=st.text(), subject=st.text(), epoch=st.text())
def test_marks_are_the_keyed_hash_of_their_parts(app: str, seller: str, subject: str, epoch: str) -> None:
    """Pseudonym and alias agree with a second way of computing them, for any text."""
    assert pseudonym(KEY, app, seller, subject) == "buyer-" + by_hand("pseudonym", app, seller, subject)[:12]
    assert (
        alias(KEY, app, seller, subject, epoch, "x.example")
        == by_hand("alias", app, seller, subject, epoch) + "@x.example"
    )


def test_marks_differ_by_everything_they_depend_on() -> None:
    """Key, app, seller, buyer and epoch each change the alias, and no two lists of parts run together."""
    made = {
        alias(KEY, "a", "s", "b", "1", "d"),
        alias(KEY[::-1], "a", "s", "b", "1", "d"),
        alias(KEY, "a2", "s", "b", "1", "d"),
        alias(KEY, "a", "s2", "b", "1", "d"),
        alias(KEY, "a", "s", "b2", "1", "d"),
        alias(KEY, "a", "s", "b", "2", "d"),
        alias(KEY, "as", "", "b", "1", "d"),
        alias(KEY, "", "as", "b", "1", "d"),
    }
    assert len(made) == 8
    assert pseudonym(KEY, "a", "s", "b")[6:] not in alias(KEY, "a", "s", "b", "1", "d")


@given(subject=st.text())
def test_an_alias_survives_normalisers(subject: str) -> None:
    """Its local part is 16 lower-case letters and digits, so trimming, case folding and tag or dot removal leave it as it is."""
    local, _, domain = alias(KEY, "app_a", "sel_a", subject, "1", "relay.example").partition("@")
    assert len(local) == 16
    assert local == local.lower().strip().replace(".", "").split("+")[0]
    assert local.isascii()
    assert local.isalnum()
    assert domain == "relay.example"


def test_an_alias_is_recognised_by_its_shape() -> None:
    """An alias is recognised however it was written, and other mailboxes of the domain are not."""
    made = alias(KEY, *PARTS, "1", "relay.example")
    assert could_be_alias(made, "relay.example")
    assert could_be_alias(f"  {made.upper()} ", "relay.example")
    assert not could_be_alias(made, "other.example")
    assert not could_be_alias("postmaster@relay.example", "relay.example")
    assert not could_be_alias("not an address", "relay.example")


@given(value=st.text())
def test_a_mask_shows_nothing(value: str) -> None:
    """Whatever the value, its mask is the same."""
    assert mask(value) == MASK == mask_phone(value)
    assert mask_email(value) == f"{MASK}@{MASK}"


@given(value=st.text())
def test_a_masked_name_is_always_as_long(value: str) -> None:
    """A masked name shows at most one letter and never how long the name is."""
    masked = mask_name(value)
    assert len(masked) == len("J. *****")
    assert masked[1:] == ". *****"


@pytest.mark.parametrize(
    ("value", "masked"), [("Jane Doe", "J. *****"), ("  émile", "É. *****"), ("", "*. *****"), ("42", "*. *****")]
)
def test_a_masked_name_greets_by_its_first_letter(value: str, masked: str) -> None:
    """Made-up names show their first letter."""
    assert mask_name(value) == masked


@pytest.mark.parametrize(
    ("postcode", "country", "district"),
    [
        ("SW1A 1AA", "GB", "SW1A"),
        ("sw1a1aa", "UK", "SW1A"),
        ("M1 1AE", "GB", "M1"),
        ("EC1A 1BB", "GB", "EC1A"),
        ("B33 8TH", "gb", "B33"),
        ("GIR 0AA", "GB", "GIR"),
        ("BFPO 801", "GB", "BFPO"),
        ("SW1A", "GB", "SW"),
        ("nonsense", "GB", ""),
        ("10001", "US", "100"),
        ("10001-1234", "USA", "100"),
        ("123", "US", ""),
        ("10115", "DE", "10"),
        ("1011", "DE", ""),
        ("75001", "FR", "75"),
        ("K1A 0B1", "CA", "K1"),
        ("D02 X285", "IE", "D0"),
        ("1010", "AT", "10"),
        ("101", "IS", "1"),
        ("1", "XX", ""),
        ("", "GB", ""),
        ("\uff11\uff10\uff10-\uff10\uff10\uff10\uff11", "JP", "10"),
    ],
)
def test_a_postcode_is_shortened_to_its_district(postcode: str, country: str, district: str) -> None:
    """UK outward code, three digits in the US, two in Germany, two characters elsewhere, and less where it is malformed."""
    assert outward(postcode, country) == district


@given(postcode=st.text(max_size=12), country=st.sampled_from(["GB", "US", "DE", "FR", "", "??"]))
def test_a_shortened_postcode_never_shows_it_all(postcode: str, country: str) -> None:
    """What is left is a true beginning of the postcode, or nothing."""
    left, normal = outward(postcode, country), normal_postcode(postcode)
    assert normal.startswith(left)
    assert left == "" or len(left) < len(normal)


def test_normal_forms() -> None:
    """Two spellings of one thing are written the same way."""
    assert normal_postcode(" sw1a-1aa ") == "SW1A1AA"
    assert normal_country(" uk ") == "GB"
    assert normal_country("fr") == "FR"
    assert normal_email(" Jane.Doe+x@Example.COM ") == "jane.doe+x@example.com"
    assert normal_name("  DOE,  Jané_Mária ") == "doe jane maria"
    assert normal_name("Straße") == normal_name("STRASSE")
    assert normal_phone("+44 (0)20 7946-0000") == "+4402079460000"
    assert normal_phone("0044 20 7946 0000") == "+442079460000"
    assert normal_phone("020 7946 0000") == "02079460000"
    assert normal_phone("") == ""
