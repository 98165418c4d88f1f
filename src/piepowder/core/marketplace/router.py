"""From method and path to an operation: by the number of steps and the literal ones among them, in one look-up each.

The path is the canonical raw one (`/orders/v0/orders/123-1234567-1234567`), still percent-encoded. What does not look
like its parameter leads nowhere: a wrong order number is an unknown path, and no policy ever sees it.
"""

import re
from collections.abc import Callable
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import Catalogue, Operation, Parameter

VALUE_LENGTH_MAX = 512
_PLAIN = r"[A-Za-z0-9._~!$&'()*+,;=:@-]"  # what a path segment holds undisguised
_ESCAPED = re.compile(rf"(?:{_PLAIN}|%[0-9A-Fa-f]{{2}})+\Z")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\%#?]")  # in a decoded value: what another parser might take apart again


class MethodNotAllowed(Struct, frozen=True):
    """The path is known, the method is not. `allowed` is in the order of the catalogue; GET brings HEAD with it."""

    allowed: tuple[str, ...]


class _Slot(Struct, frozen=True):
    """A path parameter: the forms that need no decoding in one expression, and the rules for the rest."""

    index: int
    name: str
    plain: Callable[[str], re.Match[str] | None]
    pattern: Callable[[str], re.Match[str] | None]
    length_max: int


class _Target(Struct, frozen=True):
    operation: Operation
    slots: tuple[_Slot, ...]

    def parameters(self, steps: list[str]) -> dict[str, str] | None:
        """The decoded values, or None if one of them is not what its parameter takes."""
        found = {}
        for slot in self.slots:
            value: str | None = steps[slot.index]
            if slot.plain(value) is None:  # type: ignore[arg-type]
                value = _decoded(slot, steps[slot.index])
                if value is None:
                    return None
            found[slot.name] = value
        return found  # type: ignore[return-value]


class _Shape(Struct, frozen=True):
    """All templates of one length with their parameters at the same steps, found by their literal steps."""

    literals: Callable[[list[str]], object]
    parameters: tuple[int, ...]
    methods: dict[object, dict[str, _Target]]  # literal steps -> method -> target


class Router:
    """All paths of a catalogue. Two operations on one method and path are `marketplace_route_ambiguous`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._whole: dict[str, dict[str, _Target]] = {}  # paths without parameters
        self._shapes: dict[int, list[_Shape]] = {}  # by number of steps, fewest parameters first
        for operation in catalogue.operations.values():
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        steps = operation.path.split("/")
        names = {index: step[1:-1] for index, step in enumerate(steps) if step.startswith("{") and step.endswith("}")}
        known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "path"}
        target = _Target(operation, tuple(_slot(index, name, known.get(name)) for index, name in names.items()))
        if names:
            shape = self._shape(len(steps), tuple(names))
            methods = shape.methods.setdefault(shape.literals(steps), {})
        else:
            methods = self._whole.setdefault(operation.path, {})
        if methods.setdefault(operation.method, target) is not target:
            raise PiepowderError(
                "marketplace_route_ambiguous", f"`{operation.method} {operation.path}` leads to two operations"
            )

    def _shape(self, length: int, parameters: tuple[int, ...]) -> _Shape:
        shapes = self._shapes.setdefault(length, [])
        for shape in shapes:
            if shape.parameters == parameters:
                return shape
        literal = [index for index in range(length) if index not in parameters]  # the step before the first "/" is one
        shapes.append(_Shape(itemgetter(*literal), parameters, {}))
        shapes.sort(key=lambda shape: (len(shape.parameters), [-index for index in shape.parameters]))
        return next(shape for shape in shapes if shape.parameters == parameters)

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | MethodNotAllowed | None:
        """The operation and its decoded path parameters. HEAD is answered, recorded and filtered as GET."""
        allowed: list[str] = []
        methods = self._whole.get(path)
        if methods is not None:
            target = _target(methods, method)
            if target is not None:
                return target.operation, {}
            allowed += methods
        steps = path.split("/")
        for shape in self._shapes.get(len(steps), ()):
            methods = shape.methods.get(shape.literals(steps))
            if methods is None:
                continue
            target = _target(methods, method)
            found = None if target is None else target.parameters(steps)
            if target is not None and found is not None:
                return target.operation, found
            allowed += [name for name, each in methods.items() if each.parameters(steps) is not None]
        return _not_allowed(allowed) if allowed else None


def _target(methods: dict[str, _Target], method: str) -> _Target | None:
    return methods.get("GET" if method == "HEAD" else method)


def _not_allowed(methods: list[str]) -> MethodNotAllowed:
    return MethodNotAllowed(tuple(dict.fromkeys([*methods, "HEAD"] if "GET" in methods else methods)))


def _slot(index: int, name: str, parameter: Parameter | None) -> _Slot:
    pattern, length_max = "", VALUE_LENGTH_MAX
    if parameter is not None:
        length_max = min(parameter.max_length or VALUE_LENGTH_MAX, VALUE_LENGTH_MAX)
        pattern = parameter.pattern or ""
        if parameter.enum:
            pattern = r"\A(?:" + "|".join(map(re.escape, parameter.enum)) + r")\Z"
    dots = r"(?!\.{1,2}\Z)"  # a step of dots alone would be taken for a way through the tree
    plain = re.compile(rf"\A{dots}(?={_PLAIN}{{1,{length_max}}}\Z)(?s:.*?)(?:{pattern})")
    return _Slot(index, name, plain.search, re.compile(pattern).search, length_max)


def _decoded(slot: _Slot, raw: str) -> str | None:
    """A value with `%`, decoded once and held to the same rules."""
    if "%" not in raw or _ESCAPED.match(raw) is None:
        return None
    try:
        value = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return None
    bad = (
        _FORBIDDEN.search(value) or value in (".", "..") or len(value) > slot.length_max or slot.pattern(value) is None
    )
    return None if bad else value
