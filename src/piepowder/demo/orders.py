"""Reads over the imported orders. One seller at a time; times are moved to today; buyers are made up on the way out.

The life of an order follows the clock: unshipped for two days (some are shipped in part after one), then on its way, delivered one
to four days later; cancelled orders are never shipped.
"""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import decode, decode_as
from piepowder.demo.buyers import Buyer, Draw, buyer
from piepowder.demo.sources import Market

DAY = 86_400
PROMISE_SECONDS = 7 * DAY  # the latest delivery date is this long after the order


class Seller(Struct, frozen=True):
    number: int
    id: str  # the marketplace's id of the seller
    key: str  # the source's own
    orders: int


class Item(Struct, frozen=True, kw_only=True):
    """A line of an order; `measure` in thousandths of a gallon, money in cents for the whole line."""

    id: str
    position: int
    asin: str
    sku: str
    title: str
    quantity: int
    measure: int | None
    cents: int
    promoted: bool


class Order(Struct, frozen=True):
    """Times in seconds since 1970, already moved to today. Money in cents."""

    number: int
    id: str
    seller: int
    buyer_key: str
    country: str
    placed: int
    partial: int | None
    shipped: int | None
    delivered: int | None
    cancelled: int | None
    cancel_reason: int | None  # 1 before shipping, 2 a return
    channel: str  # MFN | AFN
    lines: int
    units: int
    first_units: int
    cents: int
    shipping_cents: int
    items: str

    @property
    def total_cents(self) -> int:
        return self.cents + self.shipping_cents

    @property
    def promised(self) -> int:
        return self.placed + PROMISE_SECONDS


class Life(Struct, frozen=True):
    """Where an order stands at a moment."""

    status: str  # Unshipped | PartiallyShipped | Shipped | Canceled
    updated: int
    delivered: bool
    shipped_units: int


class Filter(Struct, frozen=True, kw_only=True, array_like=True):
    """Which orders of a seller; times in seconds since 1970, `None` and empty: any. `after` is the place in the listing."""

    created_after: int | None = None
    created_before: int | None = None
    updated_after: int | None = None
    updated_before: int | None = None
    statuses: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    buyers: tuple[str, ...] | None = None
    ids: tuple[str, ...] = ()
    as_of: int = 0  # the moment at which statuses and updates are read
    by_update: bool = False
    after: tuple[int, int] | None = None
    limit: int = 100


class Sale(Struct, frozen=True):
    """What one order adds to the figures of its seller."""

    placed: int
    units: int
    lines: int
    cents: int


def life(order: Order, now: int) -> Life:
    """The order's life at `now`, in seconds since 1970."""
    if order.cancelled is not None and order.cancelled <= now:
        return Life("Canceled", order.cancelled, False, 0)
    if order.delivered is not None and order.delivered <= now:
        return Life("Shipped", order.delivered, True, order.units)
    if order.shipped is not None and order.shipped <= now:
        return Life("Shipped", order.shipped, False, order.units)
    if order.partial is not None and order.partial <= now and order.units > order.first_units:
        return Life("PartiallyShipped", order.partial, False, order.first_units)
    return Life("Unshipped", order.placed, False, 0)


_COLUMNS = """
o.number, o.id, o.seller, b.key, b.country, o.placed + :shift, o.partial + :shift, o.shipped + :shift, o.delivered + :shift,
o.cancelled + :shift, o.cancel_reason, o.channel, o.lines, o.units, o.first_units, o.cents, o.shipping_cents, o.items
"""

_FROM = "orders o JOIN buyer b ON b.number = o.buyer"

_HAPPENED = {  # v0 status -> condition at :now
    "Canceled": "(o.cancelled <= :now)",
    "Shipped": "(o.shipped <= :now)",
    "PartiallyShipped": "(o.partial <= :now AND o.shipped > :now AND o.units > o.first_units)",
    "Unshipped": "(coalesce(o.cancelled, :now + 1) > :now AND coalesce(o.shipped, :now + 1) > :now"
    " AND (coalesce(o.partial, :now + 1) > :now OR o.units <= o.first_units))",
}

_UPDATED = """
max(o.placed, CASE WHEN o.cancelled <= :now THEN o.cancelled ELSE 0 END,
    CASE WHEN o.partial <= :now AND o.units > o.first_units THEN o.partial ELSE 0 END,
    CASE WHEN o.shipped <= :now THEN o.shipped ELSE 0 END, CASE WHEN o.delivered <= :now THEN o.delivered ELSE 0 END)
"""


class OrderBook:
    """An open file of imported orders, for one thread. Raises `demo_orders_missing` where there is none."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise PiepowderError(
                "demo_orders_missing",
                f"there are no imported orders at `{path}`",
                hint="import them first: piepowder demo does it",
                kind=ErrorKind.NOT_FOUND,
            )
        self._connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True, cached_statements=512)
        about: dict[str, str] = dict(self._connection.execute("SELECT key, value FROM about").fetchall())
        self.source = about["source"]
        self.label = about["label"]
        self.market = decode_as(about["market"], Market)
        self.shift = int(about["shift_seconds"])
        self.newest = int(about["newest"]) + self.shift
        self._sellers: dict[str, Seller] = {}
        self._product = lru_cache(maxsize=50_000)(self._read_product)

    def close(self) -> None:
        self._connection.close()

    def seller(self, seller_id: str) -> Seller | None:
        known = self._sellers.get(seller_id)
        if known is None:
            row = self._connection.execute(
                "SELECT number, id, key, orders FROM seller WHERE id = ?", [seller_id]
            ).fetchone()
            known = Seller(*row) if row else None
        if known is not None:
            self._sellers[seller_id] = known
        return known

    def sellers(self, limit: int = 1_000_000) -> list[Seller]:
        """The sellers with the most orders first."""
        query = "SELECT number, id, key, orders FROM seller ORDER BY number LIMIT ?"
        return [Seller(*row) for row in self._connection.execute(query, [limit])]

    def order(self, seller: Seller, order_id: str) -> Order | None:
        """One order of this seller; another seller's is as unknown as one that does not exist."""
        query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE o.id = :id AND o.seller = :seller"  # noqa: S608 - constants only
        row = self._connection.execute(query, {"shift": self.shift, "id": order_id, "seller": seller.number}).fetchone()
        return Order(*row) if row else None

    def items(self, order: Order) -> list[Item]:
        return list(self._items(order))

    def buyer(self, order: Order) -> Buyer:
        return buyer(self.source, order.buyer_key, order.country)

    def page(self, seller: Seller, wanted: Filter) -> list[Order]:
        """Orders by the time they were placed (or updated), then by number."""
        conditions, values = self._conditions(wanted)
        key = _UPDATED if wanted.by_update else "o.placed"
        if wanted.after is not None:
            conditions.append(f"({key}, o.number) > (:after_time, :after_number)")
            values |= {"after_time": wanted.after[0] - self.shift, "after_number": wanted.after[1]}
        values |= {"shift": self.shift, "seller": seller.number, "limit": wanted.limit}
        where = " AND ".join(["o.seller = :seller", *conditions])  # text of our own; every value is bound
        query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {where} ORDER BY {key}, o.number LIMIT :limit"  # noqa: S608
        return [Order(*row) for row in self._connection.execute(query, values)]

    def buyers_of(self, seller: Seller) -> Iterator[Buyer]:
        query = "SELECT key, country FROM buyer WHERE number IN (SELECT buyer FROM orders WHERE seller = ?)"
        for key, country in self._connection.execute(query, [seller.number]).fetchall():
            yield buyer(self.source, key, country)

    def sales(self, seller: Seller, wanted: Filter, *, asin: str = "", sku: str = "") -> list[Sale]:
        """Orders that were not cancelled, oldest first; of one product where `asin` or `sku` says so."""
        conditions, values = self._conditions(wanted)
        conditions.append(f"NOT coalesce({_HAPPENED['Canceled']}, 0)")
        values |= {"shift": self.shift, "seller": seller.number, "asin": asin, "sku": sku}
        where = " AND ".join(["o.seller = :seller", *conditions])
        query = _SALES_OF_PRODUCT if asin or sku else _SALES
        return [Sale(*row) for row in self._connection.execute(query.replace("{where}", where), values)]

    def _conditions(self, wanted: Filter) -> tuple[list[str], dict[str, Any]]:
        """Conditions in the file's own times."""
        values: dict[str, Any] = {"now": wanted.as_of - self.shift}
        conditions = []
        bounds = (
            ("created_after", wanted.created_after, "o.placed >= :created_after"),
            ("created_before", wanted.created_before, "o.placed <= :created_before"),
            # the last thing that happens to an order happens within the promise, so the index on `placed` serves here too
            (
                "updated_after",
                wanted.updated_after,
                f"o.placed >= :updated_after - {PROMISE_SECONDS} AND {_UPDATED} >= :updated_after",
            ),
            ("updated_before", wanted.updated_before, f"o.placed <= :updated_before AND {_UPDATED} <= :updated_before"),
        )
        for name, value, condition in bounds:
            if value is not None:
                conditions.append(condition)
                values[name] = value - self.shift
        if wanted.statuses:
            conditions.append("(" + " OR ".join([_HAPPENED.get(status, "0") for status in wanted.statuses]) + ")")
        for name, column, options in (
            ("channel", "o.channel", wanted.channels),
            ("id", "o.id", wanted.ids),
            ("buyer", "b.key", wanted.buyers),
        ):
            if options or (options is not None and name == "buyer"):
                conditions.append(f"{column} IN ({', '.join(f':{name}_{place}' for place in range(len(options)))})")
                values |= {f"{name}_{place}": option for place, option in enumerate(options)}
        return conditions, values

    def _items(self, order: Order) -> Iterator[Item]:
        for position, (product, quantity, measure, cents, promoted) in enumerate(decode(order.items), 1):
            asin, sku, title = self._product(product)
            yield Item(
                id=Draw("item", order.id, str(position)).fill("4#############"),
                position=position,
                asin=asin,
                sku=sku,
                title=title,
                quantity=quantity,
                measure=measure,
                cents=cents,
                promoted=bool(promoted),
            )

    def _read_product(self, number: int) -> tuple[str, str, str]:
        row: tuple[str, str, str] = self._connection.execute(
            "SELECT asin, sku, title FROM product WHERE number = ?", [number]
        ).fetchone()
        return row


_SALES = """
SELECT o.placed + :shift, o.units, o.lines, o.cents + o.shipping_cents
FROM orders o JOIN buyer b ON b.number = o.buyer WHERE {where} ORDER BY o.placed
"""

_SALES_OF_PRODUCT = """
SELECT o.placed + :shift, sum(i.value ->> 1), count(*), sum(i.value ->> 3)
FROM orders o JOIN buyer b ON b.number = o.buyer, json_each(o.items) i JOIN product p ON p.number = i.value ->> 0
WHERE {where} AND (p.asin = :asin OR p.sku = :sku) GROUP BY o.number ORDER BY o.placed
"""
