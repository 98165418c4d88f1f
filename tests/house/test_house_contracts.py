"""What import contracts cannot say: that they name every room, and who may use a part of a library."""

import ast
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.support.source import PACKAGE, ROOMS, ROOT, dotted, imports, nodes, sources

DOORS = ("api", "jobs", "urls", "views")
# The one JSON module and the typed decoders of facts; the gateway's typed decoders beside them.
JSON_OWNERS = {"core/kernel/json.py", "core/facts/model.py"}
CALLERS_OUT = {"core/kernel/egress.py"}
HTTP_CLIENTS = ("http.client", "urllib.request", "httpx", "httpx2", "requests", "aiohttp", "urllib3")


def _contracts() -> list[dict[str, Any]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = document["tool"]["importlinter"]["contracts"]
    return contracts


def test_every_package_has_a_place_in_the_house() -> None:
    """The order of the house names each room and each package once."""
    (order,) = [contract for contract in _contracts() if contract["name"] == "house order"]
    placed = [word.strip() for layer in order["layers"] for word in layer.split("|")]
    assert sorted(placed) == sorted(_packages())


def _packages() -> Iterator[str]:
    for path in sorted(PACKAGE.glob("*/__init__.py")):
        name = path.parent.name
        inner = [f"piepowder.{name}.{one.parent.name}" for one in path.parent.glob("*/__init__.py")]
        yield from inner if name in ("core", "rooms") else [f"piepowder.{name}"]


def test_every_door_is_private() -> None:
    """Each room's doors are protected by a contract of its own; only the room and the wiring import them."""
    protected = {
        contract["name"].removeprefix("private doors: "): contract
        for contract in _contracts()
        if contract["type"] == "protected"
    }
    for room in ROOMS:
        folder = PACKAGE / "rooms" / room
        doors = [door for door in DOORS if (folder / f"{door}.py").exists() or (folder / door).is_dir()]
        names = {f"piepowder.rooms.{room}.{door}" for door in doors}
        if names:
            assert room in protected
            assert set(protected[room]["protected_modules"]) == names
            assert protected[room]["allowed_importers"] == [f"piepowder.rooms.{room}", "piepowder.web"]


def test_json_has_one_owner() -> None:
    """JSON is read and written by the kernel; `msgspec.json` besides only where bytes are decoded into types."""
    users = {
        "/".join(source.inside) for source, node in nodes(ast.Attribute) if dotted(node)[:2] == ["msgspec", "json"]
    }
    users |= {"/".join(source.inside) for source in sources() if "msgspec.json" in imports(source).values()}
    assert {name for name in users if not name.startswith("gateway/")} == JSON_OWNERS


def test_nobody_calls_out_by_themselves() -> None:
    """Only `kernel.egress` has an HTTP client; the gateway writes upstream's requests itself, the story plays outside."""
    users = {
        "/".join(source.inside)
        for source in sources()
        for name in imports(source).values()
        if name.startswith(tuple(f"{client}." for client in HTTP_CLIENTS)) or name in HTTP_CLIENTS
    }
    assert {name for name in users if not name.startswith("demo/")} == CALLERS_OUT
