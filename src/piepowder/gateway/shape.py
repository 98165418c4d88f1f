"""A field tree compiles into types. An allowed field has a place to be decoded into; a forbidden one has none.

Two families of types come out of one tree: *release* types, which hold allowed fields only, and *control* types, which hold what the
gateway must know of an order (its id, buyer, state) and are never encoded. A substituted field decodes into `Hidden`, which no encoder
accepts, so a substitute that somebody forgets to fill in stops the answer instead of leaking the value.
"""

import keyword
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from piepowder.core.marketplace.model import Node, Operation

KEEP = "keep"
Slot = tuple[str, str | None]  # data category, data element
Codes = tuple[str | None, ...]  # per slot: KEEP, the kind of a substitute, or None for nothing

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


def collect(node: Node, found: set[Slot]) -> None:
    """Adds the slots of every leaf below `node` to `found`."""
    if node.kind == "leaf" and node.category is not None:
        found.add((node.category, node.element))
    for child in node.children.values():
        collect(child, found)
    if node.item is not None:
        collect(node.item, found)


def leaf_type(node: Node) -> Any:
    """The strict type of a leaf: its enumeration, pattern or length is part of it."""
    if node.enum:
        return Literal[node.enum]
    if node.leaf == "string" and (node.pattern or node.max_length):
        return Annotated[str, Meta(pattern=node.pattern, max_length=node.max_length)]
    return _SCALARS[node.leaf]


class Compiler:
    """Builds the release type of one tree for one set of codes.

    `hidden_members` are member names of blocks that the app did not ask for (`includedData`); `raw_at` names the array whose elements
    stay `msgspec.Raw`, for pages whose orders are decided differently.
    """

    def __init__(self, codes: dict[Slot, str | None], hidden_members: frozenset[str] = frozenset()) -> None:
        self.codes = codes
        self.hidden_members = hidden_members
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
            return leaf_type(node)
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
        return object_type("_".join(path) or "Answer", fields, names) if fields else None


@lru_cache(10_000)
def attribute(name: str) -> str:
    """A Python name for a JSON member, the same wherever it is asked for."""
    usable = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return name if usable else "member_" + name.encode().hex()


def object_type(name: str, fields: list[tuple[str, Any, Any]], names: dict[str, str]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name.replace("[]", "each"), fields, rename=names, kw_only=True, eq=False, gc=False)


def control_type(paths: dict[str, tuple[str, ...]]) -> type[msgspec.Struct]:
    """A type that reads `paths` (name -> member names; "[]" steps into every element) and nothing else, of any JSON type."""
    tree: dict[str, Any] = {}
    for path in paths.values():
        place = tree
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place.setdefault(path[-1], None)
    shape: type[msgspec.Struct] = _control(tree)
    return shape


def _control(tree: dict[str, Any] | None) -> Any:
    if tree is None:
        return Any
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
