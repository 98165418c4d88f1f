"""Errors arrive in both libraries as the exceptions that their users catch, with a reason that helps and nothing that tells on others."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import (
    SellingApiBadRequestException,
    SellingApiForbiddenException,
    SellingApiNotFoundException,
)
from spapi.auth.lwa_exception import LwaException
from spapi.rest import ApiException

from tests.wire.clients import Account, Community, Problem, Wire, access_token
from tests.wire.reads import OF_ORDER, resource, restricted_token, settled
from tests.wire.source import Source

Accounts = Callable[..., Account]
_COMMUNITY = {
    400: SellingApiBadRequestException,
    403: SellingApiForbiddenException,
    404: SellingApiNotFoundException,
}


def problem(wire: Wire, operation: str, *path: str, **wanted: Any) -> Problem:
    """The refusal of a call, in the exception that the library has for its status."""
    with pytest.raises(Problem) as caught:
        wire.call(operation, *path, **wanted)
    error = caught.value.error
    assert isinstance(error, _COMMUNITY.get(caught.value.status, Exception) | ApiException)
    assert caught.value.message
    assert caught.value.details
    return caught.value


def test_bad_tokens(library: type[Wire], account: Accounts, source: Source) -> None:
    """An unknown access token is 403 Unauthorized, for which both libraries have an exception; 401 would be lost on one."""
    order = source.order("shipped")
    for token in ("Atza|unknown", "Atz.sprdt|unknown", "x"):
        refused = problem(library(account("desk"), token), "orders.v0.getOrder", order.id)
        assert (refused.status, refused.code) == (403, "Unauthorized")
        assert "token_unknown" in refused.details


@pytest.mark.parametrize("operation", [*OF_ORDER, "sellers.v1.getAccount"])
def test_no_role(library: type[Wire], account: Accounts, source: Source, operation: str) -> None:
    """An app without any role for an operation is refused it, and told which roles would do."""
    path = (source.order("shipped").id,) if operation in OF_ORDER else ()
    refused = problem(library(account("newcomer")), operation, *path)
    assert (refused.status, refused.code) == (403, "Unauthorized")
    assert "role" in refused.details or "operation_undeclared" in refused.details


def test_undeclared_operation(library: type[Wire], account: Accounts) -> None:
    """An operation that the manifest does not name is refused, whatever the roles."""
    refused = problem(library(account("printer")), "sellers.v1.getAccount")
    assert (refused.status, refused.details.split(":")[0]) == (403, "operation_undeclared")


def test_figures_for_the_wrong_purpose(library: type[Wire], account: Accounts, source: Source) -> None:
    """Sales figures that the purpose may not see are a refusal with the policy's sentence, not an answer without figures."""
    refused = problem(
        library(account("shipper")),
        "sales.v1.getOrderMetrics",
        marketplaceIds=[source.book.market.id],
        interval=f"{source.days_ago(3)}--{source.days_ago(1)}",
        granularity="Total",
    )
    assert (refused.status, refused.code) == (403, "Unauthorized")
    assert "sales figures are for this seller's metrics" in refused.details


@pytest.mark.parametrize("operation", OF_ORDER)
def test_orders_of_others_do_not_exist(library: type[Wire], account: Accounts, source: Source, operation: str) -> None:
    """Another seller's order is told exactly like one that does not exist: status, words and headers."""
    wire = library(account("desk"))
    told = []
    for number in (source.elsewhere().id, "999-9999999-9999999"):
        refused = problem(wire, operation, number)
        assert (refused.status, refused.code) == (404, "NotFound")
        ours = {"x-amzn-requestid", "x-piepowder-decision", "date", "content-length"}
        headers = {name: value for name, value in refused.headers.items() if name not in ours}
        told.append((refused.message, refused.details.replace(refused.headers["x-piepowder-decision"], "-"), headers))
    assert told[0] == told[1]
    assert problem(wire, "orders.2026-01-01.getOrder", source.elsewhere().id).status == 404


def test_the_other_seller_has_that_order(library: type[Wire], account: Accounts, source: Source) -> None:
    """The same app reads it with that seller's grant."""
    order = source.elsewhere()
    assert library(account("desk", 1)).call("orders.v0.getOrder", order.id).json["payload"]["AmazonOrderId"] == order.id


_ORDERS_RULES: list[tuple[dict[str, Any], str]] = [
    ({}, "one of `CreatedAfter` and `LastUpdatedAfter` is required"),
    ({"CreatedAfter": "2026-01-01", "LastUpdatedAfter": "2026-01-01"}, "exclude each other"),
    ({"CreatedAfter": "yesterday"}, "is not an ISO 8601 date"),
    ({"CreatedAfter": "2099-01-01T00:00:00Z"}, "lies in the future"),
    ({"CreatedAfter": "2026-01-02T00:00:00Z", "CreatedBefore": "2026-01-01T00:00:00Z"}, "must not be earlier"),
    ({"CreatedAfter": "2026-01-01", "MaxResultsPerPage": 101}, "must be at most 100"),
    ({"CreatedAfter": "2026-01-01", "MaxResultsPerPage": 0}, "must be at least 1"),
    ({"CreatedAfter": "2026-01-01", "OrderStatuses": ["Lost"]}, "must be one of"),
    ({"CreatedAfter": "2026-01-01", "AmazonOrderIds": ["1-2-3"]}, "does not have the documented form"),
    ({"SellerOrderId": "1", "OrderStatuses": ["Shipped"]}, "cannot be combined"),
]


@pytest.mark.parametrize(("wanted", "words"), _ORDERS_RULES, ids=[words for _, words in _ORDERS_RULES])
def test_rules_of_get_orders(
    library: type[Wire], account: Accounts, source: Source, wanted: dict[str, Any], words: str
) -> None:
    """A query that breaks a rule of getOrders is 400 InvalidInput with the rule in words, and the rate in a header."""
    refused = problem(library(account("desk")), "orders.v0.getOrders", MarketplaceIds=[source.book.market.id], **wanted)
    assert (refused.status, refused.code) == (400, "InvalidInput")
    assert words in refused.message
    assert float(refused.headers["x-amzn-ratelimit-limit"]) > 0


def test_too_many_order_numbers(account: Accounts, source: Source) -> None:
    """More than fifty are refused here; amzn-sp-api does not even send them."""
    wanted = {"CreatedAfter": "2026-01-01", "AmazonOrderIds": ["111-1111111-1111111"] * 51}
    refused = problem(
        Community(account("desk")), "orders.v0.getOrders", MarketplaceIds=[source.book.market.id], **wanted
    )
    assert (refused.status, refused.message) == (400, "the parameter `AmazonOrderIds` takes at most 50 values")


_METRICS_RULES: list[tuple[dict[str, str], str]] = [
    ({"interval": "2026-01-01T00:00:00Z"}, "joined by `--`"),
    ({"interval": "2026-11-01T00:00:00--2026-11-02T00:00:00"}, "must be absolute"),
    ({"interval": "2026-11-02T00:00:00Z--2026-11-01T00:00:00Z"}, "must end after it begins"),
    ({"interval": "2020-11-02T00:00:00Z--2020-11-03T00:00:00Z"}, "two years"),
    ({"granularityTimeZone": "Europe/Atlantis"}, "is not an IANA time zone"),
    ({"granularityTimeZone": "Asia/Tokyo"}, "does not agree with the offset"),
    ({"asin": "B000000000", "sku": "X"}, "exclude each other"),
    ({"buyerType": "Robots"}, "must be one of"),
]


@pytest.mark.parametrize(("wanted", "words"), _METRICS_RULES, ids=[words for _, words in _METRICS_RULES])
def test_rules_of_order_metrics(
    library: type[Wire], account: Accounts, source: Source, wanted: dict[str, str], words: str
) -> None:
    """A query that breaks a rule of getOrderMetrics is 400 InvalidInput with the rule in words."""
    right = {
        "interval": f"{source.days_ago(3)}--{source.days_ago(1)}",
        "granularity": "Day",
        "granularityTimeZone": "UTC",
    }
    refused = problem(
        library(account("metrics")),
        "sales.v1.getOrderMetrics",
        marketplaceIds=[source.book.market.id],
        **right | wanted,
    )
    assert (refused.status, refused.code) == (400, "InvalidInput")
    assert words in refused.message


def test_rules_of_search_orders(library: type[Wire], account: Accounts) -> None:
    """A query that breaks a rule of searchOrders is 400 InvalidInput with the rule in words."""
    for wanted, words in (
        ({}, "one of `createdAfter` and `lastUpdatedAfter` is required"),
        ({"createdAfter": "2026-01-01", "lastUpdatedAfter": "2026-01-01"}, "exclude each other"),
        ({"lastUpdatedAfter": "2026-01-01", "createdBefore": "2026-01-02"}, "needs `createdAfter`"),
        ({"createdAfter": "2026-01-01", "includedData": ["GOSSIP"]}, "must be one of"),
    ):
        refused = problem(library(account("desk")), "orders.2026-01-01.searchOrders", **wanted)
        assert (refused.status, refused.code) == (400, "InvalidInput")
        assert words in refused.message


def test_a_filter_by_e_mail_is_a_read(library: type[Wire], account: Accounts, source: Source) -> None:
    """Asking for the orders of an e-mail address is refused like reading it, whether the address is right or wrong."""
    right = source.book.buyer(source.order("shipped")).email
    for app in ("metrics", "shipper"):
        told = set()
        for email in (right, "nobody@example.com"):
            refused = problem(
                library(account(app)),
                "orders.v0.getOrders",
                MarketplaceIds=[source.book.market.id],
                CreatedAfter=source.days_ago(60),
                BuyerEmail=email,
            )
            assert "parameter_personal" in refused.details
            assert email not in refused.body.decode()
            told.add((refused.status, refused.message))
        assert told == {(403, "`BuyerEmail` asks by personal data")}


def test_a_revoked_grant(library: type[Wire], spare: Account, source: Source, operator: Callable[..., Any]) -> None:
    """Both libraries cache their access token: after the seller withdraws, it is refused at the next call all the same."""
    order, wire, token = source.order("shipped"), library(spare), access_token(spare)
    restricted = library(spare, restricted_token(library, spare, resource("orders.v0.getOrderAddress")))
    assert wire.call("orders.v0.getOrder", order.id).status == 200
    operator("POST", f"/grants/{spare.grant_id}/revoke")
    assert settled(lambda: _is_refused(spare, token, order.id))
    for each, operation in ((wire, "orders.v0.getOrder"), (restricted, "orders.v0.getOrderAddress")):
        refused = problem(each, operation, order.id)
        assert (refused.status, refused.code) == (403, "Unauthorized")
        assert "revoked" in refused.details
    _refresh_is_refused(spare)


def _is_refused(account: Account, token: str, order_id: str) -> bool:
    """By a new connection, which may go to either worker."""
    try:
        Community(account, token).call("orders.v0.getOrder", order_id)
    except Problem:
        return True
    return False


def _refresh_is_refused(account: Account) -> None:
    """Neither library gets a new access token for it; each in its own words."""
    fresh = Community(account).client("orders.v0.getOrder")
    fresh._auth.__class__.__mro__[1].get_auth.__globals__["cache"].clear()
    with pytest.raises(AuthorizationError) as caught:
        _ = fresh.auth
    assert caught.value.error_code == "invalid_grant"
    with pytest.raises(LwaException):
        access_token(account)


def test_a_suspended_app(spare: Account, source: Source, library: type[Wire], operator: Callable[..., Any]) -> None:
    """A suspended app is refused every call, and told that it is its standing."""
    wire, order, token = library(spare), source.order("shipped"), access_token(spare)
    assert wire.call("orders.v0.getOrder", order.id).status == 200
    operator("PUT", f"/standing/{spare.app_id}", {"standing": "suspended", "reason": "a test"})
    assert settled(lambda: _is_refused(spare, token, order.id))
    refused = problem(wire, "orders.v0.getOrder", order.id)
    assert (refused.status, refused.code) == (403, "Unauthorized")
    assert "standing_no_calls" in refused.details


def test_wrong_secret(account: Accounts) -> None:
    """A wrong client secret is refused at the token endpoint. amzn-sp-api tries four times: that locks nobody out."""
    desk = account("desk")
    wrong = SimpleNamespace(**vars(desk) | {"client_secret": "wrong", "refresh_token": desk.refresh_token + "x"})
    with pytest.raises(AuthorizationError) as caught:
        _ = Community(wrong).client("orders.v0.getOrder").auth  # type: ignore[arg-type]
    assert caught.value.error_code == "invalid_client"
    for _ in range(4):
        with pytest.raises(LwaException):
            access_token(wrong)  # type: ignore[arg-type]
    assert access_token(desk)
