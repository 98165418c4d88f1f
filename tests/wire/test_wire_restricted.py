"""Restricted data tokens: asked for by specific and by generic paths, for each element, and the refusals that developers meet."""

from collections.abc import Callable
from typing import Any

import pytest
from sp_api.base import SellingApiBadRequestException
from spapi.rest import ApiException

from tests.wire.clients import RESTRICTED_DATA_TOKEN, Account, Community, Problem, Wire
from tests.wire.reads import ELEMENTS, OF_ORDER, resource, restricted_token, settled
from tests.wire.source import Source

Accounts = Callable[..., Account]


def _ask(library: type[Wire], account: Account, *resources: dict[str, object], **more: Any) -> Any:
    return library(account).call(RESTRICTED_DATA_TOKEN, restrictedResources=list(resources), **more)


def _refusal(library: type[Wire], account: Account, *resources: dict[str, object], **more: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        _ask(library, account, *resources, **more)
    return caught.value


def test_a_token_is_short_and_lives_an_hour(library: type[Wire], account: Accounts) -> None:
    """The answer is bare, with a token that fits every header and the lifetime that clients expect."""
    answer = _ask(library, account("printer"), resource("orders.v0.getOrder", "shippingAddress"))
    assert answer.json.keys() == {"restrictedDataToken", "expiresIn"}
    assert answer.json["expiresIn"] == 3600
    assert len(answer.json["restrictedDataToken"]) < 200


@pytest.mark.parametrize("operation", OF_ORDER)
def test_specific_path(library: type[Wire], account: Accounts, source: Source, operation: str) -> None:
    """A token for one order opens that order, and no other."""
    one, other = source.order("shipped"), source.order("unshipped")
    desk = account("shipper")
    token = restricted_token(library, desk, resource(operation, *ELEMENTS.get(operation, ()), order_id=one.id))
    wire = library(desk, token)
    assert wire.call(operation, one.id).status == 200
    with pytest.raises(Problem, match="restricted_token_other_path") as caught:
        wire.call(operation, other.id)
    assert caught.value.status == 403


def test_generic_path(library: type[Wire], account: Accounts, source: Source) -> None:
    """A token for the path with `{orderId}` opens every order of the seller, for the elements it names only."""
    desk = account("shipper")
    wire = library(desk, restricted_token(library, desk, resource("orders.v0.getOrder", "shippingAddress")))
    for state in ("unshipped", "shipped", "delivered"):
        order = source.order(state)
        payload = wire.call("orders.v0.getOrder", order.id).json["payload"]
        assert payload["ShippingAddress"]["Name"] == source.book.buyer(order).name
        assert "BuyerName" not in payload["BuyerInfo"]


def test_label_printer(library: type[Wire], account: Accounts, source: Source) -> None:
    """One token for the list and the single order, as a label printer asks for it: every open order has its whole address."""
    printer = account("printer")
    token = restricted_token(
        library,
        printer,
        resource("orders.v0.getOrders", "shippingAddress"),
        resource("orders.v0.getOrder", "shippingAddress"),
        resource("orders.v0.getOrderAddress"),
    )
    wire = library(printer, token)
    listed = wire.call(
        "orders.v0.getOrders",
        MarketplaceIds=[source.book.market.id],
        CreatedAfter=source.days_ago(7),
        OrderStatuses=["Unshipped", "PartiallyShipped"],
    ).json["payload"]["Orders"]
    assert listed
    for each in listed:
        order = source.book.order(source.seller, each["AmazonOrderId"])
        assert order is not None
        person = source.book.buyer(order)
        assert each["ShippingAddress"]["Name"] == person.name
        assert each["ShippingAddress"]["AddressLine1"] == person.line_1
        assert each["ShippingAddress"]["PostalCode"] == person.postcode
        assert person.email not in str(each)
    address = wire.call("orders.v0.getOrderAddress", listed[0]["AmazonOrderId"]).json["payload"]["ShippingAddress"]
    assert address == listed[0]["ShippingAddress"]


def test_the_library_asks_by_itself(account: Accounts, source: Source) -> None:
    """python-amazon-sp-api fetches the token itself when `RestrictedResources` are named, and sends words of its own with both calls."""
    wire = Community(account("printer"))
    order = source.order("unshipped")
    one = wire.call("orders.v0.getOrder", order.id, RestrictedResources=["shippingAddress"])
    assert one.json["payload"]["ShippingAddress"]["Phone"] == source.book.buyer(order).phone
    page = wire.call(
        "orders.v0.getOrders",
        RestrictedResources=["shippingAddress"],
        MarketplaceIds=[source.book.market.id],
        CreatedAfter=source.days_ago(5),
        OrderStatuses=["Unshipped"],
    )
    assert all(each["ShippingAddress"]["AddressLine1"] for each in page.json["payload"]["Orders"])


def test_a_token_is_for_its_path(library: type[Wire], account: Accounts, source: Source) -> None:
    """A token for addresses opens neither another operation nor an API that knows no such tokens."""
    order, desk = source.order("shipped"), account("desk")
    wire = library(desk, restricted_token(library, desk, resource("orders.v0.getOrderAddress")))
    for operation in ("orders.v0.getOrderBuyerInfo", "orders.2026-01-01.getOrder"):
        with pytest.raises(Problem) as caught:
            wire.call(operation, order.id)
        assert (caught.value.status, caught.value.code) == (403, "Unauthorized")


def test_element_without_role(library: type[Wire], account: Accounts) -> None:
    """An element that the app's roles do not cover is 400 InvalidInput in Amazon's own words, naming the element."""
    for app, element in (("audience", "buyerInfo"), ("invoicer", "buyerTaxInformation")):
        if app == "invoicer":  # has the role: nothing to refuse
            assert _ask(library, account(app), resource("orders.v0.getOrder", element)).status == 200
            continue
        problem = _refusal(library, account(app), resource("orders.v0.getOrder", element))
        assert (problem.status, problem.code) == (400, "InvalidInput")
        assert (
            problem.message == f"Application does not have access to one or more requested data elements: [{element}]"
        )
        assert "element_refused" in problem.details
        assert isinstance(problem.error, SellingApiBadRequestException | ApiException)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/orders/v0/orders/{orderId}/address/", "did you mean `/orders/v0/orders/{orderId}/address`?"),
        ("orders/v0/orders/{orderId}/address", "did you mean `/orders/v0/orders/{orderId}/address`?"),
        ("/orders/v0/orders/123-1234567-1234567/", "did you mean `/orders/v0/orders/123-1234567-1234567`?"),
        ("/orders/v0/orders/{order_id}/address", "did you mean `/orders/v0/orders/{orderId}/address`?"),
        ("/orders/v0/orders/{}/orderItems/", "did you mean `/orders/v0/orders/{orderId}/orderItems`?"),
        ("/orders/v0/orders/", "did you mean `/orders/v0/orders`?"),
        ("/orders/v9/orders", "check `GET` `/orders/v9/orders`"),
    ],
)
def test_slips_in_a_path(library: type[Wire], account: Accounts, path: str, hint: str) -> None:
    """A stray or missing slash is refused with the path as it should be."""
    problem = _refusal(library, account("desk"), {"method": "GET", "path": path, "dataElements": ["shippingAddress"]})
    assert (problem.status, problem.code) == (400, "InvalidInput")
    assert hint in problem.details


def test_other_slips(library: type[Wire], account: Accounts) -> None:
    """Missing, unknown and superfluous elements, wrong methods and too many resources are each told apart."""
    desk = account("desk")
    order = "/orders/v0/orders/{orderId}"
    for resources, reason in (
        ([{"method": "GET", "path": order}], "elements_missing"),
        ([{"method": "GET", "path": order, "dataElements": ["everything"]}], "element_unknown"),
        ([{"method": "GET", "path": f"{order}/orderItems", "dataElements": ["shippingAddress"]}], "element_unknown"),
        ([{"method": "POST", "path": order, "dataElements": ["buyerInfo"]}], "resource_unknown"),
        ([{"method": "GET", "path": "/sellers/v1/account"}], "resource_unrestricted"),
        ([resource("orders.v0.getOrderAddress")] * 51, "resources_malformed"),
    ):
        problem = _refusal(library, desk, *resources)
        assert (problem.status, problem.code) == (400, "InvalidInput")
        assert problem.details.startswith(reason)
    assert _refusal(library, desk, resource("orders.v0.getOrderAddress"), targetApplication="amzn1.app.x").status == 400


def test_a_token_never_begets_another(library: type[Wire], account: Accounts) -> None:
    """A restricted token cannot ask for the next one."""
    desk = account("desk")
    token = restricted_token(library, desk, resource("orders.v0.getOrderAddress"))
    with pytest.raises(Problem, match="token_kind") as caught:
        library(desk, token).call(RESTRICTED_DATA_TOKEN, restrictedResources=[resource("orders.v0.getOrderAddress")])
    assert caught.value.status == 403


def test_a_token_weakens_with_its_app(
    library: type[Wire], spare: Account, source: Source, operator: Callable[..., Any]
) -> None:
    """A token issued before an app lost a role or its grant was narrowed opens what is left today, and no more."""
    order = source.order("shipped")
    wire = library(spare, restricted_token(library, spare, resource("orders.v0.getOrderAddress")))

    def told() -> set[str]:
        found: dict[str, str] = wire.call("orders.v0.getOrderAddress", order.id).json["payload"]["ShippingAddress"]
        return set(found)

    before = told()
    assert {"Name", "Phone", "AddressLine1", "City"} <= before
    operator("POST", f"/grants/{spare.grant_id}/narrow", {"categories": ["buyer.name", "buyer.address"]})
    assert settled(lambda: told() == before - {"Phone"})
    roles = {"roles": ["inventory_and_order_tracking"], "reason": "a test"}
    operator("PUT", f"/apps/{spare.app_id}/roles", roles)
    assert settled(lambda: not told() & {"Name", "AddressLine1", "PostalCode"})
    assert "City" in told()
