"""One's own account: name, address, password, second factor, sessions."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people import actions
from piepowder.rooms.people.forms import NameForm
from piepowder.rooms.people.guards import account_of, actor_of, signed_in
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.sign_in import has_own_password

View = Callable[..., HttpResponseBase]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponseBase:
    """The page; its form changes the name."""
    mine = account_of(request)
    form = NameForm(request.POST or None, initial={"name": mine.name})
    if request.method == "POST" and form.is_valid():
        actions.rename(mine, form.cleaned_data["name"], by=actor_of(request), at=datetime.now(UTC))
        messages.success(request, "Your name was changed.")
        return redirect("people_account")
    return render(request, "account/account.html", {"form": form, **_ways_in(mine)})


def _ways_in(mine: Account) -> dict[str, Any]:
    kinds = list(Authenticator.objects.filter(user_id=mine.pk).values_list("type", flat=True))
    return {
        "account": mine,
        "own_password": has_own_password(mine),
        "pending": EmailAddress.objects.filter(user_id=mine.pk, verified=False)
        .exclude(email__iexact=mine.email)
        .first(),
        "app": "totp" in kinds,
        "passkeys": kinds.count("webauthn"),
        "sessions": UserSession.objects.filter(user_id=mine.pk).count(),
    }


@signed_in
@require_POST
def end_session(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ends one of one's own sessions, as of a device that was left somewhere."""
    try:
        actions.end_sessions(account_of(request), session=number, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, "That session has ended.")
    return redirect("usersessions_list")


def with_own_password(view: View) -> View:
    """Pages about address, password and second factor; whose provider keeps them is told so."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not has_own_password(account_of(request)):
            words = "You sign in through the marketplace's own accounts: address, password and second factor are kept there."
            page = {"title": "This is kept elsewhere", "sentence": words}
            return render(request, "refusal.html", page, status=403)
        return view(request, *args, **kwargs)

    return checked
