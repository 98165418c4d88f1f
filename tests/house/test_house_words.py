"""Names begin with their room, so that one search finds whose a word is; and every promised word is in the reference."""

import ast
import re
from pathlib import Path

from tests.support.source import PACKAGE, ROOMS, nodes, sources
from tools.reference import main
from tools.words import error_codes, ledger_kinds, metrics

CREATED = re.compile(r"CREATE (?:OR REPLACE )?(?:MATERIALIZED )?(?:TABLE|VIEW|FUNCTION) (?:IF NOT EXISTS )?(\w+)", re.I)


def test_error_codes_begin_with_their_room() -> None:
    """A command's codes begin with `cli`, or with the word of the command."""
    found = error_codes()
    own = [(word, {word.room, word.module.split(".")[-1] if word.room == "cli" else word.room}) for word in found]
    assert [word.value for word, rooms in own if word.value.split("_")[0] not in rooms] == []
    assert {"kernel_data_folder_in_use", "consent_grant_revoked", "gateway_token_expired"} <= {
        one.value for one in found
    }


def test_ledger_kinds_begin_with_their_room() -> None:
    """A kind is `<room>.<verb>`, and a reader finds out what happens when it is written."""
    found = ledger_kinds()
    assert [word.value for word in found if not re.fullmatch(rf"{word.room}\.[a-z_]+", word.value)] == []
    told = {word.value for word in found if word.means}
    assert [word.value for word in found if word.value not in told] == []
    assert {"gateway.read", "consent.revoke", "standing.set"} <= told


def test_metrics_begin_with_their_package() -> None:
    """A metric's name says who counts."""
    assert [word.value for word in metrics() if not word.value.startswith(f"{word.room}_")] == []
    assert metrics()


def test_tables_begin_with_their_room() -> None:
    """Tables, views and functions of the database belong to the room whose name they begin with."""
    made = [(source.room, _table_named(node)) for source, node in nodes(ast.Assign)]
    made = [(room, table) for room, table in made if table]
    owner = {"records": "ledger"}  # the ledger has no Django; its tables are laid by the room that shows it
    for path in sorted([*PACKAGE.rglob("migrations/*.py"), *PACKAGE.rglob("*.sql")]):
        room = path.parent.parent.name if path.suffix == ".py" else path.parent.name
        made += [(owner.get(room, room), name) for name in CREATED.findall(path.read_text(encoding="utf-8"))]
    assert [(room, name) for room, name in made if not name.startswith(f"{room}_")] == []
    assert {"ledger_record", "consent_gate_token", "publication_fact"} <= {name for _room, name in made}


def _table_named(node: ast.AST) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id="db_table")], value=ast.Constant(value=str(table))):
            return table
    return ""


def test_django_calls_a_room_by_its_folder() -> None:
    """So that the tables Django names by itself begin with the room, too."""
    named = {
        source.room: ast.unparse(source.tree) for source in sources("src/piepowder/rooms") if _is_apps(source.path)
    }
    assert sorted(named) == list(ROOMS)
    assert [room for room, text in named.items() if f"'piepowder.rooms.{room}'" not in text] == []
    assert [room for room, text in named.items() if "label" in text and f"label = '{room}'" not in text] == []


def _is_apps(path: Path) -> bool:
    return path.name == "apps.py" and path.parent.parent.name == "rooms"


def test_the_reference_is_what_the_code_says() -> None:
    """`python -m tools.reference` writes the page anew."""
    assert main(["--check"]) == 0
