"""From a caller and an operation to what happens to every slot of the answer, for each state an order can be in.

`Decisions` holds the policy in force and an exact cache: its key is made of the very objects that a question is built from, and every
change of a fact is a new object, so an entry can never be stale. A policy change replaces the whole `Decisions`.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec
from msgspec import Struct

from piepowder.core.facts.model import AppFact, GrantFact, PolicyFact
from piepowder.core.marketplace.model import Operation, OrderState
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.decide import apply_mode, prepare, strictest
from piepowder.core.policy.model import Decision, Effect, Mode, Question, Verdict
from piepowder.core.policy.narrowing import left_to
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.table import DecisionTable
from piepowder.gateway.caller import Caller
from piepowder.gateway.project import Projection, Shape
from piepowder.gateway.shape import KEEP, Codes

_encode = msgspec.json.Encoder().encode
_CACHE_MAX = 50_000
_SUMMARY_BYTES_MAX = 1_000
NO_ELEMENT = ""  # scope of the fields that need no data element


class Scope(Struct, frozen=True, eq=False):
    """For which purposes a call reads: `purposes` per data element (`NO_ELEMENT` for the rest), and which elements are unlocked.

    Equal only to itself, so it is cheap in a cache key; `scope.py` hands out one object per distinct meaning.
    """

    purposes: tuple[tuple[str, tuple[str | None, ...]], ...]
    unlocked: frozenset[str]

    @property
    def label(self) -> str:
        """The purposes of the call for people, `shipping+tax`."""
        every = {purpose for _, purposes in self.purposes for purpose in purposes if purpose}
        return "+".join(sorted(every))


class StateDecision(Struct, frozen=True, eq=False):
    """What happens in one order state."""

    codes: Codes
    personal: bool  # some personal category goes out in plain
    verdicts: Mapping[str, Mapping[str, Verdict]]  # data element -> category -> verdict, as released
    would_withhold: frozenset[str]  # categories that the mode lets pass against the decision


class Plan:
    """Everything decided for one kind of call, filled in as states turn up."""

    def __init__(self, decisions: "Decisions", caller: Caller, shape: Shape, scope: Scope, mode: Mode) -> None:
        self._decisions, self._caller, self.shape, self.scope = decisions, caller, shape, scope
        self._summaries: dict[frozenset[OrderState], bytes] = {}
        self._fragments: dict[frozenset[OrderState], dict[str, object]] = {}
        self.mode = mode
        self._states: dict[OrderState, StateDecision] = {}
        self.likely: dict[frozenset[str], Projection] = {}  # by blocks left out: what most orders of the last page got

    def state(self, state: OrderState) -> StateDecision:
        found = self._states.get(state)
        if found is None:
            found = self._states[state] = self._decide(state)
        return found

    @cached_property
    def depends_on_state(self) -> bool:
        """Whether an order's state, or its buyer, must be known before anything can be released."""
        decided = [self.state(state) for state in OrderState]
        first = decided[0].codes
        plain = all(code in (None, KEEP) for code in first)
        return not plain or any(each.codes != first or each.personal for each in decided)

    @cached_property
    def may_release_personal(self) -> bool:
        return any(self.state(state).personal for state in OrderState)

    def _questions(self, state: OrderState) -> list[Question]:
        purposes = dict.fromkeys(purpose for _, several in self.scope.purposes for purpose in several)
        return [self._decisions.question(self._caller, self.shape.operation, purpose, state) for purpose in purposes]

    @property
    def policy_version(self) -> str:
        return self._decisions.version

    def fragments(self, states: frozenset[OrderState]) -> dict[str, object]:
        """Questions, verdicts and would-be losses of these states as the ledger keeps them (`core/ledger/detail.py`)."""
        found = self._fragments.get(states)
        if found is None:
            found = self._fragments[states] = self._describe(sorted(states))
        return found

    def _describe(self, states: list[OrderState]) -> dict[str, object]:
        questions = [question for state in states for question in self._questions(state)]
        verdicts = {name: told for state in states for name, told in self._told(state)}
        passed = sorted({category for state in states for category in self.state(state).would_withhold})
        described: dict[str, object] = {
            "questions": msgspec.Raw(_encode(questions)),
            "verdicts": msgspec.Raw(_encode(verdicts)),
        }
        return described | ({"would_withhold": passed} if passed else {})

    def _told(self, state: OrderState) -> Iterator[tuple[str, dict[str, list[object]]]]:
        """`unshipped` and, for the fields behind a data element, `unshipped/shippingAddress`: category -> verdict in short."""
        for element, verdicts in self.state(state).verdicts.items():
            categories = {category for category, needed in self.shape.slots if (needed or NO_ELEMENT) == element}
            if element and element not in self.scope.unlocked:
                continue
            told = {name: _short(verdict) for name, verdict in verdicts.items() if name in categories}
            yield (f"{state}/{element}" if element else str(state)), told

    def summary(self, states: frozenset[OrderState]) -> bytes:
        """`buyer.email=alias, buyer.name=withheld`: what the policy keeps back in these states, strictest first."""
        found = self._summaries.get(states)
        if found is None:
            lost: dict[str, str] = {}
            for state in states:
                self._add_losses(self.state(state).codes, lost)
            text = ", ".join(f"{category}={how}" for category, how in sorted(lost.items()))
            found = self._summaries[states] = text.encode()[:_SUMMARY_BYTES_MAX]
        return found

    def _add_losses(self, codes: Codes, lost: dict[str, str]) -> None:
        """A field that the API itself leaves out of such a call, for want of a data element, is no loss to a policy."""
        for (category, element), code in zip(self.shape.slots, codes, strict=True):
            if code is None and (element is None or element in self.scope.unlocked):
                lost[category] = "withheld"
            elif code is not None and code != KEEP:
                lost.setdefault(category, code)

    def _decide(self, state: OrderState) -> StateDecision:
        released: dict[str, Mapping[str, Verdict]] = {}
        passed: frozenset[str] = frozenset()
        for element, purposes in self.scope.purposes:
            decided = [self._decisions.decide(self._caller, self.shape.operation, each, state) for each in purposes]
            verdicts, would_withhold = apply_mode(strictest(decided), self.mode)
            released[element] = verdicts
            passed |= would_withhold
        codes = tuple([self._code(category, element, released) for category, element in self.shape.slots])
        personal = any(
            code == KEEP and is_personal(category) for (category, _), code in zip(self.shape.slots, codes, strict=True)
        )
        return StateDecision(codes, personal, released, passed)

    def _code(self, category: str, element: str | None, released: Mapping[str, Mapping[str, Verdict]]) -> str | None:
        verdict = released.get(element or NO_ELEMENT, released[NO_ELEMENT]).get(category)
        if verdict is None or verdict.effect is Effect.WITHHOLD:
            return None
        unlocked = element is None or element in self.scope.unlocked
        if verdict.effect is Effect.KEEP:
            return KEEP if unlocked else None
        # A substitute never fills a field that the API itself leaves out of such a call, unless the app opted in.
        return verdict.substitute if unlocked or self._caller.manifest.substitutes_everywhere else None


_DONE = {Effect.KEEP: "kept", Effect.SUBSTITUTE: "substituted", Effect.WITHHOLD: "withheld"}


def _short(verdict: Verdict) -> list[object]:
    """[kept | substituted | withheld, outcome, substitute, basis, policy ids]"""
    return [_DONE[verdict.effect], verdict.outcome, verdict.substitute, verdict.basis, verdict.policies]


_Key = tuple[AppFact, GrantFact, frozenset[str], str, Scope, Mode]


class Decisions:
    """The policy in force, compiled, with its exact cache."""

    def __init__(self, policy: PolicyFact) -> None:
        self.version = policy.version
        self._table = DecisionTable(prepare(Pack.from_files(policy.files)))
        self._plans: dict[_Key, Plan] = {}
        #: By what a call brings, before anything is worked out from it (`decide.plan_of`).
        self.calls: dict[tuple[object, ...], Plan] = {}

    def plan(self, caller: Caller, shape: Shape, scope: Scope, mode: Mode) -> Plan:
        """The key holds everything that a question is made of."""
        key = (caller.app, caller.grant, caller.standing, shape.operation.id, scope, mode)
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _CACHE_MAX:
                self._plans.clear()
            found = self._plans[key] = Plan(self, caller, shape, scope, mode)
        return found

    def remember(self, key: tuple[object, ...], plan: Plan) -> Plan:
        if len(self.calls) >= _CACHE_MAX:
            self.calls.clear()
        self.calls[key] = plan
        return plan

    def draft(self, caller: Caller, shape: Shape, scope: Scope, mode: Mode) -> Plan:
        """A plan outside the cache, for a scope that is not a call's."""
        return Plan(self, caller, shape, scope, mode)

    def decide(self, caller: Caller, operation: Operation, purpose: str | None, state: OrderState) -> Decision:
        return self._table.decide(self.question(caller, operation, purpose, state), operation.categories)

    def question(self, caller: Caller, operation: Operation, purpose: str | None, state: OrderState) -> Question:
        grant, manifest = caller.grant, caller.manifest
        return Question(
            policy_version=self.version,
            app=caller.app.id,
            roles=frozenset(caller.app.roles),
            standing=caller.standing,
            granted_purposes=frozenset(grant.purposes),
            granted_categories=left_to(purpose, grant.purposes, grant.narrowed),
            declared=frozenset(manifest.categories.get(purpose, ())) if purpose else frozenset(),
            purpose=purpose,
            operation=operation.id,
            order_state=state,
            environment=caller.app.environment,
        )
