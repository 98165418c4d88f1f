"""Every change of state is on the ledger: each verb that writes also records, in the same transaction, by whom and when.

Read from the code: a verb is a function of a room's `actions`; what it calls is followed, within its room and into others. The
plugin `tests.support.ledger_watch` watches the same while the tests of the rooms run.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.support.ledger_watch import UNRECORDED
from tests.support.source import PACKAGE, Source, dotted, imports, sources

WRITES = {"save", "create", "update", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
RECORDS = {"advance", "record", "record_many"}
NO_ROWS = {"digest", "hasher", "counts", "found", "seen"}  # dictionaries and digests are updated, too


@dataclass(slots=True)
class Function:
    """`calls`: (module, name) of functions, ("", name) of methods."""

    writes: bool = False
    records: bool = False
    handed_on: bool = False  # a package's name for what one of its files defines
    calls: set[tuple[str, str]] = field(default_factory=set)


def test_every_verb_that_writes_records(record_property: Callable[[str, object], None]) -> None:
    """Or stands in the list of what is not recorded, with its reason; nothing stands there that records or does not write."""
    functions = dict(_functions())
    verbs = {
        f"{module.removeprefix('piepowder.rooms.')}.{name}": _reaches(functions, (module, name), "records")
        for module, name in functions
        if _is_verb(module, name)
        and not functions[module, name].handed_on
        and _reaches(functions, (module, name), "writes")
    }
    silent = {verb for verb, records in verbs.items() if not records}
    record_property("verbs", " ".join(sorted(verbs)))
    record_property("silent", len(silent - UNRECORDED.keys()))
    record_property("exempt", len(UNRECORDED))
    assert silent == UNRECORDED.keys()


def test_the_verbs_are_found() -> None:
    """The reading sees what people see: verbs that write, and records that they make three calls away."""
    functions = dict(_functions())
    verbs = [key for key in functions if _is_verb(*key) and _reaches(functions, key, "writes")]
    assert len(verbs) > 200
    assert _reaches(functions, ("piepowder.rooms.consent.actions.grants", "end_expired"), "records")


def test_only_one_place_of_the_rooms_appends() -> None:
    """`ground.ledger` writes the rooms' records; it wants an actor and a time, and refuses to work outside a transaction."""
    users = {
        source.name
        for source in sources()
        if source.room and any(name.startswith("piepowder.core.ledger.append") for name in imports(source).values())
    }
    assert users == {"src/piepowder/rooms/ground/ledger.py"}


def _is_verb(module: str, name: str) -> bool:
    return ".actions" in module and not name.startswith("_")


def _reaches(functions: dict[tuple[str, str], Function], start: tuple[str, str], what: str) -> bool:
    waiting, seen = [start], set()
    while waiting:
        key = waiting.pop()
        if key in seen or key not in functions:
            continue
        seen.add(key)
        if getattr(functions[key], what):
            return True
        waiting += functions[key].calls
    return False


def _functions() -> Iterator[tuple[tuple[str, str], Function]]:
    """Functions of the rooms by (module, name); a method that writes or records by ("", name)."""
    for source in sources("src/piepowder/rooms"):
        if source.path.name == "__init__.py":  # a package hands on what its files define
            for name, origin in imports(source).items():
                yield (_module(source), name), Function(calls={_place(source, origin)}, handed_on=True)
        known = {name: _place(source, origin) for name, origin in imports(source).items()}
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef):
                yield (_module(source), node.name), _read(node, source, known)
            elif isinstance(node, ast.ClassDef) and source.inside[2].startswith("models"):
                for method in (one for one in node.body if isinstance(one, ast.FunctionDef)):
                    yield ("", method.name), _read(method, source, known)


def _read(node: ast.FunctionDef, source: Source, known: dict[str, tuple[str, str]]) -> Function:
    made = Function()
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        chain = dotted(call)
        name = chain[-1]
        if len(chain) == 1:
            made.records |= name in RECORDS
            made.calls.add(known.get(name, (_module(source), name)))
        elif name in RECORDS:
            made.records = True
        elif name in WRITES and chain[0] not in NO_ROWS:
            made.writes = True
        elif chain[0] in known:  # `letters.ended(…)`, `billing.cancel(…)`
            made.calls.add((".".join(known[chain[0]]), name))
        else:
            made.calls.add(("", name))
    made.records |= any(isinstance(one, ast.Attribute) and one.attr in RECORDS for one in ast.walk(node))
    return made


def _place(source: Source, origin: str) -> tuple[str, str]:
    module, _, name = origin.rpartition(".")
    return module, name


def _module(source: Source) -> str:
    parts = source.path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
