"""The choice of light or dark."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = ("light", "dark")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remembers light or dark for a year; anything else goes back to the system's own."""
    wanted = request.POST.get("next", "/")
    local = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    response = redirect(wanted if local else "/")
    if request.POST.get("theme") in THEMES:
        response.set_cookie(
            "piepowder_theme",
            request.POST["theme"],
            max_age=365 * 86_400,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie("piepowder_theme", samesite="Lax")
    return response
