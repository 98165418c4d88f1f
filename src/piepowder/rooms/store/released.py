"""What the policy in force would release to an app, for each purpose and category of its manifest.

Asked of the very `decide()` that the gateway asks, for each operation and state of an order; remembered by everything that the
answer depends on, so that a page of the store need not ask again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from piepowder.core.facts.model import ManifestFact
from piepowder.core.marketplace.model import OrderState
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.model import Effect, Question, Verdict
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.taxonomy import SUBSTITUTE_WORDS
from piepowder.rooms.appstore.models import App
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.store.observed import Promise

STATES: dict[OrderState, str] = {
    OrderState.UNSHIPPED: "before it is shipped",
    OrderState.SHIPPED: "on its way",
    OrderState.DELIVERED: "for 30 days after delivery",
    OrderState.CLOSED: "later",
    OrderState.CANCELLED: "when it was cancelled",
}
_SPANS: dict[tuple[OrderState, ...], str] = {
    (OrderState.UNSHIPPED, OrderState.SHIPPED): "until delivery",
    (OrderState.UNSHIPPED, OrderState.SHIPPED, OrderState.DELIVERED): "until 30 days after delivery",
    (
        OrderState.UNSHIPPED,
        OrderState.SHIPPED,
        OrderState.DELIVERED,
        OrderState.CLOSED,
    ): "unless the order was cancelled",
}
_KINDNESS = {Effect.KEEP: 2, Effect.SUBSTITUTE: 1, Effect.WITHHOLD: 0}
Declared = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Everything that the promises depend on."""

    policy: str
    app: str
    environment: str
    roles: frozenset[str]
    standing: frozenset[str]
    purposes: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]  # purpose, its operations, its categories


def declared(manifest: ManifestFact) -> dict[str, tuple[str, ...]]:
    """Purpose -> data categories, purposes without any included."""
    named = {purpose for purposes in manifest.operations.values() for purpose in purposes} | set(manifest.categories)
    return {purpose: tuple(manifest.categories.get(purpose, ())) for purpose in sorted(named)}


def promises(app: App, manifest: ManifestFact) -> dict[tuple[str, str], Promise]:
    """(purpose, category) -> what the policy does; empty while none is in force."""
    policy = Policy.objects.newest().values_list("pk", flat=True).first()
    if policy is None:
        return {}
    asked = _Asked(
        policy=policy,
        app=app.id,
        environment=app.environment,
        roles=frozenset(app.roles),
        standing=frozenset(map(str, Subject.objects.capabilities(app.id, app.developer_id))),
        purposes=tuple(
            (purpose, tuple(op for op, ones in manifest.operations.items() if purpose in ones), tuple(sorted(wanted)))
            for purpose, wanted in declared(manifest).items()
        ),
    )
    return _promises(asked)


@lru_cache(maxsize=4)
def _prepared(policy: str) -> Prepared:
    return prepare(Pack.from_files(Policy.objects.named(policy).files))


@lru_cache(maxsize=4096)
def _promises(asked: _Asked) -> dict[tuple[str, str], Promise]:
    prepared = _prepared(asked.policy)
    return {
        (purpose, category): _promise(answers)
        for purpose, operations, categories in asked.purposes
        for category, answers in _answers(asked, prepared, purpose, operations, categories).items()
    }


def _answers(
    asked: _Asked, prepared: Prepared, purpose: str, operations: Iterable[str], categories: tuple[str, ...]
) -> dict[str, dict[OrderState, Verdict]]:
    """Category -> state of an order -> the kindest verdict of any operation declared for the purpose."""
    answers: dict[str, dict[OrderState, Verdict]] = {category: {} for category in categories}
    for operation in operations:
        for state in STATES:
            question = Question(
                policy_version=prepared.version,
                app=asked.app,
                roles=asked.roles,
                standing=asked.standing,
                granted_purposes=frozenset({purpose}),
                granted_categories=None,
                declared=frozenset(categories),
                purpose=purpose,
                operation=operation,
                order_state=state,
                environment=asked.environment,
            )
            for category, verdict in decide(question, frozenset(categories), prepared).verdicts.items():
                before = answers[category].get(state)
                if before is None or _KINDNESS[verdict.effect] > _KINDNESS[before.effect]:
                    answers[category][state] = verdict
    return answers


def _promise(answers: Mapping[OrderState, Verdict]) -> Promise:
    kept = [state for state, verdict in answers.items() if verdict.effect is Effect.KEEP]
    replaced = dict.fromkeys(v.substitute or "" for v in answers.values() if v.effect is Effect.SUBSTITUTE)
    substitute = ", ".join(SUBSTITUTE_WORDS.get(name, "replaced") for name in replaced)
    if kept and len(kept) == len(answers):
        return Promise(effect="keep", note="")
    if kept:
        when = _SPANS.get(tuple(kept)) or ", ".join(STATES[state] for state in kept)
        return Promise(effect="keep", note=f"{when}, then {substitute or 'withheld'}")
    if substitute:
        return Promise(effect="substitute", note=substitute)
    first = next(iter(answers.values()), None)
    return Promise(effect="withhold", note=first.sentence if first else "No call of the app can carry it.")
