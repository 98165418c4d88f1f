"""The guided start: files ──► what would happen, row by row ──► run ──► what now."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_filters import ChoiceFilter, FilterSet

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.imports import actions, reads
from piepowder.rooms.imports.forms import StartForm
from piepowder.rooms.imports.models import Import, Line
from piepowder.rooms.imports.reading import shown_columns
from piepowder.rooms.imports.rules import Kind, Verdict
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of

SHOWN = 100
VERDICTS = {
    Verdict.CREATE: "Created",
    Verdict.CHANGE: "Changed",
    Verdict.SAME: "As it is here",
    Verdict.DIFFERS: "Different here, and stays",
    Verdict.REFUSED: "Refused",
    Verdict.ONLY_HERE: "Only here",
    Verdict.TAKEN_BACK: "Taken back",
    Verdict.KEPT: "Kept",
}


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    return render(request, "imports/index.html", {"runs": Import.objects.newest()[:SHOWN]})


@for_staff(Permission.REGISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponseBase:
    """The first step: files and dates; a good upload goes on to its own page."""
    now = datetime.now(UTC)
    form = StartForm(request.POST or None, request.FILES or None, initial=StartForm.beginning(now.date()))
    if request.method == "POST" and form.is_valid() and (run := _checked(request, form, now)):
        return redirect("imports_one", import_id=run.id)
    page = {"form": form, "columns": {str(kind): shown_columns(kind) for kind in Kind}}
    return render(request, "imports/start.html", page, status=422 if form.errors else 200)


def _checked(request: HttpRequest, form: StartForm, now: datetime) -> Import | None:
    codes = ("file_unknown", "file_twice", "file_too_large", "file_malformed", "no_files")
    columns = ("column_twice", "column_unknown", "column_missing")
    fields = {f"imports_{code}": "several" for code in (*codes, *columns)} | {
        "imports_register_by_past": "register_by",
        "appstore_mode_end_past": "observe_until",
        "appstore_mode_end_far": "observe_until",
    }
    return tried(
        form,
        lambda **rest: actions.check({file.name or "": file.read() for file in form.cleaned_data["several"]}, **rest),
        fields=fields,
        by=actor_of(request),
        at=now,
        observe_until=form.observed_until(),
        register_by=form.cleaned_data["register_by"],
    )


class LinesTable(tables.Table):  # type: ignore[misc]
    kind = tables.Column(verbose_name="File")
    row = tables.Column(attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    key = tables.Column()
    verdict = tables.TemplateColumn('{% include "imports/verdict.html" %}', verbose_name="What becomes of it")
    column = tables.Column(default="")
    words = tables.Column(verbose_name="Why", default="")

    class Meta:
        caption = "Rows of the files, in their order"
        empty = "imports/no_lines.html"
        orderable = False

    def render_row(self, value: int) -> str:
        return str(value) if value else ""

    def value_verdict(self, record: Line) -> str:
        return str(record.verdict)


class LineFilters(FilterSet):  # type: ignore[misc]
    verdict = ChoiceFilter(
        choices=[(str(one), words) for one, words in VERDICTS.items()], label="What", empty_label="All"
    )
    kind = ChoiceFilter(choices=[(str(kind), str(kind)) for kind in Kind], label="File", empty_label="All")


@for_staff()
@require_safe
def one(request: HttpRequest, import_id: str) -> HttpResponseBase:
    """What the files would do, or did; beneath it every row with its reason."""
    run = _named(import_id)
    page = {
        "run": run,
        "counts": [(str(kind), _cells(run, kind)) for kind in Kind if str(kind) in run.counts],
        "verdicts": [VERDICTS[verdict] for verdict in _shown(run)],
        "next": reads.what_now(run) if run.status == "done" else None,
        "may_run": Permission.REGISTER in permissions_of(account_of(request)),
        "may_approve": Permission.GOVERN in permissions_of(account_of(request)),
        "started_by_me": run.started_by == str(actor_of(request)),
    }
    rows = Line.objects.of(run.id)
    return listing(request, LinesTable, rows, "imports/one.html", filters=LineFilters, page=page)


def _shown(run: Import) -> list[Verdict]:
    always = (Verdict.CREATE, Verdict.CHANGE, Verdict.SAME, Verdict.DIFFERS, Verdict.REFUSED, Verdict.ONLY_HERE)
    return [verdict for verdict in Verdict if verdict in always or run.count(verdict)]


def _cells(run: Import, kind: Kind) -> list[tuple[str, int]]:
    return [(str(verdict), run.counts[str(kind)].get(str(verdict), 0)) for verdict in _shown(run)]


@for_staff()
@require_safe
def report(request: HttpRequest, import_id: str) -> HttpResponseBase:
    """The reconciliation: only in the files, only here, different."""
    run = _named(import_id)
    if request.GET.get("format") == "csv":
        return _file(run, request.GET.get("verdict", ""))
    found = reads.report(run)
    page = {
        "run": run,
        "parts": [
            (VERDICTS[Verdict(verdict)], verdict, lines, run.count(Verdict(verdict)))
            for verdict, lines in found.items()
        ],
        "unregistered": reads.unregistered(run)[:SHOWN],
    }
    return render(request, "imports/report.html", page)


def _file(run: Import, verdict: str) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())
    rows = reads.file_rows(run, verdict if verdict in list(Verdict) else "")
    lines = (writer.writerow([_harmless(cell) for cell in row]) for row in rows)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{run.id}.csv"'
    return answer


class _Echo:
    """A file that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _harmless(cell: str) -> str:
    """Keys and names come from files of others; a spreadsheet must not run one as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


@for_staff(Permission.REGISTER)
@require_POST
def run(request: HttpRequest, import_id: str) -> HttpResponseBase:
    done = "It begins within a moment. This page shows how far it is."
    return _told(request, import_id, actions.start, done)


@for_staff(Permission.REGISTER)
@require_POST
def drop(request: HttpRequest, import_id: str) -> HttpResponseBase:
    return _told(request, import_id, actions.drop, "Dropped. Nothing was changed, and the files are forgotten.")


@for_staff(Permission.REGISTER)
@require_POST
def roll_back(request: HttpRequest, import_id: str) -> HttpResponseBase:
    done = "Rolled back. What somebody changed or used since was kept, and is listed."
    return _told(request, import_id, actions.roll_back, done)


@for_staff(Permission.GOVERN)
@require_POST
def approve_modes(request: HttpRequest, import_id: str) -> HttpResponseBase:
    return _told(request, import_id, actions.approve_modes, "The apps are observed from now on.")


def _told(request: HttpRequest, import_id: str, action: Callable[..., Any], done: str) -> HttpResponseBase:
    try:
        action(_named(import_id), by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, done)
    return redirect("imports_one", import_id=import_id)


def _named(import_id: str) -> Import:
    found = Import.objects.filter(pk=import_id.replace("\0", "")).first()
    if found is None:
        raise Http404("no such import")
    return found
