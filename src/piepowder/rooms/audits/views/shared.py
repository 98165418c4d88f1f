"""What the pages share: looking an audit up, saying what was refused, and a page that is one form."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.evidence import actions as evidence
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.evidence.serving import attachment
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.people.guards import actor_of

T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


def found(read: Callable[..., T], *given: Any) -> T:
    """A named read; what does not exist is a page that does not exist."""
    try:
        return read(*given)
    except PiepowderError as error:
        raise Http404(error.message) from None


def told(request: HttpRequest, action: Callable[..., T], /, *given: Any, **named: Any) -> T | None:
    """Calls an action; None where it refused, and the next page says why."""
    try:
        return action(*given, by=actor_of(request), at=now(), **named)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return None


def form_page(
    request: HttpRequest,
    form: BaseForm,
    act: Callable[[], object],
    *,
    done: str,
    back: tuple[str, dict[str, str]],
    template: str = "audits/form.html",
    fields: dict[str, str] | None = None,
    **page: Any,
) -> HttpResponse:
    """Shows a form; once it is sent, does `act` and goes `back`. A refusal is shown at its field, with all that was typed."""
    if request.method == "POST" and form.is_valid() and tried(form, act, fields=fields) is not None:
        messages.success(request, done)
        return redirect(reverse(back[0], kwargs=back[1]))
    return render(request, template, {"form": form, "back": back, **page}, status=200)


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
