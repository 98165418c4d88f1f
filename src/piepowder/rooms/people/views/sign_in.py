"""Signing in and out."""

from datetime import UTC, datetime
from typing import Any

from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.pages import allow_form_to, local_next
from piepowder.rooms.people import actions


class SignIn(LoginView):  # type: ignore[misc]
    """The ways in. `next` is kept only where it stays on this site."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        ways = {
            "next": local_next(self.request),
            "sellers_can": bool(settings.OIDC_ISSUER),
            "staff_can": bool(settings.STAFF_OIDC_ISSUER),
            "passkeys": settings.PASSKEYS,
        }
        context: dict[str, Any] = super().get_context_data(**given)
        return context | ways


_sign_in = SignIn.as_view()


@never_cache
def sign_in(request: HttpRequest) -> HttpResponseBase:
    answer: HttpResponseBase = _sign_in(request)
    return allow_form_to(answer, settings.OIDC_ISSUER, settings.STAFF_OIDC_ISSUER)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("people_sign_in")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_link(request: HttpRequest, text: str) -> HttpResponseBase:
    """A look at the link changes nothing, so that a mail scanner cannot use it up; the button does."""
    if request.method != "POST":
        return render(request, "account/staff_link.html")
    try:
        account = actions.take_staff_link(text, at=datetime.now(UTC))
    except PiepowderError as error:
        page = {"title": "This link does not work", "sentence": f"{error.message.capitalize()}; {error.hint}."}
        return render(request, "refusal.html", page, status=403)
    if request.user.is_authenticated:
        logout(request)
    answer: HttpResponseBase = perform_login(
        request, account, email_verification="none", redirect_url="/", signal_kwargs={"link": True}
    )
    return answer
