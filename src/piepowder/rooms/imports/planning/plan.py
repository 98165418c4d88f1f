"""The plan of an import: every row of every file judged against what is here.

What developers and sellers decide here leads: of developers, apps and grants an import never changes what is here already, it only
says where the files differ. Sellers are the marketplace's own, and follow its files.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from piepowder.rooms.imports.models import Link
from piepowder.rooms.imports.planning.apps import apps
from piepowder.rooms.imports.planning.grants import grants, tokens
from piepowder.rooms.imports.planning.parties import developers, sellers
from piepowder.rooms.imports.planning.steps import Judge, Plan, Step
from piepowder.rooms.imports.reading import Table
from piepowder.rooms.imports.rules import Kind, Verdict, Wrong
from piepowder.rooms.people.models import Seller


def plan(tables: Mapping[Kind, Table], at: datetime) -> Plan:
    """What the files would do to what is here at this moment."""
    made = Plan()
    expected: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for kind, planner in _PLANNERS.items():
        if kind not in tables:
            continue
        table = tables[kind]
        steps = [Step(kind, bad.number, bad.key, Verdict.REFUSED, bad.column, bad.words) for bad in table.bad]
        judge = planner(table.rows, expected, tables, at)
        seen: dict[str, int] = {}
        steps.extend(_judged(kind, row, judge, seen) for row in table.rows)
        expected[kind] = {one.key for one in steps if one.verdict is not Verdict.REFUSED}
        made.add(kind, sorted(steps, key=lambda one: one.number) + _only_here(kind, table, seen))
    return made


def _judged(kind: Kind, row: Any, judge: Judge, seen: dict[str, int]) -> Step:
    try:
        first = seen.setdefault(row.key, row.number)
        if first != row.number:
            raise Wrong("key", f"is the key of row {first} as well")
        verdict, column, words = judge(row)
    except Wrong as wrong:
        return Step(kind, row.number, row.key, Verdict.REFUSED, wrong.column, wrong.words)
    return Step(kind, row.number, row.key, verdict, column, words, row)


_PLANNERS: dict[Kind, Callable[..., Judge]] = {
    Kind.DEVELOPERS: developers,
    Kind.SELLERS: sellers,
    Kind.APPS: apps,
    Kind.GRANTS: grants,
    Kind.TOKENS: tokens,
}


def _only_here(kind: Kind, table: Table, seen: Mapping[str, int]) -> list[Step]:
    """What was imported once, or is a seller here, and is in no row now. It stays as it is."""
    if kind is Kind.TOKENS:
        return []
    known = {*seen, *(bad.key for bad in table.bad)}
    if kind is Kind.SELLERS:
        here = list(Seller.objects.order_by("marketplace_id").values_list("marketplace_id", "id"))
    else:
        here = list(Link.objects.filter(kind=kind).order_by("key").values_list("key", "object_id"))
    return [
        Step(kind, 0, key, Verdict.ONLY_HERE, "", f"`{object_id}` is here and not in the file; it stays")
        for key, object_id in here
        if key not in known
    ]
