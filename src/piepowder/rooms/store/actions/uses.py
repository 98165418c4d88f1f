"""The room that grants says who uses an app: the store lies below it and does not look up."""

from datetime import datetime

from django.db import transaction

from piepowder.rooms.store.models import Use


@transaction.atomic
def begin_use(app_id: str, seller_id: str, *, at: datetime) -> None:
    """A seller authorised an app. `since` stays the first time. In the caller's transaction, which has the ledger's record."""
    row = Use(app_id=app_id, seller_id=seller_id, since=at)
    Use.objects.bulk_create([row], update_conflicts=True, unique_fields=["app", "seller"], update_fields=["ended_at"])


@transaction.atomic
def end_use(app_id: str, seller_id: str, *, at: datetime) -> None:
    """A seller's authorisation of an app ended."""
    Use.objects.filter(app=app_id, seller=seller_id, ended_at=None).update(ended_at=at)
