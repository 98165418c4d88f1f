"""Decisions remembered. `DecisionTable` is an exact cache by question; `CompiledTable` is a whole policy written out as a dict.

Both only remember what `decide` said: the cache for questions that came up, the compiled table for every combination of a finite
world of role sets, purposes, order states and categories. A test holds cache, table and Cedar together.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.decide import Prepared, bounded, by_policy
from piepowder.core.policy.model import Decision, Question, Verdict
from piepowder.core.policy.sight import Seen
from piepowder.core.policy.taxonomy import PURPOSES, ROLES, covers

CAPABILITIES = frozenset({"call", "read_personal_data"})

Cell = tuple[frozenset[str], str | None, bool, OrderState, str]  # roles, purpose, declared, order state, category


class DecisionTable:
    """An exact cache in front of `decide`, in two steps.

    Whole decisions are kept by question. Beneath them, what policies say is kept by what policies can see of a question (`sight`),
    so that a thousand apps with the same roles are decided by Cedar once. Everything a policy can read is in either key, so an
    entry is never stale.
    """

    def __init__(self, prepared: Prepared, questions_max: int = 20_000, sights_max: int = 20_000) -> None:
        self.prepared = prepared
        self._questions_max, self._sights_max = questions_max, sights_max
        self._decisions: dict[tuple[Question, frozenset[str]], Decision] = {}
        self._sights: dict[Seen, dict[tuple[str, bool], Verdict]] = {}

    def __len__(self) -> int:
        return len(self._decisions)

    def decide(self, question: Question, categories: frozenset[str]) -> Decision:
        """As `decide.decide`. `policy_version_mismatch` where the question was put to another policy."""
        key = (question, categories)
        found = self._decisions.get(key)
        if found is not None:
            return found
        if question.policy_version != self.prepared.version:
            raise _mismatch(question.policy_version, self.prepared.version)
        verdicts, open_categories = bounded(question, categories)
        verdicts.update(self._by_policy(question, open_categories))
        decision = Decision(question=question, verdicts=verdicts)
        _keep_below(self._decisions, self._questions_max)
        self._decisions[key] = decision
        return decision

    def _by_policy(self, question: Question, categories: Sequence[str]) -> dict[str, Verdict]:
        """From memory as far as it goes; what is missing is asked together."""
        sight = self.prepared.engine.sight
        seen = sight.seen(question)
        known = self._sights.get(seen)
        if known is None:
            _keep_below(self._sights, self._sights_max)
            known = self._sights[seen] = {}
        cells = {category: (category, self._declared(question, category)) for category in categories}
        missing = [category for category, cell in cells.items() if cell not in known]
        if missing:
            known.update(
                (cells[name], verdict) for name, verdict in by_policy(question, missing, self.prepared).items()
            )
        return {category: known[cell] for category, cell in cells.items()}

    def _declared(self, question: Question, category: str) -> bool:
        return "declared" in self.prepared.engine.sight.attributes and covers(question.declared, category)


def _keep_below(cache: dict[Any, Any], entries_max: int) -> None:
    """Make room for one more. The oldest tenth goes at once: a dict keeps the order of insertion, and one by one would cost every
    time."""
    if len(cache) >= entries_max:
        for key in list(cache)[: max(1, entries_max // 10)]:
            del cache[key]


class World(Struct, frozen=True, kw_only=True):
    """A finite world to write a policy out for. The app has no name of its own in it: a policy that names one is not seen."""

    role_sets: tuple[frozenset[str], ...]
    purposes: tuple[str | None, ...] = (None, *PURPOSES)
    declared: tuple[bool, ...] = (False, True)
    states: tuple[OrderState, ...] = tuple(OrderState)
    categories: tuple[str, ...] = tuple(CATEGORIES)
    operation: str = "orders.v0.getOrder"
    environment: str = "production"
    app: str = "app_any"


def world(roles: Iterable[str] = ROLES, together_max: int = 1) -> World:
    """No role, each role, and up to `together_max` roles together."""
    names = sorted(roles)
    sets = [frozenset(chosen) for size in range(together_max + 1) for chosen in combinations(names, size)]
    return World(role_sets=tuple(dict.fromkeys(sets)))


def questions(place: World, version: str) -> Iterator[tuple[Question, bool]]:
    """Every question of a world that passes standing and consent, with whether its categories are declared."""
    everything = frozenset(place.categories)
    for roles, purpose, declared, state in product(place.role_sets, place.purposes, place.declared, place.states):
        question = Question(
            policy_version=version,
            app=place.app,
            roles=roles,
            standing=CAPABILITIES,
            granted_purposes=frozenset({purpose} if purpose else ()),
            granted_categories=None,
            declared=everything if declared else frozenset(),
            purpose=purpose,
            operation=place.operation,
            order_state=state,
            environment=place.environment,
        )
        yield question, declared


def compile_table(prepared: Prepared, place: World) -> dict[Cell, Verdict]:
    """The policy, written out: a verdict for each cell of the world."""
    categories, memory = frozenset(place.categories), DecisionTable(prepared)
    return {
        (question.roles, question.purpose, declared, question.order_state, category): verdict
        for question, declared in questions(place, prepared.version)
        for category, verdict in memory.decide(question, categories).verdicts.items()
    }


def _mismatch(asked: str, held: str) -> PiepowderError:
    return PiepowderError(
        "policy_version_mismatch",
        f"the question is for policy `{asked}`, but `{held}` is loaded",
        hint="build the question with the version of the policy that answers it",
        asked=asked,
        held=held,
    )
