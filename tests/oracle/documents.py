"""Upstream answers, tame and wild, written as text: duplicate and escaped names, unknown members, wrong types, nested surprises.

Every text field carries a marker `PPW-<field>-<hex>` of its own. `Document.planted` says what a right reader finds at which path
(the last of duplicate names counts); a marker that is not there at all belongs to something that nobody may see.
"""

import base64
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.raw import Group, Guarded, Leaf, Many, Tree

MARKER = re.compile(r"PPW-[a-z0-9_]{1,20}-[0-9a-f]{8,32}")
Path = tuple[str | int, ...]
_PLAIN = re.compile(r"[\w.:+-]*\Z", re.ASCII).match
_DAYS = (-400, -90, -32, -28, -9, -2, 3, 12)  # far enough from every border of an order's life
_ODD_NAMES: tuple[Callable[[str], str], ...] = (
    str.lower,
    str.upper,
    lambda name: chr(ord(name[0]) + 0xFEE0) + name[1:],  # fullwidth
    lambda name: name[:2] + "\u200b" + name[2:],
    lambda name: name[:2] + "\u00ad" + name[2:],
    lambda name: name + "\u202e",
    lambda name: name + "2",
    lambda name: name + ".x",
    lambda name: "__proto__",
    lambda name: "constructor",
    lambda name: "",
    lambda name: name + "\x00",
    lambda name: "e\u0301" + name,
)


@dataclass(frozen=True)
class Planted:
    """A leaf as a right reader sees it. `good`: it is what the API documents; `long`: but for its length, which nobody must check."""

    leaf: Leaf
    value: Any
    good: bool
    markers: tuple[str, ...] = ()
    long: bool = False


@dataclass
class Document:
    operation: Guarded
    text: str = ""
    planted: dict[Path, Planted] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)  # containers of a wrong type
    nulls: set[Path] = field(default_factory=set)
    lists: dict[Path, int] = field(default_factory=dict)  # length of every real array


class Writer:
    """`wild`: how often a surprise happens at a place; `fill`: how many of the optional members are there."""

    def __init__(
        self,
        chance: random.Random,
        operation: Guarded,
        *,
        wild: float,
        fill: float,
        fixed: dict[str, str],
        usual: dict[str, str],
    ) -> None:
        self.chance, self.wild, self.fill = chance, wild, fill
        self.fixed = fixed  # member name -> value it always has: the proof of whose answer it is
        self.usual = usual  # member name -> value it has when it is right: the number of the order that was asked for
        self.now = datetime.now(UTC)
        self.found = Document(operation)
        binding = operation.binding
        self._orders: Path = tuple(binding.get("orders") or ())
        routes = [
            *binding.get("state_fields", {}).values(),
            *(binding[x] for x in ("order_id", "subject") if x in binding),
        ]
        self._on_route = {name for path in [*routes, self._orders] for name in path}
        self._needed = {name for path in [*binding.get("state_fields", {}).values(), self._orders] for name in path}

    def write(self) -> Document:
        self.found.text = self._value(self.found.operation.answer, (), "answer")
        return self.found

    def _surprise(self, times: float = 1.0) -> bool:
        return self.wild > 0 and self.chance.random() < self.wild * times

    def marker(self, name: str, longest: int = 500) -> str:
        short = re.sub(r"[^a-z0-9]", "", name.lower())[: 20 if longest >= 57 else 1] or "x"
        digits = 32 if longest >= 57 else min(32, longest - 5 - len(short))
        return f"PPW-{short}-{self.chance.getrandbits(4 * digits):0{digits}x}"

    def _value(self, tree: Tree, path: Path, name: str) -> str:
        if isinstance(tree, Leaf):
            return self._leaf(tree, path, name)
        if path and self._surprise(0.3):
            self.found.nulls.add(path)
            return "null"
        if path and self._surprise(0.3):
            self.found.broken.add(path)
            return self._broken(tree, name)
        return self._array(tree, path, name) if isinstance(tree, Many) else self._object(tree, path)

    def _array(self, tree: Many, path: Path, name: str) -> str:
        length = self.chance.choice((0, 1, 1, 2, 3)) if path == self._orders else self.chance.choice((0, 1, 1, 1, 1, 2))
        self.found.lists[path] = length
        return "[" + ", ".join(self._value(tree.item, (*path, number), name) for number in range(length)) + "]"

    def _object(self, tree: Group, path: Path) -> str:
        members: list[str] = []
        for name, child in tree.children.items():
            wanted = name in self.fixed or (name in self._needed and self.chance.random() < 0.97)
            wanted = wanted or (name in self.usual and self.chance.random() < 0.9)
            often = self.fill if isinstance(child, Leaf) else 0.98 if not path else 0.5 + 0.45 * self.fill
            if not wanted and self.chance.random() > often:
                continue
            if not self.wild:
                members.append(f'"{name}": {self._value(child, (*path, name), name)}')
                continue
            if self._surprise():
                members.append(self._stranger(name))
            if self._surprise(0.5) and name not in self.fixed:
                members.append(f"{self._name(name)}: {self._unheard(child, path, name)}")
            members.append(f"{self._name(name)}: {self._value(child, (*path, name), name)}")
        if not members and self._surprise():
            members.append(self._stranger("x"))
        return "{" + ", ".join(members) + "}"

    def _name(self, name: str) -> str:
        if not self._surprise():
            return f'"{name}"'
        return '"' + "".join(f"\\u{ord(c):04X}" if self.chance.random() < 0.4 else c for c in name) + '"'

    def _unheard(self, tree: Tree, path: Path, name: str) -> str:
        """What is written here is overruled by a later duplicate, so nobody may see it. On the way to an order's state it is tame:
        of a wrong type, it makes a careful reader take the order for one whose state nobody knows, which is no fault.
        """
        kept, self.found = self.found, Document(self.found.operation)
        wild, self.wild = self.wild, 0.0 if name in self._on_route else self.wild
        text = self._value(tree, (*path, name), name)
        self.found, self.wild = kept, wild
        return text

    def _stranger(self, near: str) -> str:
        """A member that the API does not document; at times its very name is somebody's."""
        name = self.chance.choice(_ODD_NAMES)(near) if self.chance.random() < 0.8 else self.marker("key") + "@x.example"
        name += "2" if name == near else ""
        return f"{json.dumps(name, ensure_ascii=self.chance.random() < 0.5)}: {self._nest(self.chance.randint(0, 4))}"

    def _nest(self, depth: int) -> str:
        if depth == 0:
            return self.chance.choice((f'"{self.marker("stranger")}"', "1", "null", "true", "[]", "{}"))
        inner = self._nest(depth - 1)
        return self.chance.choice((f"[{inner}]", f'{{"{self.marker("key")}": {inner}}}', f'{{"Name": {inner}}}'))

    def _broken(self, tree: Tree, name: str) -> str:
        quoted = f'"{self.marker(name)}"'
        shapes = [quoted, "7", "false"]
        shapes += [f'{{"Name": {quoted}}}'] if isinstance(tree, Many) else [f"[{quoted}]", f'[{{"Name": {quoted}}}]']
        return self.chance.choice(shapes)

    def _leaf(self, leaf: Leaf, path: Path, name: str) -> str:
        if name in self.fixed:
            return self._plant(leaf, path, self.fixed[name])
        if not self.wild:
            return self._plant(leaf, path, self._right_or_usual(leaf, name))
        if self._surprise(0.4):
            return self._plant(leaf, path, None)
        if self._surprise(1.5):
            return self._plant(leaf, path, self._wrong(leaf, name), good=False)
        if (
            self._surprise(0.1)
            and leaf.schema.get("type") == "string"
            and not {"enum", "pattern", "format"} & leaf.schema.keys()
        ):
            return self._plant(leaf, path, self.marker(name) * 110, long=True)
        return self._plant(leaf, path, self._right_or_usual(leaf, name))

    def _right_or_usual(self, leaf: Leaf, name: str) -> Any:
        usual = self.usual.get(name)
        return usual if usual is not None and self.chance.random() < 0.99 else self._right(leaf, name)

    def _plant(self, leaf: Leaf, path: Path, value: Any, *, good: bool = True, long: bool = False) -> str:
        if type(value) is str and _PLAIN(value):
            text, found = f'"{value}"', tuple(markers_in(value))
        else:
            text = json.dumps(value, ensure_ascii=self.chance.random() < 0.5)
            found = tuple(markers_in(text))
        self.found.planted[path] = Planted(leaf, value, good, found, long)
        return text

    def _right(self, leaf: Leaf, name: str) -> Any:
        schema = leaf.schema
        kind = schema.get("type", "string")
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind == "integer":
            return self._seconds() if name.endswith("_at") else self.chance.randrange(10**12, 10**13)
        if kind == "number":
            return self.chance.choice((self.chance.randrange(10**9), self.chance.random() * 180 - 90))
        return self._text(schema, name)

    def _text(self, schema: dict[str, Any], name: str) -> str:
        if schema.get("format") in ("date-time", "date"):
            return self._moment(schema["format"])
        if "pattern" in schema:
            return self._patterned(schema["pattern"])
        longest = schema.get("maxLength", 2000)
        marker = self.marker(name, longest)
        if longest < 200 or self.chance.random() < 0.8:
            return marker
        encoded = base64.b64encode(f"to {marker}".encode()).decode()
        return self.chance.choice(
            (
                f'{{"to": "{marker}"}}',
                f"data:text/plain;base64,{encoded}",
                f"Grüße an {marker} ☕",
                f"{marker}\u0000\n<b>",
            )
        )

    def _patterned(self, pattern: str) -> str:
        """One that fits, by what it stands for; nothing here reads regular expressions."""
        digits = f"{self.chance.randrange(10**12):012d}"
        made = {
            r"^[0-9]{3}-[0-9]{7}-[0-9]{7}$": f"111-{digits[:7]}-{digits[5:]}",
            r"^-?[0-9]{1,15}([.][0-9]{1,6})?$": f"{int(digits)}.{self.chance.randrange(100):02d}",
            r"^[A-Z]{3}$": self.chance.choice(("EUR", "GBP")),
            r"^[A-Z]{2}$": self.chance.choice(("GB", "BE")),
            r"^[A-Za-z]{2,3}$": self.chance.choice(("US", "DE", "GB", "FRA")),
            r"^[-0-9TZtz:.+]{1,128}$": "2026-01-01T00:00:00Z--2026-02-01T00:00:00Z",
            r"^S-[0-9]{6}$": f"S-{digits[:6]}",
            r"^[a-z0-9-]{1,40}$": f"shop-{digits}",
        }
        return made[pattern]

    def _moment(self, form: str) -> str:
        moment = (self.now + timedelta(days=self.chance.choice(_DAYS), seconds=self.chance.randrange(3600))).replace(
            microsecond=0
        )
        if form == "date" or self.chance.random() < 0.02:
            return moment.date().isoformat()
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S")
        return stamp + self.chance.choice(("Z", "Z", "Z", "Z", ".123Z", "+00:00", ""))

    def _seconds(self) -> int:
        return int((self.now + timedelta(days=self.chance.choice(_DAYS))).timestamp())

    def _wrong(self, leaf: Leaf, name: str) -> Any:
        """A value of another type, or of a form that the documents rule out."""
        schema, marker = leaf.schema, self.marker(name)
        kind = schema.get("type", "string")
        kinds: list[Any] = [{"Name": marker}, [marker], {"Name": {"x": [marker]}}]
        if kind == "string":
            kinds += [True, self.chance.randrange(10**12), 0.5]
            kinds += [marker] * 3 if {"enum", "pattern", "format"} & schema.keys() else []
        else:
            kinds += (
                [marker, marker, "12"] + ([True] if kind != "boolean" else [1]) + ([0.5] if kind == "integer" else [])
            )
        return self.chance.choice(kinds)


def markers_in(text: str) -> list[str]:
    """Markers as they stand, and those inside base64."""
    found = MARKER.findall(text) if "PPW" in text else []
    if "base64," in text:
        found += MARKER.findall(base64.b64decode(text.partition("base64,")[2].rstrip('"')).decode())
    return found
