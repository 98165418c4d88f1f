"""A field tree compiles into types. An allowed field has a place to be decoded into; a forbidden one has none.

Two families of types come out of one tree: *release* types, which hold allowed fields only, and *control* types, which hold what the
gateway must know of an order (its id, buyer, state) and are never encoded. A substituted field decodes into `Hidden`, which no encoder
accepts, so a substitute that somebody forgets to fill in stops the answer instead of leaking the value.
"""

import keyword
from collections.abc import Callable, Collection
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from piepowder.core.marketplace.model import Node, Operation
from piepowder.core.marketplace.openapi import FORMATS
from piepowder.core.marketplace.taxonomy import is_personal

sre_parser: Any = import_module("re._parser")  # has no types of its own

KEEP = "keep"
BLANK = (
    "blank"  # an empty text, where the API requires one that is withheld: strict clients reject an answer without it
)
Slot = tuple[str, str | None]  # data category, data element
Codes = tuple[str | None, ...]  # per slot: KEEP, the kind of a substitute, or None for nothing

_CODE_MAX = 3
_SCALARS: dict[str, Any] = {"string": str, "integer": int, "number": int | float, "boolean": bool}


class Hidden:
    """A value on its way to be replaced. Not encodable, and silent when printed."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<hidden>"


def decode_hidden(shape: type, value: object) -> Hidden:
    if shape is not Hidden:
        raise NotImplementedError(shape)
    return Hidden(value)


def slots_of(operation: Operation) -> tuple[Slot, ...]:
    """The distinct (category, element) pairs of an answer, in a stable order."""
    found: set[Slot] = set()
    if operation.answer is not None:
        collect(operation.answer, found)
    return tuple(sorted(found, key=lambda slot: (slot[0], slot[1] or "")))


def slots_around(operation: Operation) -> tuple[Slot, ...]:
    """The slots of a page that stand around its list of orders; none where the answer is about one order."""
    place = operation.binding.orders if operation.binding else None
    found: set[Slot] = set()
    node = operation.answer
    for step in place or ():
        assert node is not None
        for name, child in node.children.items():
            if name != step:
                collect(child, found)
        node = node.children[step]
    return tuple(sorted(found, key=lambda slot: (slot[0], slot[1] or "")))


def collect(node: Node, found: set[Slot]) -> None:
    """Adds the slots of every leaf below `node` to `found`."""
    if node.kind == "leaf" and node.category is not None:
        found.add((node.category, node.element))
    for child in node.children.values():
        collect(child, found)
    if node.item is not None:
        collect(node.item, found)


def strict_type(node: Node) -> Any:
    """The type of a leaf with all its rules: enumeration, pattern, length."""
    if node.enum:
        return Literal[node.enum]
    if node.leaf == "string" and (node.pattern or node.max_length):
        return Annotated[str, Meta(pattern=node.pattern, max_length=node.max_length)]
    return _SCALARS[node.leaf]


def fast_type(node: Node) -> Any:
    """A type that a whole document is decoded into.

    A pattern costs 0.6 us a value, so where something cheaper is as strict it stands in: a moment is parsed as one and written anew,
    a code of at most three characters is held by its length, other text by the cap on the whole answer. What does not fit is read
    again with `strict_type`.
    """
    if node.leaf == "string" and not node.enum and node.pattern == FORMATS["date-time"]:
        return datetime
    if node.leaf == "string" and node.pattern and (width := _width(node.pattern)) <= _CODE_MAX:
        return Annotated[str, Meta(max_length=width)]
    return str if node.leaf == "string" and not node.enum and not node.pattern else strict_type(node)


def _width(pattern: str) -> int:
    """The most characters a match can have."""
    return int(sre_parser.parse(pattern).getwidth()[1])


class Compiler:
    """Builds the release type of one tree for one set of codes.

    `hidden_members` are member names of blocks that the app did not ask for (`includedData`); `raw_at` names the array whose elements
    stay `msgspec.Raw`, for pages whose orders are decided differently. `checked` is the place of the order's number, whose pattern the
    control types have checked for all orders at once.
    """

    def __init__(
        self,
        codes: dict[Slot, str | None],
        hidden_members: frozenset[str] = frozenset(),
        checked: tuple[str, ...] | None = None,
    ) -> None:
        self.codes = codes
        self.hidden_members = hidden_members
        self.checked = checked
        self.substitutes: list[tuple[tuple[str, ...], str]] = []

    def code(self, node: Node) -> str | None:
        """What happens to a leaf. An unclassified one is unknown: never released."""
        return None if node.category is None else self.codes.get((node.category, node.element))

    def type_of(self, node: Node, path: tuple[str, ...] = (), raw_at: tuple[str, ...] | None = None) -> Any | None:
        """The type that reads the allowed part of `node`, or None where nothing of it is allowed."""
        if node.kind == "leaf":
            return self._leaf(node, path)
        if node.kind == "array" and node.item is not None:
            if path == raw_at:
                return list[msgspec.Raw]
            item = self.type_of(node.item, (*path, "[]"), raw_at)
            return None if item is None else list.__class_getitem__(item)
        if node.kind == "object":
            return self._object(node, path, raw_at)
        return None  # a map's keys are data themselves: withheld as a whole

    def _leaf(self, node: Node, path: tuple[str, ...]) -> Any | None:
        code = self.code(node)
        if code is None:
            return None
        if code == KEEP:
            return str if path == self.checked else fast_type(node)
        self.substitutes.append((path, code))
        return Hidden

    def _object(self, node: Node, path: tuple[str, ...], raw_at: tuple[str, ...] | None) -> Any | None:
        fields: list[tuple[str, Any, Any]] = []
        names: dict[str, str] = {}
        for name, child in node.children.items():
            inner = None if name in self.hidden_members else self.type_of(child, (*path, name), raw_at)
            if inner is None:
                continue
            field = attribute(name)
            names[field] = name
            fields.append((field, inner | None | UnsetType, UNSET))
        for name in blanks(node, names.values(), self.hidden_members) if fields else ():
            self.substitutes.append(((*path, name), BLANK))
            names[attribute(name)] = name
            fields.append((attribute(name), Hidden | UnsetType, UNSET))
        return object_type("_".join(path) or "Answer", fields, names) if fields else None


def blanks(node: Node, shown: Collection[str], hidden: frozenset[str]) -> list[str]:
    """Required texts about a person that are not among the `shown` members of an object, and so are left empty in it."""
    return [
        name
        for name, child in node.children.items()
        if name in node.required - hidden and name not in shown and _is_text_about_a_person(child)
    ]


def _is_text_about_a_person(node: Node) -> bool:
    """Of free form: an empty one breaks no rule of its own."""
    plain = node.kind == "leaf" and node.leaf == "string" and not node.enum and not node.pattern
    return plain and node.category is not None and is_personal(node.category)


@lru_cache(10_000)
def attribute(name: str) -> str:
    """A Python name for a JSON member, the same wherever it is asked for."""
    usable = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return name if usable else "member_" + name.encode().hex()


def object_type(name: str, fields: list[tuple[str, Any, Any]], names: dict[str, str]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name.replace("[]", "each"), fields, rename=names, kw_only=True, eq=False, gc=False)


def control_type(paths: dict[str, tuple[str, ...]], moments: frozenset[str] = frozenset()) -> type[msgspec.Struct]:
    """A type that reads `paths` (name -> member names; "[]" steps into every element) and nothing else.

    What `moments` names is parsed as a moment; everything else may be of any JSON type.
    """
    tree: dict[str, Any] = {}
    for name, path in paths.items():
        place = tree
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place.setdefault(path[-1], datetime if name in moments else Any)
    shape: type[msgspec.Struct] = _control(tree)
    return shape


def _control(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "[]" in tree:
        return list.__class_getitem__(_control(tree["[]"]))
    fields = []
    names = {}
    for name, below in tree.items():
        inner = _control(below)
        field = attribute(name)
        names[field] = name
        fields.append((field, inner if inner is Any else inner | None, None))
    return object_type("Control", fields, names)


def reader(path: tuple[str, ...]) -> Callable[[Any], Any]:
    """A quick way to the value at `path` of a control struct; None where absent."""
    if "[]" in path:
        return lambda value: read_path(value, path)
    if len(path) == 1:
        return attrgetter(attribute(path[0]))
    steps = tuple(attribute(step) for step in path)

    def read(value: Any) -> Any:
        for step in steps:
            value = getattr(value, step)
            if value is None or value is UNSET:
                return None
        return value

    return read


def read_path(value: object, path: tuple[str, ...]) -> object:
    """The value at `path` of a control struct or of builtins; a list where the path steps into elements; None where absent."""
    for position, step in enumerate(path):
        if step == "[]":
            rest = path[position + 1 :]
            return [read_path(each, rest) for each in value] if isinstance(value, list) else None
        value = value.get(step) if type(value) is dict else getattr(value, attribute(step), None)
        if value is None or value is UNSET:
            return None
    return value
