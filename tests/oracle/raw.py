"""The raw OpenAPI document and its overlay, read a second time and naively, so that a slip of the catalogue's compiler shows.

Nothing of the catalogue is imported. A tree is made of `Leaf`, `Many` (array) and `Group` (object).
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DIALECTS = Path(__file__).parents[2] / "src/piepowder/core/marketplace/dialects"
CATEGORY, ELEMENT, OPERATION = "x-data-category", "x-data-element", "x-piepowder-operation"
_STEP = re.compile(r"\.([\w$-]+)|\['([^']+)'\]")


@dataclass(frozen=True, eq=False)
class Leaf:
    schema: dict[str, Any]
    category: str | None
    element: str | None
    required: bool = False


@dataclass(frozen=True, eq=False)
class Many:
    item: "Tree"


@dataclass(frozen=True, eq=False)
class Group:
    children: dict[str, "Tree"]


Tree = Leaf | Many | Group
Marks = tuple[str | None, str | None]


@dataclass(frozen=True, eq=False)
class Guarded:
    """One operation of the raw documents."""

    id: str
    method: str
    path: str
    says: dict[str, Any]  # what `x-piepowder-operation` says
    parameters: dict[str, dict[str, Any]]
    answer: Tree
    slots: frozenset[Marks]  # of all leaves

    @property
    def binding(self) -> dict[str, Any]:
        found: dict[str, Any] = self.says.get("binding", {})
        return found

    @property
    def elements(self) -> list[str]:
        return sorted({*self.says.get("elements", ()), *self.says.get("implied_elements", ())})


@cache
def guarded(dialect: str) -> dict[str, Guarded]:
    """Operation id -> operation, of all that are answered from upstream by reading."""
    document, overlay = (_yaml(DIALECTS / dialect / name) for name in ("openapi.yaml", "overlay.yaml"))
    for action in overlay["actions"]:
        _merge(_at(document, action["target"]), action["update"])
    found = {}
    for path, item in document["paths"].items():
        for method in ("get", "post"):
            says = item.get(method, {}).get(OPERATION)
            if says and says.get("kind", "read") == "read":
                found[says["id"]] = _operation(document, path, method, item, says)
    return found


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _operation(document: dict[str, Any], path: str, method: str, item: dict[str, Any], says: dict[str, Any]) -> Guarded:
    listed = [_resolved(document, each) for each in [*item.get("parameters", ()), *item[method].get("parameters", ())]]
    answer = next(answer for status, answer in item[method]["responses"].items() if status.startswith("2"))
    tree = _tree(document, answer["content"]["application/json"]["schema"], None, (None, None))
    slots = frozenset((leaf.category, leaf.element) for leaf in leaves(tree))
    return Guarded(says["id"], method.upper(), path, says, {each["name"]: each for each in listed}, tree, slots)


def leaves(tree: Tree) -> list[Leaf]:
    if isinstance(tree, Leaf):
        return [tree]
    below = [tree.item] if isinstance(tree, Many) else list(tree.children.values())
    return [leaf for each in below for leaf in leaves(each)]


def _tree(document: dict[str, Any], schema: dict[str, Any], forced: Marks | None, default: Marks) -> Tree:
    """The outermost mark at a property holds for all below; else the mark at the root of the schema a reference led to."""
    if forced is None and CATEGORY in schema:
        forced = (schema[CATEGORY], schema.get(ELEMENT))
    if "$ref" in schema:
        target = _resolved(document, schema)
        unmarked = {key: value for key, value in target.items() if key not in (CATEGORY, ELEMENT)}
        return _tree(document, unmarked, forced, (target.get(CATEGORY), target.get(ELEMENT)))
    members, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        members |= _resolved(document, part).get("properties", {})
        required |= set(_resolved(document, part).get("required", ()))
    if members:
        below = {name: _tree(document, each, forced, default) for name, each in members.items()}
        return Group({name: _marked(each, name in required) for name, each in below.items()})
    if schema.get("type") == "array":
        return Many(_tree(document, schema["items"], forced, default))
    category, element = forced or default
    return Leaf(schema, category, element)


def _marked(tree: Tree, required: bool) -> Tree:
    return replace(tree, required=required) if isinstance(tree, Leaf) else tree


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    return _resolved(document, _at(document, value["$ref"].replace("/", ".")[1:])) if "$ref" in value else value


def _at(document: dict[str, Any], target: str) -> Any:
    place: Any = document
    for plain, quoted in _STEP.findall(target):
        place = place[plain or quoted]
    return place


def _merge(place: dict[str, Any], update: dict[str, Any]) -> None:
    for name, value in update.items():
        if isinstance(value, dict) and isinstance(place.get(name), dict):
            _merge(place[name], value)
        else:
            place[name] = value
