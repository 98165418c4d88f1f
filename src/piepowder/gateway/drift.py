"""Fields that upstream sends and the catalogue does not know. They never go out; here they are counted.

Looking for them costs more than projecting, so an operation's answers are sampled: its first ones after a start, then one each second. A
field that upstream adds is thus seen at the first call after it, or a second later.
"""

import re
import time
from typing import Any

import msgspec

from piepowder.core.marketplace.model import Node, Operation

_FIRST = 20
_EVERY_SECONDS = 1.0
_PATHS_MAX = 50
_ELEMENTS = 10  # of an array, about so many are looked at, evenly spread
NO_WORD = "(not a word)"
_WORD = re.compile(r"[A-Za-z_$\\][A-Za-z0-9_$\\]*\Z").match
_decoder = msgspec.json.Decoder()


class Drift:
    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._next: dict[str, float] = {}

    def sample(self, operation: Operation, body: bytes) -> dict[str, int]:
        """Path -> how often, of what the catalogue does not know in `body`; empty where this answer is not looked at."""
        seen = self._seen.get(operation.id, 0)
        now = time.monotonic()
        if seen >= _FIRST and now < self._next.get(operation.id, 0.0):
            return {}
        self._seen[operation.id] = seen + 1
        self._next[operation.id] = now + _EVERY_SECONDS
        return unknown_fields(operation.answer, body)


def unknown_fields(node: Node | None, body: bytes) -> dict[str, int]:
    """Path -> how often, for members that `node` has no place for, by `as_name`."""
    found: dict[str, int] = {}
    try:
        value = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return found
    if node is not None:
        _walk(node, value, "", found)
    return found


def as_name(name: str) -> str:
    """A stranger's name as the ledger may keep it, other scripts escaped. Anything that is no plain word is not kept: where keys are
    data, it may be somebody's e-mail address or order.
    """
    escaped = name[:64].encode("ascii", "backslashreplace").decode()
    return escaped if _WORD(escaped) else NO_WORD


def _walk(node: Node, value: Any, path: str, found: dict[str, int]) -> None:
    if node.kind == "array" and node.item is not None and isinstance(value, list):
        for each in value[:: max(1, len(value) // _ELEMENTS)]:
            _walk(node.item, each, path + "[]", found)
        return
    if node.kind != "object" or not isinstance(value, dict):
        return
    for name, inner in value.items():
        child = node.children.get(name)
        shown = name if child is not None else as_name(name)
        below = f"{path}.{shown}" if path else shown
        if child is not None:
            _walk(child, inner, below, found)
        elif below in found or len(found) < _PATHS_MAX:
            found[below] = found.get(below, 0) + 1
