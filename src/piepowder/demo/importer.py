"""One importer for both sources of orders: DuckDB sorts and sums, SQLite keeps `<data>/marketplace/orders.sqlite`.

Buyers' personal data is not in the file: `buyers.py` makes it up from a buyer's key whenever it is asked for. Times in the
file are the source's own; `about.shift_seconds` says how far they are moved, so that the newest order is of today. A file
built once is used again on later days: only the shift is set anew.
"""

import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from string import capwords
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import encode_text
from piepowder.demo.sources import Source, Tally, find_source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LAYOUT = "5"  # raised whenever what is written below changes: older files are then built anew
ORDERS_FILE = Path("marketplace") / "orders.sqlite"  # below the data folder
DAY = 86_400
_PRESENT_SECONDS = 180  # the newest order is at least this old, so that "two minutes ago" filters see it

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seller (number INTEGER PRIMARY KEY, id TEXT NOT NULL, key TEXT NOT NULL, orders INTEGER NOT NULL);
CREATE TABLE buyer (number INTEGER PRIMARY KEY, key TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE product (number INTEGER PRIMARY KEY, asin TEXT NOT NULL, sku TEXT NOT NULL, title TEXT NOT NULL);
CREATE TABLE orders (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, seller INTEGER NOT NULL, buyer INTEGER NOT NULL,
    placed INTEGER NOT NULL, partial INTEGER, shipped INTEGER, delivered INTEGER, cancelled INTEGER, cancel_reason INTEGER,
    channel TEXT NOT NULL, lines INTEGER NOT NULL, units INTEGER NOT NULL, first_units INTEGER NOT NULL,
    cents INTEGER NOT NULL, shipping_cents INTEGER NOT NULL,
    items TEXT NOT NULL -- JSON: [[product number, quantity, measure or null, cents, promoted 0 | 1], ...]
);
"""

_INDICES = """
CREATE UNIQUE INDEX seller_id ON seller (id);
CREATE UNIQUE INDEX orders_id ON orders (id);
CREATE INDEX orders_seller_placed ON orders (seller, placed, number);
CREATE INDEX orders_buyer ON orders (buyer);
CREATE INDEX product_asin ON product (asin);
CREATE INDEX product_sku ON product (sku);
"""

_STAGE = """
CREATE TABLE staged AS
SELECT row_number() OVER (ORDER BY min(placed), order_key) AS number, order_key, any_value(seller_key) AS seller_key,
       any_value(buyer_key) AS buyer_key, any_value(country) AS country, min(placed) AS placed,
       count(*) FILTER (NOT postage) AS lines, sum(quantity) FILTER (NOT postage) AS units,
       sum(cents) FILTER (NOT postage) AS cents, coalesce(sum(cents) FILTER (postage), 0) AS shipping_cents
FROM line GROUP BY order_key;
CREATE TABLE sellers AS
SELECT row_number() OVER (ORDER BY count(*) DESC, seller_key) AS number, seller_key, count(*) AS orders FROM staged GROUP BY seller_key;
CREATE TABLE buyers AS
SELECT row_number() OVER (ORDER BY buyer_key) AS number, buyer_key, min(country) AS country FROM staged GROUP BY buyer_key;
CREATE TABLE products AS SELECT row_number() OVER (ORDER BY goods_key) AS number, * FROM goods;
CREATE TABLE baskets AS
SELECT order_key, first(l.quantity ORDER BY l.goods_key, l.cents, l.quantity) AS first_units,
       '[' || string_agg('[' || concat_ws(',', p.number, l.quantity, coalesce(l.measure::VARCHAR, 'null'), l.cents, l.promoted) || ']',
                         ',' ORDER BY l.goods_key, l.cents, l.quantity) || ']' AS items
FROM line l JOIN products p USING (goods_key) WHERE NOT l.postage GROUP BY order_key;
"""

_ORDERS = """
SELECT s.number, s.order_key::VARCHAR, e.number, b.number, s.placed, s.lines, s.units, i.first_units, s.cents, s.shipping_cents,
       c.reason, i.items
FROM staged s JOIN sellers e USING (seller_key) JOIN buyers b USING (buyer_key)
JOIN baskets i USING (order_key) LEFT JOIN cancellation c USING (order_key) ORDER BY s.number
"""


class ImportedOrders(Struct, frozen=True, kw_only=True):
    """What lies in the file. Money in cents of the source's currency."""

    path: Path
    source: str
    orders: int
    lines: int
    sellers: int
    buyers: int
    cents: int
    reused: bool
    shift_seconds: int


def ensure_orders(
    data: Path, orders: str = "completejourney", *, now: datetime | None = None, quiet: bool = False
) -> ImportedOrders:
    """The orders under a data folder, imported where they are missing or of another source, shifted to end today.

    `orders` is the name of a source or the path of a file. Raises `demo_source_missing`, `demo_source_layout`.
    """
    source = find_source(orders)
    path = data / ORDERS_FILE
    digest = hashlib.sha256(f"{LAYOUT}:{source.name}:{source.digest()}".encode()).hexdigest()
    reused = _digest_of(path) == digest
    if not reused:
        path.parent.mkdir(parents=True, exist_ok=True)
        _build(path, source, digest, quiet=quiet)
    anchor(path, now or datetime.now(UTC))
    return _describe(path, reused=reused)


def shift_for(newest: int, now: datetime) -> int:
    """Seconds to add to the source's times: whole days where the newest order then lies in the past of today, else whole hours."""
    limit = int(now.timestamp()) - _PRESENT_SECONDS
    midnight = int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
    days = (midnight + newest % DAY - newest) // DAY * DAY
    if newest + days <= limit:
        return days
    return (limit - newest) // 3600 * 3600


def anchor(path: Path, now: datetime) -> None:
    """Sets the shift anew on the first use of a day; within a day it stays, so every reader sees the same times."""
    with closing(sqlite3.connect(path)) as connection, connection:
        about = dict(connection.execute("SELECT key, value FROM about").fetchall())
        newest, shift = int(about["newest"]), int(about.get("shift_seconds", 0))
        if (newest + shift) // DAY == int(now.timestamp()) // DAY and newest + shift < now.timestamp():
            return
        connection.execute("REPLACE INTO about VALUES ('shift_seconds', ?)", [str(shift_for(newest, now))])


def _digest_of(path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            row = connection.execute("SELECT value FROM about WHERE key = 'digest'").fetchone()
    except sqlite3.DatabaseError:  # a foreign or broken file is built anew
        return None
    return row[0] if row else None


def _describe(path: Path, *, reused: bool) -> ImportedOrders:
    with closing(sqlite3.connect(path)) as connection:
        about = dict(connection.execute("SELECT key, value FROM about").fetchall())
    return ImportedOrders(
        path=path,
        source=about["source"],
        orders=int(about["orders"]),
        lines=int(about["lines"]),
        sellers=int(about["sellers"]),
        buyers=int(about["buyers"]),
        cents=int(about["cents"]),
        reused=reused,
        shift_seconds=int(about["shift_seconds"]),
    )


def _build(path: Path, source: Source, digest: str, *, quiet: bool) -> None:
    """Writes beside the final name and renames at the end: whoever is interrupted leaves no half-built file behind a good name."""
    unfinished = path.with_name(f".building-{os.getpid()}.sqlite")
    unfinished.unlink(missing_ok=True)
    try:
        with _progress(quiet) as progress:
            _fill(unfinished, source, digest, progress)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _progress(quiet: bool) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), disable=quiet)


def _fill(unfinished: Path, source: Source, digest: str, progress: Progress) -> None:
    task = progress.add_task(f"Importing orders: {source.label}", total=None)
    duck, tally = _stage(source)
    totals = _totals(duck)
    progress.update(task, total=totals["orders"])
    with closing(duck), closing(sqlite3.connect(unfinished)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;" + _TABLES
        )
        with connection:
            _copy(connection, "seller", _sellers(duck, source))
            _copy(
                connection,
                "buyer",
                _rows(duck, "SELECT number, buyer_key::VARCHAR, country FROM buyers ORDER BY number"),
            )
            _copy(connection, "product", _products(duck, source))
            _copy(connection, "orders", _counted(_orders(duck, source), progress, task))
            _copy(connection, "about", _about(source, digest, tally, totals))
        connection.executescript(_INDICES + "ANALYZE;")
    progress.update(task, completed=totals["orders"])


def _stage(source: Source) -> tuple["DuckDBPyConnection", Tally]:
    try:
        import duckdb
    except ImportError:
        raise PiepowderError(
            "demo_duckdb_missing",
            "the importer needs `duckdb`",
            hint="install the extra: pip install 'piepowder[demo]'",
            kind=ErrorKind.UNAVAILABLE,
        ) from None
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.execute("SET enable_progress_bar = false")
    try:
        tally = source.stage(connection)
        connection.execute(_STAGE)
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise PiepowderError(
            "demo_source_layout", f"the file of orders cannot be read: {str(error).splitlines()[0]}"
        ) from None
    return connection, tally


def _totals(duck: "DuckDBPyConnection") -> dict[str, int]:
    query = """
    SELECT (SELECT count(*) FROM line WHERE NOT postage), (SELECT count(*) FROM sellers), (SELECT count(*) FROM buyers),
           count(*), sum(cents), sum(shipping_cents), max(placed) FROM staged
    """
    names = ("lines", "sellers", "buyers", "orders", "cents", "shipping_cents", "newest")
    values = duck.execute(query).fetchall()[0]
    if not values[3]:
        raise PiepowderError("demo_source_layout", "the file of orders holds no order")
    return {name: int(value) for name, value in zip(names, values, strict=True)}


def _rows(duck: "DuckDBPyConnection", query: str) -> Iterator[tuple[Any, ...]]:
    result = duck.execute(query)
    while chunk := result.fetchmany(50_000):
        yield from chunk


def _copy(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    count = len(connection.execute(f"PRAGMA table_info({table})").fetchall())
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * count)})", rows)  # noqa: S608 - names of our own


def _counted(rows: Iterator[tuple[Any, ...]], progress: Progress, task: Any) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(rows, 1):
        if number % 5_000 == 0:
            progress.advance(task, 5_000)
        yield row


_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _letters(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())
    return "".join(_BASE36[number // 36**place % 36] for place in range(length))


def _sellers(duck: "DuckDBPyConnection", source: Source) -> Iterator[tuple[Any, ...]]:
    for number, key, orders in _rows(duck, "SELECT number, seller_key::VARCHAR, orders FROM sellers ORDER BY number"):
        yield number, "A1" + _letters(f"{source.name}:seller:{key}", 11), key, orders


def _products(duck: "DuckDBPyConnection", source: Source) -> Iterator[tuple[Any, ...]]:
    for number, key, sku, title in _rows(
        duck, "SELECT number, goods_key::VARCHAR, sku, title FROM products ORDER BY number"
    ):
        yield number, "B0" + _letters(f"{source.name}:product:{key}", 8), sku, capwords(title)


def _orders(duck: "DuckDBPyConnection", source: Source) -> Iterator[tuple[Any, ...]]:
    share = int(source.cancellation_share * 65_536)
    for number, key, seller, buyer, placed, lines, units, first, cents, shipping, reason, items in _rows(duck, _ORDERS):
        drawn = hashlib.blake2b(f"{source.name}:order:{key}".encode(), digest_size=16).digest()
        times = _times(drawn, placed, lines, reason, share)
        channel = "AFN" if drawn[15] < 26 else "MFN"  # a tenth is fulfilled by the marketplace
        yield (
            number,
            _order_id(drawn),
            seller,
            buyer,
            placed,
            *times,
            channel,
            lines,
            units,
            first,
            cents,
            shipping,
            items,
        )


def _order_id(drawn: bytes) -> str:
    digits = f"{int.from_bytes(drawn[:8]) % 10**17:017d}"
    return f"{digits[:3]}-{digits[3:10]}-{digits[10:]}"


def _times(drawn: bytes, placed: int, lines: int, reason: int | None, share: int) -> tuple[int | None, ...]:
    """(partial, shipped, delivered, cancelled, cancel_reason). Unshipped for two days, then on its way for one to four."""
    if reason is not None:
        return None, None, None, placed, reason
    if int.from_bytes(drawn[8:10]) < share:
        return None, None, None, placed + 3600 * (1 + drawn[10] % 20), 1
    partial = placed + DAY if lines > 1 and drawn[11] < 12 else None
    shipped = placed + 2 * DAY
    return partial, shipped, shipped + DAY + int.from_bytes(drawn[12:14]) * 3 * DAY // 65_536, None, None


def _about(source: Source, digest: str, tally: Tally, totals: dict[str, int]) -> Iterator[tuple[str, str]]:
    yield "digest", digest
    yield "source", source.name
    yield "label", source.label
    yield "market", encode_text(source.market)
    yield "tally", encode_text(tally)
    for name, value in totals.items():
        yield name, str(value)


if __name__ == "__main__":
    # As a process of its own it runs beside the database's start; whoever started it asks `ensure_orders` again and finds it done.
    try:
        ensure_orders(Path(sys.argv[1]), sys.argv[2])
    except PiepowderError:
        sys.exit(1)  # the same error meets whoever asks again, and is said there
