"""What the pages share: for whom somebody acts, and an action that says afterwards how it went."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import account_of, actor_of, signed_in

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_organisations(view: View[P]) -> View[P]:
    """For accounts that act for a developer: see `organisation_of`."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if _member(request) is None:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return signed_in(checked)


def organisation_of(request: HttpRequest) -> Developer:
    """The developer behind a page that is `for_organisations`."""
    member = _member(request)
    assert member is not None
    return member.developer


def _member(request: HttpRequest) -> Member | None:
    rows = Member.objects.filter(account=account_of(request)).select_related("developer")
    return rows.order_by("id").first()


def told(request: HttpRequest, action: Callable[..., object], done: str, /, *args: Any, **given: Any) -> bool:
    """Calls an action in the name of whoever is signed in, and says on the next page what came of it."""
    try:
        action(*args, by=actor_of(request), at=datetime.now(UTC), **given)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return False
    messages.success(request, done)
    return True
