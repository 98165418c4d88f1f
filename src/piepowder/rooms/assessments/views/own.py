"""What the developer's pages share: the own assessment, and saying what an action refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.developers.guards import developer_of, member_of
from piepowder.rooms.developers.rules.organisation import Role, may
from piepowder.rooms.ground.forms import sentence

T = TypeVar("T")


def own(request: HttpRequest, assessment_id: str) -> Assessment:
    """Another organisation's assessment is as good as none."""
    try:
        return Assessment.objects.named(assessment_id, developer_of(request).id)
    except PiepowderError as error:
        raise Http404(error.message) from None


def writes(request: HttpRequest) -> bool:
    """Whether the one who looks may change anything, or only read."""
    return may(member_of(request).role, (Role.DEVELOPER,))


def check_writes(request: HttpRequest) -> None:
    if request.method == "POST" and not writes(request):
        raise PermissionDenied


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: an empty form that was sent is still one that was sent."""
    return request.POST if request.method == "POST" else None


def told(request: HttpRequest, action: Callable[..., T], /, *given: Any, **named: Any) -> T | None:
    """Calls an action; None where it refused, and the next page says why."""
    try:
        return action(*given, **named)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return None


def now() -> datetime:
    return datetime.now(UTC)
