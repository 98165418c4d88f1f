"""The published rates, as real clients meet them: the burst, then 429 with the time to wait; one bucket for all workers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sp_api.base import SellingApiRequestThrottledException
from spapi.rest import ApiException

from tests.wire.clients import Account, Problem, Wire
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
    for _ in range(burst):
        assert float(wire.call(operation, **wanted).headers["x-amzn-ratelimit-limit"]) == rate
    with pytest.raises(Problem) as caught:
        wire.call(operation, **wanted)
    refused = caught.value
    assert (refused.status, refused.code) == (429, "QuotaExceeded")
    assert isinstance(refused.error, SellingApiRequestThrottledException | ApiException)
    assert 0 < int(refused.headers["retry-after"]) <= 1 / rate + 1
    assert "x-amzn-ratelimit-limit" not in refused.headers
    assert "try again in" in refused.details


def test_one_bucket_for_all_workers(library: type[Wire], account: Accounts, source: Source) -> None:
    """Two workers and eight connections at once share the bucket: of 40 calls exactly the burst of 30 and what fell due pass."""
    operation, order = "orders.2026-01-01.getOrder", source.order("shipped").id
    throttled = account("throttled", library.__name__ == "Official")
    library(throttled).call(operation, order)  # the access token is there

    def call(_: int) -> int:
        try:
            return library(throttled).call(operation, order).status
        except Problem as refused:
            return refused.status

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(call, range(60)))
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 29


def test_buckets_are_apart(library: type[Wire], account: Accounts, source: Source) -> None:
    """An empty bucket of one seller stops neither the same app for another seller, nor another app, nor another operation."""
    wanted = _wanted("orders.v0.getOrders", source)
    wire = library(account("throttled", library.__name__ == "Official"))
    with pytest.raises(Problem):
        for _ in range(21):
            wire.call("orders.v0.getOrders", **wanted)
    assert library(account("desk")).call("orders.v0.getOrders", **wanted).status == 200
    assert wire.call("orders.v0.getOrder", *[order for order in [_own_order(wire)] if order]).status == 200


def _own_order(wire: Wire) -> str:
    return ""
