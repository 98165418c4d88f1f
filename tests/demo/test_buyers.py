"""Made-up people: always the same, never real, marked wherever a field could be taken for somebody's."""

import re

import pytest

from piepowder.demo.buyers import MARKER, buyer, wishes
from piepowder.demo.places import COUNTRIES
from piepowder.demo.sources.online_retail import COUNTRIES as OF_THE_FILE

#: ranges that a country keeps free for fiction; +999 is no country
RESERVED = re.compile(
    r"\+1 \d{3}-555-01\d\d|\+999 555 01\d\d|\+44 (20 7946 0\d{3}|113 496 0\d{3}|161 496 0\d{3}|121 496 0\d{3}|7700 900\d{3}|1632 960\d{3})"
    r"|\+49 (30 23125 \d{3}|171 39200\d\d)|\+33 (1 99 00|2 61 91|6 39 98) \d\d \d\d|\+353 20 91\d \d{4}"
    r"|\+61 ([237] 5550 \d{4}|491 570 15\d)|\+46 (31 390 06 \d\d|8 465 004 \d\d|70 174 06 \d\d)"
)

NINE_HUNDRED = ("Fabel Marleth Madeup", "fabel.marleth.8ad0ec@madeup.example.org")


def test_every_country_of_the_sources_has_a_form() -> None:
    """No order's country falls back on another country's form of address."""
    assert {"US", *OF_THE_FILE.values()} <= set(COUNTRIES)


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_people_are_marked_and_unreachable(country: str) -> None:
    """Names, streets, companies, tax ids and e-mail carry the marker; phones and domains are of reserved kinds."""
    for number in range(60):
        person = buyer("test", str(number), country)
        assert MARKER in person.name
        assert MARKER in person.line_1
        assert re.fullmatch(rf"[a-z.0-9]+@{MARKER.lower()}\.example\.(com|net|org)", person.email)
        assert RESERVED.fullmatch(person.phone), person.phone
        assert person.business == bool(person.company) == bool(person.tax_id)
        assert not person.company or (MARKER in person.company and MARKER.upper() in person.tax_id)
        assert (person.country, person.city in {city.name for city in COUNTRIES[country].cities}) == (country, True)
        assert not set("#%{}") & set(person.line_1 + person.phone + person.postcode)


def test_people_are_the_same_every_time() -> None:
    """A buyer is a pure function of the key: this one is written down here, so a change is noticed."""
    buyer.cache_clear()
    person = buyer("completejourney", "900", "US")
    assert (person.name, person.email) == NINE_HUNDRED
    assert buyer("completejourney", "901", "US") != person


def test_people_are_told_apart() -> None:
    """E-mail addresses of all households of the first source are distinct."""
    assert len({buyer("completejourney", str(number), "US").email for number in range(1, 2_501)}) == 2_500


def test_words_of_buyers_are_marked() -> None:
    """Gift messages, wishes, reasons and the rest carry the marker wherever they are said."""
    person = buyer("test", "1", "GB")
    said = [wishes(f"order {number}", person) for number in range(1_000)]
    for field in said[0].__struct_fields__:
        words = [getattr(each, field) for each in said if getattr(each, field)]
        assert all(MARKER.lower() in word.lower() for word in words), field
    assert any(each.gift_message for each in said)
    assert any(each.pet_name for each in said)
