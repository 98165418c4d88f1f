"""What the pages share: the own app behind an address, and an action that says afterwards how it went."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.developers.guards import developer_of, member_of
from piepowder.rooms.developers.rules.organisation import Role, may
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import actor_of

T = TypeVar("T")


def found(read: Callable[..., T], *names: str) -> T:
    """What a named read gives; a page that is none where there is nothing."""
    try:
        return read(*(name.replace("\0", "") for name in names))
    except PiepowderError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            raise Http404(error.message) from None
        raise


def own_app(request: HttpRequest, app_id: str) -> App:
    return found(App.objects.of_developer, app_id, developer_of(request).id)


def own_version(request: HttpRequest, app_id: str, version_id: str) -> AppVersion:
    """A version of an own app; anybody else's is as good as none."""
    app = own_app(request, app_id)
    version = found(AppVersion.objects.named, version_id)
    if version.app_id != app.id:
        raise Http404("no such version")
    return version


def writes(request: HttpRequest) -> bool:
    """Whether the member may change apps, or only look."""
    return may(member_of(request).role, (Role.DEVELOPER,))


def told(request: HttpRequest, action: Callable[..., object], done: str, /, *args: Any, **given: Any) -> bool:
    """Calls an action in the name of whoever is signed in, and says on the next page what came of it."""
    try:
        action(*args, by=actor_of(request), at=datetime.now(UTC), **given)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return False
    messages.success(request, done)
    return True


def revision_of(request: HttpRequest) -> int | None:
    sent = request.POST.get("revision", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else None
