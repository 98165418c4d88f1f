"""Apps: what each may do just now and how firmly it is held; staff can cut and give back personal data."""

from datetime import UTC, datetime
from typing import Any

import django_filters
import django_tables2 as tables
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.read import Filter
from piepowder.rooms.appstore.models import App, AppQuerySet, AppVersion
from piepowder.rooms.appstore.rules import EVERY_OPERATION, AppKind
from piepowder.rooms.appstore.rules.caps import REACH_WORDS, Reach
from piepowder.rooms.appstore.rules.versions import STATUS_WORDS, VersionStatus
from piepowder.rooms.appstore.templatetags.app_words import role_title
from piepowder.rooms.appstore.views.mine import standing_badge
from piepowder.rooms.consent.manifests import Asked, asked_by
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.developers.rules.names import escaped
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of
from piepowder.rooms.standing import actions as standing
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Standing
from piepowder.web.views.ledger import line, newest
from piepowder.web.views.names import Names

SHOWN_RECORDS, SHOWN_CASES = 10, 5


class AppTable(tables.Table):  # type: ignore[misc]
    name = tables.Column(verbose_name="App")
    developer = tables.Column(accessor="developer__name", verbose_name="Developer")
    standing = tables.Column(verbose_name="Standing", empty_values=())
    current_version = tables.Column(verbose_name="Live version", empty_values=())
    open_status = tables.Column(verbose_name="Under way", empty_values=())
    modes = tables.Column(verbose_name="Mode", orderable=False, empty_values=())
    roles = tables.Column(verbose_name="Roles", orderable=False, empty_values=())

    class Meta:
        caption = "Apps"
        empty = "console/no_apps.html"

    def render_name(self, record: App) -> str:
        address = reverse("console_app", kwargs={"app_id": record.id})
        kind = "own use" if record.kind == AppKind.OWN_USE else REACH_WORDS[Reach(record.reach)]
        return format_html('<a href="{}">{}</a><span class="sub">{}</span>', address, record.shown_name, kind)

    def value_name(self, record: App) -> str:
        return record.name

    def render_developer(self, record: App) -> str:
        return escaped(record.developer.name)

    def render_standing(self, value: str | None) -> str:
        return standing_badge(value or "")

    def value_standing(self, value: str | None) -> str:
        return value or ""

    def render_current_version(self, record: App) -> str:
        if record.next_version:
            return f"{record.current_version}; {record.next_version} for {record.rollout_percent} %"
        return record.current_version or "none"

    def render_open_status(self, value: str | None) -> str:
        return STATUS_WORDS[VersionStatus(value)].capitalize() if value else "nothing"

    def value_open_status(self, value: str | None) -> str:
        return value or ""

    def render_modes(self, record: App) -> str:
        told = (
            f"{mode.capitalize()}{'' if operation == EVERY_OPERATION else f' for {operation}'}"
            for operation, mode in sorted(record.modes_in_effect().items())
        )
        return format_html_join("\n", '<span class="line">{}</span>', ((one,) for one in told)) or "Enforce"

    def value_modes(self, record: App) -> str:
        return " ".join(f"{operation}={mode}" for operation, mode in sorted(record.modes_in_effect().items()))

    def render_roles(self, record: App) -> str:
        return ", ".join(role_title(role) for role in record.roles) or "none"

    def value_roles(self, record: App) -> str:
        return " ".join(record.roles)


class AppFilter(django_filters.FilterSet):  # type: ignore[misc]
    name = django_filters.CharFilter(label="Name", lookup_expr="icontains")
    developer = django_filters.CharFilter(label="Developer", field_name="developer__name", lookup_expr="icontains")
    standing = django_filters.ChoiceFilter(
        label="Standing",
        empty_label="All",
        choices=[(one.value, one.replace("_", " ").capitalize()) for one in Standing],
    )
    version = django_filters.ChoiceFilter(
        label="Version",
        empty_label="All",
        method="in_version",
        choices=[(one.value, words.capitalize()) for one, words in STATUS_WORDS.items()],
    )
    approved = django_filters.ChoiceFilter(
        label="Reviewed",
        empty_label="All",
        method="is_approved",
        choices=[("yes", "Has an approved version"), ("no", "Has none yet")],
    )

    class Meta:
        model = App
        fields: tuple[str, ...] = ()

    def in_version(self, rows: AppQuerySet, name: str, value: str) -> AppQuerySet:
        return rows.with_version(value)

    def is_approved(self, rows: AppQuerySet, name: str, value: str) -> AppQuerySet:
        return rows.unapproved() if value == "no" else rows.approved()


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    rows: Any = App.objects.for_table().prefetch_related("mode_changes").order_by("name", "id")
    return listing(request, AppTable, rows, "console/apps.html", filters=AppFilter)


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
        "modes": app.modes_in_effect(),
        "versions": list(AppVersion.objects.newest(app.id)[:20]),
        "clients": Client.objects.filter(app=app).order_by("pk"),
        "grants": Grant.objects.filter(app=app, status="active").count(),
        "cases": subjects.visible(actor_of(request)).filter(subject=app.id).order_by("-id")[:SHOWN_CASES],
        "may_govern": Permission.GOVERN in permissions_of(account_of(request)),
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
