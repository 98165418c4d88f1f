"""Projection: from an upstream answer to exactly what was decided, per order. Pure: bytes and decisions in, bytes out.

Strict first: a page is read once for control (ids, buyers, states) and once into its release type. Where a value has a wrong type, the
document is read again leaf by leaf (`lenient`), so that one bad value is withheld and not the document.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Raw, Struct

from piepowder.core.marketplace.model import Node, Operation, OrderState
from piepowder.core.marketplace.openapi import FORMATS
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.gateway.shape import (
    KEEP,
    Codes,
    Compiler,
    Hidden,
    Slot,
    attribute,
    control_type,
    decode_hidden,
    read_path,
    reader,
    slots_around,
    slots_of,
    strict_type,
)

_encode = msgspec.json.Encoder().encode
StateOf = Callable[[Mapping[str, object]], OrderState]
_PROJECTIONS_MAX = 2_000  # compiled types kept per operation


class Unreadable(Exception):
    """The upstream answer is no JSON of this operation; nothing of it can be released."""


class Order(Struct, frozen=True, gc=False):
    """What the gateway knows of one order of an answer."""

    id: str | None
    subject: str | None
    state: OrderState


_NOBODY = Order(None, None, OrderState.UNKNOWN)


Make = Callable[[object, Order, str], object]  # value, the order it is of, country of its address -> what stands in


class Substitutes(Protocol):
    """Makes the values that stand in for withheld ones."""

    def maker(self, kind: str) -> Make: ...


class Projection:
    """One set of codes, compiled for one operation and one choice of blocks. `around`: the slots used outside of its orders."""

    def __init__(
        self,
        operation: Operation,
        slots: tuple[Slot, ...],
        codes: Codes,
        hidden: frozenset[str],
        around: tuple[Slot, ...] = (),
    ) -> None:
        self.codes = dict(zip(slots, codes, strict=True))
        self.personal = any(code == KEEP and is_personal(category) for (category, _), code in self.codes.items())
        self.hidden = hidden
        answer = operation.answer
        orders = operation.binding.orders if operation.binding else None
        number = operation.binding.order_id if operation.binding else None
        checked = (*orders, "[]", *number) if orders is not None and number is not None else number
        whole = Compiler(self.codes, hidden, checked)
        self.around = tuple(self.codes[slot] for slot in around)
        self.decoder = _decoder(whole.type_of(answer) if answer else None)
        self.fills = tuple(Fill(path, kind) for path, kind in whole.substitutes)
        self.order_decoder = self.page_decoder = None
        if answer is not None and orders is not None:
            item = node_at(answer, orders).item
            assert item is not None
            each = Compiler(self.codes, hidden, number)
            self.order_decoder = _decoder(each.type_of(item))
            self.fills = tuple(Fill(path, kind) for path, kind in each.substitutes)
            self.read_order = self.order_decoder.decode
            self.page_decoder = _decoder(Compiler(self.codes, hidden).type_of(answer, raw_at=orders))


def _decoder(shape: Any | None) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape if shape is not None else _Nothing, dec_hook=decode_hidden)


class _Nothing(Struct):
    """Reads any object, keeps nothing."""


class Shape:
    """One operation made ready: its slots, its control types, its compiled projections."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.slots = slots_of(operation)
        self.place = operation.binding.orders if operation.binding else None
        self._around = slots_around(operation)
        self._projections: dict[tuple[Codes, frozenset[str]], Projection] = {}
        self._control = Control(operation) if operation.binding is not None else None

    def projection(self, codes: Codes, hidden: frozenset[str] = frozenset()) -> Projection:
        found = self._projections.get((codes, hidden))
        if found is None:
            if len(self._projections) >= _PROJECTIONS_MAX:
                self._projections.clear()
            found = self._projections[codes, hidden] = Projection(
                self.operation, self.slots, codes, hidden, self._around
            )
        return found

    def orders(self, body: bytes, state: StateOf) -> list[Order]:
        """Every order of an answer; a single one for an answer that is about one order; none where it is about none."""
        return self._control.orders(body, state) if self._control is not None else []


class Control:
    """Reads what the gateway must know of an answer's orders. Its types are never encoded."""

    def __init__(self, operation: Operation) -> None:
        binding, answer = operation.binding, operation.answer
        assert binding is not None
        assert answer is not None
        self._place = binding.orders
        paths = dict(binding.state_fields)
        self._states = tuple((name, reader(path)) for name, path in paths.items())
        self._id = reader(binding.order_id) if binding.order_id else None
        self._numbers: Callable[[str], object] | None = None
        self._subject = reader(binding.subject) if binding.subject else None
        paths |= {"#id": binding.order_id} if binding.order_id else {}
        paths |= {"#subject": binding.subject} if binding.subject else {}
        order = answer if self._place is None else node_at(answer, self._place).item
        assert order is not None
        if binding.order_id and (pattern := node_at(order, binding.order_id).pattern):
            self._numbers = re.compile(f"(?:{pattern[2:-2]}\n)*").fullmatch
        moments = frozenset(name for name, path in paths.items() if _is_moment(order, path))
        prefix = () if self._place is None else (*self._place, "[]")
        whole = {name: (*prefix, *path) for name, path in paths.items()}
        self._whole = msgspec.json.Decoder(control_type(whole, moments))
        self._each = msgspec.json.Decoder(control_type(paths))

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
        return self._described(found, state)

    def _described(self, found: list[Any], state: StateOf) -> list[Order]:
        """By columns, since a page has many orders and each step in Python counts."""
        nothing = [None] * len(found)
        ids = list(map(self._id, found)) if self._id else nothing
        if self._numbers is not None and None not in ids:
            ids = self._checked(ids)
        subjects = list(map(self._subject, found)) if self._subject else nothing
        columns = [(name, list(map(read, found))) for name, read in self._states]
        fields = [{name: values[row] for name, values in columns} for row in range(len(found))]
        return [
            Order(number if type(number) is str else None, subject if type(subject) is str else None, state(told))
            for number, subject, told in zip(ids, subjects, fields, strict=True)
        ]

    def _checked(self, ids: list[Any]) -> list[Any]:
        """All numbers in one match; if it fails, each by itself. A number of a wrong form is none."""
        assert self._numbers is not None
        if all(type(each) is str for each in ids) and self._numbers("\n".join([*ids, ""])):
            return ids
        return [each if type(each) is str and "\n" not in each and self._numbers(each + "\n") else None for each in ids]

    def _one_by_one(self, body: bytes) -> list[Any]:
        """A wrong type inside one order must not hide the state of the others; the broken one is known by nothing."""
        raws = [Raw(body)] if self._place is None else raw_list(body, self._place)
        return [self._one(raw) for raw in raws]

    def _one(self, raw: Raw) -> Any:
        try:
            return self._each.decode(raw)
        except msgspec.ValidationError:
            return self._each.decode(b"{}")


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


class Projected(Struct):
    """A released answer before it is encoded, with what was withheld because of its type."""

    value: Any
    personal: bool
    mistyped: list[str] = []

    def encode(self) -> bytes:
        return _encode(self.value)


def project(
    shape: Shape,
    body: bytes,
    orders: list[Order],
    choose: Callable[[Order | None], Projection],
    substitutes: Substitutes,
) -> Projected:
    """`body` with only what `choose` allows: `choose(order)` for each order, `choose(None)` for what stands around them."""
    place = shape.place
    if place is None:
        order = orders[0] if orders else None
        return _whole(shape, body, order, choose(order), substitutes)
    return _page(shape, body, orders, [choose(order) for order in orders], choose(None), place, substitutes)


def _whole(
    shape: Shape, body: bytes, order: Order | None, projection: Projection, substitutes: Substitutes
) -> Projected:
    doubtful = order is not None and order.id is None
    value, mistyped = _decode(projection.decoder, shape.operation.answer, body, projection, doubtful=doubtful)
    if projection.fills:
        _fill_all([(value, order or _NOBODY)], projection, substitutes)
    return Projected(value, projection.personal, mistyped)


def _page(
    shape: Shape,
    body: bytes,
    orders: list[Order],
    chosen: list[Projection],
    around: Projection,
    place: tuple[str, ...],
    substitutes: Substitutes,
) -> Projected:
    doubtful = [order.id is None for order in orders]
    if chosen and chosen[0].around == around.around and all(each is chosen[0] for each in chosen):
        page, mistyped = _decode(chosen[0].decoder, shape.operation.answer, body, chosen[0], doubtful=any(doubtful))
        released = read_path(page, place)
    else:
        page, released, mistyped = _mixed(shape, body, chosen, around, place, doubtful)
    for projection in dict.fromkeys(chosen):
        if not projection.fills:
            continue  # where nothing of an order goes out, there is not even a list of them
        assert isinstance(released, list)
        mine = [
            (value, order) for value, order, each in zip(released, orders, chosen, strict=True) if each is projection
        ]
        _fill_all(mine, projection, substitutes)
    return Projected(page, any(each.personal for each in chosen), mistyped)


def _mixed(
    shape: Shape,
    body: bytes,
    chosen: list[Projection],
    around: Projection,
    place: tuple[str, ...],
    doubtful: list[bool],
) -> tuple[Any, list[Any], list[str]]:
    """A page whose orders are decided differently: split first, then each order by its own type."""
    assert around.page_decoder is not None
    page, mistyped = _decode(around.page_decoder, shape.operation.answer, body, around, place)
    raws = read_path(page, place) or []
    assert isinstance(raws, list)
    released = _each_by_its_own(raws, chosen, doubtful)
    if released is None:
        node = node_at(shape.operation.answer, place).item if shape.operation.answer else None
        released = []
        for raw, projection, doubt in zip(raws, chosen, doubtful, strict=True):
            value, wrong = _decode(projection.order_decoder, node, raw, projection, doubtful=doubt)
            released.append(value)
            mistyped += wrong
    if raws:
        _put(read_path(page, place[:-1]), place[-1], released)
    return page, released, mistyped


def _each_by_its_own(raws: list[Raw], chosen: list[Projection], doubtful: list[bool]) -> list[Any] | None:
    """The ordinary case, without a step to spare; None where some order needs a closer look."""
    if any(doubtful):
        return None
    try:
        return [each.read_order(raw) for raw, each in zip(raws, chosen, strict=True)]
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def _decode(
    decoder: msgspec.json.Decoder[Any] | None,
    node: Node | None,
    raw: Raw | bytes,
    projection: Projection,
    raw_at: tuple[str, ...] | None = None,
    doubtful: bool = False,
) -> tuple[Any, list[str]]:
    """`doubtful`: an order's number was not what it should be, so every value is looked at by itself."""
    try:
        if doubtful:
            raise msgspec.ValidationError
        assert decoder is not None
        return decoder.decode(raw), []
    except msgspec.ValidationError:
        mistyped: list[str] = []
        if node is None:
            raise Unreadable("an answer where none is expected") from None
        return _lenient(node, Raw(raw), projection, (), raw_at, mistyped), mistyped
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def _lenient(
    node: Node,
    raw: Raw,
    projection: Projection,
    path: tuple[str, ...],
    raw_at: tuple[str, ...] | None,
    mistyped: list[str],
) -> Any:
    """`node` read in steps of one level. A value of a wrong type becomes null and is named in `mistyped`."""
    if node.kind == "leaf":
        return _lenient_leaf(node, raw, projection, path, mistyped)
    expected: Any = list[Raw] | None if node.kind == "array" else dict[str, Raw] | None
    members = _typed(expected, raw, path, mistyped)
    if members is None or node.kind == "map":
        return None if members is None else UNSET
    if node.kind == "array":
        if path == raw_at:
            return members
        assert node.item is not None
        item = node.item
        if not _anything(item, projection):
            return UNSET  # a list of nothings would still show how many there are
        values = [_lenient(item, each, projection, (*path, "[]"), raw_at, mistyped) for each in members]
        return [value for value in values if value is not UNSET]
    result = {}
    for name, child in node.children.items():
        if name not in members or name in projection.hidden:
            continue
        value = _lenient(child, members[name], projection, (*path, name), raw_at, mistyped)
        if value is not UNSET and (value != {} or child.kind != "object"):
            result[name] = value
    return result


def _anything(node: Node, projection: Projection) -> bool:
    """Whether there is a leaf below that may go out."""
    if node.kind == "leaf":
        return node.category is not None and projection.codes.get((node.category, node.element)) is not None
    below = [child for name, child in node.children.items() if name not in projection.hidden]
    if node.kind == "array" and node.item is not None:
        below.append(node.item)
    return any(_anything(child, projection) for child in below)


def _lenient_leaf(node: Node, raw: Raw, projection: Projection, path: tuple[str, ...], mistyped: list[str]) -> Any:
    code = None if node.category is None else projection.codes.get((node.category, node.element))
    if code is None:
        return UNSET
    value = _typed(strict_type(node) | None, raw, path, mistyped)
    return value if code == KEEP or value is None else Hidden(value)


def _typed(shape: Any, raw: Raw, path: tuple[str, ...], mistyped: list[str]) -> Any:
    """The value, or None if it has another type. Numbers beyond all bounds are no JSON that we would answer for."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        if "out of range" in str(error):
            raise Unreadable(f"number out of range at {'.'.join(path)}") from None
        mistyped.append(".".join(path))
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None


class Fill:
    """Puts substitutes at one path of released orders. Absent stays absent."""

    def __init__(self, path: tuple[str, ...], kind: str) -> None:
        self._path, self._kind = path, kind
        self._above = None if "[]" in path else tuple(attribute(step) for step in path[:-1])
        self._last = attribute(path[-1])

    def into(self, released: list[tuple[Any, Order]], make: Make) -> None:
        above, last, by_country = self._above, self._last, self._kind == "outward"
        for value, order in released:
            if above is None or type(value) is dict:
                _fill(value, self._path, order, make)
                continue
            for step in above:
                value = getattr(value, step, None)
            hidden = getattr(value, last, None)
            if type(hidden) is Hidden:
                setattr(value, last, make(hidden.value, order, _country(value) if by_country else ""))

    @property
    def kind(self) -> str:
        return self._kind


def _fill_all(released: list[tuple[Any, Order]], projection: Projection, substitutes: Substitutes) -> None:
    for fill in projection.fills:
        fill.into(released, substitutes.maker(fill.kind))


def _fill(value: Any, path: tuple[str, ...], order: Order, make: Make) -> None:
    """The general way: through arrays, and in documents that were read leaf by leaf."""
    for position, step in enumerate(path[:-1]):
        if step == "[]":
            for each in value if isinstance(value, list) else ():
                _fill(each, path[position + 1 :], order, make)
            return
        value = _get(value, step)
    if path[-1] == "[]":
        value[:] = [make(each.value, order, "") for each in value if isinstance(each, Hidden)]
        return
    hidden = _get(value, path[-1])
    if isinstance(hidden, Hidden):
        _put(value, path[-1], make(hidden.value, order, _country(value)))


def _country(address: Any) -> str:
    for name in ("CountryCode", "countryCode", "country_code", "country"):
        country = _get(address, name)
        if isinstance(country, str):
            return country
    return ""


def _get(value: Any, name: str) -> Any:
    return value.get(name, UNSET) if type(value) is dict else getattr(value, attribute(name), UNSET)


def _put(value: Any, name: str, new: Any) -> None:
    if type(value) is dict:
        value[name] = new
    else:
        setattr(value, attribute(name), new)
