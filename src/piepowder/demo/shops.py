"""Made-up facts about sellers: shop name, business, contact. A pure function of the seller's id, marked as `buyers.py` marks."""

from functools import lru_cache

from msgspec import Struct

from piepowder.demo.buyers import MARKER, Draw, buyer

_ADJECTIVES = (
    "Bright",
    "Corner",
    "Golden",
    "Harbour",
    "Little",
    "Meadow",
    "Northern",
    "Old Mill",
    "Quiet",
    "Riverside",
    "Sunny",
    "Twin Oak",
)
_KINDS = ("Market", "Stores", "Trading", "Goods", "Provisions", "Emporium", "Supply", "Pantry")


class Shop(Struct, frozen=True, kw_only=True):
    store_name: str
    business_name: str
    contact: str
    line_1: str
    city: str
    region: str
    postcode: str
    country: str
    registration: str
    tax_id: str


@lru_cache(maxsize=4_096)
def shop(source: str, seller: str, country: str) -> Shop:
    """The made-up business behind a seller of the marketplace."""
    draw = Draw("shop", source, seller)
    person = buyer(f"{source}:sellers", seller, country)
    name = f"{draw.pick(_ADJECTIVES)} {draw.pick(_KINDS)} {seller[-4:]}"
    return Shop(
        store_name=name,
        business_name=f"{name} ({MARKER})",
        contact=person.name,
        line_1=person.line_1,
        city=person.city,
        region=person.region,
        postcode=person.postcode,
        country=country,
        registration=draw.fill(f"{MARKER.upper()}-REG-######"),
        tax_id=draw.fill(f"{MARKER.upper()}-TAX-########"),
    )
