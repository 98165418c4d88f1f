"""The ledger for pages: records read through `core.ledger.read`, their details turned into words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.detail import Detail, ShortVerdict, read_detail
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import Filter, show, tail
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.cedar import Rule
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.explain import Explanation, explain, what_would_change
from piepowder.core.policy.model import Basis, Effect, Outcome, Question, Verdict
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.taxonomy import SUBSTITUTE_WORDS, purpose_words
from piepowder.rooms.consent.offers import words_of
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.records.endings import NOT_ASKED

EFFECTS = {"kept": Effect.KEEP, "substituted": Effect.SUBSTITUTE, "withheld": Effect.WITHHOLD}
STATES = {
    "none": "not about single orders",
    "unshipped": "orders not shipped yet",
    "shipped": "orders on their way",
    "delivered": "orders delivered within 30 days",
    "closed": "orders delivered longer ago",
    "cancelled": "cancelled orders",
    "unknown": "orders of unknown state",
}


def newest(narrow: Filter, limit: int) -> list[Record]:
    """Newest first."""
    connection.ensure_connection()
    return tail(connection.connection, narrow, limit=limit)[::-1]


def named(name: str) -> list[Record]:
    """By record or request id, oldest first; `ledger_record_not_found`."""
    connection.ensure_connection()
    return show(connection.connection, name)


def detail_of(record: Record) -> Detail:
    try:
        return read_detail(record.detail)
    except PiepowderError:
        return Detail()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record as one line of a list."""

    record: Record
    kept: int
    substituted: int
    withheld: int
    message: str
    buyers: tuple[str, ...]  # words of the shoppers' data that went out in plain

    @property
    def call(self) -> bool:
        return self.record.kind.startswith("gateway.")


def line(record: Record) -> Line:
    detail = detail_of(record)
    worst: dict[str, str] = {}
    plain = {name for verdicts in detail.verdicts.values() for name, one in verdicts.items() if one.done == "kept"}
    for verdicts in detail.verdicts.values():
        for category, verdict in verdicts.items():
            if verdict.basis in NOT_ASKED:
                continue
            worst[category] = max(
                worst.get(category, ""), verdict.done, key=("", "kept", "substituted", "withheld").index
            )
    counts = Counter(worst.values())
    return Line(
        record=record,
        kept=counts["kept"],
        substituted=counts["substituted"],
        withheld=counts["withheld"],
        message=detail.message,
        buyers=tuple(words_of(name) for name in sorted(filter(is_personal, plain))) if record.personal else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One data category of a record: what became of it, and why."""

    category: str
    words: str
    done: str
    asked: bool
    note: str
    explanation: Explanation
    change: str  # what would change it; empty where all of it was released


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The verdicts for orders of one state (and the fields behind one data element)."""

    title: str
    told: tuple[Told, ...]


def groups(record: Record, detail: Detail) -> list[Group]:
    """Every verdict of a record in words; what was withheld stands first."""
    prepared = _prepared(record.policy_version)
    return [
        Group(title=_title(place), told=tuple(_told(verdicts, _questions(detail, place, record), prepared)))
        for place, verdicts in detail.verdicts.items()
    ]


def _told(verdicts: dict[str, ShortVerdict], questions: list[Question], prepared: Prepared | None) -> Iterator[Told]:
    order = {"withheld": 0, "substituted": 1, "kept": 2}
    sentences = _sentences(questions, frozenset(verdicts), prepared)
    for category, short in sorted(verdicts.items(), key=lambda item: (order.get(item[1].done, 3), item[0])):
        verdict = _verdict(category, short, sentences.get((category, short.basis), ""))
        yield Told(
            category=category,
            words=words_of(category),
            done=short.done,
            asked=short.basis not in NOT_ASKED,
            note=SUBSTITUTE_WORDS.get(short.substitute or "", ""),
            explanation=explain(verdict, questions[0], prepared.rules if prepared else {}),
            change=what_would_change(verdict),
        )


def _sentences(
    questions: list[Question], categories: frozenset[str], prepared: Prepared | None
) -> dict[tuple[str, str], str]:
    """(category, basis) -> the sentence: a record keeps the decision, and the same questions still have the same answer."""
    if prepared is None:
        return {}
    return {
        (category, str(verdict.basis)): verdict.sentence
        for question in reversed(questions)
        for category, verdict in decide(question, categories, prepared).verdicts.items()
    }


def _verdict(category: str, short: ShortVerdict, sentence: str) -> Verdict:
    return Verdict(
        category=category,
        outcome=Outcome(short.outcome or "refused"),
        effect=EFFECTS.get(short.done, Effect.WITHHOLD),
        substitute=short.substitute,
        basis=Basis(short.basis or "policy"),
        policies=short.policies,
        sentence=sentence,
    )


def _questions(detail: Detail, place: str, record: Record) -> list[Question]:
    """What was asked for orders of that state: once for each purpose of the call."""
    state = place.partition("/")[0]
    asked = [question for question in detail.questions if str(question.get("order_state", "none")) == state]
    known: dict[str, Any] = {
        "policy_version": record.policy_version,
        "app": record.app,
        "roles": [],
        "standing": [],
        "granted_purposes": [],
        "granted_categories": None,
        "declared": [],
        "purpose": record.purpose or None,
        "operation": record.operation,
        "order_state": state if state in STATES else "none",
    }
    return [msgspec.convert({**known, **question}, Question) for question in asked or [{}]]


def _title(place: str) -> str:
    state, _, element = place.partition("/")
    words = STATES.get(state, state)
    return f"{words}, fields of {element}" if element else words


@lru_cache(maxsize=4)
def _prepared_of(policy_id: str) -> Prepared:
    return prepare(Pack.from_files(Policy.objects.named(policy_id).files))


def _prepared(version: str) -> Prepared | None:
    """The policy that was in force for a record, compiled; None where it is not known here."""
    policy = Policy.objects.filter(version=version).order_by("-number").first()
    return _prepared_of(policy.pk) if policy else None


def raw(record: Record) -> str:
    """The record's detail as it lies in the ledger, indented."""
    try:
        return json.pretty(json.decode(record.detail))
    except PiepowderError:
        return record.detail.decode(errors="replace")


def rules_of(version: str) -> list[Rule]:
    """The rules of a policy version; none where it is not known here."""
    prepared = _prepared(version)
    return list(prepared.rules.values()) if prepared else []


def purpose_of(record: Record) -> str:
    return f"to {purpose_words(record.purpose)}" if record.purpose else ""
