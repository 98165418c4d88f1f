"""Equal values kept once. Thousands of grants hold the same purposes, thousands of app versions the same manifest."""

from collections.abc import Hashable
from typing import Any, TypeVar

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact, StandingFact

T = TypeVar("T")

_VALUES_MAX = 50_000


class Shared:
    """One pool per worker. It forgets everything when it is full, which costs memory later and never correctness."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._ids: dict[str, str] = {}  # of apps and sellers: grants and standings name them again and again

    def value(self, value: T) -> T:
        """The first value seen that is equal to this one."""
        known: T | None = self._values.get(value)
        return self._keep(value, value) if known is None else known

    def words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        known: tuple[str, ...] | None = self._values.get(words)
        if known is not None:
            return known
        return self.value(tuple(map(self.value, words)))

    def id_of(self, subject: str) -> str:
        """The id as its app or seller holds it, so that a grant does not keep a copy of its own."""
        return self._ids.get(subject, subject)

    def remember(self, subject: str) -> None:
        self._ids.setdefault(subject, subject)

    def app(self, fact: AppFact) -> AppFact:
        return AppFact(
            id=fact.id,
            developer=self.value(fact.developer),
            name=fact.name,
            environment=self.value(fact.environment),
            roles=self.words(fact.roles),
            current_version=self.value(fact.current_version),
            versions={self.value(version): self.manifest(manifest) for version, manifest in fact.versions.items()},
            modes=self._mapping("modes", fact.modes),
            modes_until=self._mapping("modes_until", fact.modes_until),
            rates=self._mapping("rates", fact.rates),
        )

    def manifest(self, fact: ManifestFact) -> ManifestFact:
        known: ManifestFact | None = self._values.get(_key_of(fact))
        if known is not None:
            return known
        operations = self._word_lists("operations", fact.operations)
        categories = self._word_lists("categories", fact.categories)
        shared = ManifestFact(operations, categories, fact.substitutes_everywhere)
        return self._keep(_key_of(shared), shared)

    def grant(self, fact: GrantFact) -> GrantFact:
        return GrantFact(
            id=fact.id,
            app=self.id_of(fact.app),
            seller=self.id_of(fact.seller),
            version=self.value(fact.version),
            purposes=self.words(fact.purposes),
            narrowed=None if fact.narrowed is None else self._word_lists("narrowed", fact.narrowed),
            expires_at=fact.expires_at,
        )

    def standing(self, fact: StandingFact) -> StandingFact:
        return StandingFact(capabilities=self.words(fact.capabilities), slowed=fact.slowed)

    def _word_lists(self, name: str, lists: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        known: dict[str, tuple[str, ...]] | None = self._values.get((name, tuple(lists.items())))
        if known is not None:
            return known
        return self._mapping(name, {self.value(key): self.words(words) for key, words in lists.items()})

    def _mapping(self, name: str, mapping: dict[str, Any]) -> dict[str, Any]:
        return self._keep((name, tuple(mapping.items())), mapping)

    def _keep(self, key: Hashable, value: T) -> T:
        if len(self._values) >= _VALUES_MAX:
            self._values.clear()
        kept: T = self._values.setdefault(key, value)
        return kept


def _key_of(fact: ManifestFact) -> Hashable:
    return "manifest", tuple(fact.operations.items()), tuple(fact.categories.items()), fact.substitutes_everywhere
