"""What the policies of a pack can tell apart. Two questions that look alike to every policy have the same answer. Pure.

Entities carry no attributes, so a policy knows an entity only by naming it, or something above it, and reads of the context only
the attributes that it mentions. Whatever no policy names or mentions cannot change a verdict.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from piepowder.core.policy.entities import Name, lineage_of_category
from piepowder.core.policy.model import Question
from piepowder.core.policy.taxonomy import NO_PURPOSE, ROLE_GROUPS, lineage

Test = tuple[
    frozenset[Name], bool
]  # any of these entities; whether it must be the thing itself, not something above it
Seen = tuple[object, ...]

_CATEGORIES_MAX = 1024  # a catalogue has a few dozen


class Sight:
    """The eyes of a pack. `seen` and `seen_category` are equal for what no policy can tell apart."""

    def __init__(self, tests: Iterable[Test], attributes: Collection[str]) -> None:
        every = list(tests)
        self._category_tests = _about(every, "DataCategory", "DataGroup")
        self._purpose_tests = _about(every, "Purpose")
        self._named = frozenset(name for names, _ in every for name in names)
        self.attributes = attributes
        self.seen_category = lru_cache(_CATEGORIES_MAX)(self._seen_category)

    def seen(self, question: Question) -> Seen:
        """All of a question that policies can see, but for what is declared of each category."""
        state = question.order_state.value
        return (
            question.app if ("App", question.app) in self._named else None,
            self._named.intersection(_roles_and_groups(question.roles)),
            self._seen_purpose(question.purpose or NO_PURPOSE),
            state if ("OrderState", state) in self._named else None,
            question.operation if "operation" in self.attributes else None,
            question.environment if "environment" in self.attributes else None,
            question.standing if "standing" in self.attributes else None,
        )

    def _seen_purpose(self, purpose: str) -> tuple[bool, ...]:
        return _truths(self._purpose_tests, [("Purpose", name) for name in lineage(purpose)])

    def _seen_category(self, category: str) -> tuple[bool, ...]:
        return _truths(self._category_tests, lineage_of_category(category))


def _about(tests: Sequence[Test], *kinds: str) -> tuple[Test, ...]:
    return tuple(test for test in tests if any(kind in kinds for kind, _ in test[0]))


def _truths(tests: Sequence[Test], above: Sequence[Name]) -> tuple[bool, ...]:
    """`above` begins with the thing itself."""
    return tuple([not names.isdisjoint(above[:1] if exact else above) for names, exact in tests])


def _roles_and_groups(roles: frozenset[str]) -> list[Name]:
    groups = [("RoleGroup", group) for group, members in ROLE_GROUPS.items() if not roles.isdisjoint(members)]
    return [*(("Role", role) for role in roles), *groups]
