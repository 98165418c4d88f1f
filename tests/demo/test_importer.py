"""What is imported is what the sources hold."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode
from piepowder.demo.importer import DAY, anchor, ensure_orders, shift_for
from piepowder.demo.orders import Filter, OrderBook, Seller, life
from piepowder.demo.sources import find_source
from piepowder.demo.sources.completejourney import CompleteJourney
from piepowder.demo.sources.online_retail import COUNTRIES
from tests.demo.conftest import REAL_FILE

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
#: made-up rows in the layout of UCI Online Retail, one for every rule of the importer
ROWS = """\
500001,10001,RED MUG,6,2011-01-03 09:00:00,2.55,17000,United Kingdom
500001,10002,BLUE MUG,2,2011-01-03 09:00:00,3.0,17000,United Kingdom
500001,POST,POSTAGE,1,2011-01-03 09:00:00,18.0,17000,United Kingdom
500001,M,Manual,1,2011-01-03 09:00:00,5.0,17000,United Kingdom
C500002,10001,RED MUG,-2,2011-01-20 10:00:00,2.55,17000,United Kingdom
C500003,10002,BLUE MUG,-1,2011-01-03 10:00:00,3.0,17000,United Kingdom
500004,10001,RED MUG,1,2011-02-01 12:00:00,2.55,,EIRE
500005,10001,check,-40,2011-02-01 12:05:00,0.0,,United Kingdom
500006,POST,POSTAGE,1,2011-02-01 12:06:00,9.0,17001,Germany
500007,10003,,1,2011-02-02 12:00:00,0.0,17001,Germany
500008,10003,,1,2011-02-02 12:00:00,0.0,,Germany
A500009,B,Adjust bad debt,1,2011-02-03 12:00:00,100.0,,United Kingdom
"""


def _small(folder: Path, rows: str = ROWS, header: str = HEADER) -> Path:
    file = folder / "small.csv"
    file.write_text(header + rows)
    return file


def _sums(path: Path) -> tuple[int, int, int, int]:
    """(orders, lines, source quantity, cents), counted item by item."""
    with sqlite3.connect(path) as connection:
        items = [decode(text) for (text,) in connection.execute("SELECT items FROM orders")]
    lines = [line for order in items for line in order]
    quantity = sum(line[1] if line[2] is None else line[2] for line in lines)
    return len(items), len(lines), quantity, sum(line[3] for line in lines)


def test_complete_journey_is_imported_whole(orders_data: Path) -> None:
    """Baskets, lines, quantities and sales are those of the package's own parquet file, to the cent."""
    file = str(CompleteJourney()._transactions)
    query = "SELECT count(DISTINCT basket_id), count(*), sum(quantity)::BIGINT, round(sum(sales_value) * 100)::BIGINT FROM read_parquet(?)"
    assert _sums(orders_data / "marketplace" / "orders.sqlite") == duckdb.execute(query, [file]).fetchone()


def test_complete_journey_has_its_households_and_stores(orders_data: Path) -> None:
    """2,469 households are buyers, 457 stores are sellers, as the data set's description says."""
    described = ensure_orders(orders_data, "completejourney", quiet=True)
    assert (described.buyers, described.sellers, described.orders, described.lines) == (2469, 457, 155_848, 1_469_307)


def test_made_up_cancellations_are_about_two_in_a_hundred(orders_data: Path) -> None:
    """The first source has no cancellations of its own, so some are made up, the same ones every time."""
    with sqlite3.connect(orders_data / "marketplace" / "orders.sqlite") as connection:
        (share,) = connection.execute("SELECT avg(cancelled IS NOT NULL) FROM orders").fetchone()
    assert 0.018 < share < 0.022


def test_ids_are_distinct_and_of_the_known_forms(orders_data: Path) -> None:
    """Order ids are 3-7-7 digits, seller ids begin with A1, product ids with B0."""
    with sqlite3.connect(orders_data / "marketplace" / "orders.sqlite") as connection:
        form = "[0-9]" * 3 + "-" + "[0-9]" * 7 + "-" + "[0-9]" * 7
        count, distinct, formed = connection.execute(
            "SELECT count(*), count(DISTINCT id), sum(id GLOB ?) FROM orders", [form]
        ).fetchone()
        sellers = [row[0] for row in connection.execute("SELECT id FROM seller")]
        (asins,) = connection.execute(
            "SELECT count(DISTINCT asin) - count(*) FROM product WHERE asin GLOB 'B0*'"
        ).fetchone()
    assert count == distinct == formed
    assert all(seller.startswith("A1") and len(seller) == 13 for seller in sellers)
    assert len(set(sellers)) == 457
    assert asins == 0


def test_import_is_reused_and_the_same_when_repeated(tmp_path: Path) -> None:
    """A second call reads the file that is there; an import from nothing writes the same orders again."""
    file = _small(tmp_path)
    first = ensure_orders(tmp_path / "one", str(file), quiet=True)
    again = ensure_orders(tmp_path / "one", str(file), quiet=True)
    other = ensure_orders(tmp_path / "two", str(file), quiet=True)
    assert (first.reused, again.reused, other.reused) == (False, True, False)
    with sqlite3.connect(first.path) as one, sqlite3.connect(other.path) as two:
        assert one.execute("SELECT * FROM orders").fetchall() == two.execute("SELECT * FROM orders").fetchall()


def test_broken_import_file_is_built_anew(tmp_path: Path) -> None:
    """What is no SQLite file under the name of the imported orders is replaced."""
    file = _small(tmp_path)
    (tmp_path / "marketplace").mkdir()
    (tmp_path / "marketplace" / "orders.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 40)
    assert not ensure_orders(tmp_path, str(file), quiet=True).reused
    assert [entry.name for entry in (tmp_path / "marketplace").iterdir()] == ["orders.sqlite"]


def test_online_retail_rules(tmp_path: Path) -> None:
    """Postage becomes the order's shipping charge; bookkeeping and stock corrections are no order lines, and all are counted."""
    path = ensure_orders(tmp_path, str(_small(tmp_path)), quiet=True).path
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT lines, units, cents, shipping_cents, cancel_reason FROM orders ORDER BY number"
        ).fetchall()
        about = dict(connection.execute("SELECT key, value FROM about").fetchall())
    assert rows == [
        (2, 8, 2130, 1800, None),
        (1, 1, 300, 0, 1),
        (1, 2, 510, 0, 2),
        (1, 1, 255, 0, None),
        (1, 1, 0, 0, None),
    ]
    assert decode(about["tally"]) == {
        "read": 12,
        "kept": 6,
        "postage": 1,
        "dropped": {"bookkeeping": 2, "stock correction": 2, "postage without goods": 1},
    }


def test_guest_orders_have_a_buyer_each(tmp_path: Path) -> None:
    """An order without a customer number has a buyer of its own, in the country of the order."""
    path = ensure_orders(tmp_path, str(_small(tmp_path)), quiet=True).path
    with sqlite3.connect(path) as connection:
        buyers = dict(connection.execute("SELECT key, country FROM buyer").fetchall())
    assert buyers == {"17000": "GB", "17001": "DE", "guest 500004": "IE"}


if REAL_FILE.is_file():

    def test_online_retail_is_imported_to_the_cent(tmp_path: Path) -> None:
        """Every line of the real file is kept, a shipping charge, or dropped for a named reason; kept sums equal the file's."""
        path = ensure_orders(tmp_path, str(REAL_FILE), quiet=True).path
        with sqlite3.connect(path) as connection:
            about = dict(connection.execute("SELECT key, value FROM about").fetchall())
            (cancelled,) = connection.execute("SELECT count(*) FROM orders WHERE cancelled IS NOT NULL").fetchone()
            countries = {row[0] for row in connection.execute("SELECT DISTINCT country FROM buyer")}
        tally = decode(about["tally"])
        assert tally["read"] == 541_909 == tally["kept"] + tally["postage"] + sum(tally["dropped"].values())
        query = """
            SELECT count(DISTINCT InvoiceNo), count(*), sum(abs(Quantity)), sum(round(abs(Quantity * UnitPrice) * 100))::BIGINT
            FROM read_csv(?) WHERE upper(StockCode) NOT IN ('POST', 'DOT', 'C2', 'M', 'D', 'S', 'B', 'BANK CHARGES', 'AMAZONFEE', 'CRUK')
            AND (Quantity > 0 OR InvoiceNo LIKE 'C%') AND (UnitPrice > 0 OR (UnitPrice = 0 AND CustomerID IS NOT NULL))"""
        assert _sums(path) == duckdb.execute(query, [str(REAL_FILE)]).fetchone()
        assert int(about["sellers"]) == 20
        assert cancelled > 3_300
        assert countries <= set(COUNTRIES.values())
        assert len(countries) >= 34


def test_missing_and_foreign_files_are_told(tmp_path: Path) -> None:
    """A path that leads nowhere, a file without the columns, and a file with words for numbers each say what is wrong."""
    with pytest.raises(PiepowderError, match="there is no file of orders") as nowhere:
        find_source(str(tmp_path / "nothing.csv"))
    assert nowhere.value.code == "demo_source_missing"
    with pytest.raises(PiepowderError, match="no column `InvoiceNo`"):
        ensure_orders(tmp_path, str(_small(tmp_path, "1,2\n", "a,b\n")), quiet=True)
    with pytest.raises(PiepowderError, match="cannot be read") as words:
        ensure_orders(tmp_path, str(_small(tmp_path, ROWS.replace(",6,", ",six,"))), quiet=True)
    assert words.value.code == "demo_source_layout"
    with pytest.raises(PiepowderError, match="holds no order"):
        ensure_orders(tmp_path, str(_small(tmp_path, "")), quiet=True)


@pytest.mark.parametrize(
    "now", [datetime(2026, 11, 25, 15, 30, tzinfo=UTC), datetime(2027, 2, 1, 23, 59, 59, tzinfo=UTC)]
)
def test_newest_order_is_of_today_at_its_own_hour(now: datetime) -> None:
    """Dates are moved by whole days when the newest order's hour has passed."""
    newest = int(datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC).timestamp())
    shifted = datetime.fromtimestamp(newest + shift_for(newest, now), UTC)
    assert (shifted.date(), shifted.time()) == (now.date(), datetime(2018, 1, 1, 4, 1, 20).time())


def test_newest_order_is_never_in_the_future() -> None:
    """Before that hour dates are moved by whole hours, to the last few minutes before the hour."""
    newest = int(datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC).timestamp())
    now = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
    shifted = newest + shift_for(newest, now)
    assert 180 <= now.timestamp() - shifted < 180 + 3600


def test_dates_stay_within_a_day_and_move_on_the_next(tmp_path: Path) -> None:
    """The same file serves on later days: only the shift is set anew, at most once a day."""
    noon = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
    path = ensure_orders(tmp_path, str(_small(tmp_path)), now=noon, quiet=True).path
    shifts = []
    for moment in (noon, noon + timedelta(hours=3), noon + timedelta(days=1)):
        anchor(path, moment)
        opened = OrderBook(path)
        shifts.append(opened.shift)
        opened.close()
    assert shifts[1] == shifts[0]
    assert shifts[2] == shifts[0] + DAY


def test_states_follow_age(book: OrderBook, seller: Seller) -> None:
    """Orders of the last two days are unshipped, older ones shipped, after at most six days delivered; cancelled ones stay so."""
    now = book.newest + 600
    orders = book.page(seller, Filter(created_after=now - 60 * DAY, as_of=now, limit=5_000))
    assert len(orders) > 300
    for order in orders:
        state, age = life(order, now), now - order.placed
        if state.status == "Canceled":
            assert order.cancel_reason
            assert not state.delivered
        elif age < 2 * DAY:
            assert state.status in ("Unshipped", "PartiallyShipped")
        else:
            assert state.status == "Shipped"
            assert state.delivered == (now >= (order.delivered or 0))
        assert not state.delivered or (order.delivered is not None and order.delivered <= order.promised)
    assert {life(order, now).status for order in orders} >= {"Unshipped", "Shipped", "Canceled"}


@pytest.mark.parametrize("status", ["Unshipped", "PartiallyShipped", "Shipped", "Canceled"])
def test_status_in_sql_is_status_in_python(book: OrderBook, seller: Seller, status: str) -> None:
    """Filtering by status in the database gives the orders whose life says so."""
    now = book.newest + 600
    everything = book.page(seller, Filter(created_after=now - 30 * DAY, as_of=now, limit=5_000))
    filtered = book.page(seller, Filter(created_after=now - 30 * DAY, statuses=(status,), as_of=now, limit=5_000))
    assert [order.id for order in filtered] == [order.id for order in everything if life(order, now).status == status]


def test_listing_by_update_is_complete_and_in_order(book: OrderBook, seller: Seller) -> None:
    """Everything that changed in the last three days is listed, by the time of its last change."""
    now = book.newest + 600
    listed = book.page(seller, Filter(updated_after=now - 3 * DAY, by_update=True, as_of=now, limit=5_000))
    everything = book.page(seller, Filter(as_of=now, limit=10_000))
    changed = [order for order in everything if life(order, now).updated >= now - 3 * DAY]
    assert {order.id for order in listed} == {order.id for order in changed}
    keys = [(life(order, now).updated, order.number) for order in listed]
    assert keys == sorted(keys)
