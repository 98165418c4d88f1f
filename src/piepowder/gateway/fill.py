"""Substitutes find their places: what was decoded as `Hidden` is replaced before anything is encoded. Pure."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import UNSET

from piepowder.gateway.orders import Order
from piepowder.gateway.shape import Hidden, attribute

Make = Callable[[object, Order, str], object]  # value, the order it is of, country of its address -> what stands in


class Substitutes(Protocol):
    """Makes the values that stand in for withheld ones."""

    def maker(self, kind: str) -> Make: ...


class Fill:
    """Puts substitutes at one path of released orders. Absent stays absent."""

    def __init__(self, path: tuple[str, ...], kind: str) -> None:
        self._path, self._kind = path, kind
        self._above = None if "[]" in path else tuple(attribute(step) for step in path[:-1])
        self._last = attribute(path[-1])

    def into(self, released: list[tuple[Any, Order]], make: Make) -> None:
        above, last, by_country = self._above, self._last, self._kind == "outward"
        for value, order in released:
            if above is None or type(value) is dict:
                _fill(value, self._path, order, make)
                continue
            for step in above:
                value = getattr(value, step, None)
            hidden = getattr(value, last, None)
            if type(hidden) is Hidden:
                setattr(value, last, make(hidden.value, order, _country(value) if by_country else ""))

    @property
    def kind(self) -> str:
        return self._kind


def _fill(value: Any, path: tuple[str, ...], order: Order, make: Make) -> None:
    """The general way: through arrays, and in documents that were read leaf by leaf."""
    for position, step in enumerate(path[:-1]):
        if step == "[]":
            for each in value if isinstance(value, list) else ():
                _fill(each, path[position + 1 :], order, make)
            return
        value = get(value, step)
    if path[-1] == "[]":
        if isinstance(value, list):
            value[:] = [make(each.value, order, "") if isinstance(each, Hidden) else each for each in value]
        return
    hidden = get(value, path[-1])
    if isinstance(hidden, Hidden):
        put(value, path[-1], make(hidden.value, order, _country(value)))


def _country(address: Any) -> str:
    for name in ("CountryCode", "countryCode", "country_code", "country"):
        country = get(address, name)
        if isinstance(country, str):
            return country
    return ""


def get(value: Any, name: str) -> Any:
    return value.get(name, UNSET) if type(value) is dict else getattr(value, attribute(name), UNSET)


def put(value: Any, name: str, new: Any) -> None:
    if type(value) is dict:
        value[name] = new
    else:
        setattr(value, attribute(name), new)
