"""Home, grants, policy, and the choice of light or dark."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.ledger.read import Filter
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.developers.models import Member
from piepowder.rooms.people.guards import for_staff
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.standing.models import Subject
from piepowder.web.views.ledger import line, newest, summary
from piepowder.web.views.names import Names

SUMMARY_RECORDS = 500
SHOWN_RECORDS = 12
THEMES = ("light", "dark")


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Staff see the whole ground, sellers their own apps, developers their organisation, or how to register one."""
    if request.user.is_authenticated and not request.user.is_staff:
        return redirect(_start_of(request.user))
    return _home(request)


def _start_of(account: Account) -> str:
    if account.seller_id:
        return reverse("consent_my_apps")
    member = Member.objects.filter(account=account).exists()
    return reverse("developers_home" if member else "developers_register")


@for_staff()
def _home(request: HttpRequest) -> HttpResponse:
    records = newest(Filter(since=datetime.now(UTC) - timedelta(days=1)), SUMMARY_RECORDS)
    lines = [line(record) for record in records]
    page = {
        "apps": App.objects.count(),
        "cut": Subject.objects.filter(kind="app").exclude(status="good").count(),
        "grants": Grant.objects.filter(status="active").count(),
        "sellers": Seller.objects.filter(active=True).count(),
        "policy": Policy.objects.newest().first(),
        "summary": summary(lines),
        "full": len(records) == SUMMARY_RECORDS,
        "lines": [one for one in lines if one.call][:SHOWN_RECORDS],
        "changes": [one for one in lines if not one.call][:SHOWN_RECORDS],
        "names": Names(records),
    }
    return render(request, "console/home.html", page)


@for_staff()
@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """The policies that were in force, newest first, and the text of the one in force."""
    policies = list(Policy.objects.newest()[:20])
    return render(request, "console/policy.html", {"policies": policies, "now": policies[0] if policies else None})


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
