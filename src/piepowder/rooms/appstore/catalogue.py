"""Which operations a manifest may name: those of the guarded API's catalogue."""

from django.conf import settings

from piepowder.core.marketplace.catalogue import load_catalogue


def operation_ids() -> frozenset[str]:
    """Ids of all operations guarded in this installation."""
    return frozenset(load_catalogue(settings.PIEPOWDER.dialect).operations)
