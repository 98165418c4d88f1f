"""Whether a pack is sound: it parses, fits the schema, names and explains every policy; and what it leaves open. Pure.

Gaps and policies that never decide are found by asking every question of a finite world (`table.World`), so they are facts, not
guesses; a gap is no error, but whoever publishes a pack should know each one.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.cedar import Engine, Fault, Rule, base_schema, schema_faults, syntax_faults
from piepowder.core.policy.decide import Prepared
from piepowder.core.policy.examples import read_examples
from piepowder.core.policy.model import Basis, Outcome, Verdict
from piepowder.core.policy.notes import note_faults, note_warnings
from piepowder.core.policy.pack import QUESTIONS_FILE, SCHEMA_FILE, Pack
from piepowder.core.policy.table import Cell, World, compile_table
from piepowder.core.policy.taxonomy import NO_PURPOSE, PURPOSES, ROLE_GROUPS, ROLES, lineage

NO_ROLE = "no role"


class Gap(Struct, frozen=True, kw_only=True):
    """Calls that no policy speaks about: every category listed, in every state, with every role set listed."""

    purpose: str  # "none": a call without a purpose
    categories: tuple[str, ...]
    cells: tuple[tuple[str, tuple[str, ...]], ...]  # (role set in words, order states)

    @property
    def words(self) -> str:
        """`metrics: buyer.name, buyer.phone (no role: shipped, closed)`."""
        where = "; ".join(f"{roles}: {', '.join(states)}" for roles, states in self.cells)
        return f"{self.purpose}: {', '.join(self.categories)} ({where})"


class Report(Struct, frozen=True, kw_only=True):
    """What a check found. `errors` make a pack unfit for use, `warnings` and `gaps` do not."""

    name: str
    version: str
    policies: int
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.errors


def check(pack: Pack) -> Report:
    """All that can be said about a pack without publishing it."""
    errors = [*_file_faults(pack), *(syntax_faults(pack.policies) or schema_faults(pack.policies))]
    if errors:
        return Report(name=pack.name, version=pack.version, policies=0, errors=tuple(errors))
    engine = Engine(pack.policies)
    errors = note_faults(engine.rules)
    warnings = [*note_warnings(engine.rules), *_unknown_words(engine.rules), *_missing_files(pack)]
    if errors:
        return _report(pack, engine, errors, warnings)
    table = compile_table(Prepared(pack=pack, engine=engine), gap_world(engine.rules))
    return _report(pack, engine, list(_unanswerable(table)), [*warnings, *_idle(engine.rules, table)], find_gaps(table))


def gap_world(rules: Iterable[Rule]) -> World:
    """Everything the policies can tell apart by role and purpose: no role, each role, all roles; every purpose named or listed."""
    named = {name for rule in rules for name in rule.names}
    roles = sorted({*ROLES, *(name for kind, name in named if kind == "Role")})
    purposes = sorted(
        {name for kind, name in named if kind == "Purpose" and name != NO_PURPOSE}
        | {purpose for purpose in PURPOSES if "." not in purpose}
    )
    return World(
        role_sets=(frozenset(), *(frozenset({role}) for role in roles), frozenset(roles)),
        purposes=(None, *purposes),
        declared=(True,),
    )


def find_gaps(table: Mapping[Cell, Verdict]) -> tuple[Gap, ...]:
    """The gaps of a compiled table, gathered: categories that are open in the very same calls stand together."""
    calls: dict[tuple[str, str], dict[str, list[str]]] = {}
    for (roles, purpose, _, state, category), verdict in table.items():
        if verdict.outcome is Outcome.GAP:
            cells = calls.setdefault((purpose or NO_PURPOSE, category), {})
            cells.setdefault(_role_words(roles), []).append(state.value)
    together: dict[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], list[str]] = {}
    for (purpose_name, category), cells in calls.items():
        shape = tuple((roles, tuple(states)) for roles, states in cells.items())
        together.setdefault((purpose_name, shape), []).append(category)
    return tuple(
        Gap(purpose=purpose_name, categories=tuple(sorted(categories)), cells=shape)
        for (purpose_name, shape), categories in sorted(together.items())
    )


def _report(
    pack: Pack, engine: Engine, errors: list[Fault], warnings: list[Fault], gaps: tuple[Gap, ...] = ()
) -> Report:
    return Report(
        name=pack.name,
        version=pack.version,
        policies=len(engine.rules),
        errors=tuple(errors),
        warnings=tuple(warnings),
        gaps=gaps,
    )


def _file_faults(pack: Pack) -> Iterator[Fault]:
    if not any(text.strip() for text in pack.policies.values()):
        yield _about("pack.toml", "the pack has no policy; write a file that ends with .cedar")
    if pack.files.get(SCHEMA_FILE, base_schema()) != base_schema():
        yield _about(
            SCHEMA_FILE, "the schema is not a pack's to change; `piepowder policy schema` prints the right one"
        )
    try:
        read_examples(pack)
    except PiepowderError as error:
        yield _about(QUESTIONS_FILE, error.message)


def _missing_files(pack: Pack) -> Iterator[Fault]:
    if not pack.files.get(QUESTIONS_FILE, "").strip():
        yield _about(QUESTIONS_FILE, "the pack has no example questions; they tell a reader, and a test, what it means")


def _unknown_words(rules: Iterable[Rule]) -> Iterator[Fault]:
    """A marketplace may have words of its own; a slip of the pen looks the same, so each is named."""
    known = {
        "Role": set(ROLES),
        "RoleGroup": set(ROLE_GROUPS),
        "Purpose": {NO_PURPOSE, *(above for purpose in PURPOSES for above in lineage(purpose))},
        "DataCategory": {above for category in CATEGORIES for above in lineage(category)},
        "DataGroup": {"personal"},
    }
    for rule in rules:
        for kind, name in sorted(rule.names):
            if kind in known and name not in known[kind]:
                yield _of(rule, f'{kind}::"{name}" is not among the words Piepowder knows')


def _idle(rules: Iterable[Rule], table: Mapping[Cell, Verdict]) -> Iterator[Fault]:
    """Policies about one app, operation, environment or capability are left out: the world of the check has only one of each."""
    decided = {name for verdict in table.values() for name in verdict.policies}
    for rule in rules:
        special = any(kind == "App" for kind, _ in rule.names) or any(word in rule.text for word in _BEYOND_THE_WORLD)
        if rule.id not in decided and not special:
            yield _of(rule, "the policy never decides anything: others always decide before it, or it matches no call")


_BEYOND_THE_WORLD = ("context.operation", "context.environment", "context.standing", "context.declared", "context has")


def _unanswerable(table: Mapping[Cell, Verdict]) -> Iterator[Fault]:
    """Cells where a policy failed, or where no substitute fits the category that it was permitted for."""
    seen: set[tuple[str | None, str]] = set()
    for (roles, purpose, _, state, category), verdict in table.items():
        failed = verdict.basis is Basis.POLICY and verdict.outcome is Outcome.REFUSED and not verdict.policies
        if failed and (purpose, category) not in seen:
            seen.add((purpose, category))
            call = f"`{category}` for {purpose or 'no purpose'}, {_role_words(roles)}, order {state.value}"
            yield _about("", f"{call}: a policy cannot be evaluated, or its substitute cannot stand for this category")


def _role_words(roles: frozenset[str]) -> str:
    return " + ".join(sorted(roles)) or NO_ROLE


def _about(file: str, message: str) -> Fault:
    return Fault(file=file, line=0, column=0, message=message)


def _of(rule: Rule, message: str) -> Fault:
    return Fault(file=rule.file, line=rule.line, column=1, message=message, policy=rule.id)
