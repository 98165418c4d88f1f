"""What the policy in force would give an app for each purpose and data category, before it is live.

The answers come from the very `decide()` that the gateway asks, for each operation and state of an order, as if every seller allowed
everything and standing were good: so what is shown is the most that the app can get.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from msgspec.structs import replace

from piepowder.core.facts.model import ManifestFact
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import is_personal, words_of
from piepowder.core.policy.decide import prepare
from piepowder.core.policy.model import Effect, Question, Verdict
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.table import DecisionTable
from piepowder.core.policy.taxonomy import SUBSTITUTE_WORDS, purpose_words
from piepowder.rooms.appstore.rules.differences import by_purpose
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.standing.rules import Capability

STATE_WORDS: dict[OrderState, str] = {
    OrderState.UNSHIPPED: "before it is shipped",
    OrderState.SHIPPED: "while it is on its way",
    OrderState.DELIVERED: "for 30 days after delivery",
    OrderState.CLOSED: "afterwards",
    OrderState.CANCELLED: "when it was cancelled",
}
_SPANS: dict[tuple[OrderState, ...], str] = {
    (OrderState.UNSHIPPED, OrderState.SHIPPED): "until it is delivered",
    (OrderState.UNSHIPPED, OrderState.SHIPPED, OrderState.DELIVERED): "until 30 days after delivery",
    (OrderState.UNSHIPPED, OrderState.SHIPPED, OrderState.DELIVERED, OrderState.CLOSED): "unless it was cancelled",
}
_STRICTNESS = {Effect.KEEP: 0, Effect.SUBSTITUTE: 1, Effect.WITHHOLD: 2}
_GOOD = frozenset(map(str, Capability))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One data category: `effect` keep, substitute or withhold; `note` says when, as what, or why not."""

    category: str
    words: str
    personal: bool
    effect: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    purpose: str
    words: str
    lines: tuple[Line, ...]
    operations: tuple[str, ...]


def outlook(
    manifest: ManifestFact, roles: Collection[str], *, app: str, environment: str = "production"
) -> tuple[tuple[Outlook, ...], str]:
    """For each purpose what comes out, and the version of the policy that says so (empty while none is in force)."""
    policy = Policy.objects.newest().first()
    found = []
    for purpose, operations in sorted(by_purpose(manifest).items()):
        categories = manifest.categories.get(purpose, ())
        question = Question(
            policy_version=policy.version if policy else "",
            app=app,
            roles=frozenset(roles),
            standing=_GOOD,
            granted_purposes=frozenset({purpose}),
            granted_categories=None,
            declared=frozenset(categories),
            purpose=purpose,
            operation="",
            order_state=OrderState.NONE,
            environment=environment,
        )
        answers = _answers(policy.pk, question, operations) if policy else {}
        lines = tuple(_line(category, answers.get(category, {})) for category in _by_importance(categories))
        found.append(Outlook(purpose=purpose, words=purpose_words(purpose), lines=lines, operations=operations))
    return tuple(found), policy.version if policy else ""


def _by_importance(categories: Iterable[str]) -> list[str]:
    return sorted(categories, key=lambda name: (not is_personal(name), name))


def _answers(policy_id: str, question: Question, operations: Iterable[str]) -> dict[str, dict[OrderState, Verdict]]:
    """The most generous verdict of any of the operations, for each state of an order."""
    answers: dict[str, dict[OrderState, Verdict]] = {}
    for operation in operations:
        for state in STATE_WORDS:
            for category, verdict in _decided(policy_id, question, operation, state).items():
                states = answers.setdefault(category, {})
                if state not in states or _STRICTNESS[verdict.effect] < _STRICTNESS[states[state].effect]:
                    states[state] = verdict
    return answers


@lru_cache(maxsize=4)
def _table(policy_id: str) -> DecisionTable:
    return DecisionTable(prepare(Pack.from_files(Policy.objects.named(policy_id).files)))


_one_at_a_time = Lock()  # the table's memory is a plain dict


def _decided(policy_id: str, question: Question, operation: str, state: OrderState) -> dict[str, Verdict]:
    with _one_at_a_time:
        table = _table(policy_id)
        version = table.prepared.version
        asked = replace(question, policy_version=version, operation=operation, order_state=state)
        return dict(table.decide(asked, asked.declared).verdicts)


def _line(category: str, answers: dict[OrderState, Verdict]) -> Line:
    effect, note = _note(answers)
    return Line(
        category=category,
        words=words_of(category) or f"`{category}`",
        personal=is_personal(category),
        effect=effect,
        note=note,
    )


def _note(answers: dict[OrderState, Verdict]) -> tuple[str, str]:
    """The effect a category mostly meets, and the words after it: when, as what, or why not."""
    if not answers:
        return Effect.WITHHOLD, "No policy in force speaks about it."
    kept = tuple(state for state, verdict in answers.items() if verdict.effect is Effect.KEEP)
    replaced = {verdict.substitute: None for verdict in answers.values() if verdict.effect is Effect.SUBSTITUTE}
    substitute = ", ".join(SUBSTITUTE_WORDS.get(name or "", "replaced") for name in replaced)
    if len(kept) == len(answers):
        return Effect.KEEP, ""
    if kept:
        when = _SPANS.get(kept) or _listed(STATE_WORDS[state] for state in kept)
        return Effect.KEEP, f"{when}; otherwise {substitute or 'withheld'}"
    if substitute:
        return Effect.SUBSTITUTE, substitute
    return Effect.WITHHOLD, next(iter(answers.values())).sentence


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
