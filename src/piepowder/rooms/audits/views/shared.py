"""What the pages share: looking an audit up, saying what was refused, and a page that is one form."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.evidence import actions as evidence
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.evidence.serving import attachment
from piepowder.rooms.ground import pages
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.ground.pages import found
from piepowder.rooms.people.guards import actor_of

__all__ = ["download", "form_page", "found", "now", "told"]

T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


def told(request: HttpRequest, action: Callable[..., T], /, *given: Any, **named: Any) -> T | None:
    """Calls an action; None where it refused, and the next page says why."""
    try:
        return action(*given, by=actor_of(request), at=now(), **named)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return None


form_page = partial(pages.form_page, template="audits/form.html")


def download(request: HttpRequest, document_id: str, allowed: set[str]) -> HttpResponse:
    """A document of this audit, as a file to save."""
    if document_id not in allowed:
        raise Http404("no such document")
    document = found(Document.objects.named, document_id)
    try:
        content = evidence.hand_out(document, by=actor_of(request), at=now())
    except PiepowderError as error:
        raise Http404(error.message) from None
    return attachment(document, content)
