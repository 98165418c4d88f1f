"""Amazon's strict client library accepts every answer of the example marketplace, and nothing of it is lost on the way.

`amzn-sp-api` raises on a missing required member and on a value outside an enumeration, and drops members that its models do
not know. So each answer is turned back into JSON and compared with the body that was sent.
"""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import spapi
from sp_api.api import Orders, Sales, Sellers
from sp_api.base import (
    Granularity,
    SellingApiBadRequestException,
    SellingApiForbiddenException,
    SellingApiNotFoundException,
)

from piepowder.core.kernel.json import decode
from piepowder.demo.buyers import wishes
from piepowder.demo.marketplace.v2026_shapes import DATA_SETS
from piepowder.demo.marketplace.wire import iso
from piepowder.demo.orders import DAY, Filter, Life, Order, OrderBook, Seller, life
from tests.demo.conftest import CREDENTIAL

MARKETPLACE = "ATVPDKIKX0DER"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)")


@pytest.fixture
def amazon(passage_url: str) -> Any:
    """Amazon's own client with a token that is already there."""
    configuration = spapi.Configuration()
    configuration.host = passage_url
    configuration.access_token_cache = SimpleNamespace(get_lwa_access_token=lambda: CREDENTIAL)
    return spapi.ApiClient(configuration=configuration)


@pytest.fixture
def samples(book: OrderBook, seller: Seller) -> list[Order]:
    """Orders of every kind: of all states, with gifts, companies, wishes, petrol, regulated goods."""
    now = book.newest
    orders = book.page(seller, Filter(created_after=now - 90 * DAY, as_of=now, limit=10_000))
    traits: dict[str, Callable[[Order], object]] = {
        "unshipped": lambda order: life(order, now).status == "Unshipped",
        "shipped": lambda order: life(order, now) == Life("Shipped", order.shipped or 0, False, order.units),
        "delivered": lambda order: life(order, now).delivered,
        "cancelled": lambda order: life(order, now).status == "Canceled",
        "partial": lambda order: order.partial,
        "fulfilled by the marketplace": lambda order: order.channel == "AFN",
        "petrol": lambda order: any(item.measure for item in book.items(order)),
        "company": lambda order: book.buyer(order).business,
        "gift": lambda order: wishes(order.id, book.buyer(order)).gift_message,
        "customised": lambda order: wishes(order.id, book.buyer(order)).customisation_url,
        "wish": lambda order: (
            wishes(order.id, book.buyer(order)).drop_off and wishes(order.id, book.buyer(order)).instructions
        ),
        "regulated": lambda order: wishes(order.id, book.buyer(order)).pet_name,
    }
    return [next(filter(trait, orders)) for trait in traits.values()]


def _sent(amazon: Any) -> Any:
    return decode(amazon.last_response.data)


def _same(amazon: Any, answer: Any) -> None:
    """What the models kept is what was sent; times may be written in another way."""
    assert _plain(amazon.sanitize_for_serialization(answer)) == _plain(_sent(amazon))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.replace("+00:00", "Z") if isinstance(value, str) and _MOMENT.fullmatch(value) else value


def _v0_calls() -> list[Callable[[Any, str], Any]]:
    names = (
        "get_order",
        "get_order_items",
        "get_order_address",
        "get_order_buyer_info",
        "get_order_items_buyer_info",
        "get_order_regulated_info",
    )
    return [lambda api, order, name=name: getattr(api, name)(order) for name in names]  # type: ignore[misc]


@pytest.mark.parametrize("call", _v0_calls(), ids=["order", "items", "address", "buyer", "items_buyer", "regulated"])
def test_orders_v0_of_every_kind(amazon: Any, samples: list[Order], call: Callable[[Any, str], Any]) -> None:
    """The six operations on one order are accepted whole for orders of every kind."""
    api = spapi.OrdersV0Api(amazon)
    for order in samples:
        answer = call(api, order.id)
        assert answer.payload.amazon_order_id == order.id
        _same(amazon, answer)


def test_orders_v0_pages(amazon: Any, book: OrderBook, seller: Seller) -> None:
    """Pages follow each other without a gap or a repetition and end without a token."""
    api, wanted, found = spapi.OrdersV0Api(amazon), {"created_after": iso(book.newest - 20 * DAY)}, []
    while wanted:
        answer = api.get_orders(marketplace_ids=[MARKETPLACE], max_results_per_page=50, **wanted)
        _same(amazon, answer)
        found += [order.amazon_order_id for order in answer.payload.orders]
        wanted = {"next_token": answer.payload.next_token} if answer.payload.next_token else {}
    assert found == [
        order.id
        for order in book.page(seller, Filter(created_after=book.newest - 20 * DAY, as_of=book.newest, limit=10_000))
    ]


def test_orders_2026_of_every_kind(amazon: Any, samples: list[Order]) -> None:
    """getOrder and searchOrders are accepted whole with all data sets, and without any."""
    api = spapi.GetOrderApi(amazon)
    for order in samples:
        answer = api.get_order(order.id, included_data=sorted(DATA_SETS))
        assert answer.order.order_id == order.id
        _same(amazon, answer)
    search = spapi.SearchOrdersApi(amazon)
    bare = api.get_order(samples[0].id).order
    assert (bare.buyer, bare.recipient, bare.packages, bare.proceeds) == (None, None, None, None)
    page = search.search_orders(
        created_after="2020-01-01T00:00:00Z",
        marketplace_ids=[MARKETPLACE],
        included_data=["BUYER", "PACKAGES"],
        max_results_per_page=30,
    )
    _same(amazon, page)
    more = search.search_orders(pagination_token=page.pagination.next_token)
    assert {order.order_id for order in page.orders}.isdisjoint(order.order_id for order in more.orders)


def test_sellers(amazon: Any, seller: Seller) -> None:
    """Both Sellers operations are accepted whole."""
    api = spapi.SellersApi(amazon)
    _same(amazon, api.get_marketplace_participations())
    account = api.get_account()
    _same(amazon, account)
    assert "Madeup" in account.payload.business.name


@pytest.mark.parametrize("granularity", ["Hour", "Day", "Week", "Month", "Year", "Total"])
def test_order_metrics(amazon: Any, granularity: str) -> None:
    """Figures of every granularity are accepted whole."""
    answer = spapi.SalesApi(amazon).get_order_metrics(
        [MARKETPLACE], "2026-01-01T00:00:00Z--2026-01-21T12:00:00Z", granularity, granularity_time_zone="UTC"
    )
    _same(amazon, answer)
    assert len(answer.payload) == {"Hour": 492, "Day": 21, "Week": 4, "Month": 1, "Year": 1, "Total": 1}[granularity]


@pytest.fixture
def community(passage_url: str) -> dict[str, Any]:
    """The other client library, `python-amazon-sp-api`."""
    return {
        "marketplace": SimpleNamespace(endpoint=passage_url, marketplace_id=MARKETPLACE, region="us-east-1"),
        "credentials": {"refresh_token": "r", "lwa_app_id": "a", "lwa_client_secret": "s"},
        "restricted_data_token": CREDENTIAL,
    }


def test_community_client_reads(community: dict[str, Any], samples: list[Order]) -> None:
    """The community's client, which sends parameters of its own accord, gets the same answers."""
    orders = Orders(**community).get_orders(CreatedAfter="2020-01-01T00:00:00Z", MaxResultsPerPage=5)
    assert len(orders.payload["Orders"]) == 5
    assert orders.next_token
    assert Orders(**community).get_order(samples[0].id).payload["AmazonOrderId"] == samples[0].id
    assert (
        Orders(**community, version="2026-01-01").get_order(samples[0].id).payload["order"]["orderId"] == samples[0].id
    )
    assert Sellers(**community).get_marketplace_participation().payload[0]["marketplace"]["id"] == MARKETPLACE
    sales = Sales(**community).get_order_metrics(
        ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"), Granularity.DAY, granularityTimeZone="UTC"
    )
    assert len(sales.payload) == 2


def test_community_client_errors(community: dict[str, Any]) -> None:
    """Errors arrive as the exceptions that the client has for them."""
    with pytest.raises(SellingApiNotFoundException):
        Orders(**community).get_order("111-1111111-1111111")
    with pytest.raises(SellingApiBadRequestException):
        Orders(**community).get_orders(CreatedAfter="yesterday")
    with pytest.raises(SellingApiForbiddenException):
        Orders(**community | {"restricted_data_token": "wrong"}).get_order("111-1111111-1111111")
