"""Page after page to the end, by the libraries' own way of carrying the token: every order once, none missing, none added."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.wire.clients import Account, Answer, Community, Problem, Wire
from tests.wire.reads import everything, resource, restricted_token, settled
from tests.wire.source import Source

Accounts = Callable[..., Account]


def _v0(wire: Wire, source: Source, **first: Any) -> Iterator[Answer]:
    """All pages of getOrders. The libraries want the marketplace on every call; the token stands for the other filters."""
    markets = {"MarketplaceIds": [source.book.market.id]}
    answer = wire.call("orders.v0.getOrders", **markets, **first)
    yield answer
    while token := answer.json["payload"].get("NextToken"):
        answer = wire.call("orders.v0.getOrders", **markets, NextToken=token)
        yield answer


def _v2026(wire: Wire, **filters: Any) -> Iterator[Answer]:
    answer = wire.call("orders.2026-01-01.searchOrders", **filters)
    yield answer
    while token := answer.json.get("pagination", {}).get("nextToken"):
        answer = wire.call("orders.2026-01-01.searchOrders", **filters, paginationToken=token)
        yield answer


def _numbers(pages: list[Answer]) -> list[str]:
    return [order["AmazonOrderId"] for page in pages for order in page.json["payload"]["Orders"]]


def test_all_orders_of_a_seller(library: type[Wire], account: Accounts, source: Source) -> None:
    """getOrders with the largest pages lists exactly the seller's orders, oldest first, and ends without a token."""
    pages = list(_v0(library(account("metrics")), source, CreatedAfter="2000-01-01T00:00:00Z"))
    orders = source.orders()
    assert _numbers(pages) == [order.id for order in orders]
    assert len(pages) == -(-len(orders) // 100)


def test_small_pages_of_some_orders(library: type[Wire], account: Accounts, source: Source) -> None:
    """Filters and page size hold on every page, although the next page is asked for by its token alone."""
    wanted = {"CreatedAfter": source.days_ago(30), "OrderStatuses": ["Canceled"], "MaxResultsPerPage": 7}
    pages = list(_v0(library(account("desk")), source, **wanted))
    cancelled = [order.id for order in source.orders(30) if source.state(order) == "cancelled"]
    assert _numbers(pages) == cancelled
    assert {len(page.json["payload"]["Orders"]) for page in pages[:-1]} == {7}


def test_search_to_the_end(library: type[Wire], account: Accounts, source: Source) -> None:
    """searchOrders with the same filters on every page lists exactly the seller's orders."""
    filters = {"createdAfter": source.days_ago(12), "maxResultsPerPage": 40, "includedData": ["FULFILLMENT"]}
    pages = list(_v2026(library(account("desk")), **filters))
    assert [order["orderId"] for page in pages for order in page.json["orders"]] == [
        order.id for order in source.orders(12)
    ]
    assert all("fulfillment" in order for page in pages for order in page.json["orders"])


@pytest.mark.parametrize("operation", ["orders.v0.getOrderItems", "orders.v0.getOrderItemsBuyerInfo"])
def test_items_to_the_end(library: type[Wire], account: Accounts, source: Source, operation: str) -> None:
    """An order with more items than a page holds is read to its last item."""
    order = source.long_order()
    desk = account("watched_desk")
    wire = library(desk, everything(library, desk, (operation,)))
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        payload = wire.call(operation, order.id, **more).json["payload"]
        found += [item["OrderItemId"] for item in payload["OrderItems"]]
        if not payload.get("NextToken"):
            break
        more = {"NextToken": payload["NextToken"]}
    assert found == [item.id for item in source.book.items(order)]
    assert len(found) > 100


def test_libraries_find_the_token(account: Accounts, source: Source) -> None:
    """python-amazon-sp-api, which looks for the next token in several places, finds the one that is there."""
    wire = Community(account("desk"))
    v0 = wire.call("orders.v0.getOrders", MarketplaceIds=[source.book.market.id], CreatedAfter=source.days_ago(60))
    assert v0.told.next_token == v0.json["payload"]["NextToken"]
    new = wire.call("orders.2026-01-01.searchOrders", createdAfter=source.days_ago(60), maxResultsPerPage=3)
    assert new.told.next_token == new.json["pagination"]["nextToken"]


def test_a_token_is_nobody_elses(library: type[Wire], account: Accounts, source: Source) -> None:
    """A page token serves neither another app nor another seller, nor other filters, and shows nothing of the marketplace's own."""
    mine = library(account("desk"))
    markets = [source.book.market.id]
    token = next(_v0(mine, source, CreatedAfter=source.days_ago(60))).json["payload"]["NextToken"]
    for foreign in (account("metrics"), account("desk", 1)):
        with pytest.raises(Problem) as caught:
            library(foreign).call("orders.v0.getOrders", MarketplaceIds=markets, NextToken=token)
        assert (caught.value.status, caught.value.code) == (400, "InvalidInput")
    filters = {"createdAfter": source.days_ago(60), "maxResultsPerPage": 5}
    found = mine.call("orders.2026-01-01.searchOrders", **filters).json["pagination"]["nextToken"]
    other = filters | {"createdAfter": source.days_ago(50)}
    with pytest.raises(Problem, match="page_token_foreign"):
        mine.call("orders.2026-01-01.searchOrders", **other, paginationToken=found)
    with pytest.raises(Problem, match="page_token_malformed"):
        mine.call("orders.v0.getOrders", MarketplaceIds=markets, NextToken=token[:-4] + "AAAA")


def test_rights_lost_between_two_pages(
    library: type[Wire], spare: Account, source: Source, operator: Callable[..., Any]
) -> None:
    """Personal data cut off between two pages is gone from the second; the page itself still comes."""
    token = restricted_token(library, spare, resource("orders.v0.getOrders", "shippingAddress"))
    wire, markets = library(spare, token), [source.book.market.id]
    truth = {order.id: order for order in source.orders()}

    def named(answer: Answer) -> set[bool]:
        """Whether the open orders of a page have names."""
        orders = [order for order in answer.json["payload"]["Orders"] if source.is_open(truth[order["AmazonOrderId"]])]
        return {"Name" in order["ShippingAddress"] for order in orders}

    first = next(_v0(wire, source, CreatedAfter=source.days_ago(20), MaxResultsPerPage=30))
    assert named(first) == {True}
    operator("PUT", f"/standing/{spare.app_id}", {"standing": "personal_data_off", "reason": "a test"})
    more = {"MarketplaceIds": markets, "NextToken": first.json["payload"]["NextToken"]}
    assert settled(lambda: named(wire.call("orders.v0.getOrders", **more)) == {False})
