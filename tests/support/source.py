"""The tree as the house tests read it: our own files, each parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "piepowder"
ROOMS = tuple(sorted(path.name for path in (PACKAGE / "rooms").iterdir() if (path / "__init__.py").exists()))
TEXTS = frozenset(
    {".py", ".md", ".toml", ".html", ".css", ".js", ".sql", ".cedar", ".cedarschema", ".yaml", ".yml", ""}
)
_GIVEN = frozenset({"__pycache__", "node_modules", "vendor", "samples", "results"})


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    path: Path
    tree: ast.Module
    nodes: tuple[ast.AST, ...]  # of the whole tree

    @property
    def name(self) -> str:
        """`src/piepowder/rooms/consent/rules.py`"""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def inside(self) -> tuple[str, ...]:
        """Steps below the package: `("rooms", "consent", "rules.py")`"""
        return self.path.relative_to(PACKAGE).parts

    @property
    def room(self) -> str:
        """The room this file belongs to, if any."""
        return self.inside[1] if self.inside[0] == "rooms" and len(self.inside) > 2 else ""

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


@cache
def sources(folder: str = "src/piepowder") -> tuple[Source, ...]:
    """Every module below a folder of the repository but migrations, which Django writes."""
    return tuple(_sources(ROOT / folder))


def _sources(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts and not _GIVEN & set(path.parts):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield Source(path, tree, tuple(ast.walk(tree)))


def nodes(*kinds: type[ast.AST], folder: str = "src/piepowder") -> Iterator[tuple[Source, ast.AST]]:
    """Every node of these kinds, with its file."""
    for source in sources(folder):
        for node in source.nodes:
            if isinstance(node, kinds):
                yield source, node


@cache
def imports(source: Source) -> dict[str, str]:
    """Names that the file imports, wherever, and what they are: `{"Grant": "piepowder.rooms.consent.models.Grant"}`."""
    found: dict[str, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.asname or name.name: name.name for name in node.names}
    return found


def dotted(node: ast.AST) -> list[str]:
    """The names of a chain, calls passed over: `["Grant", "objects", "filter", "update"]`."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=inner, attr=name):
            return [*dotted(inner), name]
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return dotted(inner)
    return [""]


def texts() -> Iterator[tuple[str, str]]:
    """(name, text) of every file that people wrote."""
    for top in ("src", "tests", "tools", "docs", "examples", "benchmarks", "proof"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and path.suffix in TEXTS and not _GIVEN & set(path.parts):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile"]):
        yield path.name, path.read_text(encoding="utf-8")
