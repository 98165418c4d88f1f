"""Signing in and out."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import actions


@never_cache
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """The ways in. `next` is kept only where it stays on this site."""
    page = {"next": local_next(request), "sellers_can": bool(settings.OIDC_ISSUER)}
    return allow_form_to(render(request, "consent/sign_in.html", page), settings.OIDC_ISSUER)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("consent_sign_in")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_link(request: HttpRequest, text: str) -> HttpResponse:
    """A look at the link changes nothing, so that a mail scanner cannot use it up; the button does."""
    if request.method != "POST":
        return render(request, "consent/staff_link.html")
    try:
        account = actions.take_staff_link(text, at=datetime.now(UTC))
    except PiepowderError as error:
        page = {"title": "This link does not work", "sentence": f"{error.message.capitalize()}; {error.hint}."}
        return render(request, "refusal.html", page, status=403)
    login(request, account, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("console_home")


def local_next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "/")
    local = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=False) and wanted.startswith("/")
    return wanted if local else "/"


def allow_form_to(response: HttpResponse, address: str) -> HttpResponse:
    """Lets this page's form end at that address: browsers hold the redirect that answers a form to `form-action` as well."""
    if address:
        parts = urlsplit(address)
        response._csp_update = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]
    return response
