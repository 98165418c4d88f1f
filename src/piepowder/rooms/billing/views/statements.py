"""Statements: a developer's own, all of them for staff; as a page to print and as a file."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_filters import CharFilter, FilterSet

from piepowder.rooms.billing import actions, reads
from piepowder.rooms.billing.forms import CorrectionForm, MonthField
from piepowder.rooms.billing.models import Entry, Settlement, Statement
from piepowder.rooms.billing.money import shown
from piepowder.rooms.developers.guards import developer_of, for_members
from piepowder.rooms.developers.models import Member
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of, signed_in

NUMBER: dict[str, Any] = {"attrs": {"th": {"class": "num"}, "td": {"class": "num nowrap"}}, "orderable": False}
MONEY = "{% load billing_words %}{{ value|money:record.currency }}"


class MonthFilter(CharFilter):  # type: ignore[misc]
    field_class = MonthField


class MonthFilters(FilterSet):  # type: ignore[misc]
    month = MonthFilter(label="Month, like 2026-11")


class StatementsTable(tables.Table):  # type: ignore[misc]
    month = tables.TemplateColumn(
        '{% load billing_words %}<a href="{% url "billing_statement" statement_id=record.id %}">{{ value|month_words }}</a>'
    )
    gross = tables.TemplateColumn(MONEY, verbose_name="Paid by sellers", **NUMBER)
    commission = tables.TemplateColumn(MONEY, verbose_name="Commission", **NUMBER)
    share = tables.TemplateColumn(MONEY, verbose_name="Developer's", **NUMBER)
    currency = tables.Column()

    class Meta:
        caption = "Statements, the newest month first"
        empty = "billing/no_statements.html"

    def value_month(self, record: Statement) -> str:
        return f"{record.month:%Y-%m}"

    def value_gross(self, record: Statement) -> str:
        return shown(record.gross, record.currency)

    def value_commission(self, record: Statement) -> str:
        return shown(record.commission, record.currency)

    def value_share(self, record: Statement) -> str:
        return shown(record.share, record.currency)


class AllStatementsTable(StatementsTable):
    holder = tables.Column(accessor="developer__name", verbose_name="For", default="The marketplace")

    class Meta(StatementsTable.Meta):
        sequence = ("month", "holder", "...")


@for_members()
@require_safe
def own(request: HttpRequest) -> HttpResponseBase:
    developer = developer_of(request)
    rows = Statement.objects.of_developer(developer.id)
    page = {"developer": developer}
    return listing(request, StatementsTable, rows, "billing/statements.html", filters=MonthFilters, page=page)


@for_staff()
@require_safe
def every(request: HttpRequest) -> HttpResponseBase:
    rows = Statement.objects.newest()
    return listing(request, AllStatementsTable, rows, "billing/all_statements.html", filters=MonthFilters)


@signed_in
@require_safe
def one(request: HttpRequest, statement_id: str) -> HttpResponseBase:
    """The page, made to be printed; `?format=csv` is the same as a file."""
    row = _readable(request, statement_id)
    if request.GET.get("format") == "csv":
        return _file(row)
    party = row.developer_id or ""
    page = {
        "statement": row,
        "entries": reads.entries_of(row),
        "settlements": Settlement.objects.of_party(party, row.month).filter(currency=row.currency) if party else [],
        "may_correct": Permission.BILLING in permissions_of(account_of(request)),
        "staff": account_of(request).is_staff,
    }
    return render(request, "billing/statement.html", page)


def _readable(request: HttpRequest, statement_id: str) -> Statement:
    """Staff read all; a developer its own; to others it is as if there were none."""
    row = Statement.objects.select_related("developer").filter(pk=statement_id.replace("\0", "")).first()
    account = account_of(request)
    staff = Permission.READ in permissions_of(account)
    if row and (staff or Member.objects.filter(account=account, developer=row.developer_id).exists()):
        return row
    raise Http404("no such statement")


def _file(row: Statement) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([_harmless(cell) for cell in line] for line in reads.file_rows(row))
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="statement-{row.month:%Y-%m}-{row.currency}-{row.id}.csv"'
    return answer


def _harmless(cell: str) -> str:
    """Names of plans and apps come from strangers; a spreadsheet must not run one as a formula. Amounts stay numbers."""
    text = cell.lstrip()
    formula = text[:1] in ("=", "+", "@", "\t", "\r") or (
        text[:1] == "-" and not text[1:].replace(".", "", 1).isdigit()
    )
    return f"'{cell}" if formula else cell


@for_staff(Permission.BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, entry_id: str) -> HttpResponseBase:
    """Gives something of a charge back."""
    entry = Entry.objects.whole().filter(pk=entry_id.replace("\0", "")).first()
    if entry is None:
        raise Http404("no such charge")
    form = CorrectionForm(request.POST or None, currency=entry.currency)
    if request.method == "POST" and form.is_valid() and _corrected(request, entry, form):
        messages.success(request, "Given back. It is on the next statement, and taken off what the seller pays.")
        return redirect("billing_correct", entry_id=entry.id)
    page = {"entry": entry, "form": form, "corrections": entry.corrections.order_by("id")}
    page["left"] = entry.gross - Entry.objects.given_back(entry)
    return render(request, "billing/correct.html", page, status=422 if form.errors else 200)


def _corrected(request: HttpRequest, entry: Entry, form: CorrectionForm) -> Entry | None:
    given = form.cleaned_data
    fields = {"billing_correction_not_fitting": "amount", "billing_reason_missing": "reason"}
    return tried(
        form,
        lambda **rest: actions.correct(entry, given["amount"], **rest),
        fields=fields,
        reason=given["reason"],
        by=actor_of(request),
        at=datetime.now(UTC),
    )
