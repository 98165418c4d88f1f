from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace import jsonpath, overlay


def overlaid(document: dict[str, Any], *actions: dict[str, Any]) -> overlay.Overlaid:
    return overlay.apply(document, {"overlay": "1.0.0", "actions": list(actions)})


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", ()),
        ("$.paths", ("paths",)),
        ("$['a b'].c", ("a b", "c")),
        ("""$["it's"]['a\\'b']""", ("it's", "a'b")),
        ("$.a.*", ("a", None)),
        ("$.a[*].b", ("a", None, "b")),
        ("$.paths['/orders/{orderId}'].get", ("paths", "/orders/{orderId}", "get")),
    ],
)
def test_paths(path: str, steps: tuple[str | None, ...]) -> None:
    """Names, quoted names and wildcards are understood."""
    assert jsonpath.parse(path) == steps


@pytest.mark.parametrize(
    "path", ["paths", "$..get", "$.a[0]", "$.a[?@.b]", "$.a[1:2]", "$.a['b','c']", "$.a-b", "$.", "$ "]
)
def test_unsupported_paths(path: str) -> None:
    """Anything else is an error that names the path, never a path that means less."""
    with pytest.raises(PiepowderError) as caught:
        jsonpath.parse(path)
    assert caught.value.code == "marketplace_path_unsupported"
    assert path in caught.value.message


def test_select_finds_in_document_order() -> None:
    """A wildcard finds members of objects and items of lists, in order, and nothing below plain values."""
    document = {"a": [{"n": 1}, 5, {"n": 2}], "b": {"x": {"n": 3}, "y": "text"}}
    assert [place.value for place in jsonpath.select(document, "$.*.*.n")] == [1, 2, 3]
    assert jsonpath.select(document, "$.b.y.n") == []
    assert jsonpath.select(document, "$.missing") == []


def test_update_merges_and_leaves_the_document_alone() -> None:
    """Objects merge deeply, lists are joined, values replaced; the given document does not change."""
    document = {"info": {"title": "a", "tags": [1], "deep": {"kept": True}}}
    result = overlaid(document, {"target": "$.info", "update": {"title": "b", "tags": [2], "deep": {"new": 1}}})
    assert result.document == {"info": {"title": "b", "tags": [1, 2], "deep": {"kept": True, "new": 1}}}
    assert document == {"info": {"title": "a", "tags": [1], "deep": {"kept": True}}}


def test_update_appends_to_a_list() -> None:
    """An update of a list is one more entry of it."""
    assert overlaid({"list": [1]}, {"target": "$.list", "update": {"x": 2}}).document == {"list": [1, {"x": 2}]}


def test_wildcard_update_is_not_shared() -> None:
    """What one action writes to several places can be changed in one of them by the next."""
    result = overlaid(
        {"a": {}, "b": {}},
        {"target": "$.*", "update": {"mark": {"n": 1}}},
        {"target": "$.a.mark", "update": {"n": 2}},
    )
    assert result.document == {"a": {"mark": {"n": 2}}, "b": {"mark": {"n": 1}}}


def test_remove() -> None:
    """`remove` takes members and list items away, and wins over an update."""
    document = {"a": {"b": 1, "c": 2}, "list": [1, 2, 3]}
    result = overlaid(
        document,
        {"target": "$.a.b", "remove": True, "update": {"ignored": 1}},
        {"target": "$.list[*]", "remove": True},
    )
    assert result.document == {"a": {"c": 2}, "list": []}


def test_a_target_that_leads_nowhere_is_reported() -> None:
    """It changes nothing and is no error, but it is named."""
    result = overlaid({"a": 1}, {"target": "$.b", "update": {"x": 1}})
    assert result.document == {"a": 1}
    assert result.unmatched == ("action 1: $.b",)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"overlay": "2.0.0", "actions": []},
        {"overlay": "1.0.0"},
        {"overlay": "1.0.0", "actions": ["text"]},
        {"overlay": "1.0.0", "actions": [{"update": {}}]},
        {"overlay": "1.0.0", "actions": [{"target": "$.plain", "update": {"x": 1}}]},
        {"overlay": "1.0.0", "actions": [{"target": "$.object", "update": 5}]},
        {"overlay": "1.0.0", "actions": [{"target": "$", "remove": True}]},
    ],
)
def test_malformed_overlays(bad: dict[str, Any]) -> None:
    """What is no overlay, or cannot be applied, says so."""
    with pytest.raises(PiepowderError) as caught:
        overlay.apply({"plain": 1, "object": {}}, bad)
    assert caught.value.code == "marketplace_overlay_malformed"
