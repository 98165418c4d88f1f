"""Cedar behind one file: texts in, rules and answers out. The only importer of `cedarpy`; no other file knows its shapes.

`Engine` compiles a pack. Three things make a new question cheap, all exact:
- categories that no policy names apart are asked for once (entities carry no attributes, so a policy can tell two categories
  apart only by naming one of them, or something above it);
- a request meets only the policies whose scope can match its action and category;
- the context holds only the attributes that some policy reads.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import cedarpy
from cedarpy import pst
from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.entities import (
    ATTRIBUTES,
    Name,
    base_entities,
    context,
    lineage_of_category,
    question_entities,
    uid,
)
from piepowder.core.policy.model import Question
from piepowder.core.policy.sight import Sight, Test, Traits
from piepowder.core.policy.source import Statement, error_offset, place, statements, word_offset

KEEP, SUBSTITUTE = "keep", "substitute"
_KNOWN_CATEGORIES = 1024  # slices kept at most; a catalogue has a few dozen categories


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
    names: frozenset[Name]  # every entity it names
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
        place = f"{self.file}, line {self.line}, column {self.column}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message


def base_schema() -> str:
    """The text of the schema every pack is held to."""
    return resources.files("piepowder.core.policy").joinpath("base.cedarschema").read_text(encoding="utf-8")


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(base_schema())


def syntax_faults(files: Mapping[str, str]) -> list[Fault]:
    """Places where Cedar cannot read the text, at most one for each policy."""
    return [fault for statement in _all(files) if (fault := _syntax_fault(files, statement))]


def schema_faults(files: Mapping[str, str]) -> list[Fault]:
    """Policies that name what does not exist (an attribute, an order state) or compare what cannot be compared."""
    written = list(_all(files))
    result = cedarpy.validate_policies(_joined(written), _schema())
    faults = [_schema_fault(files, error, written) for error in result.errors]
    # Each action that a policy is about has the same complaint; one place needs only one.
    return list({(fault.file, fault.line, fault.column): fault for fault in reversed(faults)}.values())[::-1]


class Slice(Struct, frozen=True, eq=False):
    """The policies whose scope can match an action and a category, prepared; Cedar numbers them by their place here."""

    numbers: tuple[int, ...]
    rules: tuple[Rule, ...]
    policies: cedarpy.PolicySet


class Engine:
    """A compiled set of policies. Nothing outside can change it; threads may share it."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """`policy_pack_faulty`, naming every fault with its place, where the policies are not sound."""
        faults = syntax_faults(files) or schema_faults(files)
        if faults:
            raise refused(faults)
        written = list(_all(files))
        nodes = _nodes(written)
        self.rules = tuple(map(_rule, range(len(written)), nodes, written))
        self._traits = [_traits(node) for node in nodes]
        self.sight = Sight(self._traits, _attributes_read(nodes))
        self._base = cedarpy.Entities.from_json_str(json.encode_text(list(base_entities())))
        self._policies: dict[tuple[int, ...], cedarpy.PolicySet] = {}
        self._slice = lru_cache(2 * _KNOWN_CATEGORIES)(self._slice_of)
        for category in CATEGORIES:
            self._slice(KEEP, category), self._slice(SUBSTITUTE, category)

    def answers(self, question: Question, declared: Mapping[str, bool]) -> Iterator[tuple[list[str], Answer, Answer]]:
        """For each group of categories that no policy can tell apart: its members, and the answers to keep and to substitute.

        `declared` says of every category asked about whether the manifest declares it.
        """
        relevant = self.sight.relevant(question)
        asker = _Asker(question, self._with_question(question, declared), self.sight.attributes)
        for members in self.sight.classes(declared, declared, relevant):
            head = members[0]
            keep = self._ask(asker, KEEP, head, declared[head], relevant)
            if keep.allowed or (keep.rules and not self._permits_substitute(head, relevant)):
                yield members, keep, _NOT_ASKED
            else:
                yield members, keep, self._ask(asker, SUBSTITUTE, head, declared[head], relevant)

    def _ask(self, asker: "_Asker", action: str, category: str, declared: bool, relevant: frozenset[int]) -> Answer:
        part = self._slice(action, category)
        if relevant.isdisjoint(part.numbers):
            return _NOT_ASKED
        return asker.ask(part, action, category, declared)

    def _permits_substitute(self, category: str, relevant: frozenset[int]) -> bool:
        return any(rule.permits for rule in self._slice(SUBSTITUTE, category).rules if rule.number in relevant)

    def _with_question(self, question: Question, categories: Iterable[str]) -> cedarpy.Entities:
        return self._base.with_added_json_str(json.encode_text(list(question_entities(question, categories))))

    def _slice_of(self, action: str, category: str) -> Slice:
        above = lineage_of_category(category)
        rules = tuple(
            rule
            for rule, traits in zip(self.rules, self._traits, strict=True)
            if action in rule.actions and (traits.resource is None or traits.resource in above)
        )
        key = tuple(rule.number for rule in rules)
        if key not in self._policies:
            self._policies[key] = cedarpy.PolicySet.from_str("\n".join(rule.text for rule in rules))
        return Slice(key, rules, self._policies[key])


class _Asker:
    """One question, put to Cedar category by category; what they share is written once."""

    def __init__(self, question: Question, entities: cedarpy.Entities, attributes: Collection[str]) -> None:
        self._entities = entities
        self._app = uid("App", question.app)
        self._contexts = {
            declared: json.encode_text(context(question, declared, attributes)) for declared in (False, True)
        }

    def ask(self, part: Slice, action: str, category: str, declared: bool) -> Answer:
        """Cedar's answer to one action on one category."""
        request = {
            "principal": self._app,
            "action": uid("Action", action),
            "resource": uid("DataCategory", category),
            "context": self._contexts[declared],
        }
        result = cedarpy.is_authorized(request, part.policies, self._entities)
        decided = sorted(int(reason.removeprefix("policy")) for reason in result.diagnostics.reasons)
        errors = tuple(str(error) for error in result.diagnostics.errors)
        return Answer(result.allowed, tuple(part.rules[number] for number in decided), errors)


_NOT_ASKED = Answer(False, (), ())


def _nodes(written: Sequence[Statement]) -> list[pst.Template]:
    """Cedar's reading of the statements, in their order; it numbers them as it meets them."""
    parsed = cedarpy.policies_to_pst(_joined(written))
    return [parsed.static_policies[f"policy{number}"] for number in range(len(written))]


def _traits(node: pst.Template) -> Traits:
    return Traits(
        principal=_scope(node.principal),
        resource=_scope(node.resource),
        purpose=_leading_purpose(node.clauses),
        tests=tuple(sorted(set(_tests_under(node)), key=lambda test: (sorted(test[0]), test[1]))),
    )


def _scope(constraint: pst.PrincipalOrResourceConstraint) -> Name | None:
    """The entity that must be met, or be above what is met, for the policy to apply; None: any. Whether it must be exactly that
    one is left to Cedar: too many policies may be asked, never too few."""
    if isinstance(constraint, (pst.ScopeEq, pst.ScopeIn, pst.ScopeIsIn)):
        return _pair(constraint.entity)
    return None


def _leading_purpose(clauses: Sequence[pst.Clause]) -> Test | None:
    """The test of the purpose with which the conditions begin. Cedar stops at the first that is false, so where it fails the
    policy neither applies nor errs."""
    if not clauses or not isinstance(clauses[0], pst.When):
        return None
    first = clauses[0].expr
    while isinstance(first, pst.BinaryOp) and first.op == "and":
        first = first.left
    if not isinstance(first, pst.BinaryOp) or first.op not in ("in", "eq") or not _is_purpose(first.left):
        return None
    named = list(_tests_under(first.right))
    if isinstance(first.right, pst.EntityLit):
        return frozenset(names for test in named for names in test[0]), first.op == "eq"
    listed = isinstance(first.right, pst.Set) and all(isinstance(each, pst.EntityLit) for each in first.right.elements)
    return (frozenset(name for test in named for name in test[0]), False) if listed and first.op == "in" else None


def _is_purpose(node: object) -> bool:
    return isinstance(node, pst.GetAttr) and isinstance(node.base, pst.Var) and node.attr == "purpose"


def _tests_under(node: object) -> Iterator[Test]:
    """All that can be asked about an entity: whether it is in one of some entities, or is exactly one of them.

    A list behind `in` is one test. An entity named anywhere else is tested by itself, both ways.
    """
    if isinstance(node, pst.BinaryOp) and node.op == "in" and isinstance(node.right, pst.Set):
        yield frozenset(map(_pair, pst.entity_uids(node.right))), False
        yield from _tests_under(node.left)
    elif isinstance(node, pst.EntityUid):
        yield frozenset({_pair(node)}), False
        yield frozenset({_pair(node)}), True
    else:
        for child in _children(node):
            yield from _tests_under(child)


def _attributes_read(nodes: Sequence[pst.Template]) -> tuple[str, ...]:
    """Context attributes that any policy mentions; all of them where one uses `context` as a whole."""
    read: set[str] = set()
    uses = 0
    for node in _walk([node.clauses for node in nodes]):
        uses += isinstance(node, pst.Var) and node.name == "context"
        if isinstance(node, (pst.GetAttr, pst.HasAttr)) and node.base == pst.Var("context"):
            read.update([node.attr] if isinstance(node, pst.GetAttr) else node.attrs)
            uses -= 1
    return tuple(name for name in ATTRIBUTES if name in read or uses)


def _walk(node: object) -> Iterator[object]:
    """Every node under a node, itself included."""
    yield node
    for child in _children(node):
        yield from _walk(child)


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    if isinstance(node, (tuple, list)):
        return node
    return [getattr(node, name) for name in getattr(node, "__dataclass_fields__", ())]


def refused(faults: Sequence[Fault]) -> PiepowderError:
    """The error that names every fault of a pack."""
    return PiepowderError(
        "policy_pack_faulty",
        "; ".join(str(fault) for fault in faults),
        hint="`piepowder policy check` lists what is wrong with a pack",
        faults=list(faults),
    )


def _all(files: Mapping[str, str]) -> Iterator[Statement]:
    for name in sorted(files):
        yield from statements(name, files[name])


def _joined(written: Sequence[Statement]) -> str:
    return "\n".join(statement.text for statement in written)


def _complaint(text: str) -> str | None:
    """The parser's message, None if the text is well. A template is no policy yet, and packs have nothing to link it with."""
    try:
        templates = cedarpy.PolicySet.from_str(text).templates()
    except ValueError as error:
        return str(error)
    return f"`{templates[0]['slots'][0]}` cannot stand in a pack" if templates else None


def _syntax_fault(files: Mapping[str, str], statement: Statement) -> Fault | None:
    message = _complaint(statement.text)
    if message is None:
        return None
    offset = statement.offset + error_offset(statement.text, _complaint)
    line, column = place(files[statement.file], offset)
    return Fault(file=statement.file, line=line, column=column, message=message)


def _schema_fault(files: Mapping[str, str], error: cedarpy.ValidationError, written: Sequence[Statement]) -> Fault:
    message = error.error.removeprefix(f"for policy `{error.policy_id}`").lstrip(", :")
    if not error.policy_id:
        return Fault(file="", line=0, column=0, message=message)
    statement = written[int(error.policy_id.removeprefix("policy"))]
    offset = statement.offset + (word_offset(statement.text, message) or 0)
    line, column = place(files[statement.file], offset)
    return Fault(file=statement.file, line=line, column=column, message=message)


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


def _pair(uid: Any) -> tuple[str, str]:
    return (str(uid.type), str(uid.id))
