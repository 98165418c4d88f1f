"""The marketplace says nothing that the catalogue does not know, and everything in the types that the catalogue says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.model import Node
from piepowder.demo.importer import ensure_orders
from piepowder.demo.marketplace.v2026_shapes import DATA_SETS
from piepowder.demo.marketplace.wire import iso
from piepowder.demo.orders import DAY, Filter, OrderBook
from tests.demo.conftest import REAL_FILE
from tests.demo.test_importer import _small
from tests.demo.test_marketplace import Door

LEAVES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


def _complaints(value: Any, node: Node | None, path: str) -> Iterator[str]:
    """Every place where a value is not as the catalogue says."""
    if node is None:
        yield f"{path}: unknown"
    elif node.kind == "object":
        yield from (f"{path}.{name}: missing" for name in node.required - set(value))
        for name, part in value.items():
            yield from _complaints(part, node.children.get(name), f"{path}.{name}")
    elif node.kind == "array":
        for part in value:
            yield from _complaints(part, node.item, f"{path}[]")
    elif not isinstance(value, LEAVES[node.leaf]) or (node.leaf == "integer" and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {node.leaf}"
    elif node.enum and value not in node.enum:
        yield f"{path}: {value!r} is not one of {node.enum}"
    elif node.pattern and not re.search(node.pattern, str(value)):
        yield f"{path}: {value!r} does not match {node.pattern}"
    elif node.max_length is not None and len(str(value)) > node.max_length:
        yield f"{path}: {value!r} is longer than {node.max_length}"


def _check_orders(door: Door, book: OrderBook, most: int) -> None:
    operations, everything = load_catalogue("spapi").operations, ",".join(sorted(DATA_SETS))
    complaints: set[str] = set()
    for seller in book.sellers(2):
        calls: list[tuple[str, dict[str, str]]] = [
            ("sellers.v1.getAccount", {}),
            ("sellers.v1.getMarketplaceParticipations", {}),
        ]
        calls.append(("orders.v0.getOrders", {"MarketplaceIds": book.market.id, "CreatedAfter": "2020-01-01"}))
        calls.append(("orders.2026-01-01.searchOrders", {"createdAfter": "2020-01-01", "includedData": everything}))
        interval = f"{iso(door.now - 9 * DAY)}--{iso(door.now)}"
        metrics = {
            "marketplaceIds": book.market.id,
            "interval": interval,
            "granularity": "Day",
            "granularityTimeZone": "UTC",
        }
        calls.append(("sales.v1.getOrderMetrics", metrics))
        for order in book.page(seller, Filter(as_of=door.now, limit=most)):
            calls += [
                (name, {"orderId": order.id})
                for name in operations
                if name.startswith("orders.v0.getOrder") and name != "orders.v0.getOrders"
            ]
            calls.append(("orders.2026-01-01.getOrder", {"orderId": order.id, "includedData": everything}))
        for name, parameters in calls:
            query = dict(parameters)
            path = operations[name].path.replace("{orderId}", query.pop("orderId", ""))
            status, _, body = door(path, seller.id, **query)
            assert status == 200, (name, body)
            complaints |= set(_complaints(body, operations[name].answer, name))
    assert complaints == set()


def test_first_source_is_what_the_catalogue_knows(book: OrderBook) -> None:
    """American orders of all operations fit the catalogue, whole."""
    _check_orders(Door(book, book.newest + 900), book, 150)


def _opened(folder: Path, file: Path) -> OrderBook:
    return OrderBook(ensure_orders(folder, str(file), quiet=True).path)


@pytest.mark.parametrize("file", [REAL_FILE] if REAL_FILE.is_file() else [None])
def test_second_source_is_what_the_catalogue_knows(tmp_path: Path, file: Path | None) -> None:
    """Orders from thirty-odd countries, with shipping charges, cancellations and returns, fit as well."""
    book = _opened(tmp_path, file or _small(tmp_path))
    assert (book.market.currency, book.market.id) == ("GBP", "A1F83G8C2ARO7P")
    _check_orders(Door(book, book.newest + 900), book, 120)
    book.close()


def test_second_source_keeps_shipping_charges_and_returns(tmp_path: Path) -> None:
    """The shipping charge is the first item's and in the total; a C invoice is a cancelled order with a reason."""
    book = _opened(tmp_path, _small(tmp_path))
    door = Door(book, book.newest + 900)
    orders = {
        order.total_cents: (seller, order)
        for seller in book.sellers()
        for order in book.page(seller, Filter(as_of=door.now))
    }
    seller, order = orders[2130 + 1800]
    told = door(f"/orders/v0/orders/{order.id}", seller.id)[2]["payload"]
    items = door(f"/orders/v0/orders/{order.id}/orderItems", seller.id)[2]["payload"]["OrderItems"]
    assert told["OrderTotal"] == {"CurrencyCode": "GBP", "Amount": "39.30"}
    assert [item["ShippingPrice"]["Amount"] for item in items] == ["18.00", "0.00"]
    seller, back = orders[510]
    told = door(f"/orders/2026-01-01/orders/{back.id}", seller.id, includedData="CANCELLATION,FULFILLMENT")[2]["order"]
    assert told["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    assert told["orderItems"][0]["cancellation"]["cancellationExecution"]["cancelReason"] == "RETURNED"
    book.close()
