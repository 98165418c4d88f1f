"""What a consent page tells a seller: for each purpose, which fields an app would read and what the policy in force does with them.

The answers come from the very `decide()` that the gateway asks, for each operation and state of an order.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal
from piepowder.core.marketplace.taxonomy import words_of as described
from piepowder.core.policy.decide import prepare
from piepowder.core.policy.model import Effect, Question, Verdict
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.table import DecisionTable
from piepowder.core.policy.taxonomy import SUBSTITUTE_WORDS, purpose_words
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.manifests import Asked, asked_by
from piepowder.rooms.consent.rules import Choice, Difference, chosen
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
Answers = dict[str, dict[OrderState, Verdict]]  # category -> state of the order -> verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One data category: `effect` keep, substitute or withhold, and `note`, a sentence or half of one, about when and why.

    `ticked`: the seller leaves it to the purpose; `new`: an earlier version did not ask for it.
    """

    category: str
    words: str
    personal: bool
    effect: str
    note: str
    ticked: bool = True
    new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeOffer:
    purpose: str
    words: str
    fields: tuple[Field, ...]
    operations: tuple[str, ...] = ()
    new_operations: tuple[str, ...] = ()
    ticked: bool = True
    new: bool = False

    @property
    def about_buyers(self) -> bool:
        return any(one.personal for one in self.fields)

    @property
    def part(self) -> bool:
        """Whether some of its fields are left out."""
        return not all(one.ticked for one in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`policy` is empty while none is in force. `choice` is what the ticks say."""

    app: App
    version: str
    purposes: tuple[PurposeOffer, ...]
    policy: str
    choice: Choice
    asked: Asked

    @property
    def personal(self) -> bool:
        return any(purpose.about_buyers for purpose in self.purposes)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who asks, as policies see it, and the policy in force; None while there is none."""

    app: App
    standing: frozenset[str]
    policy: Policy | None = field(default=None)

    def answers(
        self, asked: Asked, purpose: str, choice: Choice | None = None, *, categories: Collection[str] | None = None
    ) -> Answers:
        """The most generous verdict of any operation declared for the purpose. `choice` None: as if the seller allowed everything."""
        categories = asked.purposes[purpose] if categories is None else categories
        answers: Answers = {category: {} for category in categories}
        if self.policy is None:
            return {}
        for operation in asked.operations[purpose]:
            for state in STATE_WORDS:
                question = self._question(asked, purpose, operation, state, choice)
                for category, verdict in _decided(self.policy.pk, question, categories).items():
                    answers[category][state] = kinder(answers[category].get(state), verdict)
        return answers

    def _question(
        self, asked: Asked, purpose: str, operation: str, state: OrderState, choice: Choice | None
    ) -> Question:
        assert self.policy is not None
        granted = choice.left_to(purpose, asked.purposes) if choice else None
        return Question(
            policy_version=_table(self.policy.pk).prepared.version,
            app=self.app.id,
            roles=frozenset(self.app.roles),
            standing=self.standing,
            granted_purposes=frozenset(choice.purposes if choice else {purpose}),
            granted_categories=None if granted is None else frozenset(granted),
            declared=frozenset(asked.purposes[purpose]),
            purpose=purpose,
            operation=operation,
            order_state=state,
            environment=self.app.environment,
        )


def desk_of(app: App) -> Desk:
    standing = frozenset(map(str, Subject.objects.capabilities(app.id, app.developer_id)))
    return Desk(app, standing, Policy.objects.newest().first())


def offer(
    app: App, version: str | None = None, *, choice: Choice | None = None, beyond: Difference | None = None
) -> Offer:
    """The offer of the app's current version, or of another one; ticked as `choice` says (all, if None), and new what `beyond` names."""
    asked, desk, beyond = asked_by(app, version), desk_of(app), beyond or Difference()
    made = choice or (chosen(None, None, asked.purposes) if asked.purposes else Choice(()))
    return Offer(
        app=app,
        version=asked.version,
        purposes=tuple(_purpose(desk, asked, purpose, made, beyond) for purpose in asked.purposes),
        policy=desk.policy.version if desk.policy else "",
        choice=made,
        asked=asked,
    )


def words_of(category: str) -> str:
    return described(category) or f"`{category}`"


def by_importance(categories: Iterable[str]) -> list[str]:
    """Shoppers' data first, then in the order of the taxonomy, which begins with the name; what it does not know comes last."""
    return sorted(categories, key=lambda name: (not is_personal(name), _PLACES.get(name, len(_PLACES)), name))


def kinder(one: Verdict | None, other: Verdict) -> Verdict:
    """Of two verdicts the one that gives more away."""
    if one is None or _STRICTNESS[other.effect] < _STRICTNESS[one.effect]:
        return other
    return one


def _purpose(desk: Desk, asked: Asked, purpose: str, choice: Choice, beyond: Difference) -> PurposeOffer:
    return PurposeOffer(
        purpose=purpose,
        words=purpose_words(purpose),
        fields=tuple(_fields(desk, asked, purpose, choice, beyond)),
        operations=asked.operations[purpose],
        new_operations=tuple(operation for name, operation in beyond.operations if name == purpose),
        ticked=purpose in choice.purposes,
        new=purpose in beyond.purposes,
    )


def _fields(desk: Desk, asked: Asked, purpose: str, choice: Choice, beyond: Difference) -> Iterator[Field]:
    declared = asked.purposes[purpose]
    left = choice.left_to(purpose, asked.purposes) if purpose in choice.purposes else declared
    # Of a group such as `buyer.address` a door other than the page may have left a part: that stands beside the group.
    shown = {*declared, *left}
    answers = desk.answers(asked, purpose, categories=shown)
    for category in by_importance(shown):
        effect, note = _note(answers.get(category, {}))
        yield Field(
            category=category,
            words=words_of(category),
            personal=is_personal(category),
            effect=effect,
            note=note,
            ticked=category in left,
            new=(purpose, category) in beyond.categories,
        )


@lru_cache(maxsize=4)
def _table(policy_id: str) -> DecisionTable:
    return DecisionTable(prepare(Pack.from_files(Policy.objects.named(policy_id).files)))


_one_at_a_time = Lock()  # the table's memory is a plain dict


def _decided(policy_id: str, question: Question, categories: Collection[str]) -> dict[str, Verdict]:
    with _one_at_a_time:
        return _table(policy_id).decide(question, frozenset(categories)).verdicts


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
