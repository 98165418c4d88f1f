"""From an OpenAPI 3 schema to a tree of `Node`s, with the marks `x-data-category` and `x-data-element`.

Three rules say which mark a leaf gets:

1. A mark at a property holds for everything below it and replaces the marks inside (the outermost one wins): so
   `DefaultShipFromLocationAddress` is the seller's, although the `Address` it refers to is marked as a buyer's.
2. Else the leaf's own mark.
3. Else the mark at the root of the schema that a `$ref` led to: that schema's default. It ends at the next `$ref`.

What is left has no category. Such a leaf is never released, and is listed by its path.
"""

import re
from typing import Any

from msgspec import Struct, structs

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import LeafType, Node

CATEGORY, ELEMENT = "x-data-category", "x-data-element"
NO_ELEMENT = "none"  # takes an element away again, for a field that needs no restricted token

DEPTH_MAX = 64
NODES_MAX = 20_000
REFERENCE_VISITS_MAX = 2  # a schema inside itself: unrolled once, then cut
TEXT_LENGTH_MAX = 2000  # of a string that has neither enum, pattern nor maxLength

#: ISO 8601: date, then optionally time, fraction and offset. Digits are spelled out: `\d` would admit other scripts.
DATE_TIME = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?\Z"
DATE = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"
FORMATS = {"date-time": DATE_TIME, "date": DATE}

_LEAVES: dict[str, LeafType] = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
_COMBINED = ("oneOf", "anyOf", "not")


class Marks(Struct, frozen=True):
    """What holds at a place. `forced` came from a property above and cannot be overridden; an element "none" is one."""

    category: str | None = None
    element: str | None = None
    forced_category: bool = False
    forced_element: bool = False

    def at_property(self, schema: dict[str, Any]) -> "Marks":
        """Rule 1: a category brings its element with it, be it none; an element alone leaves categories as they are."""
        category, element = schema.get(CATEGORY), schema.get(ELEMENT)
        if self.forced_category or (category is None and element is None):
            return self
        if category is None:
            return self if self.forced_element else structs.replace(self, element=element, forced_element=True)
        kept = self.element if self.forced_element else element
        return Marks(category, kept, True, True)

    def at_schema(self, schema: dict[str, Any]) -> "Marks":
        """Rule 3: inside a `$ref` only that schema's own marks count, and those forced from above."""
        return Marks(
            self.category if self.forced_category else schema.get(CATEGORY),
            self.element if self.forced_element else schema.get(ELEMENT),
            self.forced_category,
            self.forced_element,
        )


class _Place(Struct, frozen=True):
    path: str
    marks: Marks = Marks()
    references: tuple[str, ...] = ()
    depth: int = 0

    def below(self, name: str) -> "_Place":
        joined = f"{self.path}.{name}" if self.path and name != "[]" else self.path + name
        return structs.replace(self, path=joined, depth=self.depth + 1)


class Reader:
    """Reads the schemas of one document. `unclassified` collects the paths of leaves without a category."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.unclassified: list[str] = []
        self.nodes = 0

    def tree(self, schema: dict[str, Any]) -> Node:
        """The node of a whole answer or request body; counts nodes and collects unclassified paths anew."""
        self.unclassified, self.nodes = [], 0
        return self._node(schema, _Place(""))

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        """Follows local references (`#/components/...`) of parameters, bodies and answers."""
        for _ in range(DEPTH_MAX):
            if "$ref" not in value:
                return value
            value = self._target(value["$ref"])
        raise _malformed("references lead round in a circle")

    def _target(self, reference: Any) -> dict[str, Any]:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise _malformed(f"reference `{reference}` leads out of the document")
        value: Any = self.document
        for step in reference[2:].split("/"):
            value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
        if not isinstance(value, dict):
            raise _malformed(f"reference `{reference}` leads nowhere")
        return value

    def _node(self, schema: Any, place: _Place) -> Node:
        self.nodes += 1
        if self.nodes > NODES_MAX or place.depth > DEPTH_MAX:
            raise _malformed(f"more than {NODES_MAX} fields or {DEPTH_MAX} levels at `{place.path}`")
        if not isinstance(schema, dict):
            return self._unknown(place)
        place = structs.replace(place, marks=place.marks.at_property(schema))
        if "$ref" in schema:
            return self._reference(schema["$ref"], place)
        if "allOf" in schema:
            schema = self._joined(schema)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, place)
        if kind == "array":
            return Node(kind="array", item=self._node(schema.get("items"), place.below("[]")))
        if kind in _LEAVES:
            return self._leaf(_LEAVES[kind], schema, place)
        return self._unknown(place)

    def _reference(self, reference: Any, place: _Place) -> Node:
        target = self._target(reference)
        if place.references.count(reference) >= REFERENCE_VISITS_MAX:
            return self._unknown(place)
        marks = place.marks.at_schema(target)
        unmarked = {key: value for key, value in target.items() if key not in (CATEGORY, ELEMENT)}
        return self._node(
            unmarked,
            structs.replace(place, marks=marks, references=(*place.references, reference), depth=place.depth + 1),
        )

    def _object(self, schema: dict[str, Any], place: _Place) -> Node:
        extra = schema.get("additionalProperties")
        if not schema.get("properties") and isinstance(extra, dict) and extra:
            return Node(kind="map", item=self._node(extra, place.below("*")), category=place.marks.category)
        children = {
            name: self._node(member, place.below(name)) for name, member in schema.get("properties", {}).items()
        }
        return Node(kind="object", children=children, required=frozenset(schema.get("required", ())) & children.keys())

    def _leaf(self, leaf: LeafType, schema: dict[str, Any], place: _Place) -> Node:
        if place.marks.category is None:
            self.unclassified.append(place.path)
        element = place.marks.element
        text = text_rules(schema) if leaf == "string" else TextRules()
        return Node(
            kind="leaf",
            leaf=leaf,
            enum=text.enum,
            pattern=text.pattern,
            max_length=text.max_length,
            category=place.marks.category,
            element=None if element == NO_ELEMENT else element,
        )

    def _unknown(self, place: _Place) -> Node:
        """A shape that cannot be projected (a choice, a cut recursion, no type): no category, so never released."""
        self.unclassified.append(place.path)
        return Node(kind="leaf")

    def _joined(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`allOf` as one schema. A mark at a part goes to those of its members that have none."""
        joined = {key: value for key, value in schema.items() if key != "allOf"}
        properties = dict(joined.get("properties", {}))
        required = list(joined.get("required", ()))
        for part in schema["allOf"]:
            whole = self.resolve(part)
            whole = self._joined(whole) if "allOf" in whole else whole
            marks = {key: whole[key] for key in (CATEGORY, ELEMENT) if key in whole}
            properties |= {
                name: member if {CATEGORY, ELEMENT} & member.keys() else {**member, **marks}
                for name, member in whole.get("properties", {}).items()
            }
            required += whole.get("required", ())
            joined = {**whole, **joined}
        return {**joined, "properties": properties, "required": required} if properties else joined


class TextRules(Struct, frozen=True):
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    max_length: int | None = None


def text_rules(schema: dict[str, Any]) -> TextRules:
    """What a string may look like. Without any rule of its own it is bounded in length."""
    enum = tuple(str(value) for value in schema.get("enum", ()) if value is not None)
    pattern = anchored(schema["pattern"]) if "pattern" in schema else FORMATS.get(schema.get("format", ""))
    bounded = bool(enum or pattern)
    return TextRules(enum, pattern, schema.get("maxLength", None if bounded else TEXT_LENGTH_MAX))


def anchored(pattern: str) -> str:
    """The same pattern for Python, where `$` would also match before a final line break."""
    if pattern.startswith("^"):
        pattern = r"\A" + pattern[1:]
    if pattern.endswith("$") and not pattern.endswith(r"\$"):
        pattern = pattern[:-1] + r"\Z"
    try:
        re.compile(pattern)
    except re.error as error:
        raise _malformed(f"pattern `{pattern}` is not understood: {error}") from None
    return pattern


def _kind(schema: dict[str, Any]) -> str | None:
    """The one type of a schema, `null` aside; None where there are several or none."""
    if any(word in schema for word in _COMBINED):
        return None
    kind = schema.get("type")
    if isinstance(kind, list):
        named = [word for word in kind if word != "null"]
        kind = named[0] if len(named) == 1 else None
    if kind is None and ("properties" in schema or "additionalProperties" in schema):
        return "object"
    return kind if isinstance(kind, str) else None


def _malformed(message: str) -> PiepowderError:
    return PiepowderError("marketplace_document_malformed", message, hint="the document must be OpenAPI 3")
