"""What an app costs, in the words of its plans. The plans are those of the room that bills."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`words` is the price as a person reads it: `free`, `9.00 EUR a month`, `0.05 EUR an order`."""

    name: str
    words: str
    about: str = ""
    free: bool = False


def plans_of(app_ids: Collection[str]) -> dict[str, tuple[Plan, ...]]:
    """App id -> its plans, the cheapest first; an app without plans is left out."""
    return {}


def free_app_ids() -> list[str]:
    """Apps with a plan that costs nothing."""
    return []
