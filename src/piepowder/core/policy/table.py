"""Decisions remembered. `DecisionTable` is an exact cache by question; `CompiledTable` is a whole policy written out as a dict.

Both only remember what `decide` said: the cache for questions that came up, the compiled table for every combination of a finite
world of role sets, purposes, order states and categories. A test holds cache, table and Cedar together.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations, product

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.decide import Prepared, decide
from piepowder.core.policy.model import Decision, Question, Verdict
from piepowder.core.policy.taxonomy import PURPOSES, ROLES

CAPABILITIES = frozenset({"call", "read_personal_data"})

Cell = tuple[frozenset[str], str | None, bool, OrderState, str]  # roles, purpose, declared, order state, category


class DecisionTable:
    """An exact cache in front of `decide`. Everything a policy can read is in the key, so an entry is never stale."""

    def __init__(self, prepared: Prepared, questions_max: int = 20_000) -> None:
        self.prepared = prepared
        self._questions_max = questions_max
        self._decisions: dict[tuple[Question, frozenset[str]], Decision] = {}

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
        if len(self._decisions) >= self._questions_max:
            self._forget_oldest()
        decision = self._decisions[key] = decide(question, categories, self.prepared)
        return decision

    def _forget_oldest(self) -> None:
        """A tenth at a time: a dict keeps the order of insertion, and dropping one by one would cost a step on every call."""
        for key in list(self._decisions)[: max(1, self._questions_max // 10)]:
            del self._decisions[key]


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
    categories = frozenset(place.categories)
    return {
        (question.roles, question.purpose, declared, question.order_state, category): verdict
        for question, declared in questions(place, prepared.version)
        for category, verdict in decide(question, categories, prepared).verdicts.items()
    }


def _mismatch(asked: str, held: str) -> PiepowderError:
    return PiepowderError(
        "policy_version_mismatch",
        f"the question is for policy `{asked}`, but `{held}` is loaded",
        hint="build the question with the version of the policy that answers it",
        asked=asked,
        held=held,
    )
