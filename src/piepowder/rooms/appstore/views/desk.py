"""The marketplace's side: versions that wait, one version under review, the date by which apps have to be approved."""

from datetime import UTC, datetime
from typing import Any

import django_filters
import django_tables2 as tables
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.forms import DeadlineForm, ReviewForm
from piepowder.rooms.appstore.models import App, AppVersion, Deadline
from piepowder.rooms.appstore.persons import same_person
from piepowder.rooms.appstore.rules.versions import WAITING, VersionStatus
from piepowder.rooms.appstore.templatetags.app_words import version_badge
from piepowder.rooms.appstore.views.doors import found, told
from piepowder.rooms.appstore.views.versions import facts
from piepowder.rooms.developers.persons import acts_for
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of
from piepowder.rooms.people.models import Account

_STATES = {"waiting": "Waits for somebody", "second": "Waits for a second person", "in_review": "Is being reviewed"}


class QueueTable(tables.Table):  # type: ignore[misc]
    app = tables.Column(accessor="app__name", verbose_name="App")
    number = tables.Column(verbose_name="Version")
    status = tables.Column(verbose_name="State")
    personal = tables.Column(verbose_name="Shoppers' data", orderable=False, empty_values=())
    submitted_at = tables.DateTimeColumn(verbose_name="Handed in", format="j M Y")
    promised_at = tables.DateTimeColumn(verbose_name="Promised", format="j M Y")

    class Meta:
        caption = "Versions that wait"
        empty = "appstore/no_queue.html"

    def render_app(self, record: AppVersion) -> str:
        address = reverse("appstore_review", kwargs={"version_id": record.id})
        return format_html(
            '<a href="{}">{}</a><span class="sub">{}</span>', address, record.app.shown_name, record.app.developer.name
        )

    def value_app(self, record: AppVersion) -> str:
        return record.app.name

    def render_status(self, record: AppVersion) -> str:
        return version_badge(record)

    def value_status(self, value: str) -> str:
        return value

    def render_personal(self, record: AppVersion) -> str:
        return "yes" if record.personal else "no"

    def render_promised_at(self, value: datetime) -> str:
        late = value < datetime.now(UTC)
        return format_html(
            "{}{}", f"{value:%-d %b %Y}", format_html(' <span class="badge bad">late</span>') if late else ""
        )

    def value_promised_at(self, value: datetime) -> datetime:
        return value


class QueueFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(
        label="State", empty_label="All", choices=list(_STATES.items()), method="in_state"
    )
    developer = django_filters.CharFilter(label="Developer", field_name="app__developer__name", lookup_expr="icontains")

    class Meta:
        model = AppVersion
        fields: tuple[str, ...] = ()

    def in_state(self, rows: Any, name: str, value: str) -> Any:
        if value == "in_review":
            return rows.filter(status=VersionStatus.IN_REVIEW)
        waiting = rows.filter(status=VersionStatus.SUBMITTED)
        return waiting.exclude(first_approval_by="") if value == "second" else waiting.filter(first_approval_by="")


@for_staff()
@require_safe
def queue(request: HttpRequest) -> HttpResponseBase:
    rows: Any = AppVersion.objects.queue()
    page = {"waits": AppVersion.objects.waits(datetime.now(UTC)), "count": rows.count()}
    return listing(request, QueueTable, rows, "appstore/queue.html", filters=QueueFilter, page=page)


@for_staff()
@require_http_methods(["GET", "HEAD"])
def review(request: HttpRequest, version_id: str) -> HttpResponseBase:
    version = found(AppVersion.objects.named, version_id)
    return _page(request, version, ReviewForm(version=version))


def _page(request: HttpRequest, version: AppVersion, form: ReviewForm, *, status: int = 200) -> HttpResponseBase:
    by = actor_of(request)
    mine = same_person(version.reviewer, by)
    page = {
        **facts(version),
        "form": form,
        "reviews_here": Permission.REVIEW in permissions_of(account_of(request)),
        "mine": mine and version.status == VersionStatus.IN_REVIEW,
        "own_organisation": acts_for(by, version.app.developer),
        "approved_it": same_person(version.first_approval_by, by),
        "waits_here": version.state in WAITING,
        "details": version.details or version.app.details(),
        "people": _people(version),
    }
    return render(request, "appstore/review.html", page, status=status)


def _people(version: AppVersion) -> dict[str, str]:
    """Everybody who has it or had a word on it: actor -> name."""
    actors = {version.reviewer, *version.reviews.values_list("reviewer", flat=True)}
    accounts = {one.id: str(one) for one in Account.objects.filter(pk__in=[one.partition(":")[2] for one in actors])}
    return {one: accounts.get(one.partition(":")[2], one) for one in actors}


@for_staff(Permission.REVIEW)
@require_POST
def take(request: HttpRequest, version_id: str) -> HttpResponseBase:
    told(request, actions.begin_review, "It is yours to review.", found(AppVersion.objects.named, version_id))
    return redirect("appstore_review", version_id=version_id)


@for_staff(Permission.REVIEW)
@require_POST
def give_back(request: HttpRequest, version_id: str) -> HttpResponseBase:
    version = found(AppVersion.objects.named, version_id)
    told(request, actions.give_back_review, "It is back in the queue, at its place.", version)
    return redirect("appstore_review", version_id=version_id)


@for_staff(Permission.REVIEW)
@require_POST
def decide(request: HttpRequest, version_id: str) -> HttpResponseBase:
    version = found(AppVersion.objects.named, version_id)
    form = ReviewForm(request.POST, version=version)
    if form.is_valid():
        decided = tried(
            form,
            actions.decide_version,
            version=version,
            answers=form.answers(),
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if decided is not None:
            messages.success(request, f"Version {decided.number} of {decided.app.shown_name}: {decided.words}.")
            return redirect("appstore_queue")
    return _page(request, version, form, status=422)


@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def deadline(request: HttpRequest) -> HttpResponseBase:
    """The date, how many apps are not approved yet, and the form that sets it."""
    may = Permission.GOVERN in permissions_of(account_of(request))
    row = Deadline.objects.present()
    form = DeadlineForm(request.POST) if request.method == "POST" else DeadlineForm()
    if request.method == "POST" and may and form.is_valid():
        done = tried(
            form,
            actions.set_deadline,
            fields={"appstore_deadline_past": "day"},
            due_at=form.due_at(),
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if done is not None:
            messages.success(request, "The deadline is set." if done.due_at else "There is no deadline any more.")
            return redirect("appstore_deadline")
    page = {"form": form, "row": row, "may": may, "unapproved": App.objects.unapproved().count()}
    return render(request, "appstore/deadline.html", page, status=422 if form.errors else 200)
