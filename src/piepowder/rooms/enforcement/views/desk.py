"""Staff: every case, one case with all that belongs to it, whom a measure would touch, and a finding reported by hand."""

from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_filters import CharFilter, ChoiceFilter, FilterSet

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.enforcement import actions, subjects
from piepowder.rooms.enforcement.blast import blast
from piepowder.rooms.enforcement.forms import ReportForm
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Case, Decision
from piepowder.rooms.enforcement.models.cases import OVER
from piepowder.rooms.enforcement.possible import steps
from piepowder.rooms.enforcement.rules.cases import MOVES, CaseStatus, Severity, Side
from piepowder.rooms.enforcement.rules.findings import PREFIXES, SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.enforcement.templatetags.case_words import CASES, KINDS
from piepowder.rooms.enforcement.views.shared import FIELDS, now, parts, seen_case
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of
from piepowder.rooms.people.models import Account

OURS = [status.value for status, move in MOVES.items() if move.side == Side.MARKETPLACE]


class CasesTable(tables.Table):  # type: ignore[misc]
    name = tables.TemplateColumn(
        '{% load case_words %}<a href="{% url "enforcement_one" case_id=record.id %}"><bdi>{{ record.name }}</bdi></a>'
        '<span class="sub">{{ record.subject_kind|subject_words }}</span>',
        verbose_name="About",
    )
    severity = tables.TemplateColumn(
        '{% load case_words %}<span class="badge {{ value|severity_look }}">{{ value|capfirst }}</span>',
        verbose_name="Severity",
        orderable=False,
    )
    status = tables.TemplateColumn(
        '{% include "enforcement/status.html" with status=record.status %}', verbose_name="State"
    )
    due_at = tables.TemplateColumn(
        '{% include "enforcement/due.html" with case=record %}', verbose_name="Due, and whose move"
    )
    officer = tables.Column(verbose_name="Officer", default="Nobody yet")
    opened_at = tables.DateTimeColumn(verbose_name="Opened", format="j M Y", attrs={"td": {"class": "nowrap"}})

    class Meta:
        caption = "Cases, newest first"
        empty = "enforcement/no_cases.html"

    def before_render(self, request: HttpRequest) -> None:
        ids = [row.record.officer.partition(":")[2] for row in self.paginated_rows]
        self.people = {one.id: str(one) for one in Account.objects.filter(pk__in=ids)}
        self.columns["due_at"].column.extra_context = {"moment": now()}

    def render_officer(self, value: str) -> str:
        return str(getattr(self, "people", {}).get(value.partition(":")[2], value))

    def value_name(self, record: Case) -> str:
        return record.name

    def value_severity(self, record: Case) -> str:
        return record.severity

    def value_status(self, record: Case) -> str:
        return record.status

    def value_due_at(self, record: Case) -> datetime | None:
        return record.due_at

    def value_officer(self, record: Case) -> str:
        return record.officer


class CaseFilter(FilterSet):  # type: ignore[misc]
    q = CharFilter(label="Name or id", method="named")
    state = ChoiceFilter(
        label="State",
        choices=[
            ("open", "Open"),
            ("ours", "Our move"),
            ("mine", "Mine"),
            ("second", "Second person"),
            ("late", "Late"),
        ]
        + [(key, words) for key, (words, _) in CASES.items()],
        empty_label="All",
        method="narrow",
    )
    severity = ChoiceFilter(
        label="Severity", choices=[(one.value, one.capitalize()) for one in Severity], empty_label="All"
    )
    kind = ChoiceFilter(
        label="About",
        field_name="subject_kind",
        choices=[(one.value, KINDS[one]) for one in SubjectKind],
        empty_label="All",
    )

    def named(self, rows: "QuerySet[Case]", name: str, value: str) -> "QuerySet[Case]":
        value = value.replace("\0", "").strip()
        return rows.filter(Q(name__icontains=value) | Q(pk=value) | Q(subject=value) | Q(developer_id=value))

    def narrow(self, rows: "QuerySet[Case]", name: str, value: str) -> "QuerySet[Case]":
        narrowed = {
            "open": Q(~Q(status__in=OVER)),
            "ours": Q(status__in=OURS),
            "mine": Q(~Q(status__in=OVER), officer=str(actor_of(self.request))),
            "second": Q(pk__in=Decision.objects.waiting().values("case_id")),
            "late": Q(status__in=OURS, due_at__lt=now()),
        }
        return rows.filter(narrowed.get(value, Q(status=value)))


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    rows = subjects.visible(actor_of(request)).order_by("-id")
    ours = rows.filter(status__in=OURS)
    page = {
        "open": rows.open().count(),
        "ours": ours.count(),
        "late": ours.filter(due_at__lt=now()).count(),
        "second": Decision.objects.waiting().count(),
        "may_govern": _governs(request),
    }
    return listing(request, CasesTable, rows, "enforcement/index.html", filters=CaseFilter, page=page)


@for_staff()
@require_safe
def one(request: HttpRequest, case_id: str) -> HttpResponse:
    """Everything of one case, and what whoever looks can do in it."""
    case = seen_case(request, case_id)
    page = parts(case) | {
        "steps": steps(case, actor_of(request)) if _governs(request) else [],
        "may_govern": _governs(request),
        "decisions": case.decisions.order_by("-id"),
        "mine": case.officer == str(actor_of(request)),
        "before_decision": case.state in (CaseStatus.OPENED, CaseStatus.NOTICE_SERVED, CaseStatus.ANSWERED),
    }
    return render(request, "enforcement/one.html", page)


@for_staff()
@require_safe
def reach(request: HttpRequest, case_id: str) -> HttpResponse:
    """Whom a measure would touch, counted now."""
    case = seen_case(request, case_id)
    return render(request, "enforcement/reach.html", {"case": case, **reached(case)})


def reached(case: Case) -> dict[str, Any]:
    counted = blast(case, now())
    rungs = ladder().measures
    changed = [(one, rungs[one], counted.changed_a_day(one)) for one in Measure if one in rungs]
    return {"blast": counted, "changed": changed, "counted_at": now()}


@for_staff(Permission.GOVERN)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """A finding, which opens a case or joins the one that is gathering."""
    form = ReportForm(request.POST or None, initial=_asked(request.GET.get("subject", "")))
    if request.method == "POST" and form.is_valid():
        finding = tried(form, lambda: _reported(request, form), fields=FIELDS)
        if finding is not None:
            return redirect("enforcement_one", case_id=finding.case_id)
    return render(request, "enforcement/report.html", {"form": form})


def _reported(request: HttpRequest, form: ReportForm) -> Any:
    typed = form.cleaned_data
    return actions.report(
        form.finding(),
        by=actor_of(request),
        at=now(),
        frank=typed["frank"],
        confidential=typed["confidential"],
    )


def _asked(subject: str) -> dict[str, str]:
    """The page of an app or developer leads here with its id."""
    kind = next((kind for kind, prefix in PREFIXES.items() if subject.startswith(prefix)), None)
    if kind is None:
        return {}
    try:
        subjects.find(kind, subject.replace("\0", ""))
    except PiepowderError:
        return {}
    return {"kind": kind.value, "subject": subject}


def _governs(request: HttpRequest) -> bool:
    return Permission.GOVERN in permissions_of(account_of(request))
