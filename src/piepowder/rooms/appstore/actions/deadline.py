"""The date by which every app has to be approved, and the reminders before it."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import letters
from piepowder.rooms.appstore.models import App, Deadline
from piepowder.rooms.assessments.rules.clocks import reminder_due
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def set_deadline(due_at: datetime | None, *, by: Actor, at: datetime, reason: str = "") -> Deadline:
    """Sets the date; None lifts it. A changed date begins its reminders anew."""
    if due_at is not None and due_at <= at:
        raise PiepowderError(
            "appstore_deadline_past", f"`{due_at:%Y-%m-%d %H:%M} UTC` is over already", hint="name a day ahead"
        )
    row = Deadline.objects.create(due_at=due_at, reason=reason.strip(), set_at=at, set_by=str(by))
    detail = {"id": row.id, "due": due_at and due_at.isoformat()}
    record("appstore.set_deadline", by=by, at=at, reason=reason, detail=detail)
    return row


@transaction.atomic
def remind_of_deadline(*, at: datetime) -> int:
    """Writes to developers with apps that are not approved, 60, 30, 14, 7, 3 and 1 days ahead; how many letters. Safe to run twice."""
    row = Deadline.objects.due(at)
    days = reminder_due(row.due_at, at, row.reminded) if row is not None and row.due_at is not None else None
    if row is None or days is None:
        return 0
    of_developer: dict[str, list[App]] = defaultdict(list)
    for app in App.objects.unapproved().select_related("developer").order_by("name"):
        of_developer[app.developer_id].append(app)
    for apps in of_developer.values():
        letters.deadline(apps[0].developer, apps, row, days, at=at)
    Deadline.objects.filter(pk=row.pk).update(reminded=[*row.reminded, days])
    detail = {"id": row.id, "days": days, "developers": len(of_developer)}
    record("appstore.remind_deadline", by=SYSTEM, at=at, detail=detail)
    return len(of_developer)
