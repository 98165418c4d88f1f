"""A document read again, leaf by leaf, where some value had a wrong type: that value becomes null, not the document. Pure."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw

from piepowder.core.marketplace.model import Node
from piepowder.gateway.orders import Unreadable
from piepowder.gateway.shape import KEEP, Hidden, Slot, blanks, strict_type

Path = tuple[str, ...]


class Reading:
    """The second reading of one document. `mistyped` names the places whose values had to be withheld.

    `raw_at`: the array whose elements stay unread, as in a page whose orders are decided differently.
    """

    def __init__(
        self, codes: dict[Slot, str | None], hidden: frozenset[str], raw_at: Path | None, mistyped: list[str]
    ) -> None:
        self._codes, self._hidden, self._raw_at = codes, hidden, raw_at
        self.mistyped = mistyped

    def read(self, node: Node, raw: Raw, path: Path = ()) -> Any:
        """Builtins of what may go out below `node`; UNSET for nothing."""
        if node.kind == "leaf":
            return self._leaf(node, raw, path)
        expected: Any = list[Raw] | None if node.kind == "array" else dict[str, Raw] | None
        members = self._typed(expected, raw, path)
        if members is None or node.kind == "map":
            return None if members is None else UNSET  # a map's keys are data themselves
        return self._array(node, members, path) if node.kind == "array" else self._object(node, members, path)

    def _array(self, node: Node, members: list[Raw], path: Path) -> Any:
        if path == self._raw_at:
            return members
        assert node.item is not None
        if not self._anything(node.item):
            return UNSET  # a list of nothings would still show how many there are
        values = [self.read(node.item, each, (*path, "[]")) for each in members]
        return [value for value in values if value is not UNSET]

    def _object(self, node: Node, members: dict[str, Raw], path: Path) -> dict[str, Any]:
        result = {}
        for name, child in node.children.items():
            if name not in members or name in self._hidden:
                continue
            value = self.read(child, members[name], (*path, name))
            if value is not UNSET and (value != {} or child.kind != "object"):
                result[name] = value
        if result:
            result |= {
                name: "" for name in blanks(node, result, self._hidden) if name in members and self._gone(node, name)
            }
        return result

    def _gone(self, node: Node, name: str) -> bool:
        """Withheld by decision, not for its type."""
        return self._code(node.children[name]) is None

    def _leaf(self, node: Node, raw: Raw, path: Path) -> Any:
        code = self._code(node)
        if code is None:
            return UNSET
        value = self._typed(strict_type(node) | None, raw, path)
        return value if code == KEEP or value is None else Hidden(value)

    def _code(self, node: Node) -> str | None:
        return None if node.category is None else self._codes.get((node.category, node.element))

    def _anything(self, node: Node) -> bool:
        """Whether there is a leaf below that may go out."""
        if node.kind == "leaf":
            return self._code(node) is not None
        below = [child for name, child in node.children.items() if name not in self._hidden]
        if node.kind == "array" and node.item is not None:
            below.append(node.item)
        return any(self._anything(child) for child in below)

    def _typed(self, shape: Any, raw: Raw, path: Path) -> Any:
        """The value, or None if it has another type. Numbers beyond all bounds are no JSON that we would answer for."""
        try:
            return msgspec.json.decode(raw, type=shape)
        except msgspec.ValidationError as error:
            if "out of range" in str(error):
                raise Unreadable(f"number out of range at {'.'.join(path)}") from None
            self.mistyped.append(".".join(path))
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(str(error)) from None
