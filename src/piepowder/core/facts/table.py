"""A persistent mapping: changing it gives a new one that shares almost everything with the old one.

Keys are spread over shards; a change copies the shards it touches (a thousandth of the table each) and the list of shards.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SHARDS = 1024
_MASK = _SHARDS - 1


class Table(Mapping[K, V]):
    """Immutable. `get` costs one hash and two look-ups, whatever the size."""

    __slots__ = ("_length", "_shards")

    def __init__(self, items: Iterable[tuple[K, V]] = ()) -> None:
        shards: list[dict[K, V]] = [{} for _ in range(_SHARDS)]
        for key, value in items:
            shards[hash(key) & _MASK][key] = value
        self._shards = shards
        self._length = sum(map(len, shards))

    def __getitem__(self, key: K) -> V:
        return self._shards[hash(key) & _MASK][key]

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override]
        return self._shards[hash(key) & _MASK].get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._shards[hash(key) & _MASK]

    def __iter__(self) -> Iterator[K]:
        for shard in self._shards:
            yield from shard

    def __len__(self) -> int:
        return self._length

    def replace(self, changes: Mapping[K, V | None]) -> "Table[K, V]":
        """A table with each key set to its value, or removed where the value is None."""
        if not changes:
            return self
        shards, fresh = self._shards.copy(), set[int]()
        for key, value in changes.items():
            place = hash(key) & _MASK
            if place not in fresh:
                fresh.add(place)
                shards[place] = shards[place].copy()
            if value is None:
                shards[place].pop(key, None)
            else:
                shards[place][key] = value
        return self._of(shards)

    @classmethod
    def _of(cls, shards: list[dict[K, V]]) -> "Table[K, V]":
        table = cls.__new__(cls)
        table._shards = shards
        table._length = sum(map(len, shards))
        return table
