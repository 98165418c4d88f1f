"""Both libraries over every operation, whole: in observe mode everything that the catalogue knows arrives as the marketplace said it.

So these tests show that neither the gateway nor a library loses a field; what policy takes away is shown in `test_wire_minimised.py`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wire.clients import Account, Wire, plain
from tests.wire.reads import OF_ORDER, everything
from tests.wire.source import Source, differences

DATA_SETS = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)
Accounts = Callable[..., Account]


def _as_said(truth: Any, answer: Any) -> None:
    """Nothing lost, added or changed but the token of the next page, and nothing that the library had to leave out."""
    assert set(differences(truth, answer.json)) <= {("changed", "payload.NextToken")}
    assert answer.kept == plain(answer.json)


@pytest.mark.parametrize("operation", OF_ORDER)
def test_reads_of_one_order(library: type[Wire], account: Accounts, source: Source, operation: str) -> None:
    """The six reads of Orders v0 about one order arrive whole, for orders of every kind."""
    desk = account("watched_desk")
    wire = library(desk, everything(library, desk))
    for order in source.samples():
        answer = wire.call(operation, order.id)
        assert answer.status == 200
        _as_said(source.says(f"/orders/v0/orders/{order.id}{OF_ORDER[operation]}"), answer)


def test_orders_of_v0(library: type[Wire], account: Accounts, source: Source) -> None:
    """getOrders arrives whole for each of its filters."""
    desk = account("watched_desk")
    wire = library(desk, everything(library, desk, ("orders.v0.getOrders",)))
    since = {"MarketplaceIds": [source.book.market.id], "CreatedAfter": source.days_ago(20)}
    order = source.order("shipped")
    for more in (
        {"MaxResultsPerPage": 20},
        {"CreatedBefore": source.days_ago(10)},
        {"OrderStatuses": ["Unshipped", "PartiallyShipped"]},
        {"OrderStatuses": ["Canceled"], "FulfillmentChannels": ["AFN", "MFN"]},
        {"FulfillmentChannels": ["AFN"], "MaxResultsPerPage": 5},
        {"LatestDeliveryDateBefore": source.days_ago(1)},
        {"AmazonOrderIds": [order.id]},
    ):
        wanted: dict[str, Any] = since | more
        answer = wire.call("orders.v0.getOrders", **wanted)
        query = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in wanted.items()}
        truth = source.says("/orders/v0/orders", query)
        assert answer.json["payload"]["Orders"], f"nothing to compare for {more}"
        for each in (truth, answer.json):  # the moment up to which it was read
            each["payload"].pop("CreatedBefore")
        answer.kept["payload"].pop("CreatedBefore")
        _as_said(truth, answer)


def test_orders_by_update(library: type[Wire], account: Accounts, source: Source) -> None:
    """getOrders and searchOrders list what was updated of late, and say until when."""
    wire = library(account("desk"))
    markets = [source.book.market.id]
    old = wire.call("orders.v0.getOrders", MarketplaceIds=markets, LastUpdatedAfter=source.days_ago(1))
    new = wire.call("orders.2026-01-01.searchOrders", marketplaceIds=markets, lastUpdatedAfter=source.days_ago(1))
    found = [order["AmazonOrderId"] for order in old.json["payload"]["Orders"]]
    assert found
    assert "LastUpdatedBefore" in old.json["payload"]
    assert [order["orderId"] for order in new.json["orders"]] == found
    assert "lastUpdatedBefore" in new.json


@pytest.mark.parametrize(
    "data", [(), *((each,) for each in DATA_SETS), DATA_SETS], ids=lambda data: "+".join(data)[:40]
)
def test_order_of_2026(library: type[Wire], account: Accounts, source: Source, data: tuple[str, ...]) -> None:
    """getOrder of 2026-01-01 has the blocks that `includedData` names and no others."""
    wire = library(account("watched_desk"))
    asked = {"includedData": list(data)} if data else {}
    for order in source.samples():
        answer = wire.call("orders.2026-01-01.getOrder", order.id, **asked)
        truth = source.says(f"/orders/2026-01-01/orders/{order.id}", {"includedData": ",".join(data)} if data else {})
        _as_said(truth, answer)


@pytest.mark.parametrize("data", [(), ("BUYER", "RECIPIENT"), DATA_SETS], ids=["none", "people", "all"])
def test_search_of_2026(library: type[Wire], account: Accounts, source: Source, data: tuple[str, ...]) -> None:
    """searchOrders arrives whole for each of its filters."""
    wire = library(account("watched_desk"))
    since = {"createdAfter": source.days_ago(20), "maxResultsPerPage": 8, "includedData": list(data)}
    for more in (
        {"marketplaceIds": [source.book.market.id]},
        {"fulfillmentStatuses": ["UNSHIPPED", "PARTIALLY_SHIPPED"]},
        {"fulfilledBy": ["AMAZON"]},
        {"createdBefore": source.days_ago(10)},
    ):
        wanted: dict[str, Any] = {name: value for name, value in (since | more).items() if value != []}
        answer = wire.call("orders.2026-01-01.searchOrders", **wanted)
        query = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in wanted.items()}
        truth = source.says("/orders/2026-01-01/orders", query)
        assert answer.json["orders"], f"nothing to compare for {more}"
        for each in (truth, answer.json, answer.kept):
            each.pop("createdBefore")
        assert set(differences(truth, answer.json)) <= {("changed", "pagination.nextToken")}
        assert answer.kept == plain(answer.json)


@pytest.mark.parametrize("granularity", ["Hour", "Day", "Week", "Month", "Year", "Total"])
def test_order_metrics(library: type[Wire], account: Accounts, source: Source, granularity: str) -> None:
    """getOrderMetrics of every granularity arrives whole and adds up to the orders themselves."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - (timedelta(hours=8) if granularity == "Hour" else timedelta(days=25))
    interval = f"{start:%Y-%m-%dT%H:%M:%SZ}--{end:%Y-%m-%dT%H:%M:%SZ}"
    wanted = {"granularity": granularity, "granularityTimeZone": "UTC", "interval": interval}
    answer = library(account("metrics")).call(
        "sales.v1.getOrderMetrics", marketplaceIds=[source.book.market.id], **wanted
    )
    _as_said(source.says("/sales/v1/orderMetrics", wanted | {"marketplaceIds": source.book.market.id}), answer)
    sold = source.sold(start, end)
    assert sum(part["orderCount"] for part in answer.json["payload"]) == len(sold)
    cents = sum(round(float(part["totalSales"]["amount"]) * 100) for part in answer.json["payload"])
    assert cents == sum(order.total_cents for order in sold)


@pytest.mark.parametrize(
    "more",
    [
        {"buyerType": "B2B"},
        {"buyerType": "B2C"},
        {"fulfillmentNetwork": "AFN"},
        {"firstDayOfWeek": "Sunday", "granularity": "Week"},
        {"granularityTimeZone": "Asia/Tokyo", "interval": "+09:00"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_order_metrics_of_some(library: type[Wire], account: Accounts, source: Source, more: dict[str, str]) -> None:
    """getOrderMetrics takes its filters, and time zones other than UTC."""
    offset = more.get("interval", "Z")
    day = datetime.now(UTC).date()
    interval = f"{day - timedelta(days=14)}T00:00:00{offset}--{day - timedelta(days=1)}T00:00:00{offset}"
    wanted = {"granularity": "Day", "granularityTimeZone": "UTC", **more, "interval": interval}
    answer = library(account("metrics")).call(
        "sales.v1.getOrderMetrics", marketplaceIds=[source.book.market.id], **wanted
    )
    _as_said(source.says("/sales/v1/orderMetrics", wanted | {"marketplaceIds": source.book.market.id}), answer)


def test_sellers(library: type[Wire], account: Accounts, source: Source) -> None:
    """Both operations of Sellers arrive whole: they are about the seller, not about a buyer."""
    wire = library(account("metrics"))
    participations = wire.call("sellers.v1.getMarketplaceParticipations")
    _as_said(source.says("/sellers/v1/marketplaceParticipations"), participations)
    assert participations.json["payload"][0]["marketplace"]["id"] == source.book.market.id
    _as_said(source.says("/sellers/v1/account"), wire.call("sellers.v1.getAccount"))


def test_headers(library: type[Wire], account: Accounts, source: Source) -> None:
    """Every answer carries a request id, the rate, and the id of the decision."""
    order = source.order("shipped")
    answer = library(account("desk")).call("orders.v0.getOrder", order.id)
    assert answer.headers["x-amzn-requestid"]
    assert float(answer.headers["x-amzn-ratelimit-limit"]) > 0
    assert answer.headers["x-piepowder-decision"].startswith("rec_")
    assert answer.headers["cache-control"] == "private, no-store"
