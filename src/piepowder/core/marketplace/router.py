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
_PLAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+\Z")  # a path segment that needs no decoding
_ESCAPED = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+\Z")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\%#?]")  # in a decoded value: what another parser might take apart again


class MethodNotAllowed(Struct, frozen=True):
    """The path is known, the method is not. `allowed` is in the order of the catalogue; GET brings HEAD with it."""

    allowed: tuple[str, ...]


class _Target(Struct, frozen=True):
    operation: Operation
    parameters: tuple[tuple[str, re.Pattern[str] | None, int], ...]  # name, pattern, greatest length


class _Shape(Struct, frozen=True):
    """All templates of one length with their parameters at the same steps, found by their literal steps."""

    literals: Callable[[list[str]], object]
    parameters: tuple[int, ...]
    methods: dict[object, dict[str, _Target]]  # literal steps -> method -> target


class Router:
    """All paths of a catalogue. Two operations on one method and path are `marketplace_route_ambiguous`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._shapes: dict[int, list[_Shape]] = {}  # by number of steps, fewest parameters first
        for operation in catalogue.operations.values():
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        steps = operation.path.split("/")
        names = {index: step[1:-1] for index, step in enumerate(steps) if step.startswith("{") and step.endswith("}")}
        known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "path"}
        shape = self._shape(len(steps), tuple(names))
        methods = shape.methods.setdefault(shape.literals(steps), {})
        target = _Target(operation, tuple(_rules(known.get(name), name) for name in names.values()))
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
        steps = path.split("/")
        allowed: list[str] = []
        for shape in self._shapes.get(len(steps), ()):
            methods = shape.methods.get(shape.literals(steps))
            if methods is None:
                continue
            values = [steps[index] for index in shape.parameters]
            target = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
            if target is not None:
                found = _parameters(target, values)
                if found is not None:
                    return target.operation, found
            allowed += [name for name, each in methods.items() if _parameters(each, values) is not None]
        return _not_allowed(allowed) if allowed else None


def _not_allowed(methods: list[str]) -> MethodNotAllowed:
    return MethodNotAllowed(tuple(dict.fromkeys([*methods, "HEAD"] if "GET" in methods else methods)))


def _rules(parameter: Parameter | None, name: str) -> tuple[str, re.Pattern[str] | None, int]:
    if parameter is None:
        return name, None, VALUE_LENGTH_MAX
    pattern = re.compile(parameter.pattern) if parameter.pattern else None
    if parameter.enum:
        pattern = re.compile(r"\A(?:" + "|".join(map(re.escape, parameter.enum)) + r")\Z")
    return name, pattern, min(parameter.max_length or VALUE_LENGTH_MAX, VALUE_LENGTH_MAX)


def _parameters(target: _Target, values: list[str]) -> dict[str, str] | None:
    """The decoded values, or None if one of them is not what its parameter takes."""
    found = {}
    for (name, pattern, length_max), raw in zip(target.parameters, values, strict=True):
        value = raw if _PLAIN.match(raw) else _decoded(raw)
        if value is None or len(value) > length_max or (pattern is not None and pattern.search(value) is None):
            return None
        found[name] = value
    return found


def _decoded(raw: str) -> str | None:
    if _ESCAPED.match(raw) is None:
        return None
    try:
        value = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _FORBIDDEN.search(value) or value in (".", "..") else value
