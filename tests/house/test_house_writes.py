"""One way in: what is written, is written by the verbs of its own room."""

import ast
from collections.abc import Iterator

from tests.support.source import Source, dotted, imports, nodes, sources

WRITES = frozenset(
    {"save", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "advance", "create", "update"}
)
WRITES |= {f"a{verb}" for verb in WRITES}
WRITING_FILES = {"actions.py", "actions", "models.py"}
ALSO_OF_OTHERS = {"update", "create", "advance"}  # dictionaries, digests and progress bars have these, too
QUERIES = {"objects", "_default_manager", "filter", "exclude", "select_for_update"}
SQL = {"cursor", "execute", "executemany", "RawSQL", "RunSQL"}
CURSOR_LENT = {"src/piepowder/rooms/ground/ledger.py"}  # lends the room's own connection to `ledger.append.insert`


def test_only_the_verbs_of_a_room_write() -> None:
    """A room's `actions` and `models` write; its doors, the console and the commands call them."""
    found = [source.at(call) for source, call in _writes() if not (source.room and source.inside[2] in WRITING_FILES)]
    assert found == []


def test_a_room_writes_its_own_tables_only() -> None:
    """Whoever wants another room's row changed calls that room's verb."""
    found = []
    for source, call in _writes():
        model = imports(source).get(dotted(call)[0], "")
        if source.room and model.startswith("piepowder.rooms.") and f".{source.room}." not in model:
            found.append(source.at(call))
    assert found == []


def _writes() -> Iterator[tuple[Source, ast.Call]]:
    for source, node in nodes(ast.Call):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            chain = dotted(node)
            # `@router.delete(…)` names a method of HTTP
            if (
                source.inside[0] not in ("core", "gateway")
                and chain[0] not in ("router", "accounts", "keys", "letters")
                and (node.func.attr not in ALSO_OF_OTHERS or QUERIES & set(chain))
            ):
                yield source, node


def test_a_status_changes_by_advance_only() -> None:
    """No assignment, no UPDATE and no saved field list names `status`, but for the UPDATE in `advance()`."""
    found = [
        source.name
        for source, node in nodes(ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Call)
        if source.inside[0] in ("rooms", "web", "cli") and _sets_status(node)
    ]
    assert found == ["src/piepowder/rooms/ground/models.py"]


def _sets_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        verb, words = dotted(node)[-1], {word.arg for word in node.keywords}
        fields = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
        return (verb in ("update", "aupdate") and "status" in words) or (
            verb in ("save", "asave", "bulk_update", "setattr") and "status" in fields
        )
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Attribute) and target.attr == "status" for target in targets)


def test_nothing_happens_behind_a_save() -> None:
    """No signals, no `save()` or `delete()` of a model's own, no admin: a change is where its verb is."""
    found = [
        source.at(source.tree)
        for source in sources()
        for name in imports(source).values()
        if name.startswith(("django.dispatch", "django.db.models.signals", "django.contrib.admin"))
    ]
    for source, node in nodes(ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        if source.room:
            own = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            found += [f"{source.at(node)} {verb}" for verb in sorted(own & {"save", "delete"})]
    assert found == []


def test_sql_by_hand_stays_where_it_belongs() -> None:
    """The rooms, the console and the commands ask through the ORM or a named question of the kernel or the ledger.

    The example marketplace keeps its orders in a file of its own, which is no part of Piepowder's database.
    """
    found = [
        source.at(node)
        for source, node in nodes(ast.Call)
        if source.inside[0] in ("rooms", "web", "cli")
        and source.name not in CURSOR_LENT
        and (dotted(node)[-1] in SQL or (len(dotted(node)) > 1 and dotted(node)[-1] in ("raw", "extra")))
    ]
    assert found == []
