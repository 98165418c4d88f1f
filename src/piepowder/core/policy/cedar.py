"""Cedar behind one file: texts in, rules and answers out. The only importer of `cedarpy`; no other file knows its shapes.

`Engine` holds a prepared policy set and the entities that never change (categories, purposes, roles). A question adds its app.
Categories that no policy can tell apart are asked for once: policies name resources in their scope, so two categories matched by
the same scopes get the same answer, unless a condition mentions `resource` (then each category is asked by itself).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

import cedarpy
from cedarpy import pst
from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal
from piepowder.core.policy.model import Question
from piepowder.core.policy.source import Statement, error_offset, place, statements
from piepowder.core.policy.taxonomy import NO_PURPOSE, PURPOSES, ROLE_GROUPS, lineage

KEEP, SUBSTITUTE = "keep", "substitute"
PERSONAL_GROUP = "personal"


class Rule(Struct, frozen=True, kw_only=True):
    """One policy of a pack, as far as people and checks need it."""

    number: int  # place in the pack, from 0
    id: str
    reason: str
    substitute: str | None
    permits: bool
    actions: frozenset[str]
    file: str
    line: int
    text: str
    names: frozenset[tuple[str, str]]  # every entity it names: (type, id)
    annotations: dict[str, str]


class Answer(Struct, frozen=True):
    """Cedar's answer to one action on one category. `rules` decided; `errors` are policies that could not be evaluated."""

    allowed: bool
    rules: tuple[Rule, ...]
    errors: tuple[str, ...]


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong with a policy text, and where; line and column count from 1, 0 where the place is a whole file."""

    file: str
    line: int
    column: int
    message: str
    policy: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def base_schema() -> str:
    """The text of the schema every pack is held to."""
    return resources.files("piepowder.core.policy").joinpath("base.cedarschema").read_text(encoding="utf-8")


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(base_schema())


def syntax_faults(files: dict[str, str]) -> list[Fault]:
    """Places where Cedar cannot read the text, at most one for each policy."""
    return [fault for statement in _all(files) if (fault := _syntax_fault(files, statement))]


def schema_faults(files: dict[str, str]) -> list[Fault]:
    """Policies that name what does not exist (an attribute, an order state) or compare what cannot be compared."""
    written = list(_all(files))
    result = cedarpy.validate_policies(_joined(written), _schema())
    return [_schema_fault(error, written) for error in result.errors]


class Engine:
    """A compiled set of policies. Immutable from outside; safe to share between threads."""

    def __init__(self, files: dict[str, str]) -> None:
        """`policy_syntax` or `policy_schema`, naming every fault, where the policies are not sound."""
        written = list(_all(files))
        faults = syntax_faults(files) or schema_faults(files)
        if faults:
            raise refused(faults)
        self._policies = cedarpy.PolicySet.from_str(_joined(written))
        templates = self._policies.to_pst()
        if templates.templates:
            raise PiepowderError(
                "policy_template", "a policy with `?principal` or `?resource` is not supported in a pack"
            )
        nodes = [templates.static_policies[f"policy{number}"] for number in range(len(written))]
        self.rules = tuple(_rule(number, *pair) for number, pair in enumerate(zip(nodes, written, strict=True)))
        self._scopes = [_Scope(node) for node in nodes]
        self._substituting = [rule.permits and SUBSTITUTE in rule.actions for rule in self.rules]
        self._base = cedarpy.Entities.from_json_str(json.encode_text(list(_base_entities())))

    def classes(self, categories: Iterable[str]) -> dict[tuple[object, ...], list[str]]:
        """Categories grouped so that within a group no policy can tell them apart."""
        grouped: dict[tuple[object, ...], list[str]] = {}
        for category in sorted(categories):
            grouped.setdefault(self._class_of(category), []).append(category)
        return grouped

    def may_substitute(self, category: str) -> bool:
        """Whether any policy could permit a substitute of the category."""
        above = _above(category)
        pairs = zip(self._substituting, self._scopes, strict=True)
        return any(permits and scope.matches(above) for permits, scope in pairs)

    def ask(self, question: Question, action: str, asked: Sequence[tuple[str, bool]]) -> list[Answer]:
        """Cedar's answers for (category, declared) pairs, in order."""
        if not asked:
            return []
        contexts = {
            declared: json.encode_text(_context(question, declared)) for declared in {pair[1] for pair in asked}
        }
        requests = [
            {
                "principal": _uid("App", question.app),
                "action": _uid("Action", action),
                "resource": _uid("DataCategory", category),
                "context": contexts[declared],
            }
            for category, declared in asked
        ]
        entities = self._base.with_added_json_str(
            json.encode_text(list(_question_entities(question, [category for category, _ in asked])))
        )
        return [self._answer(result) for result in cedarpy.is_authorized_batch(requests, self._policies, entities)]

    def _answer(self, result: cedarpy.AuthzResult) -> Answer:
        numbers = sorted(int(reason.removeprefix("policy")) for reason in result.diagnostics.reasons)
        errors = tuple(str(error) for error in result.diagnostics.errors)
        return Answer(result.allowed, tuple(self.rules[number] for number in numbers), errors)

    def _class_of(self, category: str) -> tuple[object, ...]:
        above = _above(category)
        matching = [number for number, scope in enumerate(self._scopes) if scope.matches(above)]
        if any(self._scopes[number].reads_resource for number in matching):
            return (*matching, category)
        return tuple(matching)


class _Scope:
    """Which resources a policy's scope can match, and whether its conditions look at the resource at all."""

    def __init__(self, node: pst.Template) -> None:
        constraint = node.resource
        self._exactly = _pair(constraint.entity) if isinstance(constraint, pst.ScopeEq) else None
        within = isinstance(constraint, (pst.ScopeIn, pst.ScopeIsIn))
        self._within = _pair(constraint.entity) if within else None
        self.reads_resource = _mentions_resource(node.clauses)

    def matches(self, above: tuple[tuple[str, str], ...]) -> bool:
        """`above` begins with the resource itself and goes on with everything it is in."""
        if self._exactly is not None:
            return above[0] == self._exactly
        return self._within is None or self._within in above


def refused(faults: Sequence[Fault]) -> PiepowderError:
    """The error that names every fault of a pack."""
    return PiepowderError(
        "policy_pack_faulty",
        "; ".join(str(fault) for fault in faults),
        hint="`piepowder policy check` lists what is wrong with a pack",
        faults=list(faults),
    )


def _all(files: dict[str, str]) -> Iterator[Statement]:
    for name in sorted(files):
        yield from statements(name, files[name])


def _joined(written: Sequence[Statement]) -> str:
    return "\n".join(statement.text for statement in written)


def _complaint(text: str) -> str | None:
    try:
        cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        return str(error)
    return None


def _syntax_fault(files: dict[str, str], statement: Statement) -> Fault | None:
    message = _complaint(statement.text)
    if message is None:
        return None
    offset = statement.offset + error_offset(statement.text, _complaint)
    line, column = place(files[statement.file], offset)
    return Fault(file=statement.file, line=line, column=column, message=message)


def _schema_fault(error: cedarpy.ValidationError, written: Sequence[Statement]) -> Fault:
    message = error.error.removeprefix(f"for policy `{error.policy_id}`").lstrip(", :")
    if not error.policy_id:
        return Fault(file="", line=0, column=0, message=message)
    statement = written[int(error.policy_id.removeprefix("policy"))]
    return Fault(file=statement.file, line=statement.line, column=1, message=message)


def _rule(number: int, node: pst.Template, statement: Statement) -> Rule:
    notes = {name: text or "" for name, text in node.annotations.items()}
    return Rule(
        number=number,
        id=notes.get("id", ""),
        reason=" ".join(notes.get("reason", "").split()),
        substitute=notes.get("substitute"),
        permits=node.effect == "permit",
        actions=_actions(node.action),
        file=statement.file,
        line=statement.line,
        text=statement.text,
        names=frozenset(_pair(uid) for uid in pst.entity_uids(node)),
        annotations=notes,
    )


def _actions(constraint: pst.ActionConstraint) -> frozenset[str]:
    if isinstance(constraint, pst.ActionEq):
        return frozenset({constraint.entity.id})
    if isinstance(constraint, pst.ActionIn):
        return frozenset(entity.id for entity in constraint.entities)
    return frozenset({KEEP, SUBSTITUTE})


def _mentions_resource(node: object) -> bool:
    if isinstance(node, pst.Var):
        return node.name == "resource"
    if isinstance(node, dict):
        return any(map(_mentions_resource, node.values()))
    if isinstance(node, (tuple, list)):
        return any(map(_mentions_resource, node))
    fields = getattr(node, "__dataclass_fields__", {})
    return any(_mentions_resource(getattr(node, name)) for name in fields)


def _pair(uid: Any) -> tuple[str, str]:
    return (str(uid.type), str(uid.id))


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _entity(kind: str, name: str, above: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    return {"uid": _uid(kind, name), "attrs": {}, "parents": [_uid(*parent) for parent in above]}


def _above(category: str) -> tuple[tuple[str, str], ...]:
    """A category and everything it is in: its dotted ancestors, and the group of personal data."""
    names = tuple(("DataCategory", name) for name in lineage(category))
    return (*names, ("DataGroup", PERSONAL_GROUP)) if is_personal(category) else names


def _category_entity(category: str) -> dict[str, Any]:
    return _entity("DataCategory", category, _above(category)[1:])


def _purpose_entity(purpose: str) -> dict[str, Any]:
    return _entity("Purpose", purpose, (("Purpose", name) for name in lineage(purpose) if name != purpose))


def _base_entities() -> Iterator[dict[str, Any]]:
    yield from map(_category_entity, CATEGORIES)
    yield from map(_purpose_entity, (*PURPOSES, NO_PURPOSE))
    for role in sorted({role for roles in ROLE_GROUPS.values() for role in roles}):
        yield _entity("Role", role, (("RoleGroup", group) for group, roles in ROLE_GROUPS.items() if role in roles))


def _question_entities(question: Question, categories: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the base does not hold: the app, and words that only this marketplace uses."""
    yield _entity("App", question.app, (("Role", role) for role in sorted(question.roles)))
    if question.purpose is not None and question.purpose not in PURPOSES and question.purpose != NO_PURPOSE:
        yield _purpose_entity(question.purpose)
    yield from (_category_entity(category) for category in dict.fromkeys(categories) if category not in CATEGORIES)


def _context(question: Question, declared: bool) -> dict[str, Any]:
    return {
        "purpose": {"__entity": _uid("Purpose", question.purpose or NO_PURPOSE)},
        "operation": question.operation,
        "orderState": {"__entity": _uid("OrderState", question.order_state.value)},
        "standing": sorted(question.standing),
        "environment": question.environment,
        "declared": declared,
    }
