"""Which operations a manifest may name: those of the guarded API's catalogue."""

from django.conf import settings


def operation_ids() -> frozenset[str]:
    """Ids of all operations guarded in this installation."""
    from piepowder.core.marketplace.catalogue import load_catalogue

    return frozenset(load_catalogue(settings.PIEPOWDER.dialect).operations)
