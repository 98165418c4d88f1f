"""What the pages of the court share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.models import Case, Finding
from piepowder.rooms.enforcement.rules.cases import DecisionStatus
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import actor_of

T = TypeVar("T")

# At which field of a form a refusal belongs.
FIELDS = {
    "enforcement_extension_wrong": "until",
    "enforcement_extended_already": "until",
    "enforcement_subject_unknown": "subject",
    "enforcement_departure_unexplained": "departs",
    "enforcement_nothing_upheld": "measure",
    "enforcement_no_emergency": "measure",
    "enforcement_not_lighter": "measure",
}


def now() -> datetime:
    return datetime.now(UTC)


def seen_case(request: HttpRequest, case_id: str) -> Case:
    """As staff see it; whoever is accused has no such case before the notice."""
    case = subjects.visible(actor_of(request)).filter(pk=case_id.replace("\0", "")).first()
    if case is None:
        raise Http404("no such case")
    return case


def told(request: HttpRequest, action: Callable[..., T], /, *given: Any, **named: Any) -> T | None:
    """Calls an action; None where it refused, and the next page says why."""
    try:
        return action(*given, by=actor_of(request), at=now(), **named)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return None


def parts(case: Case) -> dict[str, Any]:
    """What belongs to a case, for its page."""
    return {
        "case": case,
        "late": case.due_at is not None and case.due_at < now() and case.move is not None,
        "findings": list(Finding.objects.of_case(case)),
        "notices": case.notices.order_by("-id"),
        "answers": case.answers.all(),
        "letters": case.messages.all(),
        "sanctions": case.sanctions.all(),
        "appeals": case.appeals.all(),
    }


def is_decided(case: Case) -> bool:
    """Whether the subject was told of a decision: before, outcomes of findings are a proposal and nobody else's business."""
    told_of = (DecisionStatus.CONFIRMED, DecisionStatus.OVERTURNED)
    return case.decisions.filter(status__in=told_of).exists()
