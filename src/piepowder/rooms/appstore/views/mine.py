"""A developer's own apps: the list, one app, its registration and its addresses."""

from datetime import UTC, datetime
from typing import Any

import django_tables2 as tables
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from piepowder.core.policy.taxonomy import ROLES
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.forms import DETAIL_FIELDS, DetailsForm, NewAppForm
from piepowder.rooms.appstore.inspection import assessed_roles
from piepowder.rooms.appstore.manifests import manifest_from_file
from piepowder.rooms.appstore.models import App, AppVersion, Deadline
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.versions import STATUS_WORDS, VersionStatus
from piepowder.rooms.appstore.views.doors import own_app, writes
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.developers.guards import developer_of, for_members
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import actor_of
from piepowder.rooms.standing.models import Subject

#: field of a registration -> the answer to an assessment that says the same
_ANSWERS = {"description": "what_the_apps_do", "privacy_policy_url": "privacy_policy"}
STANDING_BADGES = {
    "good": "good",
    "personal_data_off": "warn",
    "authorisations_off": "warn",
    "throttled": "warn",
    "suspended": "bad",
}


class OwnAppTable(tables.Table):  # type: ignore[misc]
    name = tables.Column(verbose_name="App")
    standing = tables.Column(verbose_name="Standing", empty_values=())
    current_version = tables.Column(verbose_name="Live version", empty_values=())
    open_status = tables.Column(verbose_name="Under way", empty_values=())
    roles = tables.Column(verbose_name="Approved roles", orderable=False, empty_values=())

    class Meta:
        caption = "Your apps"
        empty = "appstore/no_apps.html"

    def render_name(self, record: App) -> str:
        kind = "for your own shops" if record.kind == AppKind.OWN_USE else "public"
        address = reverse("appstore_app", kwargs={"app_id": record.id})
        return format_html('<a href="{}">{}</a><span class="sub">{}</span>', address, record.shown_name, kind)

    def value_name(self, record: App) -> str:
        return record.name

    def render_standing(self, value: str | None) -> str:
        return standing_badge(value or "")

    def value_standing(self, value: str | None) -> str:
        return value or ""

    def render_current_version(self, record: App) -> str:
        return record.current_version or "none yet"

    def render_open_status(self, record: Any) -> str:
        """The version under way, in words that lead to it: why something was refused is one click from here."""
        if not record.open_status:
            return format_html('<span class="muted">{}</span>', "nothing")
        address = reverse("appstore_under_way", kwargs={"app_id": record.id})
        return format_html('<a href="{}">{}</a>', address, STATUS_WORDS[VersionStatus(record.open_status)].capitalize())

    def value_open_status(self, record: Any) -> str:
        return record.open_status or ""

    def render_roles(self, record: App) -> str:
        return ", ".join(ROLES.get(role, role) for role in record.roles) or "none"

    def value_roles(self, record: App) -> str:
        return " ".join(record.roles)


def standing_badge(standing: str) -> str:
    words = standing.replace("_", " ").capitalize() or "Unknown"
    return format_html('<span class="badge {}">{}</span>', STANDING_BADGES.get(standing, ""), words)


@for_members()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    rows: Any = App.objects.for_table().filter(developer=developer_of(request)).order_by("name", "id")
    page = {"deadline": _deadline(developer_of(request).id), "writes": writes(request)}
    return listing(request, OwnAppTable, rows, "appstore/mine.html", page=page)


@for_members()
@require_safe
def under_way(request: HttpRequest, app_id: str) -> HttpResponseBase:
    """Leads to the version that is under way, else to the app."""
    version = AppVersion.objects.open_of(own_app(request, app_id).id)
    if version is None:
        return redirect("appstore_app", app_id=app_id)
    return redirect("appstore_version", app_id=app_id, version_id=version.id)


@for_members()
@require_safe
def one(request: HttpRequest, app_id: str) -> HttpResponseBase:
    app = own_app(request, app_id)
    at = datetime.now(UTC)
    page = {
        "app": app,
        "subject": Subject.objects.filter(pk=app.id).first(),
        "versions": list(AppVersion.objects.newest(app.id)[:50]),
        "under_way": AppVersion.objects.open_of(app.id),
        "assessed": assessed_roles(app.developer_id, at),
        "deadline": _deadline(app.developer_id, app),
        "writes": writes(request),
    }
    return render(request, "appstore/app.html", page)


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    developer = developer_of(request)
    form = NewAppForm(request.POST or None, request.FILES or None, initial=_likely(developer))
    if request.method == "POST" and form.is_valid():
        done = tried(form, lambda: _registered(request, developer, form), fields=DETAIL_FIELDS)
        if isinstance(done, AppVersion):
            return redirect("appstore_version", app_id=done.app_id, version_id=done.id)
        if done is not None:
            return redirect("appstore_app", app_id=done.id)
    return render(request, "appstore/new.html", {"form": form}, status=422 if form.errors else 200)


def _registered(request: HttpRequest, developer: Developer, form: NewAppForm) -> App | AppVersion:
    """With a manifest its first version, too."""
    manifest = form.manifest_sent()
    given: dict[str, Any] = {
        "developer": developer,
        "kind": AppKind(form.cleaned_data["kind"]),
        "details": form.details(),
        "by": actor_of(request),
        "at": datetime.now(UTC),
    }
    if manifest:
        return actions.register_with_version(manifest=manifest_from_file(manifest), **given)
    return actions.register_own_app(**given)


def _likely(developer: Developer) -> dict[str, str]:
    """What was said elsewhere already, to begin with."""
    assessment = Assessment.objects.newest(developer.id)
    given = assessment.given() if assessment else {}
    answers = {name: given[answer].value for name, answer in _ANSWERS.items() if answer in given}
    return {name: text for name, text in answers.items() if isinstance(text, str)} | {
        "support_email": developer.contact_email
    }


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, app_id: str) -> HttpResponseBase:
    app = own_app(request, app_id)
    form = DetailsForm(request.POST) if request.method == "POST" else DetailsForm.of(app)
    if request.method == "POST" and form.is_valid():
        changed = tried(
            form,
            actions.change_details,
            fields=DETAIL_FIELDS,
            app=app,
            details=form.details(),
            revision=form.cleaned_data["revision"],
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if changed is not None:
            return redirect("appstore_app", app_id=app.id)
    return render(request, "appstore/change.html", {"form": form, "app": app}, status=422 if form.errors else 200)


def _deadline(developer_id: str, app: App | None = None) -> dict[str, Any] | None:
    """The date by which apps have to be approved, if any of these is not."""
    row = Deadline.objects.present()
    apps = App.objects.unapproved().filter(developer=developer_id)
    count = (apps.filter(pk=app.pk) if app else apps).count() if row else 0
    if row is None or row.due_at is None or not count:
        return None
    return {"row": row, "count": count, "over": row.due_at < datetime.now(UTC)}
