"""What falls due: invitations and identities end, reminders go out, and a promise that was not kept is told to both sides."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers import letters
from piepowder.rooms.developers.models import Identity, Invitation, Review
from piepowder.rooms.developers.rules.identity import REMINDER_DAYS, IdentityStatus, reminder_due
from piepowder.rooms.developers.rules.organisation import InvitationStatus
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.ground.ledger import record

AT_ONCE = 500
_AHEAD = timedelta(days=max(REMINDER_DAYS))

Step = Callable[[Any, datetime], None]

logger = logging.getLogger("piepowder.developers")


def keep_dates(*, at: datetime) -> int:
    """Everything that is due by now; how much it was. Safe to run twice, and in two processes at once."""
    work: Iterable[tuple[Step, Any]] = (
        *((_end_invitation, row) for row in Invitation.objects.over(at)[:AT_ONCE]),
        *((_end_identity, row) for row in Identity.objects.over(at)[:AT_ONCE]),
        *((_note_late, row) for row in Review.objects.overdue(at).filter(late_noted_at=None)[:AT_ONCE]),
        *((_remind, row) for row in Identity.objects.ending(at + _AHEAD)[:AT_ONCE]),
        *((_remind_owed, row) for row in Identity.objects.owed((at + _AHEAD).date())[:AT_ONCE]),
    )
    return sum(_tried(step, row, at) for step, row in work)


def _tried(step: Step, row: Any, at: datetime) -> bool:
    try:
        with transaction.atomic():
            step(row, at)
    except PiepowderError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        logger.info("developers_settled_meanwhile %s", error.code)  # another process, or the person just now
        return False
    return True


def _end_invitation(invitation: Invitation, at: datetime) -> None:
    """Ends an invitation that nobody answered in time."""
    Invitation.objects.advance(
        invitation, InvitationStatus.EXPIRED, verb="expire_invitation", by=SYSTEM, at=at, answered_at=at
    )


def _end_identity(identity: Identity, at: datetime) -> None:
    """Ends a verified identity whose time is over."""
    ended = Identity.objects.advance(
        identity, IdentityStatus.EXPIRED, verb="expire_identity", by=SYSTEM, at=at, changed_at=at
    )
    letters.expired(ended, "Its time is over.", at=at)


def _note_late(review: Review, at: datetime) -> None:
    """Puts on record, and tells, that a promised date was not kept."""
    if Review.objects.filter(pk=review.pk, outcome="", late_noted_at=None).update(late_noted_at=at):
        identity = review.identity
        detail = {"id": identity.id, "number": review.number, "promised": review.due_at.isoformat()}
        record("developers.miss_identity_promise", by=SYSTEM, at=at, developer=identity.developer_id, detail=detail)
        letters.late(review, at=at)


def _remind(identity: Identity, at: datetime) -> None:
    ends = identity.valid_until
    if ends is not None and (days := reminder_due(ends.date(), at.date())) is not None:
        letters.ending(identity, days, at=at)


def _remind_owed(identity: Identity, at: datetime) -> None:
    due = identity.developer.identity_due_on
    if due is not None:
        days = reminder_due(due, at.date())
        letters.owed(identity, -1 if days is None else days, at=at)
