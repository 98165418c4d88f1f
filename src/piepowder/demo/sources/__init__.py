"""Where orders come from. A source fills the staging tables `line`, `cancellation` and `goods` of a DuckDB connection."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAMES = ("completejourney",)


class Market(Struct, frozen=True, kw_only=True):
    """The marketplace that a source's orders were made on, as the Sellers operations describe it."""

    id: str
    name: str
    country: str
    currency: str
    language: str
    domain: str


class Tally(Struct, frozen=True, kw_only=True):
    """How the source's lines were used: read = kept + postage + every count in `dropped`."""

    read: int
    kept: int
    postage: int = 0  # lines that became an order's shipping charge
    dropped: dict[str, int] = {}  # reason -> lines


class Source(Protocol):
    name: str
    label: str  # for people
    market: Market
    cancellation_share: float  # made-up cancellations; 0 where the source has real ones

    def digest(self) -> str:
        """Names the exact bytes that would be imported."""
        ...

    def stage(self, connection: "DuckDBPyConnection") -> Tally:
        """Fills three tables.

        `line(order_key, seller_key, buyer_key, country, placed, goods_key, quantity, measure, cents, promoted, postage)`:
        one row per order line; `placed` in seconds since 1970, `measure` in thousandths of a gallon or NULL, money in cents;
        lines with `postage` carry a shipping charge only.
        `cancellation(order_key, reason)`: real cancellations; reason 1 before shipping, 2 a return.
        `goods(goods_key, sku, title)`.
        """
        ...


def find_source(orders: str) -> Source:
    """A source by its name, or by the path of a file in the layout of UCI Online Retail (CSV, also gzipped)."""
    from piepowder.demo.sources.completejourney import CompleteJourney
    from piepowder.demo.sources.online_retail import OnlineRetail

    if orders in NAMES:
        return CompleteJourney()
    return OnlineRetail(Path(orders))
