"""What the developer's pages share: the own assessment, and saying what an action refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.developers.guards import developer_of
from piepowder.rooms.ground.forms import sentence

T = TypeVar("T")


def own(request: HttpRequest, assessment_id: str) -> Assessment:
    """Another organisation's assessment is as good as none."""
    try:
        return Assessment.objects.named(assessment_id, developer_of(request).id)
    except PiepowderError as error:
        raise Http404(error.message) from None


def told(request: HttpRequest, action: Callable[..., T], /, *given: Any, **named: Any) -> T | None:
    """Calls an action; None where it refused, and the next page says why."""
    try:
        return action(*given, **named)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return None


def now() -> datetime:
    return datetime.now(UTC)
