"""Reminders before a grant ends: 60, 30, 14, 7, 3 and 1 days ahead, each once, with what the app really did in the year."""

from datetime import datetime, timedelta

from django.db import transaction

from piepowder.rooms.consent import letters
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.rules import GrantStatus, reminder_due
from piepowder.rooms.consent.uses import use_since
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.ground.ledger import record

REMINDERS_AT_ONCE = 500
YEAR = timedelta(days=365)


def remind_due(*, at: datetime) -> int:
    """Sends the reminders whose time has come; how many. Who was away for weeks gets the one letter that fits, not all of them."""
    due = list(Grant.objects.to_remind(at).order_by("expires_at").values_list("pk", flat=True)[:REMINDERS_AT_ONCE])
    return sum(_remind(grant_id, at=at) for grant_id in due)


@transaction.atomic
def _remind(grant_id: str, *, at: datetime) -> bool:
    row = Grant.objects.locked(grant_id)
    days = reminder_due(row.expires_at, at)
    sent = row.reminded_days
    if row.status != GrantStatus.ACTIVE or days is None or (sent is not None and sent <= days):
        return False
    Grant.objects.filter(pk=row.pk).update(reminded_days=days)
    record("consent.remind", by=SYSTEM, at=at, detail={"days": days}, **row.ledger_fields())
    letters.ends_soon(row, use_since(row, at - YEAR), at=at)
    return True
