"""From counted days to the label: what an app asks for, what it really read, and what others on its shelf read. Pure.

`add_up` turns tallies into one `Observed` per app, which is stored; `label` lays it beside the manifest and the policy, for a page.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from piepowder.core.marketplace.taxonomy import CATEGORIES, GROUPS, is_personal, words_of
from piepowder.core.policy.taxonomy import covers, purpose_words
from piepowder.rooms.store.rules import SELLERS_SHOWN_MIN
from piepowder.rooms.store.sketch import added, distinct

SHORT_WORDS: dict[str, str] = {
    "buyer.name": "Name",
    "buyer.email": "E-mail address",
    "buyer.phone": "Telephone",
    "buyer.company": "Company",
    "buyer.tax_id": "Tax number",
    "buyer.purchase_order": "Purchase order number",
    "buyer.address": "Whole address",
    "buyer.address.street": "Street and house",
    "buyer.address.postcode": "Postcode",
    "buyer.address.type": "Home or business",
    "buyer.address.geo": "Place on the map",
    "buyer.delivery": "Delivery wishes",
    "buyer.regulated": "Regulated products",
    "buyer": "Everything about buyers",
    "free_text": "Words buyers wrote",
    "order.reference": "Order numbers",
    "order.status": "Order status",
    "order.time": "Dates",
    "order.money": "Prices and totals",
    "order.payment": "Way of paying",
    "order.item": "Products",
    "order.fulfilment": "Parcels and tracking",
    "order.place": "City and country",
    "order.programme": "Programmes",
    "order.tax": "Tax model",
    "order": "Everything about orders",
    "seller.commercial": "Sales figures",
    "seller.identity": "Shop name",
    "seller.address": "Your addresses",
    "seller.contact": "Your contact person",
    "seller": "Everything about your shop",
}


EVERY = "*"  # in place of a purpose: all of them together


class Cell(Struct, kw_only=True):
    """One category in 30 days, for one purpose or for `EVERY`. Not `shown`, it is empty: fewer than three sellers are behind it."""

    purpose: str
    category: str
    read: int = 0
    replaced: int = 0
    withheld: int = 0
    orders_read: int = 0
    shown: bool = False


class Observed(Struct, kw_only=True):
    """One app in 30 days, over all sellers. `orders` are different orders, `order_reads` counts one again each time."""

    calls: int = 0
    personal: int = 0
    refused: int = 0
    orders: int = 0
    order_reads: int = 0
    shown: bool = False
    days: int = 0
    purposes: dict[str, int] = {}  # purpose -> calls
    cells: list[Cell] = []

    def leaves_read(self) -> int:
        """How many kinds of a shopper's data went out in plain, groups not counted beside their parts."""
        return len(
            {
                cell.category
                for cell in self.cells
                if cell.read and is_personal(cell.category) and cell.category in CATEGORIES
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Rows of one app as they come from the tables."""

    days: tuple[dict[str, Any], ...]
    tallies: tuple[dict[str, Any], ...]


def shares(observed: Observed, declared: Mapping[str, Collection[str]]) -> dict[str, float]:
    """Category of the manifest -> share of calls that read it, where that may be shown; nothing for an app that did not call."""
    shown = label(declared, {}, observed)
    return {row.category: round(row.share, 4) for row in shown.rows if row.share is not None}


def add_up(counted: Counted) -> Observed:
    """Everything of one app; what fewer than three sellers are behind is left out, not only hidden."""
    sellers: set[str] = set()
    purposes: dict[str, int] = defaultdict(int)
    seen = b""
    for day in counted.days:
        sellers.update(day["sellers"])
        purposes[day["purpose"]] += day["calls"]
        seen = added(seen, bytes(day["seen"]))
    total = Observed(days=len({day["day"] for day in counted.days}), shown=len(sellers) >= SELLERS_SHOWN_MIN)
    if not total.shown:
        return total
    total.calls, total.personal, total.refused, total.order_reads = (
        sum(day[name] for day in counted.days) for name in ("calls", "personal", "refused", "orders")
    )
    total.orders, total.purposes = distinct(seen), dict(purposes)
    total.cells = list(_cells(counted.tallies))
    return total


def _cells(tallies: Iterable[dict[str, Any]]) -> Iterator[Cell]:
    """The sum of a category is over all sellers, so one odd purpose does not hide it. But where a purpose is hidden, all purposes
    of that category are: else it would be what is left of the sum."""
    several: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in tallies:
        several[row["category"]][row["purpose"]].append(row)
    for category, by_purpose in sorted(several.items()):
        yield _cell(EVERY, category, [row for rows in by_purpose.values() for row in rows])
        parts = [_cell(purpose, category, rows) for purpose, rows in sorted(by_purpose.items())]
        if all(part.shown for part in parts):
            yield from parts
        else:
            yield from (Cell(purpose=part.purpose, category=category) for part in parts)


def _cell(purpose: str, category: str, rows: list[dict[str, Any]]) -> Cell:
    sellers = {seller for row in rows for seller in row["sellers"]}
    if len(sellers) < SELLERS_SHOWN_MIN:
        return Cell(purpose=purpose, category=category)
    sums = {name: sum(row[name] for row in rows) for name in ("read", "replaced", "withheld", "orders_read")}
    return Cell(purpose=purpose, category=category, shown=True, **sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the policy in force does with a category for a purpose: `effect` keep, substitute or withhold; a note says when and why."""

    effect: str
    note: str


_NO_POLICY = Promise(effect="withhold", note="No policy in force speaks about it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A category for one purpose. `share` of all calls is None where it may not be shown or nothing was counted."""

    purpose: str
    words: str
    promise: Promise
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the label. `median` is the share that half of the apps on the same shelf stay below."""

    category: str
    short: str
    words: str
    personal: bool
    uses: tuple[Use, ...]
    share: float | None
    replaced: float | None
    withheld: float | None
    per_order: float | None
    median: float | None

    @property
    def never(self) -> bool:
        """Asked for, and not once read nor given as a substitute, by an app that did call."""
        return self.share == 0 and not self.replaced

    @property
    def effect(self) -> str:
        """The kindest that the policy does for any purpose."""
        effects = {use.promise.effect for use in self.uses}
        return next((one for one in ("keep", "substitute") if one in effects), "withhold")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShown:
    """The whole label. `state` is `shown`, `few` (fewer than three sellers) or `none` (it has not called)."""

    state: str
    rows: tuple[Row, ...]
    observed: Observed
    shelf: str
    asked: int  # kinds of a shopper's data, those in a group counted one by one

    @property
    def personal(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.personal)

    @property
    def other(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.personal)

    @property
    def read(self) -> int:
        return min(self.asked, self.observed.leaves_read())

    @property
    def never_used(self) -> tuple[Row, ...]:
        return tuple(row for row in self.personal if row.never)


def label(
    declared: Mapping[str, Collection[str]],
    promises: Mapping[tuple[str, str], Promise],
    observed: Observed | None,
    *,
    shelf: str = "",
    medians: Mapping[str, float] = {},
) -> LabelShown:
    """`declared`: purpose -> categories of the manifest; `medians`: category -> share on this shelf."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for purpose, categories in declared.items():
        for category in categories:
            wanted[category].append(purpose)
    state = "none" if observed is None or not observed.days else "shown" if observed.shown else "few"
    known = observed if observed is not None and state == "shown" else None
    rows = tuple(
        _row(category, sorted(wanted[category]), promises, known, medians)
        for category in sorted(wanted, key=lambda name: (not is_personal(name), _place(name)))
    )
    return LabelShown(
        state=state, rows=rows, observed=observed or Observed(), shelf=shelf, asked=personal_asked(declared)
    )


def _row(
    category: str,
    purposes: list[str],
    promises: Mapping[tuple[str, str], Promise],
    observed: Observed | None,
    medians: Mapping[str, float],
) -> Row:
    cells = [cell for cell in observed.cells if cell.category == category] if observed else []
    whole = next((cell for cell in cells if cell.purpose == EVERY), None)
    parts = [cell for cell in cells if cell.purpose != EVERY]
    known = observed if observed and observed.calls and (whole is None or whole.shown) else None
    told = known if all(cell.shown for cell in parts) else None
    total = whole or Cell(purpose=EVERY, category=category)
    uses = tuple(
        Use(
            purpose=purpose,
            words=purpose_words(purpose),
            promise=promises.get((purpose, category), _NO_POLICY),
            share=_share(sum(cell.read for cell in parts if _named(purpose, cell.purpose)), told),
        )
        for purpose in purposes
    )
    return Row(
        category=category,
        short=SHORT_WORDS.get(category, category),
        words=words_of(category) or category,
        personal=is_personal(category),
        uses=uses,
        share=_share(total.read, known),
        replaced=_share(total.replaced, known),
        withheld=_share(total.withheld, known),
        per_order=total.orders_read / known.orders if known and known.orders else None,
        median=medians.get(category),
    )


def _named(purpose: str, label_of_calls: str) -> bool:
    """Whether calls under `shipping.labels+tax` were made for a declared purpose, `shipping` above them included."""
    return any(covers((purpose,), one) for one in label_of_calls.split("+"))


def _share(calls: int, observed: Observed | None) -> float | None:
    return calls / observed.calls if observed else None


def personal_asked(declared: Mapping[str, Collection[str]]) -> int:
    """How many kinds of a shopper's data a manifest names; a group counts for all in it."""
    named = {category for categories in declared.values() for category in categories}
    return sum(1 for category in CATEGORIES if is_personal(category) and covers(named, category))


def _place(category: str) -> tuple[int, str]:
    order = [*CATEGORIES, *GROUPS]
    return (order.index(category) if category in order else len(order)), category


def middle(shares: list[float]) -> float:
    """The median of shares."""
    ordered = sorted(shares)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
