"""Request parameters: parsed once, checked against the catalogue, written anew. What the catalogue does not know is dropped and counted."""

import re
from functools import lru_cache

from msgspec import Struct

from piepowder.core.marketplace.model import Operation, Parameter
from piepowder.gateway.drift import as_name
from piepowder.gateway.refused import Refused

_INTEGER = re.compile(r"-?[0-9]{1,18}\Z").match  # `\d` would take digits of other scripts
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?\Z").match
_BOOLEANS = frozenset({"true", "false", "True", "False"})


class Parameters(Struct, gc=False):
    """What goes upstream (`forward`: one pair for each value), everything by name, and the names nobody knows."""

    forward: list[tuple[str, str]]
    values: dict[str, list[str]]
    dropped: list[str]


def read_parameters(operation: Operation, query: tuple[tuple[str, str], ...]) -> Parameters:
    """The query as the catalogue types it. A repeated scalar, a missing required one and a bad value are `invalid`."""
    known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "query"}
    values: dict[str, list[str]] = {}
    dropped: list[str] = []
    for name, value in query:
        parameter = known.get(name)
        if parameter is None:
            dropped.append(as_name(name))
            continue
        values.setdefault(name, []).extend(value.split(",") if parameter.many else [value])
    for parameter in known.values():
        _check(parameter, values.get(parameter.name))
    forward = [
        (parameter.name, value)
        for parameter in known.values()
        if parameter.forward
        for value in values.get(parameter.name, ())
    ]
    return Parameters(forward, values, dropped)


def _check(parameter: Parameter, values: list[str] | None) -> None:
    if values is None:
        if parameter.required:
            raise _bad(parameter, "is required")
        return
    if len(values) > 1 and not parameter.many:
        raise _bad(parameter, "was given more than once")
    if parameter.max_items is not None and len(values) > parameter.max_items:
        raise _bad(parameter, f"takes at most {parameter.max_items} values")
    for value in values:
        _check_value(parameter, value)


def _check_value(parameter: Parameter, value: str) -> None:
    if parameter.enum and value not in parameter.enum:
        raise _bad(parameter, f"must be one of {', '.join(parameter.enum)}")
    if parameter.max_length is not None and len(value) > parameter.max_length:
        raise _bad(parameter, f"is longer than {parameter.max_length} characters")
    if parameter.pattern and not _compiled(parameter.pattern)(value):
        raise _bad(parameter, "does not have the documented form")
    if parameter.leaf == "integer" and not _INTEGER(value):
        raise _bad(parameter, "must be a whole number")
    if parameter.maximum is not None and int(value) > parameter.maximum:
        raise _bad(parameter, f"must be at most {parameter.maximum}")
    if parameter.minimum is not None and int(value) < parameter.minimum:
        raise _bad(parameter, f"must be at least {parameter.minimum}")
    if parameter.leaf == "number" and not _NUMBER(value):
        raise _bad(parameter, "must be a number")
    if parameter.leaf == "boolean" and value not in _BOOLEANS:
        raise _bad(parameter, "must be true or false")


def _bad(parameter: Parameter, what: str) -> Refused:
    return Refused("invalid", "parameter_invalid", f"the parameter `{parameter.name}` {what}")


@lru_cache(1_000)
def _compiled(pattern: str):  # type: ignore[no-untyped-def]
    return re.compile(pattern).search
