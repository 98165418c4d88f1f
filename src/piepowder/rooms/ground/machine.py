"""A state machine as a value: a table of moves from each state, and the drawing that a docstring shows. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)


def draw(transitions: Mapping[S, frozenset[S]]) -> str:
    """One line for each state, in the table's order: `good -> personal_data_off, suspended`."""
    return "\n".join(f"{old} -> {', '.join(sorted(new)) or '(final)'}" for old, new in transitions.items())
