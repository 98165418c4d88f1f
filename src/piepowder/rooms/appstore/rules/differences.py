"""What another version of an app asks beyond one, and what it no longer asks. Pure.

More of anything widens, and sellers are asked again; less narrows, and they are not. `consent` asks this per grant, with what its
seller left out; here it is between two manifests, for developers, reviewers and the store.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from piepowder.core.facts.model import ManifestFact
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.taxonomy import covers

Pairs = tuple[tuple[str, str], ...]  # (purpose, operation or data category)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestDifference:
    """Empty members: nothing of the kind."""

    purposes: tuple[str, ...] = ()
    operations: Pairs = ()
    categories: Pairs = ()
    gone_purposes: tuple[str, ...] = ()
    gone_operations: Pairs = ()
    gone_categories: Pairs = ()

    @property
    def widens(self) -> bool:
        """Whether sellers are asked again."""
        return bool(self.purposes or self.operations or self.categories)

    @property
    def narrows(self) -> bool:
        return bool(self.gone_purposes or self.gone_operations or self.gone_categories)

    @property
    def personal(self) -> bool:
        """Whether it asks for more of shoppers' data."""
        return any(is_personal(category) for _, category in self.categories)

    def described(self) -> dict[str, object]:
        pairs = {
            name: [list(pair) for pair in getattr(self, name)]
            for name in ("operations", "categories", "gone_operations", "gone_categories")
        }
        return {
            "widens": self.widens,
            "purposes": list(self.purposes),
            "gone_purposes": list(self.gone_purposes),
            **pairs,
        }


def by_purpose(manifest: ManifestFact) -> dict[str, tuple[str, ...]]:
    """Purpose -> operations called for it, in the manifest's order; purposes that only have data included."""
    found: dict[str, list[str]] = {purpose: [] for purpose in manifest.categories}
    for operation, purposes in manifest.operations.items():
        for purpose in purposes:
            found.setdefault(purpose, []).append(operation)
    return {purpose: tuple(operations) for purpose, operations in found.items()}


def manifest_difference(before: ManifestFact | None, after: ManifestFact) -> ManifestDifference:
    """From `before` (None: nothing at all) to `after`."""
    old = before or ManifestFact({}, {})
    was, now = by_purpose(old), by_purpose(after)
    return ManifestDifference(
        purposes=tuple(sorted(set(now) - set(was))),
        operations=tuple(_added(was, now)),
        categories=tuple(_added(old.categories, after.categories)),
        gone_purposes=tuple(sorted(set(was) - set(now))),
        gone_operations=tuple(_added(now, was)),
        gone_categories=tuple(_added(after.categories, old.categories)),
    )


def _added(before: Mapping[str, Collection[str]], after: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    for purpose in sorted(after):
        for word in sorted(after[purpose]):
            if not covers(before.get(purpose, ()), word):
                yield purpose, word


def personal_in(manifest: ManifestFact) -> tuple[str, ...]:
    """Shoppers' data that a manifest asks for, whatever for."""
    return tuple(sorted({word for words in manifest.categories.values() for word in words if is_personal(word)}))
