"""The public client library as an independent witness: our document knows every member, value and parameter it knows."""

import importlib
import inspect
import re
from typing import Any

import pytest

from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.model import Node, Operation
from piepowder.core.marketplace.openapi import DATE, DATE_TIME

V0, V26 = "orders_v0", "orders_v2026_01_01"
ANSWERS = {
    "orders.v0.getOrders": (V0, "GetOrdersResponse"),
    "orders.v0.getOrder": (V0, "GetOrderResponse"),
    "orders.v0.getOrderBuyerInfo": (V0, "GetOrderBuyerInfoResponse"),
    "orders.v0.getOrderAddress": (V0, "GetOrderAddressResponse"),
    "orders.v0.getOrderItems": (V0, "GetOrderItemsResponse"),
    "orders.v0.getOrderItemsBuyerInfo": (V0, "GetOrderItemsBuyerInfoResponse"),
    "orders.v0.getOrderRegulatedInfo": (V0, "GetOrderRegulatedInfoResponse"),
    "orders.2026-01-01.searchOrders": (V26, "SearchOrdersResponse"),
    "orders.2026-01-01.getOrder": (V26, "GetOrderResponse"),
    "sales.v1.getOrderMetrics": ("sales_v1", "GetOrderMetricsResponse"),
    "sellers.v1.getMarketplaceParticipations": ("sellers_v1", "GetMarketplaceParticipationsResponse"),
    "sellers.v1.getAccount": ("sellers_v1", "GetAccountResponse"),
    "tokens.2021-03-01.createRestrictedDataToken": ("tokens_v2021_03_01", "CreateRestrictedDataTokenResponse"),
}
CALLS = {
    "orders_v0.orders_v0_api": "orders.v0.",
    "orders_v2026_01_01.search_orders_api": "orders.2026-01-01.",
    "orders_v2026_01_01.get_order_api": "orders.2026-01-01.",
    "sales_v1.sales_api": "sales.v1.",
    "sellers_v1.sellers_api": "sellers.v1.",
    "tokens_v2021_03_01.tokens_api": "tokens.2021-03-01.",
}
LEAVES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "datetime": "string",
    "date": "string",
}
FORMS = {"datetime": DATE_TIME, "date": DATE}

OPERATIONS = load_catalogue("spapi").operations


def model(package: str, name: str) -> Any:
    return getattr(importlib.import_module(f"spapi.models.{package}"), name)


def compare(node: Node, package: str, kind: str, path: str, problems: list[str]) -> None:
    """Collects every place where our tree knows less, or another type, than the library's model `kind`."""
    listed = re.fullmatch(r"[Ll]ist\[(.+)\]", kind)
    if listed:
        if node.kind != "array" or node.item is None:
            problems.append(f"{path} is no list")
        else:
            compare(node.item, package, listed[1], path + "[]", problems)
    elif kind in LEAVES:
        if node.leaf != LEAVES[kind] or node.kind != "leaf" or (kind in FORMS and node.pattern != FORMS[kind]):
            problems.append(f"{path} is {node.kind} {node.leaf}, not {kind}")
    elif not getattr(model(package, kind), "swagger_types", None):
        values = {value for name, value in vars(model(package, kind)).items() if name.isupper()}
        if set(node.enum) != values:
            problems.append(f"{path} takes {node.enum}, not {values}")
    else:
        compare_members(node, package, model(package, kind), path, problems)


def compare_members(node: Node, package: str, shape: Any, path: str, problems: list[str]) -> None:
    source = inspect.getsource(shape)
    needed = set(re.findall(r"Invalid value for `(\w+)`, must not be `None`", source))
    for attribute, name in shape.attribute_map.items():
        if name == "errors" and path.count(".") == 0:
            continue  # texts of the upstream never go out
        if name not in node.children:
            problems.append(f"{path}.{name} is missing")
            continue
        compare(node.children[name], package, shape.swagger_types[attribute], f"{path}.{name}", problems)
        setter = inspect.getsource(getattr(shape, attribute).fset)
        allowed = re.search(r"allowed_values = \[(.*?)\]", setter)
        if allowed and set(re.findall(r'"([^"]*)"', allowed[1])) != set(node.children[name].enum):
            problems.append(f"{path}.{name} takes {node.children[name].enum}, not {allowed[1]}")
        if (attribute in needed) != (name in node.required):
            problems.append(f"{path}.{name} is {'' if attribute in needed else 'not '}required")


@pytest.mark.parametrize("operation", ANSWERS)
def test_answers_hold_every_member(operation: str) -> None:
    """Members, types, allowed values and required members are those of the library's models."""
    answer = OPERATIONS[operation].answer
    assert answer is not None
    problems: list[str] = []
    package, name = ANSWERS[operation]
    compare(answer, package, name, operation.rpartition(".")[2], problems)
    assert problems == []


def test_restricted_token_request_holds_every_member() -> None:
    """The one request body is the library's, too."""
    body = OPERATIONS["tokens.2021-03-01.createRestrictedDataToken"].body
    assert body is not None
    problems: list[str] = []
    compare(body, "tokens_v2021_03_01", "CreateRestrictedDataTokenRequest", "request", problems)
    assert problems == []


def calls() -> dict[str, set[str]]:
    """API, method and path -> query parameters, as the library's call functions have them."""
    found = {}
    for module, prefix in CALLS.items():
        for source in inspect.getsource(importlib.import_module(f"spapi.api.{module}")).split("\n    def "):
            call = re.search(r"call_api\(\s*'([^']+)', '([A-Z]+)'", source)
            if call:
                names = set(re.findall(r"query_params\.append\(\('([^']+)'", source))
                found[f"{prefix}{call[2]} {call[1]}"] = names
    return found


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_requests_hold_every_parameter(operation: Operation) -> None:
    """Method, path and query parameters are those the library sends."""
    prefix = operation.id.rpartition(".")[0] + "."
    names = calls()[f"{prefix}{operation.method} {operation.path}"]
    assert {parameter.name for parameter in operation.parameters if parameter.place == "query"} == names


def test_every_guarded_operation_is_compared() -> None:
    """No operation escapes the comparison."""
    assert set(ANSWERS) == set(OPERATIONS)
