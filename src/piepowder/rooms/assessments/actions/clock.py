"""What the clock does: approvals end, their end is announced, and broken promises are noted. Safe to run twice, and in two processes."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments import letters
from piepowder.rooms.assessments.models import Assessment, Message, Submission
from piepowder.rooms.assessments.rules.clocks import REMINDERS_DAYS, reminder_due
from piepowder.rooms.assessments.rules.status import WAITING, Status
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.ground.ledger import record

AT_ONCE = 500
R = TypeVar("R")


def expire_due(*, at: datetime) -> int:
    """Ends the approvals whose time is over; how many they were."""
    return _each(Assessment.objects.over(at)[:AT_ONCE], lambda one: _expire(one, at))


@transaction.atomic
def _expire(assessment: Assessment, at: datetime) -> None:
    Assessment.objects.advance(assessment, Status.EXPIRED, verb="expire", by=SYSTEM, at=at, changed_at=at)
    renewal = assessment.renewals.filter(status__in=WAITING).exists()
    if not renewal:
        letters.expired(assessment, at=at)


def remind_due(*, at: datetime) -> int:
    """Tells developers 60, 30, 14, 7, 3 and 1 days ahead that an approval ends; whoever has handed in the renewal is left in peace."""
    ahead = timedelta(days=REMINDERS_DAYS[0])
    ending = Assessment.objects.ending(at, ahead).exclude(renewals__status__in=WAITING)
    return _each([one for one in ending if _days(one, at) is not None][:AT_ONCE], lambda one: _remind(one, at))


def _days(assessment: Assessment, at: datetime) -> int | None:
    return reminder_due(assessment.valid_until, at, assessment.reminded) if assessment.valid_until else None


@transaction.atomic
def _remind(assessment: Assessment, at: datetime) -> None:
    assessment = Assessment.objects.locked(assessment.id)
    days = _days(assessment, at)
    if days is None:
        return
    Assessment.objects.filter(pk=assessment.pk).update(reminded=[*assessment.reminded, days])
    detail = {"assessment": assessment.id, "days": days}
    record("assessments.remind", by=SYSTEM, at=at, developer=assessment.developer_id, detail=detail)
    letters.ends_soon(assessment, days, at=at)


def note_breaches(*, at: datetime) -> int:
    """Writes broken promises down, and tells both sides: decisions that are late, and messages without an answer."""
    late = _each(Submission.objects.late(at)[:AT_ONCE], lambda one: _breach(one, at))
    unanswered = Message.objects.filter(answer_due_at__lt=at, breached_at=None).select_related("assessment__developer")
    return late + _each(unanswered[:AT_ONCE], lambda one: _unanswered(one, at))


@transaction.atomic
def _breach(submission: Submission, at: datetime) -> None:
    if not Submission.objects.filter(pk=submission.pk, concluded_at=None, breached_at=None).update(breached_at=at):
        return
    detail = {
        "assessment": submission.assessment_id,
        "submission": submission.id,
        "promised": f"{submission.promised_at:%Y-%m-%d}",
    }
    record("assessments.breach", by=SYSTEM, at=at, developer=submission.assessment.developer_id, detail=detail)
    letters.late(submission, at=at)


@transaction.atomic
def _unanswered(message: Message, at: datetime) -> None:
    if not Message.objects.filter(pk=message.pk, breached_at=None).exclude(answer_due_at=None).update(breached_at=at):
        return
    detail = {"assessment": message.assessment_id, "message": message.id}
    record("assessments.breach", by=SYSTEM, at=at, developer=message.assessment.developer_id, detail=detail)
    letters.message_late(message, at=at)


def _each(rows: Iterable[R], work: Callable[[R], None]) -> int:
    """Does the work for each; who was changed by somebody else in the meantime is left to them."""
    done = 0
    for row in rows:
        try:
            work(row)
        except PiepowderError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise
            continue
        done += 1
    return done
