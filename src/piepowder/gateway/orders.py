"""What the gateway must know of an answer's orders: number, buyer, state. Pure. Its types are never encoded."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from piepowder.core.marketplace.model import Node, Operation, OrderBinding, OrderState
from piepowder.core.marketplace.openapi import FORMATS
from piepowder.gateway.shape import Hidden, control_type, read_path, reader

StateOf = Callable[[Mapping[str, object]], OrderState]


class Unreadable(Exception):
    """The upstream answer is no JSON of this operation; nothing of it can be released."""


class Order(Struct, frozen=True, gc=False):
    """What the gateway knows of one order of an answer."""

    id: str | None
    subject: str | None
    state: OrderState


_TEXT = {str}
NOBODY = Order(None, None, OrderState.UNKNOWN)


class Columns:
    """Turns the structs of orders into `Order`s, by columns: a page has many orders, and each step in Python counts."""

    def __init__(self, binding: OrderBinding, item: Node, *, subject: bool = True) -> None:
        self._id = reader(binding.order_id) if binding.order_id else None
        self._subject = reader(binding.subject) if binding.subject and subject else None
        self._states = tuple((name, reader(path)) for name, path in binding.state_fields.items())
        pattern = node_at(item, binding.order_id).pattern if binding.order_id else None
        self._numbers = re.compile(f"(?:{pattern[2:-2]}\\n)*").fullmatch if pattern else None

    def orders(self, found: list[Any], state: StateOf) -> list[Order]:
        nothing = [None] * len(found)
        ids = self._checked(list(map(self._id, found))) if self._id else nothing
        subjects = list(map(self._subject, found)) if self._subject else nothing
        columns = [(name, list(map(read, found))) for name, read in self._states]
        fields = [{name: values[row] for name, values in columns} for row in range(len(found))]
        # A buyer as upstream names it, also where the name is about to be replaced.
        names = [each.value if type(each) is Hidden else each for each in subjects]
        return [
            Order(number, name if type(name) is str else None, state(told))
            for number, name, told in zip(ids, names, fields, strict=True)
        ]

    def _checked(self, ids: list[Any]) -> list[str | None]:
        """All numbers in one match; if it fails, each by itself. A number of a wrong form is none."""
        if {*map(type, ids)} <= _TEXT and (not self._numbers or self._numbers("\n".join([*ids, ""]))):
            return ids
        return [each if type(each) is str and self._well_formed(each) else None for each in ids]

    def _well_formed(self, number: str) -> bool:
        return self._numbers is None or ("\n" not in number and self._numbers(number + "\n") is not None)


class Control:
    """Reads orders out of an answer with types of its own, which hold nothing else."""

    def __init__(self, operation: Operation) -> None:
        binding, answer = operation.binding, operation.answer
        assert binding is not None
        assert answer is not None
        self._place = binding.orders
        order = answer if self._place is None else node_at(answer, self._place).item
        assert order is not None
        self._columns = Columns(binding, order)
        paths = control_paths(binding)
        moments = frozenset(name for name, path in paths.items() if _is_moment(order, path))
        prefix = () if self._place is None else (*self._place, "[]")
        whole = {name: (*prefix, *path) for name, path in paths.items()}
        self._whole = msgspec.json.Decoder(control_type(whole, moments))
        self._each = msgspec.json.Decoder(control_type(paths))
        self._id = binding.order_id or ()
        self._number = msgspec.json.Decoder(control_type({"#id": self._id}) if self._id else dict[str, Raw])

    def orders(self, body: bytes, state: StateOf) -> list[Order]:
        try:
            root = self._whole.decode(body)
            found = [root] if self._place is None else read_path(root, self._place)
        except msgspec.ValidationError:
            found = self._one_by_one(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(str(error)) from None
        if not isinstance(found, list):
            raise Unreadable("no list of orders where the catalogue says there is one")
        return self._columns.orders(found, state)

    def _one_by_one(self, body: bytes) -> list[Any]:
        """A wrong type inside one order must not hide the state of the others; the broken one is known by its number at most."""
        raws = [Raw(body)] if self._place is None else raw_list(body, self._place)
        return [self._one(raw) for raw in raws]

    def _one(self, raw: Raw) -> Any:
        try:
            return self._each.decode(raw)
        except msgspec.ValidationError:
            return self._each.decode(self._by_number(raw))

    def _by_number(self, raw: Raw) -> bytes:
        """An order that says nothing but its number, if that can be read by itself."""
        try:
            said: object = read_path(self._number.decode(raw), self._id) if self._id else None
        except msgspec.ValidationError:
            said = None
        for step in reversed(self._id):
            said = {step: said}
        return msgspec.json.encode(said or {})


def control_paths(binding: OrderBinding) -> dict[str, tuple[str, ...]]:
    paths = dict(binding.state_fields)
    paths |= {"#id": binding.order_id} if binding.order_id else {}
    return paths | ({"#subject": binding.subject} if binding.subject else {})


def _is_moment(node: Node, path: tuple[str, ...]) -> bool:
    for step in path:
        below = node.item if step == "[]" else node.children.get(step)
        if below is None:
            return False
        node = below
    return node.pattern == FORMATS["date-time"]


def raw_list(body: bytes, place: tuple[str, ...]) -> list[Raw]:
    """The elements of the array at `place`, unread."""
    raw = Raw(body)
    try:
        for step in place:
            raw = msgspec.json.decode(raw, type=dict[str, Raw])[step]
        return msgspec.json.decode(raw, type=list[Raw])
    except (msgspec.DecodeError, KeyError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def node_at(node: Node, path: tuple[str, ...]) -> Node:
    for step in path:
        node = node.children[step]
    return node
