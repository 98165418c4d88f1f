"""Holds an answer of the gateway against what the oracle allows: nothing more, and nothing less."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from tests.oracle.documents import MARKER, Document, Path, Planted
from tests.oracle.judge import GONE, PLAIN, Judge
from tests.oracle.raw import Leaf, Many, Tree

UNKNOWN = "unknown"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_STATE_OF = {
    **dict.fromkeys(("Pending", "PendingAvailability", "Unshipped", "PartiallyShipped"), "unshipped"),
    **dict.fromkeys(("PENDING", "PENDING_AVAILABILITY", "UNSHIPPED", "PARTIALLY_SHIPPED"), "unshipped"),
    **dict.fromkeys(("Canceled", "Unfulfillable", "CANCELLED", "UNFULFILLABLE", "voided"), "cancelled"),
    "awaiting_dispatch": "unshipped",
    "dispatched": "shipped",
}


@dataclass
class Expected:
    """What should become of a document. `unusable`: nothing of it can be released, the answer is an error."""

    judge: Judge
    document: Document
    lookup: Document | None  # the answer to the look-up of the order's state, where the operation needs one

    @cached_property
    def place(self) -> Path | None:
        """Where the orders of a page are; None for an answer about one order or none."""
        orders = self.document.operation.binding.get("orders")
        return None if orders is None else tuple(orders)

    @cached_property
    def unusable(self) -> bool:
        if self.place is not None and self.place not in self.document.lists:
            return True
        if any(each.long and self.fate(path, each.leaf) == "sealed" for path, each in self.document.planted.items()):
            return True  # a page token that would not fit into an address
        path = self.document.operation.binding.get("order_id")
        number = self.document.planted.get(tuple(path)) if path else None
        about_one = self.place is None and number is not None and number.good
        return about_one and number is not None and number.value not in (None, self.judge.call.asked)

    def state(self, path: Path) -> str:
        """Of the order that `path` is part of; "none" for what is about no order."""
        if not self.document.operation.binding:
            return "none"
        if self.place is None:
            return self._only
        inside = len(path) > len(self.place) and path[: len(self.place)] == self.place
        return self._on_page[path[len(self.place)]] if inside else "none"  # type: ignore[index]

    @cached_property
    def numbers(self) -> int:
        """How many orders an answer shows that can be told by their numbers."""
        if not self.document.operation.binding:
            return 0
        return 1 if self.place is None else len([1 for _, number in self._orders if number is not None])

    @cached_property
    def _only(self) -> str:
        if self.document.operation.binding.get("state") != "lookup":
            return state_of(self.document, ())[0]
        assert self.lookup is not None
        state, number = state_of(self.lookup, ())
        return state if number == self.judge.call.asked else UNKNOWN

    @cached_property
    def _orders(self) -> list[tuple[str, str | None]]:
        assert self.place is not None
        return [state_of(self.document, (*self.place, each)) for each in range(self.document.lists[self.place])]

    @cached_property
    def _on_page(self) -> list[str]:
        return [UNKNOWN if number is None else state for state, number in self._orders]

    def fate(self, path: Path, leaf: Leaf) -> str:
        if self._hidden.intersection(path):
            return GONE
        fate = self.judge.fate(leaf, self.state(path))
        token = self.document.operation.says.get("paging", {}).get("token")
        return "sealed" if fate == PLAIN and token and path == tuple(token) else fate

    @cached_property
    def _hidden(self) -> frozenset[str | int]:
        """Members of blocks that were not asked for."""
        blocks = self.document.operation.says.get("included_data", {})
        shown = {member for block in self.judge.call.blocks for member in blocks[block]}
        return frozenset(member for members in blocks.values() for member in members) - shown

    @cached_property
    def plain_markers(self) -> set[str]:
        return {
            marker
            for path, each in self.document.planted.items()
            if each.good and each.markers and self.fate(path, each.leaf) == PLAIN
            for marker in each.markers
        }

    def complaints(self, body: Any) -> Iterator[str]:
        seen: dict[Path, Any] = {}
        for path, value in flat(body):
            seen[path] = value
            if isinstance(value, list):
                if value and path != self.place and not self._something_below(path):
                    yield f"a list of nothings shows how many there are: {path}"
            elif complaint := self._complaint(path, value):
                yield f"{complaint}: {path} = {value!r}"
        for path, each in self.document.planted.items():
            fate = self.fate(path, each.leaf)
            if fate != GONE and each.good and each.value is not None and path not in seen:
                yield f"should be there ({fate}): {path} = {each.value!r}"

    def _complaint(self, path: Path, value: Any) -> str:
        planted = self.document.planted.get(path)
        if planted is None:
            known = value is None and (path in self.document.broken or path in self.document.nulls)
            return "" if known else "from nowhere"
        fate = self.fate(path, planted.leaf)
        if fate == GONE:
            return "" if value == "" and planted.leaf.required else "must not be there"  # an API may require its place
        if value is None:
            right = planted.good and not planted.long and planted.value is not None
            return "withheld without need" if right and fate == PLAIN else ""
        if fate == PLAIN and not planted.good:
            return "has a wrong type"
        if fate == PLAIN:
            return "" if same(planted, value) else "differs"
        return "" if isinstance(value, str) and value != planted.value else "is no substitute"

    def _something_below(self, path: Path) -> bool:
        tree: Tree = self.document.operation.answer
        for step in path:
            if isinstance(tree, Leaf):
                return False
            tree = tree.item if isinstance(tree, Many) else tree.children[str(step)]
        return self._any(tree, path)

    def _any(self, tree: Tree, path: Path) -> bool:
        if isinstance(tree, Leaf):
            return self.fate(path, tree) != GONE
        if isinstance(tree, Many):
            return self._any(tree.item, (*path, 0))
        return any(self._any(child, (*path, name)) for name, child in tree.children.items())


def flat(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf of an answer by its path, and every list."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from flat(each, (*path, name))
    elif isinstance(value, list):
        yield path, value
        for number, each in enumerate(value):
            yield from flat(each, (*path, number))
    else:
        yield path, value


def same(planted: Planted, value: Any) -> bool:
    """A moment may be written another way; everything else is as it came."""
    if planted.leaf.schema.get("format") == "date-time" and isinstance(value, str):
        return datetime.fromisoformat(value) == datetime.fromisoformat(planted.value)
    return type(value) is type(planted.value) and bool(value == planted.value)


def state_of(document: Document, order: Path) -> tuple[str, str | None]:
    """The class of the order at `order`, and its number if it can be read. A container of a wrong type hides the state."""
    binding = document.operation.binding
    fields: dict[str, list[str]] = binding.get("state_fields", {})
    paths = [*fields.values(), *(binding[name] for name in ("order_id", "subject") if name in binding)]
    wrong = [place[len(order) :] for place in document.broken if place[: len(order)] == order]
    wrong += [place[len(order) :] for place in document.nulls if place[: len(order)] == order and _is_element(place)]
    found = document.planted.get((*order, *binding.get("order_id", ())))
    number = found.value if found and found.good else None
    if any(_leads_through(tuple(path), place) for path in paths for place in wrong):
        return UNKNOWN, number
    told = {name: _told(document, order, tuple(path)) for name, path in fields.items()}
    return _stall_state(told) if document.operation.id.startswith("stall") else _amazon_state(told), number


def _is_element(place: Path) -> bool:
    return bool(place) and isinstance(place[-1], int)


def _leads_through(path: tuple[str, ...], place: Path) -> bool:
    above = path[: len(place)]
    return len(path) > len(place) and all(
        step == at or (step == "[]" and isinstance(at, int)) for step, at in zip(above, place, strict=True)
    )


def _told(document: Document, order: Path, path: tuple[str, ...]) -> Any:
    if "[]" not in path:
        found = document.planted.get((*order, *path))
        return found.value if found else None
    at = path.index("[]")
    numbers = range(document.lists.get((*order, *path[:at]), 0))
    found_in = [document.planted.get((*order, *path[:at], number, *path[at + 1 :])) for number in numbers]
    return [each.value if each else None for each in found_in]


def _amazon_state(told: dict[str, Any]) -> str:
    status, due = told.get("status"), _moment(told.get("latest_delivery"))
    if status not in ("Shipped", "SHIPPED"):
        return _STATE_OF.get(status, UNKNOWN) if isinstance(status, str) else UNKNOWN
    if due is None:
        return UNKNOWN
    age = datetime.now(UTC) - due
    packages = [each for each in told.get("packages") or () if each != "CANCELLED"]
    arrived = age > timedelta(0) or (bool(packages) and all(each == "DELIVERED" for each in packages))
    return "closed" if age > timedelta(days=30) else "delivered" if arrived else "shipped"


def _stall_state(told: dict[str, Any]) -> str:
    state, delivered_at = told.get("state"), told.get("delivered_at")
    if state != "delivered":
        return _STATE_OF.get(state, UNKNOWN) if isinstance(state, str) else UNKNOWN
    if type(delivered_at) is not int or not 0 <= delivered_at < 253_402_300_800:
        return UNKNOWN
    return "delivered" if datetime.now(UTC).timestamp() - delivered_at <= 30 * 86_400 else "closed"


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def found_markers(text: str) -> set[str]:
    """Markers in a text as it is and however it may be disguised; and their hexadecimal parts alone."""
    variants = [text]
    if "%" in text:
        variants.append(unquote(text))
    if "\\" in text:
        variants.append(text.encode("ascii", "backslashreplace").decode("unicode_escape", "replace"))
    if not text.isascii():
        variants.append(unicodedata.normalize("NFKC", text))
    variants += [decoded for found in _BASE64.findall(text) if "PPW" not in found if (decoded := _unbase64(found))]
    found = {marker for variant in variants if "PPW" in variant for marker in MARKER.findall(variant)}
    bare = {each for variant in variants for each in _HEX.findall(variant)}
    return found | (bare - {marker[-32:] for marker in found})


def _unbase64(text: str) -> str:
    """What a text says if it is base64 of anything readable, else nothing."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_").decode("latin-1")
    except (ValueError, binascii.Error):
        return ""
