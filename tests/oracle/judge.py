"""The oracle: who may see what, from the rules of the design and nothing else. Slow, naive, and written apart from the gateway.

`Judge.fate` says of one leaf whether it goes out plain, as a substitute, or not at all; `compare.py` holds an answer against it.
"""

from dataclasses import dataclass, field
from functools import cached_property

from tests.oracle.raw import Guarded, Leaf
from tests.oracle.rules import PERSONAL, STATES, STRICTNESS, Asked, Policy, under, verdict

Verdict = tuple[
    int, int, bool, str | None
]  # effect (0 keep, 1 substitute, 2 withhold), strictness, binding, substitute
GONE, PLAIN = "gone", "plain"


@dataclass(frozen=True)
class Who:
    """Everything true of a caller at the moment of release."""

    roles: frozenset[str]
    operations: dict[str, tuple[str, ...]]
    categories: dict[str, tuple[str, ...]]
    everywhere: bool
    purposes: tuple[str, ...]
    narrowed: dict[str, tuple[str, ...]] | None  # purpose -> what the seller left to it
    standing: frozenset[str]
    mode: str
    environment: str


@dataclass(frozen=True)
class Call:
    """What a call says. `elements`: of the restricted token that covers it, None for an access token."""

    operation: Guarded
    header: str | None = None
    elements: tuple[str, ...] | None = None
    bound: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # element or "*" -> purposes of the restricted token
    covered: bool = True  # whether the restricted token is for this path and method
    blocks: tuple[str, ...] = ()
    filters_by_mail: bool = False
    asked: str | None = None  # number of the one order that is asked for


class Judge:
    def __init__(self, policy: Policy, who: Who, call: Call) -> None:
        self.policy, self.who, self.call = policy, who, call
        self._fates: dict[tuple[str, str | None, str], str] = {}

    @cached_property
    def refuses(self) -> bool:
        """Whether the call is refused whatever the answer would hold."""
        who, says = self.who, self.call.operation.says
        if "call" not in who.standing or not self.call.covered:
            return True
        declared = {purpose for several in who.operations.values() for purpose in several}
        if self.call.header is not None and self.call.header not in declared:
            return True
        if self.call.filters_by_mail and self._verdict("buyer.email", None, "unknown")[0] != 0:
            return True
        essential = [self._verdict(category, None, "none")[0] for category in says.get("essential", ())]
        if essential and all(effect == 2 for effect in essential):
            return True
        roles = says.get("roles", ())
        enforced = who.mode == "enforce"
        return enforced and (self.call.operation.id not in who.operations or bool(roles and not who.roles & set(roles)))

    def fate(self, leaf: Leaf, state: str) -> str:
        """ "plain", "gone" or the name of a substitute."""
        key = (leaf.category or "", leaf.element, state)
        if key not in self._fates:
            self._fates[key] = self._fate(leaf.category, leaf.element, state)
        return self._fates[key]

    def _fate(self, category: str | None, element: str | None, state: str) -> str:
        if category is None:
            return GONE
        effect, _, _, substitute = self._verdict(category, element, state)
        unlocked = element is None or element in self._unlocked
        if effect == 2 or not (unlocked or (effect == 1 and self.who.everywhere)):
            return GONE
        return PLAIN if effect == 0 else str(substitute)

    @cached_property
    def _unlocked(self) -> frozenset[str]:
        says = self.call.operation.says
        if self.call.elements is None:
            return frozenset(says.get("elements", ()) if says.get("unlocks_without_element") else ())
        return frozenset((*self.call.elements, *says.get("implied_elements", ())))

    def _verdict(self, category: str, element: str | None, state: str) -> Verdict:
        """The strictest over all purposes of the call, then what the mode lifts."""
        effect, strictness, binding, substitute = max(
            (self._for(category, purpose, state) for purpose in self._purposes(element)), key=lambda found: found[:3]
        )
        lifted = (self.who.mode == "observe" and effect) or (self.who.mode == "substitute" and effect == 2)
        return (0, 0, False, None) if lifted and not binding else (effect, strictness, binding, substitute)

    def _purposes(self, element: str | None) -> tuple[str | None, ...]:
        call = self.call
        declared: tuple[str | None, ...] = self.who.operations.get(call.operation.id) or (None,)
        if call.elements is None:
            return (call.header,) if call.header else declared
        every = tuple(dict.fromkeys(purpose for several in call.bound.values() for purpose in several))
        bound = every if element is None else call.bound.get(element) or call.bound.get("*")
        purposes: tuple[str | None, ...] = bound or declared
        if call.header is None:
            return purposes
        return (call.header,) if call.header in purposes else (None,)

    def _for(self, category: str, purpose: str | None, state: str) -> Verdict:
        who, personal = self.who, category in PERSONAL
        declared = under(who.categories.get(purpose, ()), category) if purpose else False
        withheld, bound = (2, 0, False, None), (2, 0, True, None)
        if "call" not in who.standing or (personal and "read_personal_data" not in who.standing):
            return bound
        if purpose is not None and not under(who.purposes, purpose):
            return bound
        if (personal or declared) and not self._left(category, purpose):
            return bound
        if personal and not declared:
            return withheld
        asked = Asked(who.roles, purpose, state, self.call.operation.id, who.environment, declared)
        found = verdict(self.policy.rules, category, asked)
        if found is None:
            return withheld
        return (0, 0, False, None) if found == "keep" else (1, STRICTNESS[found], False, found)

    def _left(self, category: str, purpose: str | None) -> bool:
        """Whether the seller left the category to this purpose, or to every purpose that was narrowed where none is known."""
        narrowed = self.who.narrowed or {}
        if purpose is None:
            return all(under(kept, category) for kept in narrowed.values())
        word = purpose
        while word not in self.who.purposes:  # the nearest purpose above that was granted speaks for it
            word = word.rpartition(".")[0]
        return word not in narrowed or under(narrowed[word], category)

    def may_unlock(self, element: str, purposes: tuple[str | None, ...]) -> bool:
        """Whether asking for a restricted token with this element makes sense: something behind it goes out in some state."""
        if self.who.mode == "observe":
            return True
        behind = [category for category, needed in self.call.operation.slots if needed == element]
        for category in behind:
            for state in STATES:
                found = max((self._for(category or "", each, state) for each in purposes), key=lambda each: each[:3])
                if found[0] < 2 or (self.who.mode == "substitute" and not found[2]):
                    return True
        return False
