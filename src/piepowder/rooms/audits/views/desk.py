"""Staff: all audits, draws, and who assesses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_filters import ChoiceFilter, FilterSet

from piepowder.rooms.audits import actions
from piepowder.rooms.audits.forms import AssignForm, DrawForm, ExtendForm, ReasonForm, end_of
from piepowder.rooms.audits.models import Audit, Draw
from piepowder.rooms.audits.persons import assessors_for, name_of
from piepowder.rooms.audits.pool import candidates
from piepowder.rooms.audits.rules import OPEN, AuditStatus, FindingStatus, Method
from piepowder.rooms.audits.views.shared import form_page, found, now, told
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import actor_of, for_staff
from piepowder.rooms.people.models import Account


class AuditsTable(tables.Table):  # type: ignore[misc]
    developer = tables.TemplateColumn(
        '{% load developer_words %}<a href="{% url "audits_one" audit_id=record.id %}"><bdi>{{ record.developer.name|escaped }}</bdi></a>',
        accessor="developer__name",
        verbose_name="Developer",
    )
    status = tables.TemplateColumn('{% include "audits/status.html" with status=record.status %}', verbose_name="State")
    due_at = tables.TemplateColumn(
        '{% if record.due_at %}<span class="nowrap">{{ record.due_at|date:"j M Y" }}</span>'
        '{% if record.due_at < moment %} <span class="badge bad">late</span>{% endif %}'
        '<span class="sub">{{ record.move.side }}</span>{% else %}<span class="muted">closed</span>{% endif %}',
        verbose_name="Due, and whose move",
    )
    assessor = tables.Column(verbose_name="Assessor", default="Nobody yet")
    created_at = tables.DateTimeColumn(verbose_name="Drawn", format="j M Y", attrs={"td": {"class": "nowrap"}})

    class Meta:
        caption = "Audits, newest first"
        empty = "audits/no_audits.html"

    def before_render(self, request: HttpRequest) -> None:
        ids = [row.record.assessor.partition(":")[2] for row in self.paginated_rows]
        self.people = {one.id: str(one) for one in Account.objects.filter(pk__in=ids)}
        self.columns["due_at"].column.extra_context = {"moment": now()}

    def render_assessor(self, value: str) -> str:
        return str(getattr(self, "people", {}).get(value.partition(":")[2], value))

    def value_developer(self, record: Audit) -> str:
        return record.developer_id

    def value_status(self, record: Audit) -> str:
        return record.status

    def value_due_at(self, record: Audit) -> datetime | None:
        return record.due_at

    def value_assessor(self, record: Audit) -> str:
        return record.assessor


class AuditFilter(FilterSet):  # type: ignore[misc]
    state = ChoiceFilter(
        label="State",
        choices=[("open", "Open"), ("mine", "Mine"), ("late", "Late")]
        + [(one.value, one.value.replace("_", " ").capitalize()) for one in AuditStatus],
        empty_label="All",
        method="narrow",
    )

    def narrow(self, rows: "QuerySet[Audit]", name: str, value: str) -> "QuerySet[Audit]":
        if value == "open":
            return rows.filter(status__in=OPEN)
        if value == "mine":
            return rows.filter(status__in=OPEN, assessor=str(actor_of(self.request)))
        return rows.filter(status__in=OPEN, due_at__lt=now()) if value == "late" else rows.filter(status=value)


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    page = {
        "open": Audit.objects.open().count(),
        "late": Audit.objects.overdue(now()).count(),
        "draws": Draw.objects.newest()[:5],
    }
    return listing(request, AuditsTable, Audit.objects.listed(), "audits/index.html", filters=AuditFilter, page=page)


@for_staff(Permission.REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def new_draw(request: HttpRequest) -> HttpResponse:
    """The pool as it is, and the button that draws."""
    form = DrawForm(request.POST or None, initial={"method": Method.SAMPLE, "size": 5})
    if request.method == "POST" and form.is_valid():
        given = {**form.cleaned_data, "method": Method(form.cleaned_data["method"])}
        fields = {"audits_size_wrong": "size"}
        draw = tried(form, actions.draw_audits, fields=fields, **given, by=actor_of(request), at=now())
        if draw is not None:
            return redirect("audits_draw", draw_id=draw.id)
    page: dict[str, Any] = {"form": form, "pool_size": len(candidates())}
    if "look" in request.GET:
        rows = actions.preview(Method.RISK, at=now())
        page |= {"look": True, "pool": named(rows[:50]), "strata": _strata(rows)}
    return render(request, "audits/new_draw.html", page)


def _strata(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["stratum"]] = counts.get(row["stratum"], 0) + 1
    return sorted(counts.items())


def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = dict(Developer.objects.filter(pk__in=[row["developer"] for row in rows]).values_list("id", "name"))
    return [{**row, "name": names.get(row["developer"], row["developer"])} for row in rows]


@for_staff()
@require_safe
def draw(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Who was drawn, from what, and that drawing again gives the same."""
    row = found(Draw.objects.named, draw_id)
    page = {
        "draw": row,
        "same": actions.drawn_again(row),
        "picked": named([_entry(row.pool, developer) for developer in row.picked]),
        "audits": {one.developer_id: one.id for one in row.audits.all()},
    }
    return render(request, "audits/draw.html", page)


def _entry(pool: Mapping[str, dict[str, Any]], developer: str) -> dict[str, Any]:
    return {"developer": developer, **pool.get(developer, {})}


@for_staff()
@require_safe
def one(request: HttpRequest, audit_id: str) -> HttpResponse:
    """Everything of one audit."""
    audit = found(Audit.objects.named, audit_id)
    page = {
        "audit": audit,
        "mine": audit.assessor == str(actor_of(request)),
        "assessor": name_of(audit.assessor) if audit.assessor else "",
        "late": audit.is_late(now()),
        "items": audit.items.all(),
        "judged": audit.items.exclude(verdict="").count(),
        "requests": audit.requests.select_related("item"),
        "findings": audit.findings.exclude(status="dropped").select_related("item"),
        "drafts": audit.findings.filter(status=FindingStatus.DRAFT).exists(),
        "documents": documents_of(audit),
    }
    return render(request, "audits/one.html", page)


def documents_of(audit: Audit) -> dict[str, Any]:

    ids = {one for row in (*audit.requests.all(), *audit.findings.all()) for one in row.documents}
    return Document.objects.by_ids(ids)


@for_staff(Permission.REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    form = AssignForm(
        assessors_for(audit.developer), request.POST or None, initial={"assessor": audit.assessor.partition(":")[2]}
    )
    return form_page(
        request,
        form,
        lambda: actions.assign_assessor(
            audit, Account.objects.named(form.cleaned_data["assessor"]), by=actor_of(request), at=now()
        ),
        done="Assigned.",
        back=("audits_one", {"audit_id": audit.id}),
        fields={
            "audits_assessor_unfit": "assessor",
            "audits_assessor_approved_it": "assessor",
            "developers_own_organisation": "assessor",
        },
        title="Assign an assessor",
        button="Assign",
        audit=audit,
    )


@for_staff(Permission.REVIEW)
@require_POST
def take(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    if told(request, actions.take_audit, audit):
        messages.success(request, "You assess this one.")
    return redirect("audits_one", audit_id=audit.id)


@for_staff(Permission.REVIEW)
@require_POST
def announce(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    if told(request, actions.announce_audit, audit):
        messages.success(request, "Announced. The developer has a letter about it.")
    return redirect("audits_one", audit_id=audit.id)


@for_staff(Permission.REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    form = ReasonForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.cancel_audit(audit, reason=form.cleaned_data["reason"], by=actor_of(request), at=now()),
        done="Cancelled.",
        back=("audits_one", {"audit_id": audit.id}),
        title="Cancel this audit",
        intro="It ends without a result. The developer is told the reason if the audit was announced.",
        button="Cancel the audit",
        danger=True,
        audit=audit,
    )


@for_staff(Permission.REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def extend(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    form = ExtendForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.extend_audit(
            audit,
            end_of(form.cleaned_data["until"]),  # type: ignore[arg-type]  # a required field
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=now(),
        ),
        done="The developer has more time, and a letter about it.",
        back=("audits_one", {"audit_id": audit.id}),
        fields={"audits_extension_wrong": "until"},
        title="Give more time",
        intro=f"The present step ends on {audit.due_at:%-d %B %Y}." if audit.due_at else "",
        button="Give more time",
        audit=audit,
    )
