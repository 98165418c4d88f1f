"""The part of JSONPath (RFC 9535) that an Overlay's targets need: `$`, `.name`, `['quoted name']`, `.*` and `[*]`.

Filters, indexes, slices and `..` are refused with the place they stand at, so that no target means less than it says.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError

WILDCARD: Final = None

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_\u0080-\U0010ffff][0-9A-Za-z_\u0080-\U0010ffff]*)
      | \[\s*'(?P<single>(?:[^'\\]|\\['\\])*)'\s*\]
      | \[\s*"(?P<double>(?:[^"\\]|\\["\\])*)"\s*\]
      | (?P<wildcard>\.\*|\[\s*\*\s*\])""",
    re.VERBOSE,
)
_HINT = "use `$`, `.name`, `['quoted name']`, `.*` and `[*]` only"


class Place(Struct, frozen=True):
    """Where a selected value stands: its container, its key or index there, and the value. The root has no container."""

    container: Any
    key: str | int | None
    value: Any


def parse(path: str) -> tuple[str | None, ...]:
    """The steps of a path, a member name or `WILDCARD` each; `marketplace_path_unsupported` for anything else."""
    if not path.startswith("$"):
        raise PiepowderError("marketplace_path_unsupported", f"target `{path}` does not begin with `$`", hint=_HINT)
    steps: list[str | None] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            message = f"target `{path}` has `{path[position:]}` which is not understood here"
            raise PiepowderError("marketplace_path_unsupported", message, hint=_HINT, path=path)
        steps.append(_name(match))
        position = match.end()
    return tuple(steps)


def _name(match: re.Match[str]) -> str | None:
    if match["wildcard"]:
        return WILDCARD
    quoted = match["single"] if match["single"] is not None else match["double"]
    return match["name"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def select(document: Any, path: str) -> list[Place]:
    """Every place the path leads to, in document order; none is not an error."""
    places = [Place(None, None, document)]
    for step in parse(path):
        places = [found for place in places for found in _below(place.value, step)]
    return places


def _below(value: Any, step: str | None) -> Iterator[Place]:
    if isinstance(value, dict):
        for key in value if step is WILDCARD else ([step] if step in value else []):
            yield Place(value, key, value[key])
    elif isinstance(value, list) and step is WILDCARD:
        for index, item in enumerate(value):
            yield Place(value, index, item)
