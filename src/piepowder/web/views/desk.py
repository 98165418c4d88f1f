"""The review desk: every queue in which somebody waits for the marketplace, with ages and promises side by side."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from piepowder.rooms.appstore.models import AppVersion
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.audits.rules import AuditStatus
from piepowder.rooms.developers.models import Review
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.models import Decision
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.guards import actor_of, for_staff

_ASSESSORS_MOVES = (AuditStatus.ANNOUNCED, AuditStatus.UNDER_ASSESSMENT, AuditStatus.ANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue at a moment. `mine`: what the one who looks has taken. `promised`: in words, for every new case."""

    title: str
    page: str
    waiting: int
    free: int
    mine: int
    late: int
    oldest: datetime | None  # promise
    promised: str
    note: str = ""


@for_staff(Permission.REVIEW)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    at = datetime.now(UTC)
    return render(request, "console/desk.html", {"queues": queues(actor_of(request), at), "at": at})


def queues(by: Actor, at: datetime) -> list[Queue]:
    return [_identities(by, at), _assessments(by, at), _versions(by, at), _audits(by, at), _cases(by, at)]


def _identities(by: Actor, at: datetime) -> Queue:
    rows = Review.objects.waiting()
    promised = _days(settings.PIEPOWDER.identity_review_days)
    return _queue("Identities", "developers_identities", rows, "due_at", by, at, promised=promised)


def _assessments(by: Actor, at: datetime) -> Queue:
    second = Submission.objects.to_confirm().exclude(reviewer=str(by)).count()
    note = f"{second} wait{'s' if second == 1 else ''} for a second person" if second else ""
    promised = f"{_days(settings.PIEPOWDER.assessment_days)}, {settings.PIEPOWDER.correction_days} for corrections"
    rows = Submission.objects.waiting()
    return _queue("Assessments", "assessments_queue", rows, "promised_at", by, at, promised=promised, note=note)


def _versions(by: Actor, at: datetime) -> Queue:
    promised = _days(settings.PIEPOWDER.app_review_days)
    return _queue(
        "App versions", "appstore_queue", AppVersion.objects.queue(), "promised_at", by, at, promised=promised
    )


def _audits(by: Actor, at: datetime) -> Queue:
    """What waits for us: nobody is assigned, or it is the assessor's move."""
    rows = Audit.objects.open().filter(status__in=(AuditStatus.DRAWN, *_ASSESSORS_MOVES)).order_by("due_at", "id")
    return _queue(
        "Audits", "audits_index", rows, "due_at", by, at, who="assessor", promised="each step has its own date"
    )


def _cases(by: Actor, at: datetime) -> Queue:
    """What waits for us: a notice to serve, an answer to weigh, an appeal to hear."""
    second = Decision.objects.waiting().count()
    note = f"{second} decision{'' if second == 1 else 's'} for a second person" if second else ""
    rows = subjects.visible(by).waiting()
    promised = "5 days to a notice, 10 to a decision, 15 to hear an appeal"
    return _queue("Cases", "enforcement_index", rows, "due_at", by, at, who="officer", promised=promised, note=note)


def _queue(
    title: str,
    page: str,
    rows: "QuerySet[object]",  # type: ignore[type-var]  # of several tables
    due: str,
    by: Actor,
    at: datetime,
    *,
    promised: str,
    who: str = "reviewer",
    note: str = "",
) -> Queue:
    return Queue(
        title=title,
        page=page,
        waiting=rows.count(),
        free=rows.filter(**{who: ""}).count(),
        mine=rows.filter(**{who: str(by)}).count(),
        late=rows.filter(**{f"{due}__lt": at}).count(),
        oldest=rows.values_list(due, flat=True).first(),
        promised=promised,
        note=note,
    )


def _days(days: int) -> str:
    return f"{days} business day{'' if days == 1 else 's'}"
