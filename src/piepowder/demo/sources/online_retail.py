"""UCI *Online Retail* (Chen 2015, doi:10.24432/C5BW33, CC BY 4.0): one year of a UK online shop, as CSV, also gzipped.

Invoices become orders, customers buyers (each guest order has a buyer of its own), a hash of the customer one of twenty
sellers, some much larger than others. Invoices beginning with C are kept as cancelled orders: a return where the customer
had bought the same product at least two days earlier, else a cancellation before shipping.

Not products, and therefore not order lines: postage (becomes the order's shipping charge), bookkeeping codes, stock
corrections (no price and no customer, or a negative quantity outside a C invoice).
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.demo.sources import Market, Tally

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")

#: the file's names of countries -> ISO 3166 codes; "European Community" and "Unspecified" say no country, so one is chosen
COUNTRIES = {
    "United Kingdom": "GB", "Germany": "DE", "France": "FR", "EIRE": "IE", "Spain": "ES", "Netherlands": "NL",
    "Belgium": "BE", "Switzerland": "CH", "Portugal": "PT", "Australia": "AU", "Norway": "NO", "Italy": "IT",
    "Channel Islands": "JE", "Finland": "FI", "Cyprus": "CY", "Sweden": "SE", "Unspecified": "GB", "Austria": "AT",
    "Denmark": "DK", "Japan": "JP", "Poland": "PL", "Israel": "IL", "USA": "US", "Hong Kong": "HK", "Singapore": "SG",
    "Iceland": "IS", "Canada": "CA", "Greece": "GR", "Malta": "MT", "United Arab Emirates": "AE",
    "European Community": "LU", "RSA": "ZA", "Lebanon": "LB", "Lithuania": "LT", "Brazil": "BR", "Czech Republic": "CZ",
    "Bahrain": "BH", "Saudi Arabia": "SA",
}  # fmt: skip

_READ = """
CREATE TABLE source AS
SELECT InvoiceNo AS invoice, StockCode AS code, trim(coalesce(Description, '')) AS title, Quantity::BIGINT AS quantity,
       epoch(InvoiceDate::TIMESTAMP)::BIGINT AS placed, UnitPrice::DECIMAL(12, 3) AS price,
       nullif(trim(coalesce(CustomerID, '')), '') AS customer, Country AS country_name
FROM read_csv(?, all_varchar = true, header = true)
"""

_SORT = """
CREATE TABLE sorted AS
SELECT *, CASE
    WHEN upper(code) IN ('POST', 'DOT', 'C2') THEN 'postage'
    WHEN upper(code) IN ('M', 'D', 'S', 'B', 'BANK CHARGES', 'AMAZONFEE', 'CRUK') THEN 'bookkeeping'
    WHEN invoice NOT LIKE 'C%' AND quantity <= 0 THEN 'stock correction'
    WHEN price <= 0 AND customer IS NULL THEN 'stock correction'
    WHEN price < 0 THEN 'bookkeeping'
    ELSE 'goods' END AS kind
FROM source
"""

_LINES = """
CREATE TABLE line AS
WITH chosen AS (
    SELECT * FROM sorted
    WHERE kind IN ('goods', 'postage') AND invoice IN (SELECT invoice FROM sorted WHERE kind = 'goods')
)
SELECT invoice AS order_key, 'shop ' || share.seller AS seller_key, coalesce(customer, 'guest ' || invoice) AS buyer_key,
       coalesce(country.code, 'GB') AS country, placed, chosen.code AS goods_key, abs(quantity) AS quantity,
       NULL::BIGINT AS measure, abs(round(quantity * price * 100))::BIGINT AS cents, 0 AS promoted, kind = 'postage' AS postage
FROM chosen
LEFT JOIN country ON country.name = country_name
JOIN (SELECT key, floor(20 * pow(('0x' || md5(key)[:8])::BIGINT / 4294967296.0, 1.6))::INTEGER AS seller
      FROM (SELECT DISTINCT coalesce(customer, invoice) AS key FROM chosen)) share ON share.key = coalesce(customer, invoice)
"""

_CANCELLATIONS = """
CREATE TABLE cancellation AS
SELECT back.invoice AS order_key, CASE WHEN bool_or(bought.invoice IS NOT NULL) THEN 2 ELSE 1 END AS reason
FROM sorted back
LEFT JOIN sorted bought ON bought.customer = back.customer AND bought.code = back.code AND bought.quantity > 0
    AND bought.placed <= back.placed - 2 * 86400
WHERE back.invoice LIKE 'C%' AND back.kind = 'goods' GROUP BY back.invoice
"""

_GOODS = """
CREATE TABLE goods AS
SELECT code AS goods_key, code AS sku, coalesce(nullif(mode(title), ''), 'ITEM WITHOUT DESCRIPTION') AS title
FROM sorted WHERE kind = 'goods' GROUP BY code
"""


class OnlineRetail:
    name = "online_retail"
    label = "UCI Online Retail"
    market = Market(
        id="A1F83G8C2ARO7P",
        name="Amazon.co.uk",
        country="GB",
        currency="GBP",
        language="en_GB",
        domain="www.amazon.co.uk",
    )
    cancellation_share = 0.0

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise PiepowderError(
                "demo_source_missing",
                f"there is no file of orders `{file}`",
                hint="--orders takes `completejourney` or a CSV file in the layout of UCI Online Retail",
                kind=ErrorKind.NOT_FOUND,
            )
        self._file = file

    def digest(self) -> str:
        return hashlib.sha256(self._file.read_bytes()).hexdigest()

    def stage(self, connection: "DuckDBPyConnection") -> Tally:
        self._check_layout(connection)
        connection.execute("CREATE TABLE country (name VARCHAR, code VARCHAR)")
        connection.executemany("INSERT INTO country VALUES (?, ?)", list(COUNTRIES.items()))
        connection.execute(_READ, [str(self._file)])
        for statement in (_SORT, _LINES, _CANCELLATIONS, _GOODS):
            connection.execute(statement)
        return _tally(connection)

    def _check_layout(self, connection: "DuckDBPyConnection") -> None:
        query = "SELECT * FROM read_csv(?, all_varchar = true, header = true) LIMIT 0"
        found = {column[0] for column in connection.execute(query, [str(self._file)]).description or ()}
        missing = [column for column in COLUMNS if column not in found]
        if missing:
            raise PiepowderError(
                "demo_source_layout",
                f"the file of orders has no column `{missing[0]}`",
                hint=f"the layout of UCI Online Retail is {', '.join(COLUMNS)}",
            )


def _tally(connection: "DuckDBPyConnection") -> Tally:
    counts = dict(connection.execute("SELECT kind, count(*) FROM sorted GROUP BY kind").fetchall())
    used = dict(connection.execute("SELECT postage, count(*) FROM line GROUP BY postage").fetchall())
    dropped = {kind: count for kind, count in counts.items() if kind not in ("goods", "postage")}
    lone_postage = counts.get("postage", 0) - used.get(True, 0)
    if lone_postage:
        dropped["postage without goods"] = lone_postage
    return Tally(read=sum(counts.values()), kept=used.get(False, 0), postage=used.get(True, 0), dropped=dropped)
