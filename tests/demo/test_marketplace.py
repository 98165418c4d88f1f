"""The marketplace at its door: who may ask, whose data it is, what filters mean, how refusals look."""

import asyncio
import itertools
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from piepowder.core.kernel.json import decode
from piepowder.demo.marketplace.app import Marketplace
from piepowder.demo.marketplace.wire import iso
from piepowder.demo.orders import DAY, Filter, OrderBook, Seller, life
from tests.demo.conftest import CREDENTIAL

ORDERS = "/orders/v0/orders"


class Door:
    """Calls the application as a server would, at a moment of its own."""

    def __init__(self, book: OrderBook, now: int) -> None:
        self.book, self.now = book, now
        self.app = Marketplace(book, credential=CREDENTIAL, clock=lambda: self.now)

    def __call__(
        self, path: str, seller: str, *, credential: str = CREDENTIAL, method: str = "GET", **query: str
    ) -> tuple[int, dict[bytes, bytes], Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"x-amz-access-token", credential.encode())] + (
            [(b"x-marketplace-seller", seller.encode())] if seller else []
        )
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": headers,
        }
        asyncio.run(self.app(scope, receive, send))
        return sent[0]["status"], dict(sent[0]["headers"]), decode(sent[1]["body"])


@pytest.fixture
def door(book: OrderBook) -> Door:
    return Door(book, book.newest + 900)


def _ids(answer: tuple[int, dict[bytes, bytes], Any]) -> list[str]:
    assert answer[0] == 200, answer
    return [order["AmazonOrderId"] for order in answer[2]["payload"]["Orders"]]


@pytest.mark.parametrize("credential", ["wrong", "", CREDENTIAL + " "])
def test_strangers_are_refused(door: Door, seller: Seller, credential: str) -> None:
    """Without the upstream credential nothing is said, whoever the seller."""
    status, headers, body = door(ORDERS, seller.id, credential=credential)
    assert (status, body["errors"][0]["code"]) == (403, "Unauthorized")
    assert b"x-marketplace-seller" not in headers


def test_unknown_seller_is_refused(door: Door) -> None:
    """A seller that the marketplace does not know, or none at all, is refused."""
    assert door(ORDERS, "A1NOBODY")[0] == 403
    assert door(ORDERS, "")[0] == 403


def test_every_answer_says_whose_it_is(door: Door, book: OrderBook) -> None:
    """The answer names the seller it belongs to, errors included."""
    for seller in book.sellers(3):
        for answer in (door(f"{ORDERS}/111-1111111-1111111", seller.id), door("/sellers/v1/account", seller.id)):
            assert answer[1][b"x-marketplace-seller"] == seller.id.encode()


@pytest.mark.parametrize(
    "tail", ["", "/address", "/buyerInfo", "/orderItems", "/orderItems/buyerInfo", "/regulatedInfo"]
)
def test_foreign_order_is_like_none(door: Door, book: OrderBook, tail: str) -> None:
    """Another seller's order is answered exactly like one that does not exist."""
    first, second = book.sellers(2)
    foreign = book.page(second, Filter(as_of=door.now, limit=1))[0].id
    assert door(f"{ORDERS}/{foreign}{tail}", second.id)[0] == 200
    answers = [door(f"{ORDERS}/{order}{tail}", first.id) for order in (foreign, "111-1111111-1111111")]
    assert answers[0][0] == answers[1][0] == 404
    assert answers[0][2] == answers[1][2]


def test_filters(door: Door, book: OrderBook, seller: Seller) -> None:
    """Status, channel, order ids, buyer's e-mail and delivery dates choose the orders that they say."""
    market, after = book.market.id, iso(door.now - 40 * DAY)
    everything = book.page(
        seller, Filter(created_after=door.now - 40 * DAY, created_before=door.now - 120, as_of=door.now, limit=100)
    )

    def ask(**query: str) -> list[str]:
        return _ids(door(ORDERS, seller.id, MarketplaceIds=market, CreatedAfter=after, **query))

    assert ask() == [order.id for order in everything]
    assert ask(OrderStatuses="Canceled") == [
        order.id
        for order in book.page(seller, Filter(created_after=door.now - 40 * DAY, as_of=door.now, limit=5_000))
        if life(order, door.now).status == "Canceled"
    ]
    assert set(ask(FulfillmentChannels="AFN")) >= {order.id for order in everything if order.channel == "AFN"}
    assert ask(AmazonOrderIds=f"{everything[3].id},{everything[7].id}") == [everything[3].id, everything[7].id]
    person = book.buyer(everything[5])
    assert everything[5].id in ask(BuyerEmail=person.email)
    assert ask(BuyerEmail="nobody@example.com") == []
    due = iso(everything[9].promised)
    assert ask(LatestDeliveryDateAfter=due, LatestDeliveryDateBefore=due) == [everything[9].id]


@pytest.mark.parametrize(
    "query",
    [
        {"MarketplaceIds": "M"},
        {"CreatedAfter": "2020-01-01"},
        {"MarketplaceIds": "M", "CreatedAfter": "then"},
        {"MarketplaceIds": "M", "CreatedAfter": "2999-01-01T00:00:00Z"},
        {"MarketplaceIds": "M", "CreatedAfter": "2020-01-01", "LastUpdatedAfter": "2020-01-01"},
        {"MarketplaceIds": "M", "CreatedAfter": "2020-02-01", "CreatedBefore": "2020-01-01"},
        {"MarketplaceIds": "M", "CreatedAfter": "2020-02-01", "CreatedBefore": "2999-01-01"},
        {"MarketplaceIds": "M", "CreatedAfter": "2020-02-01", "OrderStatuses": "Lost"},
        {"MarketplaceIds": "M", "CreatedAfter": "2020-02-01", "MaxResultsPerPage": "101"},
        {"MarketplaceIds": "M", "CreatedAfter": "2020-02-01", "MaxResultsPerPage": "many"},
        {"NextToken": "made-up"},
        {"NextToken": "é"},
    ],
)
def test_bad_filters(door: Door, book: OrderBook, seller: Seller, query: dict[str, str]) -> None:
    """A filter that cannot be meant is a 400 in Amazon's shape, and says why."""
    query = {name: book.market.id if value == "M" else value for name, value in query.items()}
    status, _, body = door(ORDERS, seller.id, **query)
    assert (status, body["errors"][0]["code"]) == (400, "InvalidInput")
    assert body["errors"][0]["message"]


def test_page_token_is_bound_to_its_seller(door: Door, book: OrderBook) -> None:
    """A token for the next page works for the seller it was made for only, for one day."""
    first, second = book.sellers(2)
    page = door(ORDERS, first.id, MarketplaceIds=book.market.id, CreatedAfter="2020-01-01", MaxResultsPerPage="2")
    token = page[2]["payload"]["NextToken"]
    assert door(ORDERS, first.id, NextToken=token)[0] == 200
    assert door(ORDERS, second.id, NextToken=token)[0] == 400
    door.now += DAY + 1
    assert door(ORDERS, first.id, NextToken=token)[0] == 400


def test_listing_by_update_pages_without_gaps(door: Door, book: OrderBook, seller: Seller) -> None:
    """Orders that change between two pages neither vanish nor come twice: the listing is of one moment."""
    answer = door(
        ORDERS,
        seller.id,
        MarketplaceIds=book.market.id,
        LastUpdatedAfter=iso(door.now - 5 * DAY),
        MaxResultsPerPage="7",
    )
    asked_at, found = door.now, _ids(answer)
    while token := answer[2]["payload"].get("NextToken"):
        door.now += 1800
        answer = door(ORDERS, seller.id, NextToken=token)
        found += _ids(answer)
    wanted = Filter(
        updated_after=asked_at - 5 * DAY, updated_before=asked_at - 120, by_update=True, as_of=asked_at, limit=5_000
    )
    assert found == [order.id for order in book.page(seller, wanted)]


def test_other_methods_and_paths(door: Door, seller: Seller) -> None:
    """A write is refused, an unknown path does not exist."""
    assert door(ORDERS, seller.id, method="POST")[0] == 405
    assert door("/orders/v0/nothing", seller.id)[0] == 404


def test_health_needs_no_credential(door: Door) -> None:
    """The health check tells that the process serves, and of which orders."""
    assert door("/healthz", "", credential="")[2] == {"status": "ok", "orders": "The Complete Journey"}


METRICS = "/sales/v1/orderMetrics"


@pytest.mark.parametrize(
    ("granularity", "zone", "offset"),
    [
        ("Hour", "UTC", "Z"),
        ("Day", "America/New_York", "-05:00"),
        ("Week", "Europe/Berlin", "+01:00"),
        ("Month", "UTC", "Z"),
        ("Year", "UTC", "Z"),
        ("Total", "UTC", "Z"),
    ],
)
def test_figures_add_up_to_the_orders(
    door: Door, book: OrderBook, seller: Seller, granularity: str, zone: str, offset: str
) -> None:
    """Whatever the granularity and the time zone, the parts join without a gap and sum up to the orders of the interval."""
    year = int(iso(door.now)[:4]) - (0 if iso(door.now)[5:7] > "02" else 1)
    interval = f"{year}-01-05T00:00:00{offset}--{year}-01-26T13:30:00{offset}"
    status, _, body = door(
        METRICS,
        seller.id,
        marketplaceIds=book.market.id,
        interval=interval,
        granularity=granularity,
        granularityTimeZone=zone,
    )
    assert status == 200, body
    parts = body["payload"]
    joints = [part["interval"].split("--") for part in parts]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(joints))
    start, end = (int(_seconds(text)) for text in interval.split("--"))
    orders = book.page(seller, Filter(created_after=start, created_before=end - 1, as_of=door.now, limit=10_000))
    counted = [order for order in orders if life(order, door.now).status != "Canceled"]
    assert sum(part["orderCount"] for part in parts) == len(counted)
    assert sum(part["unitCount"] for part in parts) == sum(order.units for order in counted)
    assert sum(part["orderItemCount"] for part in parts) == sum(order.lines for order in counted)
    assert sum(_cents(part["totalSales"]["amount"]) for part in parts) == sum(order.total_cents for order in counted)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _cents(amount: str) -> int:
    whole, _, rest = amount.partition(".")
    return int(whole) * 100 + int(rest)


def test_figures_by_day_follow_the_clock_on_the_wall(door: Door, book: OrderBook, seller: Seller) -> None:
    """A day in which clocks are put forward has 23 hours."""
    query = {
        "interval": "2026-03-07T00:00:00-05:00--2026-03-10T00:00:00-04:00",
        "granularity": "Day",
        "granularityTimeZone": "America/New_York",
    }
    payload = door(METRICS, seller.id, marketplaceIds=book.market.id, **query)[2]["payload"]
    assert [part["interval"] for part in payload] == [
        "2026-03-07T00:00-05:00--2026-03-08T00:00-05:00",
        "2026-03-08T00:00-05:00--2026-03-09T00:00-04:00",
        "2026-03-09T00:00-04:00--2026-03-10T00:00-04:00",
    ]


def test_figures_of_one_product_and_of_buyer_types(door: Door, book: OrderBook, seller: Seller) -> None:
    """Figures of one product count its lines only; businesses and consumers are all buyers together."""
    order = book.page(seller, Filter(created_after=door.now - 90 * DAY, as_of=door.now, limit=1))[0]
    item = book.items(order)[0]
    base = {
        "marketplaceIds": book.market.id,
        "granularity": "Total",
        "interval": f"{iso(order.placed)}--{iso(order.placed + 1)}",
    }
    (by_sku,) = door(METRICS, seller.id, **base, sku=item.sku)[2]["payload"]
    (by_asin,) = door(METRICS, seller.id, **base, asin=item.asin)[2]["payload"]
    assert by_sku == by_asin
    assert (by_sku["orderCount"], by_sku["orderItemCount"], by_sku["unitCount"]) == (1, 1, item.quantity)
    month = base | {"interval": f"{iso(door.now - 30 * DAY)}--{iso(door.now)}"}
    counts = {
        kind: door(METRICS, seller.id, **month, buyerType=kind)[2]["payload"][0]["orderCount"]
        for kind in ("B2B", "B2C", "All")
    }
    assert 0 < counts["B2B"] < counts["B2C"]
    assert counts["B2B"] + counts["B2C"] == counts["All"]


@pytest.mark.parametrize(
    "query",
    [
        {"interval": "2026-01-01T00:00:00Z", "granularity": "Day"},
        {"interval": "2026-01-01--2026-01-02", "granularity": "Total"},
        {"interval": "2026-01-02T00:00:00Z--2026-01-01T00:00:00Z", "granularity": "Total"},
        {"interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z", "granularity": "Day"},
        {"interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z", "granularity": "Minute"},
        {
            "interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z",
            "granularity": "Day",
            "granularityTimeZone": "Moon/Base",
        },
        {
            "interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z",
            "granularity": "Day",
            "granularityTimeZone": "../etc/passwd",
        },
        {
            "interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z",
            "granularity": "Day",
            "granularityTimeZone": "Asia/Tokyo",
        },
        {"interval": "2026-01-01T00:00:00Z--2026-03-01T00:00:00Z", "granularity": "Hour"},
        {"interval": "2020-01-01T00:00:00Z--2026-03-01T00:00:00Z", "granularity": "Total"},
        {"interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z", "granularity": "Total", "asin": "B0", "sku": "1"},
        {"interval": "2026-01-01T00:00:00Z--2026-01-02T00:00:00Z", "granularity": "Total", "buyerType": "Robots"},
    ],
)
def test_bad_figures(door: Door, book: OrderBook, seller: Seller, query: dict[str, str]) -> None:
    """A request for figures that cannot be meant is a 400."""
    status, _, body = door(METRICS, seller.id, marketplaceIds=book.market.id, **query)
    assert (status, body["errors"][0]["code"]) == (400, "InvalidInput")
