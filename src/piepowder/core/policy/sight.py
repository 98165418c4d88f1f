"""What the policies of a pack can tell apart. What looks alike to every policy has the same answer. Pure.

Entities carry no attributes, so a policy knows an entity only by naming it, or something above it, and reads of the context only
the attributes that it mentions. Whatever no policy names or mentions cannot change a verdict.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from piepowder.core.policy.entities import Name, lineage_of_category
from piepowder.core.policy.model import Question
from piepowder.core.policy.taxonomy import NO_PURPOSE, ROLE_GROUPS, lineage

Test = tuple[
    frozenset[Name], bool
]  # any of these entities; whether it must be the thing itself, not something above it
Seen = tuple[object, ...]
Face = tuple[tuple[int, tuple[bool, ...]], ...]  # number of a policy -> how its tests of the category turn out

_CATEGORIES_MAX = 1024  # a catalogue has a few dozen


class Traits(Struct, frozen=True, kw_only=True):
    """What a policy asks about, read off its text. None: it does not ask."""

    principal: Name | None  # the principal must be this, or in it
    resource: Name | None  # the resource must be this, or in it
    purpose: (
        Test | None
    )  # the first thing its conditions ask, if that is about the purpose: else nothing more is evaluated
    tests: tuple[Test, ...]  # all that it asks about entities, its scope included


class Sight:
    """The eyes of a pack. `seen`, `relevant` and `classes` are equal for what no policy can tell apart."""

    def __init__(self, traits: Sequence[Traits], attributes: Collection[str]) -> None:
        every = sorted({test for each in traits for test in each.tests}, key=lambda test: (sorted(test[0]), test[1]))
        self._traits = traits
        self._purpose_tests = [test for test in every if any(kind == "Purpose" for kind, _ in test[0])]
        self._named = frozenset(name for names, _ in every for name in names)
        self.attributes = attributes
        self._face = lru_cache(_CATEGORIES_MAX)(self._face_of)

    def seen(self, question: Question) -> Seen:
        """All of a question that policies can see, but for what is declared of each category."""
        state = question.order_state.value
        return (
            question.app if ("App", question.app) in self._named else None,
            self._named.intersection(_roles_and_groups(question.roles)),
            _truths(self._purpose_tests, _purposes(question)),
            state if ("OrderState", state) in self._named else None,
            question.operation if "operation" in self.attributes else None,
            question.environment if "environment" in self.attributes else None,
            question.standing if "standing" in self.attributes else None,
        )

    def relevant(self, question: Question) -> frozenset[int]:
        """Numbers of the policies that can apply to the app and the purpose at all."""
        principals = {("App", question.app), *_roles_and_groups(question.roles)}
        purposes = _purposes(question)
        return frozenset(
            number
            for number, traits in enumerate(self._traits)
            if (traits.principal is None or traits.principal in principals)
            and (traits.purpose is None or _holds(traits.purpose, purposes))
        )

    def classes(
        self, categories: Iterable[str], declared: Mapping[str, bool], relevant: frozenset[int]
    ) -> list[list[str]]:
        """Categories in groups whose members no relevant policy can tell apart."""
        read = "declared" in self.attributes
        grouped: dict[object, list[str]] = {}
        for category in categories:
            face = tuple([view for view in self._face(category) if view[0] in relevant])
            grouped.setdefault((face, read and declared[category]), []).append(category)
        return list(grouped.values())

    def _face_of(self, category: str) -> Face:
        above = lineage_of_category(category)
        return tuple(
            (number, _truths(traits.tests, above))
            for number, traits in enumerate(self._traits)
            if traits.resource is None or traits.resource in above
        )


def _truths(tests: Sequence[Test], above: Sequence[Name]) -> tuple[bool, ...]:
    """How each test of a thing turns out; `above` begins with the thing itself."""
    return tuple([_holds(test, above) for test in tests])


def _holds(test: Test, above: Sequence[Name]) -> bool:
    names, exact = test
    return not names.isdisjoint(above[:1] if exact else above)


def _purposes(question: Question) -> list[Name]:
    return [("Purpose", name) for name in lineage(question.purpose or NO_PURPOSE)]


def _roles_and_groups(roles: frozenset[str]) -> list[Name]:
    groups = [("RoleGroup", group) for group, members in ROLE_GROUPS.items() if not roles.isdisjoint(members)]
    return [*(("Role", role) for role in roles), *groups]
