import copy
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.catalogue import compile_catalogue, leaves, load_catalogue, read_yaml
from piepowder.core.marketplace.dialects import SHIPPED, load_dialect
from piepowder.core.marketplace.model import Node
from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal

NO_MARKS: dict[str, Any] = {"overlay": "1.0.0", "actions": []}


def document(**extension: Any) -> dict[str, Any]:
    """A document of one operation, with everything classified."""
    order = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "x-data-category": "order.reference"},
            "buyer": {"type": "string", "x-data-category": "buyer.name", "x-data-element": "buyerInfo"},
        },
    }
    answer = {"type": "object", "properties": {"orders": {"type": "array", "items": order}}}
    return {
        "openapi": "3.1.0",
        "paths": {
            "/orders": {
                "get": {
                    "operationId": "listOrders",
                    "parameters": [
                        {"name": "mail", "in": "query", "x-data-category": "buyer.email", "schema": {"type": "string"}},
                        {
                            "name": "size",
                            "in": "query",
                            "x-data-category": "none",
                            "schema": {"type": "integer", "maximum": 9},
                        },
                    ],
                    "responses": {"200": {"content": {"application/json": {"schema": answer}}}},
                    "x-piepowder-operation": {"id": "shop.listOrders", "elements": ["buyerInfo"], **extension},
                }
            }
        },
    }


def test_an_operation_says_what_the_gateway_needs() -> None:
    """Parameters, categories of answer and parameters, and the extension arrive in the operation."""
    catalogue = compile_catalogue(
        document(rate={"per_second": 2, "burst": 7}, roles=["a"], binding={"orders": ["orders"], "order_id": ["id"]}),
        NO_MARKS,
        "shop",
    )
    operation = catalogue.operations["shop.listOrders"]
    assert operation.categories == {"order.reference", "buyer.name", "buyer.email"}
    assert (operation.rate.per_second, operation.rate.burst, operation.roles) == (2.0, 7, frozenset({"a"}))
    assert [(each.name, each.leaf, each.category, each.maximum) for each in operation.parameters] == [
        ("mail", "string", "buyer.email", None),
        ("size", "integer", None, 9),
    ]
    assert catalogue.unclassified == ()


def test_what_is_not_classified_is_named() -> None:
    """Fields, parameters and request fields without a category are listed by operation and path."""
    given = document()
    spec = given["paths"]["/orders"]["get"]
    spec["parameters"].append({"name": "page", "in": "query", "schema": {"type": "string"}})
    spec["requestBody"] = {
        "content": {"application/json": {"schema": {"type": "object", "properties": {"x": {"type": "string"}}}}}
    }
    order = spec["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["orders"]["items"]
    order["properties"]["new"] = {"type": "string"}
    assert compile_catalogue(given, NO_MARKS, "shop").unclassified == (
        "shop.listOrders: ?page",
        "shop.listOrders: request.x",
        "shop.listOrders: orders[].new",
    )


def test_an_operation_without_the_extension_is_not_guarded() -> None:
    """It is left out, so the gate refuses it, and it is named."""
    given = document()
    del given["paths"]["/orders"]["get"]["x-piepowder-operation"]
    catalogue = compile_catalogue(given, NO_MARKS, "shop")
    assert (catalogue.operations, catalogue.unguarded) == ({}, ("GET /orders",))


@pytest.mark.parametrize(
    ("extension", "code"),
    [
        ({"elements": []}, "marketplace_operation_contradictory"),
        ({"implied_elements": ["other"]}, "marketplace_operation_contradictory"),
        ({"state_needs": ["X"]}, "marketplace_operation_contradictory"),
        ({"paging": {"parameter": "page", "token": ["next"]}}, "marketplace_operation_contradictory"),
        ({"binding": {"orders": ["items"], "order_id": ["id"]}}, "marketplace_operation_contradictory"),
        (
            {"binding": {"orders": ["orders"], "state_fields": {"status": ["gone"]}}},
            "marketplace_operation_contradictory",
        ),
        (
            {"binding": {"state": "lookup", "lookup": "x", "order_parameter": "y"}},
            "marketplace_operation_contradictory",
        ),
        ({"binding": {"state": "lookup"}}, "marketplace_operation_contradictory"),
        ({"kind": "reed"}, "marketplace_operation_malformed"),
        ({"misspelt": 1}, "marketplace_operation_malformed"),
    ],
)
def test_contradictions(extension: dict[str, Any], code: str) -> None:
    """What an operation refers to must be there, and a misspelt word is an error."""
    with pytest.raises(PiepowderError) as caught:
        compile_catalogue(document(**extension), NO_MARKS, "shop")
    assert caught.value.code == code


def _unknown_category(spec: dict[str, Any]) -> None:
    spec["parameters"][0]["x-data-category"] = "buyer.shoe_size"


def _header_parameter(spec: dict[str, Any]) -> None:
    spec["parameters"][0]["in"] = "header"


def _no_answer(spec: dict[str, Any]) -> None:
    spec["responses"] = {"404": {}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_unknown_category, "marketplace_operation_contradictory"),
        (_header_parameter, "marketplace_parameter_unsupported"),
        (_no_answer, "marketplace_answer_missing"),
    ],
)
def test_more_contradictions(change: Callable[[dict[str, Any]], None], code: str) -> None:
    """Unknown categories, parameters out of reach and operations without a success are errors."""
    given = document()
    change(given["paths"]["/orders"]["get"])
    with pytest.raises(PiepowderError) as caught:
        compile_catalogue(given, NO_MARKS, "shop")
    assert caught.value.code == code


def test_two_operations_of_one_id() -> None:
    """An id names one operation."""
    given = document()
    given["paths"]["/more"] = copy.deepcopy(given["paths"]["/orders"])
    with pytest.raises(PiepowderError, match="two operations"):
        compile_catalogue(given, NO_MARKS, "shop")


def test_the_digest_names_the_documents() -> None:
    """The same documents give the same digest, any change another one."""
    first = compile_catalogue(document(), NO_MARKS, "shop").digest
    assert compile_catalogue(document(), NO_MARKS, "shop").digest == first
    assert compile_catalogue(document(roles=["a"]), NO_MARKS, "shop").digest != first
    assert compile_catalogue(document(), NO_MARKS, "fair").digest != first


@pytest.mark.parametrize("text", ["- a list", "a: [", "", "a: !!python/object/apply:os.getcwd []"])
def test_malformed_yaml(text: str) -> None:
    """What is no YAML object, or asks for objects of Python, is refused."""
    with pytest.raises(PiepowderError) as caught:
        read_yaml(text, "file")
    assert caught.value.code == "marketplace_yaml_malformed"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{after}: &{after} [*{before},*{before},*{before},*{before},*{before},*{before},*{before},*{before}]\n"
            for before, after in zip("abcdefgh", "bcdefghi", strict=True)
        ),
    ],
    ids=["endless", "doubling"],
)
def test_small_files_that_stand_for_huge_ones(text: str) -> None:
    """Aliases that repeat themselves without end, or too often, are refused before anything is copied."""
    with pytest.raises(PiepowderError, match="more than"):
        read_yaml(text, "file")


def test_unknown_dialect() -> None:
    """Only shipped dialects load."""
    with pytest.raises(PiepowderError) as caught:
        load_catalogue("bazaar")
    assert caught.value.code == "marketplace_dialect_unknown"


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_catalogues_are_complete(name: str) -> None:
    """Every field and parameter has a known category, every mark leads somewhere, and loading twice compiles once."""
    catalogue = load_catalogue(name)
    assert (catalogue.unclassified, catalogue.unguarded, catalogue.unmatched) == ((), (), ())
    assert catalogue is load_catalogue(name)
    assert load_dialect(name).name == catalogue.dialect == name
    for operation in catalogue.operations.values():
        assert operation.categories <= CATEGORIES.keys()
        assert {leaf.category for leaf in leaves(operation.answer)} <= operation.categories


@pytest.mark.parametrize("name", SHIPPED)
def test_an_unmarked_field_in_a_shipped_document_is_found(name: str) -> None:
    """Without its overlay nearly everything of a shipped document is unclassified, and nothing slips through."""
    folder = resources.files("piepowder.core.marketplace.dialects") / name
    given = read_yaml((folder / "openapi.yaml").read_text("utf-8"), "openapi.yaml")
    marks = read_yaml((folder / "overlay.yaml").read_text("utf-8"), "overlay.yaml")
    rules = [action for action in marks["actions"] if "x-piepowder-operation" in action["update"]]
    bare = [
        {**action, "update": {"x-piepowder-operation": {"id": action["update"]["x-piepowder-operation"]["id"]}}}
        for action in rules
    ]
    catalogue = compile_catalogue(given, {"overlay": "1.0.0", "actions": bare}, name)
    unmarked = sum(
        len([leaf for leaf in leaves(tree) if leaf.category is None])
        for operation in catalogue.operations.values()
        for tree in (operation.answer, operation.body)
    )
    assert unmarked == len([place for place in catalogue.unclassified if ": ?" not in place])
    assert len(catalogue.operations) == len(load_catalogue(name).operations)


def paths(node: Node | None, path: str = "") -> Iterator[tuple[str, Node]]:
    if node is None:
        return
    if node.kind == "leaf":
        yield path, node
    for name, child in node.children.items():
        yield from paths(child, f"{path}.{name}".lstrip("."))
    yield from paths(node.item, path + "[]")


@pytest.mark.parametrize(
    ("operation", "path", "category", "element"),
    [
        ("orders.v0.getOrders", "payload.Orders[].ShippingAddress.Name", "buyer.name", "shippingAddress"),
        (
            "orders.v0.getOrders",
            "payload.Orders[].ShippingAddress.AddressLine1",
            "buyer.address.street",
            "shippingAddress",
        ),
        ("orders.v0.getOrders", "payload.Orders[].ShippingAddress.City", "order.place", None),
        ("orders.v0.getOrders", "payload.Orders[].ShippingAddress.CountryCode", "order.place", None),
        ("orders.v0.getOrders", "payload.Orders[].ShippingAddress.PostalCode", "buyer.address.postcode", None),
        ("orders.v0.getOrders", "payload.Orders[].DefaultShipFromLocationAddress.Name", "seller.address", None),
        ("orders.v0.getOrders", "payload.Orders[].DefaultShipFromLocationAddress.PostalCode", "seller.address", None),
        ("orders.v0.getOrders", "payload.Orders[].BuyerInfo.BuyerEmail", "buyer.email", None),
        ("orders.v0.getOrders", "payload.Orders[].BuyerInfo.BuyerName", "buyer.name", "buyerInfo"),
        (
            "orders.v0.getOrders",
            "payload.Orders[].BuyerTaxInformation.BuyerTaxRegistrationId",
            "buyer.tax_id",
            "buyerTaxInformation",
        ),
        ("orders.v0.getOrders", "payload.Orders[].MarketplaceTaxInfo.TaxClassifications[].Value", "order.tax", None),
        (
            "orders.v0.getOrders",
            "payload.Orders[].BuyerInfo.BuyerTaxInfo.TaxClassifications[].Value",
            "buyer.tax_id",
            "buyerInfo",
        ),
        ("orders.v0.getOrders", "payload.Orders[].OrderTotal.Amount", "order.money", None),
        ("orders.v0.getOrderItems", "payload.OrderItems[].BuyerInfo.GiftMessageText", "free_text", "buyerInfo"),
        ("orders.v0.getOrderItems", "payload.OrderItems[].BuyerInfo.GiftWrapPrice.Amount", "order.money", None),
        (
            "orders.v0.getOrderAddress",
            "payload.DeliveryPreferences.AddressInstructions",
            "buyer.delivery",
            "shippingAddress",
        ),
        (
            "orders.v0.getOrderRegulatedInfo",
            "payload.RegulatedInformation.Fields[].FieldValue",
            "buyer.regulated",
            "buyerInfo",
        ),
        (
            "orders.2026-01-01.searchOrders",
            "orders[].recipient.deliveryAddress.postalCode",
            "buyer.address.postcode",
            None,
        ),
        ("orders.2026-01-01.searchOrders", "orders[].packages[].shipFromAddress.name", "seller.address", None),
        (
            "orders.2026-01-01.getOrder",
            "order.tax.taxRegistrations[].taxRegistrationAddress.addressLine1",
            "buyer.address.street",
            None,
        ),
        (
            "orders.2026-01-01.getOrder",
            "order.orderItems[].fulfillment.packing.giftOption.giftMessage",
            "free_text",
            None,
        ),
        ("sales.v1.getOrderMetrics", "payload[].totalSales.amount", "seller.commercial", None),
        ("sellers.v1.getAccount", "payload.primaryContact.address.city", "seller.contact", None),
        ("sellers.v1.getAccount", "payload.business.registeredBusinessAddress.city", "seller.address", None),
    ],
)
def test_marks_of_the_selling_partner_api(operation: str, path: str, category: str, element: str | None) -> None:
    """Whose data a field is and which element unlocks it, as the API's own table of data elements has it."""
    node = dict(paths(load_catalogue("spapi").operations[operation].answer))[path]
    assert (node.category, node.element) == (category, element)


@pytest.mark.parametrize(
    "operation", [name for name in load_catalogue("spapi").operations if name.startswith("orders.v0")]
)
def test_v0_unlocks_personal_data_by_element(operation: str) -> None:
    """In v0 only the relay address, the postcode and free text of the order itself are personal without an element."""
    free = {
        path.rpartition(".")[2]
        for path, node in paths(load_catalogue("spapi").operations[operation].answer)
        if node.category and is_personal(node.category) and node.element is None
    }
    assert free <= {"BuyerEmail", "PostalCode", "ConditionNote", "BuyerCancelReason"}


def test_a_filter_on_personal_data_is_classified() -> None:
    """The filter by e-mail address asks for the buyer's e-mail address."""
    parameters = load_catalogue("spapi").operations["orders.v0.getOrders"].parameters
    personal = {each.name: each.category for each in parameters if each.category and is_personal(each.category)}
    assert personal == {"BuyerEmail": "buyer.email"}


def test_strings_of_the_selling_partner_api_are_bounded() -> None:
    """No string goes out that has neither values, form nor length."""
    for operation in load_catalogue("spapi").operations.values():
        for path, node in paths(operation.answer):
            assert node.leaf != "string" or node.enum or node.pattern or node.max_length, f"{operation.id} {path}"


def test_blocks_name_members_of_orders_or_items() -> None:
    """Every member that a block of `includedData` unlocks exists on the order or its items."""
    operation = load_catalogue("spapi").operations["orders.2026-01-01.getOrder"]
    assert operation.answer is not None
    order = operation.answer.children["order"]
    items = order.children["orderItems"].item
    assert items is not None
    members = {member for several in operation.included_data.values() for member in several}
    assert members <= order.children.keys() | items.children.keys()
    assert members >= {
        name for name, node in items.children.items() if name in {"proceeds", "expense", "promotion", "tax"}
    }
