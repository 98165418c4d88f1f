import re
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import Node
from piepowder.core.marketplace.openapi import DATE_TIME, Reader, anchored

TEXT = {"type": "string"}


def read(schema: dict[str, Any], **schemas: dict[str, Any]) -> tuple[Node, list[str]]:
    reader = Reader({"components": {"schemas": schemas}})
    return reader.tree(schema), reader.unclassified


def ref(name: str, **beside: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", **beside}


def test_a_mark_at_a_reference_replaces_the_marks_inside() -> None:
    """The seller's own address is the seller's, although the address it refers to is a buyer's and needs an element."""
    address = {
        "type": "object",
        "properties": {"name": {**TEXT, "x-data-category": "buyer.name", "x-data-element": "shippingAddress"}},
    }
    tree, _ = read(
        {
            "type": "object",
            "properties": {"to": ref("address"), "from": ref("address", **{"x-data-category": "seller.address"})},
        },
        address=address,
    )
    to, sender = tree.children["to"].children["name"], tree.children["from"].children["name"]
    assert (to.category, to.element) == ("buyer.name", "shippingAddress")
    assert (sender.category, sender.element) == ("seller.address", None)


def test_the_outermost_mark_wins() -> None:
    """A mark holds for everything below, through objects, lists and references."""
    inner = {"type": "object", "properties": {"x": {**TEXT, "x-data-category": "order.item"}}}
    tree, unclassified = read(
        {
            "type": "object",
            "properties": {
                "a": {"type": "array", "items": ref("inner"), "x-data-category": "buyer.tax_id", "x-data-element": "e"}
            },
        },
        inner=inner,
    )
    item = tree.children["a"].item
    assert item is not None
    assert (item.children["x"].category, item.children["x"].element) == ("buyer.tax_id", "e")
    assert unclassified == []


def test_a_schema_mark_is_a_default_that_ends_at_the_next_reference() -> None:
    """An unmarked reference takes the referenced schema's own marks, never those of the schema it stands in."""
    outer = {
        "type": "object",
        "x-data-category": "order.item",
        "properties": {"plain": TEXT, "money": ref("money"), "other": ref("other")},
    }
    tree, unclassified = read(ref("outer"), outer=outer, money={**TEXT, "x-data-category": "order.money"}, other=TEXT)
    assert {name: node.category for name, node in tree.children.items()} == {
        "plain": "order.item",
        "money": "order.money",
        "other": None,
    }
    assert unclassified == ["other"]


def test_an_element_alone_leaves_categories_as_they_are() -> None:
    """An element at a property goes to all leaves below, and `none` takes an element away."""
    inner = {"type": "object", "properties": {"x": {**TEXT, "x-data-category": "buyer.name", "x-data-element": "deep"}}}
    tree, _ = read(
        {
            "type": "object",
            "properties": {
                "a": ref("inner", **{"x-data-element": "outer"}),
                "b": ref("inner", **{"x-data-element": "none"}),
            },
        },
        inner=inner,
    )
    assert [
        (tree.children[name].children["x"].category, tree.children[name].children["x"].element) for name in "ab"
    ] == [
        ("buyer.name", "outer"),
        ("buyer.name", None),
    ]


def test_recursion_is_cut_and_listed() -> None:
    """A schema inside itself is unrolled once; where it is cut, nothing is released and the place is named."""
    node = {"type": "object", "properties": {"name": {**TEXT, "x-data-category": "order.item"}, "child": ref("node")}}
    tree, unclassified = read(ref("node"), node=node)
    cut = tree.children["child"].children["child"]
    assert (cut.kind, cut.category) == ("leaf", None)
    assert unclassified == ["child.child"]


@pytest.mark.parametrize(
    "schema",
    [{}, {"oneOf": [TEXT]}, {"type": ["string", "integer"]}, {"type": "wrong"}, {"anyOf": [TEXT], "type": "string"}],
)
def test_shapes_that_cannot_be_projected_are_never_released(schema: dict[str, Any]) -> None:
    """A choice of shapes, or no shape, becomes a leaf without category, even below a mark."""
    tree, unclassified = read({"type": "object", "properties": {"x": {**schema, "x-data-category": "order.item"}}})
    assert tree.children["x"].category is None
    assert unclassified == ["x"]


def test_all_of_joins_members() -> None:
    """Members and required names of all parts come together; a part's mark goes to its unmarked members."""
    tree, _ = read(
        {
            "allOf": [
                ref("base"),
                {"type": "object", "x-data-category": "order.time", "required": ["b"], "properties": {"b": TEXT}},
            ]
        },
        base={"type": "object", "required": ["a"], "properties": {"a": {**TEXT, "x-data-category": "order.item"}}},
    )
    assert {name: node.category for name, node in tree.children.items()} == {"a": "order.item", "b": "order.time"}
    assert tree.required == {"a", "b"}


def test_maps_and_lists() -> None:
    """`additionalProperties` is a map whose keys are data; a list has one item."""
    tree, unclassified = read(
        {
            "type": "object",
            "properties": {
                "map": {"type": "object", "additionalProperties": TEXT, "x-data-category": "free_text"},
                "list": {"type": "array", "items": TEXT},
            },
        }
    )
    assert (tree.children["map"].kind, tree.children["map"].category) == ("map", "free_text")
    assert tree.children["list"].kind == "array"
    assert unclassified == ["list[]"]


def test_leaves_keep_type_and_limits() -> None:
    """Integers stay integers; a free string is bounded; an enum or a pattern bounds by itself; null is allowed beside."""
    tree, _ = read(
        {
            "type": "object",
            "properties": {
                "whole": {"type": "integer"},
                "number": {"type": "number"},
                "flag": {"type": "boolean"},
                "free": {"type": ["string", "null"]},
                "word": {"type": "string", "enum": ["a", None]},
                "when": {"type": "string", "format": "date-time"},
            },
        }
    )
    found = {name: (node.leaf, node.enum, node.max_length) for name, node in tree.children.items()}
    assert found == {
        "whole": ("integer", (), None),
        "number": ("number", (), None),
        "flag": ("boolean", (), None),
        "free": ("string", (), 2000),
        "word": ("string", ("a",), None),
        "when": ("string", (), None),
    }
    assert tree.children["when"].pattern == DATE_TIME


@pytest.mark.parametrize("bad", ["$ref-out", "$ref-lost", "pattern"])
def test_malformed_documents(bad: str) -> None:
    """References out of the document or to nowhere, and broken patterns, are errors."""
    schema = {
        "$ref-out": {"$ref": "https://elsewhere.example/x"},
        "$ref-lost": ref("lost"),
        "pattern": {"type": "string", "pattern": "("},
    }[bad]
    with pytest.raises(PiepowderError) as caught:
        read(schema)
    assert caught.value.code == "marketplace_document_malformed"


def test_a_document_cannot_grow_without_end() -> None:
    """References that double at each level are refused before they fill the memory."""
    schemas = {
        f"s{level}": {"type": "object", "properties": {"a": ref(f"s{level + 1}"), "b": ref(f"s{level + 1}")}}
        for level in range(30)
    }
    with pytest.raises(PiepowderError) as caught:
        read(ref("s0"), **schemas, s30=TEXT)
    assert caught.value.code == "marketplace_document_malformed"


def test_patterns_end_where_they_say() -> None:
    """`$` would match before a final line break in Python, so it is taken as the very end."""
    assert re.search(anchored("^[0-9]+$"), "12")
    assert not re.search(anchored("^[0-9]+$"), "12\n")
    assert anchored(r"^a\$") == r"\Aa\$"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-01-01", True),
        ("2026-01-01T10:00:00Z", True),
        ("2026-01-01T10:00:00.123+02:00", True),
        ("2026-01-01T10:00", True),
        ("jane@buyers.example", False),
        ("2026-01-01T10:00:00Z\n", False),
        ("2026-01-01T10:00:00Z jane", False),
        ("٢٠٢٦-01-01", False),
    ],
)
def test_moments(text: str, good: bool) -> None:
    """The pattern of a moment lets ISO 8601 through and nothing else."""
    assert bool(re.search(DATE_TIME, text)) is good
