"""What a seller left to each purpose of a grant. Pure.

A grant is narrowed as `{purpose: categories}`: a purpose that is in it reads these categories at most, one that is not in it reads all
that the manifest declares for it.
"""

from collections.abc import Collection, Iterable, Mapping

from piepowder.core.policy.taxonomy import covers, lineage

Narrowed = Mapping[str, Collection[str]]


def left_to(purpose: str | None, granted: Collection[str], narrowed: Narrowed | None) -> frozenset[str] | None:
    """The categories that a grant leaves to a purpose; None: all that the manifest declares for it.

    `granted` are the grant's purposes; the nearest of them at or above `purpose` speaks for it. A call whose purpose is not known gets
    what the seller left to every purpose that was narrowed: the strictest that it could mean.
    """
    if not narrowed:
        return None
    if purpose is None:
        return _common(narrowed.values())
    for word in lineage(purpose):
        if word in granted:
            return frozenset(narrowed[word]) if word in narrowed else None
    return frozenset()


def _common(choices: Iterable[Collection[str]]) -> frozenset[str]:
    several = list(choices)
    return frozenset(word for kept in several for word in kept if all(covers(other, word) for other in several))
