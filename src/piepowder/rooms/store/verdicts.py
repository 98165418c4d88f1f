"""From a ledger record's verdicts to what became of each data category in that call. Pure.

A category, and each word above it (`buyer.address` above its parts), counts as read if it went out in plain in any state of an order
that the answer really had; a shopper's category needs an order for that. Else it was replaced, or withheld.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode_as
from piepowder.core.ledger.detail import ShortVerdict
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.taxonomy import lineage

_STRENGTH = {"read": 2, "replaced": 1, "withheld": 0}
_COLUMN = {"kept": "read", "substituted": "replaced", "withheld": "withheld"}


class Became(Struct, frozen=True):
    """`done` is read, replaced or withheld; `orders_read` counts orders of which it went out in plain."""

    category: str
    done: str
    orders_read: int


def became(verdicts: str, orders: Mapping[str, int]) -> list[Became]:
    """Of calls with the same verdicts: `orders` are those in their answers, by state."""
    if not verdicts:
        return []
    best: dict[str, str] = {}
    read: dict[str, set[str]] = {}  # category -> states in which it went out in plain
    for state, category, done in _flat(verdicts):
        if done == "read" and is_personal(category) and not orders.get(state):
            continue  # nothing of anybody was in the answer
        if category not in best or _STRENGTH[done] > _STRENGTH[best[category]]:
            best[category] = done
        if done == "read":
            read.setdefault(category, set()).add(state)
    return [
        Became(category, done, sum(orders.get(state, 0) for state in read.get(category, ())))
        for category, done in best.items()
    ]


@lru_cache(maxsize=2_048)
def _flat(verdicts: str) -> tuple[tuple[str, str, str], ...]:
    """(state of the order, category or a word above it, what was done); the same few texts come again and again."""
    try:
        told = decode_as(verdicts, dict[str, dict[str, ShortVerdict]])
    except PiepowderError:
        return ()  # written by another release: the call counts, its categories do not
    return tuple(_each(told))


def _each(told: Mapping[str, Mapping[str, ShortVerdict]]) -> Iterator[tuple[str, str, str]]:
    for place, by_category in told.items():
        state = place.partition("/")[0]
        for category, verdict in by_category.items():
            for word in lineage(category):
                if verdict.done in _COLUMN:
                    yield state, word, _COLUMN[verdict.done]
