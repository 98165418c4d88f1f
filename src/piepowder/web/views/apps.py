"""Apps: what each may do just now and how firmly it is held; staff can cut and give back personal data."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.read import Filter
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.manifests import Asked, asked_by
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.guards import actor_of, for_staff
from piepowder.rooms.standing import actions as standing
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Standing
from piepowder.web.views.ledger import line, newest
from piepowder.web.views.names import Names

SHOWN_APPS = 500
SHOWN_RECORDS = 10


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    apps = list(App.objects.listed()[:SHOWN_APPS])
    standings = Subject.objects.of([*(app.id for app in apps), *(app.developer_id for app in apps)])
    rows = [
        {
            "app": app,
            "standing": standings.get(app.id, ""),
            "developer_standing": standings.get(app.developer_id, ""),
            "modes": app.fact().modes,
        }
        for app in apps
    ]
    return render(request, "console/apps.html", {"rows": rows})


@for_staff()
@require_safe
def one(request: HttpRequest, app_id: str) -> HttpResponse:
    app = _app(app_id)
    records = newest(Filter(app=app.id), SHOWN_RECORDS)
    subject = Subject.objects.filter(pk=app.id).first()
    page = {
        "app": app,
        "asked": _asked(app),
        "subject": subject,
        "developer_standing": Subject.objects.filter(pk=app.developer_id).first(),
        "changes": Change.objects.of_subject(app.id)[:10],
        "modes": app.fact().modes,
        "clients": Client.objects.filter(app=app).order_by("pk"),
        "grants": Grant.objects.filter(app=app, status="active").count(),
        "lines": [line(record) for record in records],
        "names": Names(records),
    }
    return render(request, "console/app.html", page)


@for_staff(Permission.GOVERN)
@require_POST
def set_standing(request: HttpRequest, app_id: str) -> HttpResponse:
    """Sets the standing named by the pressed button; the gateways know with the commit."""
    app = _app(app_id)
    try:
        wanted = Standing(request.POST.get("standing", ""))
        standing.set_standing(
            app.id, wanted, by=actor_of(request), at=datetime.now(UTC), reason=request.POST.get("reason", "")
        )
    except (PiepowderError, ValueError) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{app.name} is now: {wanted.replace('_', ' ')}. Every gateway knows.")
    return redirect("console_app", app_id=app.id)


def _app(app_id: str) -> App:
    try:
        return App.objects.named(app_id.replace("\0", ""))
    except PiepowderError as error:
        raise Http404(error.message) from None


def _asked(app: App) -> Asked | None:
    return asked_by(app) if app.current_version else None
