from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.dialects import load_dialect

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
OPERATIONS = load_catalogue("spapi").operations


def broken(operation: str, query: Mapping[str, str | Sequence[str]]) -> str | None:
    lists = {name: [value] if isinstance(value, str) else value for name, value in query.items()}
    return load_dialect("spapi").check(OPERATIONS[operation], lists, NOW)


GET_ORDERS_GOOD: list[dict[str, str]] = [
    {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01T00:00:00Z"},
    {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01"},
    {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01T00:00:00"},
    {
        "MarketplaceIds": "M",
        "LastUpdatedAfter": "2026-01-01T00:00:00+02:00",
        "LastUpdatedBefore": "2026-01-01T00:00:00+02:00",
    },
    {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01", "CreatedBefore": "2026-03-31T11:58:00Z"},
    {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01", "LastUpdatedAfter": ""},
    {"MarketplaceIds": "M", "AmazonOrderIds": "123-1234567-1234567"},
    {"MarketplaceIds": "M", "SellerOrderId": "mine-1"},
    {"MarketplaceIds": "M", "SellerOrderId": "mine-1", "CreatedAfter": "2026-01-01"},
    {"NextToken": "t"},
    {"NextToken": "t", "CreatedAfter": "nonsense", "LastUpdatedAfter": "2026-01-01"},
]
GET_ORDERS_BAD: list[tuple[dict[str, str], str]] = [
    ({"CreatedAfter": "2026-01-01"}, "`MarketplaceIds` is required"),
    ({"MarketplaceIds": "M"}, "one of `CreatedAfter` and `LastUpdatedAfter` is required"),
    ({"MarketplaceIds": "M", "NextToken": ""}, "one of `CreatedAfter` and `LastUpdatedAfter` is required"),
    (
        {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01", "LastUpdatedAfter": "2026-01-01"},
        "`CreatedAfter` and `LastUpdatedAfter` exclude each other",
    ),
    ({"MarketplaceIds": "M", "CreatedAfter": "yesterday"}, "`CreatedAfter` is not an ISO 8601 date"),
    ({"MarketplaceIds": "M", "CreatedAfter": "2027-01-01"}, "`CreatedAfter` lies in the future"),
    (
        {"MarketplaceIds": "M", "CreatedAfter": "2026-02-01", "CreatedBefore": "2026-01-01"},
        "`CreatedBefore` must not be earlier than `CreatedAfter`",
    ),
    (
        {"MarketplaceIds": "M", "CreatedAfter": "2026-02-01", "CreatedBefore": "2026-03-31T11:59:00Z"},
        "`CreatedBefore` must be at least two minutes in the past",
    ),
    (
        {"MarketplaceIds": "M", "LastUpdatedAfter": "2026-02-01", "LastUpdatedBefore": "2026-03-31T11:59:00Z"},
        "`LastUpdatedBefore` must be at least two minutes in the past",
    ),
    (
        {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01", "LastUpdatedBefore": "2026-02-01"},
        "`LastUpdatedBefore` cannot be set beside `CreatedAfter`",
    ),
    (
        {"MarketplaceIds": "M", "CreatedAfter": "2026-01-01", "LatestDeliveryDateAfter": "soon"},
        "`LatestDeliveryDateAfter` is not an ISO 8601 date",
    ),
    *(
        (
            {"MarketplaceIds": "M", "SellerOrderId": "s", name: "2026-01-01"},
            f"`SellerOrderId` cannot be combined with `{name}`",
        )
        for name in (
            "FulfillmentChannels",
            "OrderStatuses",
            "PaymentMethods",
            "LastUpdatedAfter",
            "LastUpdatedBefore",
            "BuyerEmail",
        )
    ),
]


@pytest.mark.parametrize("query", GET_ORDERS_GOOD)
def test_get_orders_accepts(query: dict[str, str]) -> None:
    """One start, in any usual form of a date; a next token stands for all filters; order numbers alone will do."""
    assert broken("orders.v0.getOrders", query) is None


@pytest.mark.parametrize(("query", "sentence"), GET_ORDERS_BAD)
def test_get_orders_refuses(query: dict[str, str], sentence: str) -> None:
    """Each broken rule is told in a sentence that names the parameter."""
    assert broken("orders.v0.getOrders", query) == sentence


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"createdAfter": "2026-01-01T00:00:00Z"}, None),
        ({"lastUpdatedAfter": "2026-01-01", "lastUpdatedBefore": "2026-01-02"}, None),
        ({"paginationToken": "t"}, None),
        ({"paginationToken": "t", "createdAfter": "2026-01-01"}, None),
        ({}, "one of `createdAfter` and `lastUpdatedAfter` is required"),
        (
            {"createdAfter": "2026-01-01", "lastUpdatedAfter": "2026-01-01"},
            "`createdAfter` and `lastUpdatedAfter` exclude each other",
        ),
        (
            {"createdAfter": "2026-01-01", "lastUpdatedBefore": "2026-01-02"},
            "`lastUpdatedBefore` needs `lastUpdatedAfter`",
        ),
        (
            {"createdAfter": "2026-01-02", "createdBefore": "2026-01-01"},
            "`createdBefore` must not be earlier than `createdAfter`",
        ),
        ({"createdAfter": "2026-04-02"}, "`createdAfter` lies in the future"),
        ({"createdAfter": "x"}, "`createdAfter` is not an ISO 8601 date"),
    ],
)
def test_search_orders(query: dict[str, str], sentence: str | None) -> None:
    """Exactly one start, an end only with its start; a pagination token may come alone."""
    assert broken("orders.2026-01-01.searchOrders", query) == sentence


METRICS: dict[str, str | list[str]] = {
    "marketplaceIds": "M",
    "interval": "2026-03-01T00:00:00-08:00--2026-03-05T00:00:00-08:00",
    "granularity": "Day",
    "granularityTimeZone": "US/Pacific",
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, None),
        ({"interval": "2026-03-01T00:00:00Z--2026-03-05T00:00:00Z", "granularityTimeZone": "UTC"}, None),
        ({"interval": "2026-03-01T00:00:00-08:00--2026-03-20T00:00:00-07:00"}, None),
        (
            {
                "interval": "2026-03-02T00:00:00Z--2026-03-05T00:00:00Z",
                "granularity": "Hour",
                "granularityTimeZone": "",
            },
            None,
        ),
        ({"granularity": "Total", "granularityTimeZone": ""}, None),
        ({"interval": "2024-06-01T00:00:00-07:00--2026-01-01T00:00:00-08:00", "granularity": "Month"}, None),
        ({"asin": "A"}, None),
        ({"marketplaceIds": ["A", "B"]}, "`marketplaceIds` takes exactly one marketplace"),
        ({"marketplaceIds": ""}, "`marketplaceIds` takes exactly one marketplace"),
        ({"asin": "A", "sku": "B"}, "`asin` and `sku` exclude each other"),
        ({"granularity": ""}, "`granularity` is required"),
        ({"granularityTimeZone": ""}, "`granularityTimeZone` is required with granularity `Day`"),
        ({"granularityTimeZone": "Mars/Phobos"}, "`granularityTimeZone` is not an IANA time zone"),
        ({"granularityTimeZone": "../../etc/passwd"}, "`granularityTimeZone` is not an IANA time zone"),
        (
            {"granularityTimeZone": "Europe/Berlin"},
            "`granularityTimeZone` does not agree with the offset of `interval`",
        ),
        (
            {"interval": "2026-03-01T00:00:00Z--2026-03-05T00:00:00Z"},
            "`granularityTimeZone` does not agree with the offset of `interval`",
        ),
        ({"interval": "2026-03-01--2026-03-05"}, "`interval` must be absolute: give `Z` or an offset with each date"),
        ({"interval": "2026-03-05T00:00:00Z--2026-03-01T00:00:00Z"}, "`interval` must end after it begins"),
        ({"interval": "2026-03-05T00:00:00Z--2026-03-05T00:00:00Z"}, "`interval` must end after it begins"),
        ({"interval": "2026-03-05T00:00:00Z"}, "`interval` must be two ISO 8601 dates joined by `--`"),
        ({"interval": "a--b"}, "`interval` must be two ISO 8601 dates joined by `--`"),
        (
            {"interval": "2026-02-01T00:00:00Z--2026-03-01T00:00:00Z", "granularity": "Hour"},
            "`interval` may begin 30 days ago at most",
        ),
        ({"interval": "2023-02-01T00:00:00Z--2026-03-01T00:00:00Z"}, "`interval` may begin two years ago at most"),
    ],
)
def test_get_order_metrics(change: dict[str, str | list[str]], sentence: str | None) -> None:
    """One marketplace, an absolute interval within reach, a time zone that agrees with it."""
    assert broken("sales.v1.getOrderMetrics", METRICS | change) == sentence


def test_operations_without_rules() -> None:
    """Nothing is asked of operations that have no rules between parameters."""
    assert broken("sellers.v1.getAccount", {"anything": "x"}) is None
