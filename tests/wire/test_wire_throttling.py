"""The published rates, as real clients meet them: the burst, then 429 with the time to wait; one bucket for all workers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sp_api.base import SellingApiRequestThrottledException
from spapi.rest import ApiException

from tests.wire.clients import Account, Problem, Wire, access_token
from tests.wire.source import Source

Accounts = Callable[..., Account]
#: operation -> published rate and burst; the slow ones, so that no new call is due while the test runs
RATES: dict[str, tuple[float, int]] = {
    "orders.v0.getOrders": (0.0167, 20),
    "orders.2026-01-01.searchOrders": (0.0056, 20),
    "sellers.v1.getAccount": (0.016, 15),
    "sellers.v1.getMarketplaceParticipations": (0.016, 15),
}


def _wanted(operation: str, source: Source) -> dict[str, Any]:
    if operation == "orders.v0.getOrders":
        return {"MarketplaceIds": [source.book.market.id], "CreatedAfter": source.days_ago(1), "MaxResultsPerPage": 1}
    if operation == "orders.2026-01-01.searchOrders":
        return {"createdAfter": source.days_ago(1), "maxResultsPerPage": 1}
    return {}


@pytest.mark.parametrize("operation", RATES)
def test_published_rate(library: type[Wire], account: Accounts, source: Source, operation: str) -> None:
    """The burst passes with the rate in a header; the next call is 429 QuotaExceeded and says when to come back."""
    rate, burst = RATES[operation]
    wire = library(
        account("throttled", library.__name__ == "Official")
    )  # each library has a seller, so a bucket of its own
    wanted = _wanted(operation, source)
    passed, began = 0, time.monotonic()
    with pytest.raises(Problem) as caught:  # noqa: PT012 - the loop is the point
        while passed < 2 * burst:
            assert float(wire.call(operation, **wanted).headers["x-amzn-ratelimit-limit"]) == rate
            passed += 1
    refused = caught.value
    assert burst <= passed <= burst + 1 + rate * (time.monotonic() - began)
    assert (refused.status, refused.code) == (429, "QuotaExceeded")
    assert isinstance(refused.error, SellingApiRequestThrottledException | ApiException)
    assert 0 < int(refused.headers["x-piepowder-retry-after"]) <= 1 / rate + 1
    assert "retry-after" not in refused.headers  # amzn-sp-api would wait inside the call
    assert "x-amzn-ratelimit-limit" not in refused.headers
    assert "try again in" in refused.details


def test_one_bucket_for_all_workers(library: type[Wire], account: Accounts, source: Source) -> None:
    """Two workers and eight connections share the bucket: of 60 calls at once the burst passes, and what falls due meanwhile."""
    operation, order = "orders.2026-01-01.getOrder", source.order("shipped").id
    throttled = account("throttled", library.__name__ == "Official")
    if library.__name__ == "Official":
        order = source.elsewhere().id

    def call(_: int) -> int:
        try:
            return library(throttled, token).call(operation, order).status
        except Problem as refused:
            return refused.status

    token = access_token(throttled)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(call, range(60)))
    due = 0.5 * (time.monotonic() - began)
    assert set(statuses) == {200, 429}
    assert 30 <= statuses.count(200) <= 31 + due


def test_buckets_are_apart(library: type[Wire], account: Accounts, source: Source) -> None:
    """An empty bucket stops neither the same app for another seller, nor another app, nor another operation."""
    other = library.__name__ == "Official"
    operation = "orders.v0.getOrderItems" if other else "orders.v0.getOrderAddress"  # nobody else has used up these
    orders = (source.order("shipped").id, source.elsewhere().id)
    wire = library(account("throttled", other))
    with pytest.raises(Problem, match="429"):  # noqa: PT012 - the loop is the point
        for _ in range(100):
            wire.call(operation, orders[other])
    assert library(account("throttled", not other)).call(operation, orders[not other]).status == 200
    assert library(account("desk", other)).call(operation, orders[other]).status == 200
    assert wire.call("orders.v0.getOrderBuyerInfo", orders[other]).status == 200
