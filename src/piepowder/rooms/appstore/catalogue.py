"""Which operations a manifest may name: those of the guarded API's catalogue."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec


@cache
def operation_ids() -> frozenset[str] | None:
    """Ids of all guarded operations; None where no catalogue is installed, so that nothing can be checked against it."""
    if find_spec("piepowder.core.marketplace.catalogue") is None:
        return None
    load = getattr(import_module("piepowder.core.marketplace.catalogue"), "load_catalogue", None)
    return frozenset(load("spapi").operations) if load else None
