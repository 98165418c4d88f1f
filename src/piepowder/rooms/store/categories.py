"""The store's own shelves, from `data/categories.json`."""

from functools import cache
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel.json import decode_as

_FILE = Path(__file__).parent / "data" / "categories.json"


class Category(Struct, frozen=True):
    id: str
    name: str
    about: str
    icon: str


@cache
def categories() -> dict[str, Category]:
    """Id -> category, in the order of the shelves."""
    return {one.id: one for one in decode_as(_FILE.read_bytes(), list[Category])}


def category_name(category_id: str) -> str:
    """Its name; one that is no longer kept stands for itself."""
    found = categories().get(category_id)
    return found.name if found else category_id
