"""Projection: from an upstream answer to exactly what was decided, per order. Pure: bytes and decisions in, bytes out.

    likely:   one read into the type of the likely decision ─► states ─► orders decided otherwise are read again by their own type
    else:     a read for control (numbers, buyers, states) ─► a read into the release type

What is released is always an object whose type has places for that order's allowed fields only. Where a value has a wrong type, the
document is read again leaf by leaf (`lenient`), so that one bad value is withheld and not the document.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from piepowder.core.marketplace.model import Node, Operation
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.gateway.fill import Fill, Substitutes, put
from piepowder.gateway.lenient import Reading
from piepowder.gateway.orders import NOBODY, Columns, Control, Order, StateOf, Unreadable, node_at
from piepowder.gateway.shape import KEEP, Codes, Compiler, Slot, decode_hidden, read_path, slots_around, slots_of

_encode = msgspec.json.Encoder().encode
_PROJECTIONS_MAX = 2_000  # compiled types kept per operation
_OTHERS_MAX = 0.25  # share of a page's orders that may be decided otherwise before the likely decision was a bad guess
_FOR_BUYERS = frozenset({"alias", "pseudonym"})

Choose = Callable[[Order | None], "Projection"]  # by order; None: what stands around the orders


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
        self.operation, self.hidden = operation, hidden
        self.codes = dict(zip(slots, codes, strict=True))
        self.around = tuple(self.codes[slot] for slot in around)
        self.personal = any(code == KEEP and is_personal(category) for (category, _), code in self.codes.items())
        binding = operation.binding
        place, number = (binding.orders, binding.order_id) if binding else (None, None)
        checked = (*place, "[]", *number) if place is not None and number is not None else None
        compiler = Compiler(self.codes, hidden, checked)
        self.decoder = _decoder(operation.answer and compiler.type_of(operation.answer))
        self.read_order = self.columns = None
        self.fills_around: tuple[Fill, ...] = ()  # of what stands around the orders
        if operation.answer is not None and place is not None:
            item = node_at(operation.answer, place).item
            assert item is not None
            outside = Compiler(self.codes, hidden)
            self.page_decoder = _decoder(outside.type_of(operation.answer, raw_at=place))
            self.fills_around = _fills(outside)
            compiler = Compiler(self.codes, hidden, number)
            self.read_order = _decoder(compiler.type_of(item)).decode
        self.fills = _fills(compiler)
        self.columns = self._columns_of(operation) if binding is not None else None

    def _columns_of(self, operation: Operation) -> Columns | None:
        """How to learn numbers, states and buyers from released orders, where the release types have them all."""
        binding, answer = operation.binding, operation.answer
        assert binding is not None
        item = answer if binding.orders is None or answer is None else node_at(answer, binding.orders).item
        if item is None:
            return None
        needed = [*binding.state_fields.values(), *([binding.order_id] if binding.order_id else [])]
        if not binding.order_id or any(self._code_at(item, path) != KEEP for path in needed):
            return None
        for_buyers = self.personal or any(fill.kind in _FOR_BUYERS for fill in self.fills)
        if for_buyers and (not binding.subject or self._code_at(item, binding.subject) is None):
            return None
        return Columns(binding, item, subject=for_buyers)

    def _code_at(self, node: Node, path: tuple[str, ...]) -> str | None:
        for step in path:
            below = node.item if step == "[]" else node.children.get(step)
            if below is None or step in self.hidden:
                return None
            node = below
        return None if node.category is None else self.codes.get((node.category, node.element))


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


class Projected(Struct):
    """A released answer before it is encoded, with what was withheld because of its type."""

    value: Any
    personal: bool
    orders: list[Order]
    mistyped: list[str] = []
    likely: Projection | None = None  # what most of its orders were decided to, a guess for the next answer

    def encode(self) -> bytes:
        return _encode(self.value)


def project_likely(
    body: bytes, asked: str, state: StateOf, choose: Choose, substitutes: Substitutes, guess: Projection
) -> Projected | None:
    """An answer about the one order that was `asked` for, in a single read by the guess; None where a closer look is needed."""
    if guess.columns is None:
        return None
    try:
        value = guess.decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    order = guess.columns.orders([value], state)[0]
    if order.id != asked or choose(order) is not guess:
        return None
    _fill([(value, order)], guess.fills, substitutes)
    return Projected(value, guess.personal, [order], likely=guess)


def project_whole(
    shape: Shape, body: bytes, order: Order | None, choose: Choose, substitutes: Substitutes
) -> Projected:
    """An answer about one order, or about none."""
    projection = choose(order)
    mistyped: list[str] = []
    doubtful = order is not None and order.id is None
    value = _read(projection.decoder.decode, shape.operation.answer, body, projection, mistyped, doubtful=doubtful)
    _fill([(value, order or NOBODY)], projection.fills, substitutes)
    return Projected(value, projection.personal, [] if order is None else [order], mistyped, projection)


def project_page(
    shape: Shape, body: bytes, state: StateOf, choose: Choose, substitutes: Substitutes, guess: Projection | None
) -> Projected:
    """An answer with a list of orders, each released by its own decision. `guess`: what most of them will be decided to."""
    around = choose(None)
    page = _read_at_once(shape, body, state, choose, around, guess) if guess and guess.around == around.around else None
    if page is None:
        page = _read_by_control(shape, body, state, choose, around)
    for projection in dict.fromkeys(page.chosen):
        if projection.fills:
            rows = zip(page.released, page.orders, page.chosen, strict=True)
            _fill([(value, order) for value, order, each in rows if each is projection], projection.fills, substitutes)
    _fill([(page.value, NOBODY)], around.fills_around, substitutes)
    personal = any(each.personal for each in page.chosen)
    likely = Counter(page.chosen).most_common(1)[0][0] if page.chosen else None
    return Projected(page.value, personal, page.orders, page.mistyped, likely)


class _Page(Struct):
    """A page on its way: `released` are the structs of its orders as they stand in `value`."""

    value: Any
    released: list[Any]
    orders: list[Order]
    chosen: list[Projection]
    mistyped: list[str] = []


def _read_at_once(
    shape: Shape, body: bytes, state: StateOf, choose: Choose, around: Projection, guess: Projection
) -> _Page | None:
    """One read by the guess. Orders decided otherwise are read again by their own type; None where a closer look is needed."""
    assert shape.place is not None
    try:
        value = guess.decoder.decode(body)
        released = read_path(value, shape.place)
        if guess.columns is None or not isinstance(released, list):
            return None
        orders = guess.columns.orders(released, state)
        chosen = [choose(order) for order in orders]
        others = [row for row, each in enumerate(chosen) if each is not guess]
        if len(others) > _OTHERS_MAX * len(orders) or any(order.id is None for order in orders):
            return None
        if others:
            raws: Any = read_path(around.page_decoder.decode(body), shape.place)
            for row in others:
                released[row] = _read_order(chosen[row], raws[row])
        return _Page(value, released, orders, chosen)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def _read_by_control(shape: Shape, body: bytes, state: StateOf, choose: Choose, around: Projection) -> _Page:
    """Numbers, buyers and states first; then the page, split into orders; then each order by its own type."""
    assert shape.place is not None
    orders = shape.orders(body, state)
    chosen = [choose(order) for order in orders]
    mistyped: list[str] = []
    value = _read(around.page_decoder.decode, shape.operation.answer, body, around, mistyped, raw_at=shape.place)
    raws = read_path(value, shape.place) or []
    assert isinstance(raws, list)
    node = node_at(shape.operation.answer, shape.place).item if shape.operation.answer else None
    released = [
        _read(each.read_order, node, raw, each, mistyped, doubtful=order.id is None)
        for raw, each, order in zip(raws, chosen, orders, strict=True)
    ]
    if raws:
        put(read_path(value, shape.place[:-1]), shape.place[-1], released)
    return _Page(value, released, orders, chosen, mistyped)


def _read_order(projection: Projection, raw: Raw) -> Any:
    assert projection.read_order is not None
    return projection.read_order(raw)


def _read(
    decode: Callable[[Any], Any] | None,
    node: Node | None,
    raw: Raw | bytes,
    projection: Projection,
    mistyped: list[str],
    *,
    raw_at: tuple[str, ...] | None = None,
    doubtful: bool = False,
) -> Any:
    """Strictly, else leaf by leaf. `doubtful`: an order's number was not what it should be, so every value is looked at."""
    try:
        if not doubtful and decode is not None:
            return decode(raw)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    if node is None:
        raise Unreadable("an answer where none is expected")
    value = Reading(projection.codes, projection.hidden, raw_at, mistyped).read(node, Raw(raw))
    if value is None and node is projection.operation.answer:
        raise Unreadable("not the kind of document that the catalogue says")
    return value


def _fills(compiler: Compiler) -> tuple[Fill, ...]:
    return tuple(Fill(path, kind) for path, kind in compiler.substitutes)


def _fill(released: list[tuple[Any, Order]], fills: tuple[Fill, ...], substitutes: Substitutes) -> None:
    for fill in fills:
        fill.into(released, substitutes.maker(fill.kind))
