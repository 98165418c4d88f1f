"""The guarded API as manifests see it: operations by API, what each returns, examples of what a data category holds."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal, words_of
from piepowder.rooms.appstore.rules.checks import Offered

#: category -> what it may look like. All of it is made up.
EXAMPLES: dict[str, str] = {
    "buyer.name": "Ada Example",
    "buyer.email": "ada@example.com",
    "buyer.phone": "+49 30 0000000",
    "buyer.company": "Example Ltd",
    "buyer.tax_id": "XX000000000",
    "buyer.purchase_order": "PO-0000",
    "buyer.address": "1 Example Street, AB1 2CD Exampleton",
    "buyer.address.street": "1 Example Street",
    "buyer.address.postcode": "AB1 2CD",
    "buyer.address.type": "Residential",
    "buyer.address.geo": "52.00000, 13.00000",
    "buyer.delivery": "leave it with the neighbour",
    "buyer.regulated": "a vehicle's model and year",
    "free_text": "“Happy birthday, grandma!”",
    "order.reference": "000-0000000-0000000",
    "order.status": "Unshipped",
    "order.time": "2026-11-25T12:00:00Z",
    "order.money": "19.99 EUR",
    "order.payment": "card or invoice, never the number",
    "order.item": "2 tea towels",
    "order.fulfilment": "standard parcel, in transit",
    "order.place": "Exampleton, Exampleshire, GB",
    "order.programme": "gift, business order",
    "order.tax": "tax collected by the marketplace",
    "seller.commercial": "units and sales of a day",
    "seller.identity": "Example Shop",
    "seller.address": "the shop's own address",
    "seller.contact": "the shop's contact person",
    "marketplace.reference": "currency and marketplace ids",
    "paging": "where the next page starts",
}
SILENT = frozenset({"paging", "marketplace.reference"})  # come along with every answer; nobody has to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLine:
    id: str
    name: str
    kind: str
    roles: tuple[str, ...]
    personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryLine:
    id: str
    words: str
    example: str
    personal: bool


def operation_ids() -> frozenset[str]:
    """Ids of all operations guarded in this installation."""
    return frozenset(load_catalogue(settings.PIEPOWDER.dialect).operations)


def offered() -> dict[str, Offered]:
    """What each operation takes and returns, for the checks."""
    return _offered(settings.PIEPOWDER.dialect)


@lru_cache(maxsize=4)
def _offered(dialect: str) -> dict[str, Offered]:
    operations = load_catalogue(dialect).operations.values()
    return {one.id: Offered(roles=one.roles, categories=one.categories) for one in operations}


def apis() -> dict[str, tuple[OperationLine, ...]]:
    """API (`orders.v0`) -> its operations, in the catalogue's order."""
    return _apis(settings.PIEPOWDER.dialect)


@lru_cache(maxsize=4)
def _apis(dialect: str) -> dict[str, tuple[OperationLine, ...]]:
    found: dict[str, list[OperationLine]] = {}
    for one in load_catalogue(dialect).operations.values():
        line = OperationLine(
            id=one.id,
            name=one.name,
            kind=one.kind,
            roles=tuple(sorted(one.roles)),
            personal=any(map(is_personal, one.categories)),
        )
        found.setdefault(one.id.rpartition(".")[0] or one.id, []).append(line)
    return {api: tuple(lines) for api, lines in found.items()}


def categories() -> tuple[CategoryLine, ...]:
    """Every data category that some operation returns and an app may ask for, shoppers' data first."""
    comes = frozenset[str]().union(*(one.categories for one in offered().values()))
    known = [name for name in CATEGORIES if name in comes and name not in SILENT]
    return tuple(category_line(name) for name in sorted(known, key=lambda name: not is_personal(name)))


def category_line(name: str) -> CategoryLine:
    return CategoryLine(
        id=name, words=words_of(name) or f"`{name}`", example=EXAMPLES.get(name, ""), personal=is_personal(name)
    )
