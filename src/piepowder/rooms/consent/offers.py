"""What a consent page tells a seller: for each purpose, which fields an app would read and what the policy in force does with them.

The answers come from the very `decide()` that the gateway asks, for each operation and state of an order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal
from piepowder.core.marketplace.taxonomy import words_of as described
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.model import Effect, Question, Verdict
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.taxonomy import SUBSTITUTE_WORDS, purpose_words
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.manifests import Asked, asked_by
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.standing.models import Subject

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
_PLACES = {category: place for place, category in enumerate(CATEGORIES)}
_STRICTNESS = {Effect.KEEP: 0, Effect.SUBSTITUTE: 1, Effect.WITHHOLD: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One data category: `effect` keep, substitute or withhold, and `note`, a sentence or half of one, about when and why."""

    category: str
    words: str
    personal: bool
    effect: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeOffer:
    purpose: str
    words: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryOffer:
    """One data category with what it is read for: (words of the purpose, the field as that purpose sees it)."""

    category: str
    words: str
    personal: bool
    uses: tuple[tuple[str, Field], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`policy` is empty while none is in force."""

    app: App
    version: str
    purposes: tuple[PurposeOffer, ...]
    policy: str

    @property
    def categories(self) -> tuple[CategoryOffer, ...]:
        """Each category once, shoppers' data first."""
        uses: dict[str, list[tuple[str, Field]]] = {}
        for purpose in self.purposes:
            for field in purpose.fields:
                uses.setdefault(field.category, []).append((purpose.words, field))
        offers = (
            CategoryOffer(category=name, words=words_of(name), personal=is_personal(name), uses=tuple(found))
            for name, found in uses.items()
        )
        return tuple(sorted(offers, key=lambda one: (not one.personal, _place(one.category))))

    @property
    def personal(self) -> tuple[CategoryOffer, ...]:
        return tuple(one for one in self.categories if one.personal)

    @property
    def other(self) -> tuple[CategoryOffer, ...]:
        return tuple(one for one in self.categories if not one.personal)


def offer(app: App, version: str | None = None) -> Offer:
    """The offer of the app's current version, or of another one."""
    asked = asked_by(app, version)
    policy = Policy.objects.newest().first()
    prepared = _prepared(policy.pk) if policy else None
    standing = frozenset(map(str, Subject.objects.capabilities(app.id, app.developer_id)))
    return Offer(
        app=app,
        version=asked.version,
        purposes=tuple(
            PurposeOffer(
                purpose=purpose,
                words=purpose_words(purpose),
                fields=tuple(_fields(app, asked, purpose, standing, prepared)),
            )
            for purpose in asked.purposes
        ),
        policy=policy.version if policy else "",
    )


def words_of(category: str) -> str:
    return described(category) or f"`{category}`"


def _place(category: str) -> tuple[int, str]:
    """In the order of the taxonomy, which begins with the name; what it does not know comes last."""
    return _PLACES.get(category, len(_PLACES)), category


@lru_cache(maxsize=4)
def _prepared(policy_id: str) -> Prepared:
    return prepare(Pack.from_files(Policy.objects.named(policy_id).files))


def _fields(
    app: App, asked: Asked, purpose: str, standing: frozenset[str], prepared: Prepared | None
) -> Iterator[Field]:
    wanted = asked.purposes[purpose]
    answers = _answers(app, asked, purpose, standing, prepared) if prepared else {}
    for category in sorted(wanted, key=lambda name: (not is_personal(name), _place(name))):
        effect, note = _note(answers.get(category, {}))
        yield Field(
            category=category, words=words_of(category), personal=is_personal(category), effect=effect, note=note
        )


def _answers(
    app: App, asked: Asked, purpose: str, standing: frozenset[str], prepared: Prepared
) -> dict[str, dict[OrderState, Verdict]]:
    """Category -> state of the order -> the most generous verdict of any operation declared for the purpose."""
    categories = frozenset(asked.purposes[purpose])
    answers: dict[str, dict[OrderState, Verdict]] = {category: {} for category in categories}
    for operation in asked.operations[purpose]:
        for state in STATE_WORDS:
            question = Question(
                policy_version=prepared.version,
                app=app.id,
                roles=frozenset(app.roles),
                standing=standing,
                granted_purposes=frozenset({purpose}),
                granted_categories=None,
                declared=categories,
                purpose=purpose,
                operation=operation,
                order_state=state,
                environment=app.environment,
            )
            for category, verdict in decide(question, categories, prepared).verdicts.items():
                answers[category][state] = _kinder(answers[category].get(state), verdict)
    return answers


def _kinder(one: Verdict | None, other: Verdict) -> Verdict:
    if one is None or _STRICTNESS[other.effect] < _STRICTNESS[one.effect]:
        return other
    return one


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
