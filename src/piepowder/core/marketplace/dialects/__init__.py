"""The marketplaces whose habits are known: a document, an overlay and a `Dialect` each."""

from piepowder.core.marketplace.dialect import Dialect
from piepowder.core.marketplace.dialects.spapi.dialect import SpApi
from piepowder.core.marketplace.dialects.stall.dialect import Stall

SHIPPED: dict[str, Dialect] = {"spapi": SpApi(), "stall": Stall()}


def load_dialect(name: str) -> Dialect:
    """A shipped dialect by its name; `KeyError` for any other. Dialects hold no state, so one serves everybody."""
    return SHIPPED[name]
