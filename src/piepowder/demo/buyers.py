"""Made-up personal data: a pure function of a buyer's key and country, never stored, the same at every call.

Names of people and streets are put together from syllables, and every field that could be taken for a person's carries the
word `MARKER`; telephone numbers and e-mail domains are of kinds reserved for such use. Nobody is meant.
"""

import hashlib
from functools import lru_cache

from msgspec import Struct

from piepowder.demo.places import COUNTRIES, Country

MARKER = "Madeup"

_STARTS = (
    "Al",
    "Be",
    "Ca",
    "Da",
    "El",
    "Fa",
    "Gi",
    "Ha",
    "Io",
    "Ju",
    "Ka",
    "Le",
    "Ma",
    "Ni",
    "Or",
    "Pe",
    "Ro",
    "Sa",
    "Te",
    "Vi",
)
_MIDDLES = ("la", "ri", "no", "ve", "da", "li", "mo", "ra", "si", "ta", "re", "lo")
_ENDS = ("na", "ra", "lin", "do", "ris", "mir", "sa", "vin", "ta", "ley", "nor", "bel")
_FAMILY_STARTS = (
    "Bran",
    "Cor",
    "Dul",
    "Fen",
    "Gar",
    "Hol",
    "Kes",
    "Lor",
    "Mar",
    "Nor",
    "Pel",
    "Quin",
    "Ros",
    "Tal",
    "Ver",
    "Wil",
)
_FAMILY_ENDS = (
    "dale",
    "vane",
    "mond",
    "wick",
    "sted",
    "ford",
    "lund",
    "mere",
    "bury",
    "croft",
    "holt",
    "stone",
    "gren",
    "leth",
)
_STREET_STARTS = (
    "Alder",
    "Birken",
    "Cobble",
    "Dorn",
    "Elder",
    "Fallow",
    "Garne",
    "Hazel",
    "Linden",
    "Maple",
    "Orle",
    "Thorn",
)
_STREET_ENDS = ("brook", "field", "gate", "grove", "hill", "mead", "ridge", "view", "well", "wood")
_TRADES = ("Stationery", "Gifts", "Interiors", "Catering", "Florists", "Books", "Trading", "Tea Rooms")
_DOMAINS = ("example.com", "example.net", "example.org")
_WISHES = (
    "Many happy returns, {}!",
    "For {} with love",
    "Congratulations, {}, on the new home",
    "Thank you for everything, {}",
)
_PLACES = ("Front porch", "With the neighbour", "Back door", "Reception desk", "Garden shed")
_HINTS = ("Ring twice, please", "Gate code is on the parcel", "The bell is broken, please knock", "Mind the dog")
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


class Buyer(Struct, frozen=True, kw_only=True):
    """A made-up person. Empty strings where an address has no such part."""

    key: str
    name: str
    first_name: str
    email: str
    phone: str
    line_1: str
    line_2: str
    city: str
    region: str
    postcode: str
    country: str
    business: bool
    company: str  # business buyers only, as the next two
    tax_kind: str
    tax_id: str


class Wishes(Struct, frozen=True, kw_only=True):
    """What a made-up buyer said about one order. Empty where nothing was said."""

    gift_message: str = ""
    customisation_url: str = ""
    purchase_order: str = ""
    drop_off: str = ""
    instructions: str = ""
    cancel_reason: str = ""
    pet_name: str = ""  # asked for regulated products


class Draw:
    """Choices from one digest: the same text gives the same choices, on every machine and in every version of Python."""

    def __init__(self, *parts: str) -> None:
        self._left = int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=64).digest())

    def below(self, limit: int) -> int:
        self._left, value = divmod(self._left, limit)
        return value

    def pick(self, options: tuple[str, ...] | str) -> str:
        return options[self.below(len(options))]

    def fill(self, pattern: str) -> str:
        """`#` becomes a digit, `%` a letter."""
        kinds = {"#": "0123456789", "%": _LETTERS}
        return "".join([self.pick(kinds[sign]) if sign in kinds else sign for sign in pattern])


@lru_cache(maxsize=16_384)
def buyer(source: str, key: str, country: str) -> Buyer:
    """The made-up person behind a buyer's key in an order source. A country without a form of its own is written as GB's."""
    draw = Draw("buyer", source, key)
    form = COUNTRIES.get(country) or COUNTRIES["GB"]
    city = form.cities[draw.below(len(form.cities))]
    first = draw.pick(_STARTS).lower() + (draw.pick(_MIDDLES) if draw.below(3) == 0 else "") + draw.pick(_ENDS)
    family = draw.pick(_FAMILY_STARTS) + draw.pick(_FAMILY_ENDS)
    business = draw.below(16) == 0
    return Buyer(
        key=key,
        name=f"{first.title()} {family} {MARKER}",
        first_name=first.title(),
        email=f"{first}.{family}.{_tag(source, key)}@{MARKER}.{draw.pick(_DOMAINS)}".lower(),
        phone=draw.fill(draw.pick(form.phones)),
        line_1=_street(form, draw),
        line_2=_second_line(form, draw),
        city=city.name,
        region=city.region,
        postcode=draw.fill(city.postcode),
        country=country,
        business=business,
        company=f"{MARKER} {family} {draw.pick(_TRADES)} {draw.pick(form.companies)}" if business else "",
        tax_kind=form.tax if business else "",
        tax_id=draw.fill(f"{MARKER.upper()}-{country}-#########") if business else "",
    )


def _tag(source: str, key: str) -> str:
    return hashlib.blake2b(f"{source}\0{key}".encode(), digest_size=3).hexdigest()


def _street(form: Country, draw: Draw) -> str:
    name = draw.pick(_STREET_STARTS) + draw.pick(_STREET_ENDS)
    street = draw.pick(form.streets).format(name)
    return f"{form.line.format(number=1 + draw.below(280), street=street)} ({MARKER})"


def _second_line(form: Country, draw: Draw) -> str:
    return form.flat.format(1 + draw.below(9)) if form.flat and draw.below(4) == 0 else ""


@lru_cache(maxsize=8_192)
def wishes(order: str, person: Buyer) -> Wishes:
    """What this buyer said with an order: most say nothing, about one in twenty-five sends a gift."""
    draw = Draw("wishes", order)
    gift = draw.below(25) == 0
    customised = draw.below(100) == 0
    return Wishes(
        gift_message=f"{draw.pick(_WISHES).format(person.first_name)} ({MARKER})" if gift else "",
        customisation_url=f"https://{MARKER.lower()}.example.com/customised/{order}.zip" if customised else "",
        purchase_order=draw.fill(f"{MARKER.upper()}-PO-#####") if person.business else "",
        drop_off=f"{draw.pick(_PLACES)} ({MARKER})" if draw.below(8) == 0 else "",
        instructions=f"{draw.pick(_HINTS)} ({MARKER})" if draw.below(10) == 0 else "",
        cancel_reason=f"{person.first_name} changed their mind ({MARKER})",
        pet_name=f"{draw.pick(_STARTS)}{draw.pick(_ENDS)} {MARKER}" if draw.below(200) == 0 else "",
    )
