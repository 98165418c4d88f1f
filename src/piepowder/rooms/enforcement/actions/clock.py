"""What falls due in the court, each look of the worker.

Each row is handled in a transaction of its own, so one that fails holds up no other.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from msgspec import convert, to_builtins

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.enforcement import letters
from piepowder.rooms.enforcement.actions.conduct import move
from piepowder.rooms.enforcement.actions.deciding import begin
from piepowder.rooms.enforcement.actions.measures import end
from piepowder.rooms.enforcement.blast import apps_of
from piepowder.rooms.enforcement.models import Case, Finding, Sanction
from piepowder.rooms.enforcement.rules import cases
from piepowder.rooms.enforcement.rules.cases import MOVES, CaseStatus, SanctionStatus, Side
from piepowder.rooms.enforcement.rules.conditions import Condition, all_met, clean_since
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.ground.ledger import record

AT_ONCE = 500  # of each kind in one look; the rest waits for the next
Row = TypeVar("Row", Case, Sanction)
logger = logging.getLogger("piepowder.enforcement")


def keep_clock(*, at: datetime) -> int:
    """Everything whose time has come; how many rows it moved. Safe to run twice and in two processes at once."""
    ours = [status for status, one in MOVES.items() if one.side == Side.MARKETPLACE]
    return sum(
        (
            _each(Case.objects.due(at, CaseStatus.NOTICE_SERVED), _silence, at),
            _each(Sanction.objects.to_tell_sellers(at), _tell_sellers, at),
            _each(Sanction.objects.to_begin(at), _begin, at),
            _each(Sanction.objects.to_end(at), _end, at),
            _each(Sanction.objects.filter(status=SanctionStatus.IN_FORCE).exclude(conditions=[]), _clean, at),
            _each(Case.objects.due(at, CaseStatus.REINSTATED), _close, at),
            _each(Case.objects.due(at, *ours).filter(late_noted=False), _late, at),
            _each(Case.objects.filter(status=CaseStatus.NOTICE_SERVED, due_at__gt=at), _remind, at),
        )
    )


def _each(rows: Iterable[Row], handle: Callable[[Row, datetime], bool], at: datetime) -> int:
    moved = 0
    for row in list(rows[:AT_ONCE]):  # type: ignore[index]
        try:
            with transaction.atomic():
                moved += handle(row, at)
        except PiepowderError as error:  # somebody else was faster, and has done it
            logger.info("enforcement_clock_passed_over %s %s", row.pk, error.code)
    return moved


def _silence(row: Case, at: datetime) -> bool:
    case = Case.objects.locked(row.pk)
    if case.state != CaseStatus.NOTICE_SERVED or case.due_at is None or case.due_at > at:
        return False  # answered in the very minute, or given more time
    move(case, CaseStatus.ANSWERED, "note_silence", by=SYSTEM, at=at, silent=True)
    letters.silence(case, at=at)
    return True


def _begin(row: Sanction, at: datetime) -> bool:
    Case.objects.locked(row.case_id)
    sanction = Sanction.objects.named(row.pk)
    if sanction.status != SanctionStatus.ANNOUNCED or sanction.case.state != CaseStatus.DECIDED:
        return False
    begin(sanction, by=SYSTEM, at=at)
    return True


def _end(row: Sanction, at: datetime) -> bool:
    case = Case.objects.locked(row.case_id)
    sanction = Sanction.objects.named(row.pk)
    if sanction.status != SanctionStatus.IN_FORCE or sanction.ends_at is None or sanction.ends_at > at:
        return False
    why = "nobody confirmed it within 72 hours" if sanction.emergency else "its time is over"
    end(case, sanction, SanctionStatus.EXPIRED, why, by=SYSTEM, at=at)
    return True


def _clean(row: Sanction, at: datetime) -> bool:
    """Conditions that time alone fulfils."""
    case = Case.objects.locked(row.case_id)
    sanction = Sanction.objects.named(row.pk)
    conditions = tuple(convert(one, Condition) for one in sanction.conditions)
    newest = (
        Finding.objects.filter(case__subject=case.subject)
        .order_by("-found_at")
        .values_list("found_at", flat=True)
        .first()
    )
    noted = tuple(
        Condition(kind=one.kind, days=one.days, met_at=at)
        if not one.met_at and clean_since(one, sanction.starts_at, newest, at)
        else one
        for one in conditions
    )
    if noted == conditions or sanction.status != SanctionStatus.IN_FORCE:
        return False
    Sanction.objects.filter(pk=sanction.pk).update(conditions=[to_builtins(one) for one in noted])
    detail = {"case": case.id, "sanction": sanction.id}
    record("enforcement.meet_condition", by=SYSTEM, at=at, outcome="clean", detail=detail, **case.ledger_fields())
    if all_met(noted):
        end(case, sanction, SanctionStatus.LIFTED, "its conditions are met", by=SYSTEM, at=at)
    return True


def _close(row: Case, at: datetime) -> bool:
    case = Case.objects.locked(row.pk)
    if case.state != CaseStatus.REINSTATED or case.due_at is None or case.due_at > at:
        return False
    move(case, CaseStatus.CLOSED, "close", by=SYSTEM, at=at, own=case.appeal_until or at)
    return True


def _late(row: Case, at: datetime) -> bool:
    """The marketplace broke its own promise: nothing happens to the subject, and both sides are told."""
    if not Case.objects.filter(pk=row.pk, late_noted=False, due_at=row.due_at).update(late_noted=True):
        return False
    record("enforcement.break_promise", by=SYSTEM, at=at, detail={"case": row.id}, **row.ledger_fields())
    letters.late(row, at=at)
    return True


def _remind(row: Case, at: datetime) -> bool:
    assert row.due_at is not None
    days = cases.reminder_due(row.due_at, at)
    if days is None or (row.served_at and row.due_at - row.served_at < timedelta(days=days + 1)):
        return False
    letters.reminder(row, days, at=at)
    return False  # a letter is written once; nothing moved


def _tell_sellers(row: Sanction, at: datetime) -> bool:
    """Each seller who uses the app learns what changes, when, and where else to turn; once."""
    if not Sanction.objects.filter(pk=row.pk, sellers_told=False).update(sellers_told=True):
        return False
    apps = apps_of(row.case)
    grants = Grant.objects.filter(app_id__in=[app.id for app in apps], status="active").select_related("app")
    for grant in grants.iterator(chunk_size=1_000):
        letters.seller_warned(row, grant, at=at)
    detail = {"case": row.case_id, "sanction": row.id}
    record("enforcement.tell_sellers", by=SYSTEM, at=at, detail=detail, **row.ledger_fields())
    return True
