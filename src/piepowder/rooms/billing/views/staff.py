"""The marketplace's pages: the month that is to be run, commission, what is collected and paid out."""

from datetime import UTC, datetime

import django_tables2 as tables
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_filters import ChoiceFilter

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing import actions, months
from piepowder.rooms.billing.forms import FreeForm, RateForm, ReferenceForm
from piepowder.rooms.billing.models import CommissionRate, FreeAmount, MonthRun, Settlement, Statement, Subscription
from piepowder.rooms.billing.money import shown
from piepowder.rooms.billing.rules import FreePeriod, SettlementStatus
from piepowder.rooms.billing.views.doors import told
from piepowder.rooms.billing.views.statements import MONEY, NUMBER, MonthFilters
from piepowder.rooms.billing.zone import zone
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import actor_of, for_staff

RUNS_SHOWN = 12


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """What the last months came to, and which is next."""
    now, turn = datetime.now(UTC), actions.next_month()
    newest = MonthRun.objects.newest()
    page = {
        "turn": turn,
        "over": turn is not None and actions.is_over(turn, now),
        "turn_ends": months.bounds(turn, zone())[1] if turn else None,
        "newest": newest,
        "totals": Statement.objects.of_marketplace()[:RUNS_SHOWN],
        "live": Subscription.objects.live().count(),
        "failed": Settlement.objects.filter(status=SettlementStatus.FAILED).count(),
        "open": Settlement.objects.filter(status__in=(SettlementStatus.DUE, SettlementStatus.SENT)).count(),
    }
    return render(request, "billing/index.html", page)


@for_staff(Permission.BILLING)
@require_POST
def run(request: HttpRequest) -> HttpResponseBase:
    """Issues the statements of the month that the button named, so that a second press runs no second month."""
    try:
        month = months.parsed(request.POST.get("month", ""))
    except PiepowderError:
        raise Http404("no such month") from None
    told(request, actions.run_month, f"The statements of {months.words(month)} are issued.", month)
    return redirect("billing_index")


@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def commission(request: HttpRequest) -> HttpResponseBase:
    """Rates and free amounts; two forms, and the button says which."""
    wanted = request.POST.get("set", "")
    rate = RateForm(request.POST if wanted == "rate" else None, prefix="rate")
    free = FreeForm(request.POST if wanted == "free" else None, prefix="free", initial={"currency": "EUR"})
    if request.method == "POST":
        return _set(request, rate, free)
    return _commission_page(request, rate, free)


@for_staff(Permission.BILLING)
def _set(request: HttpRequest, rate: RateForm, free: FreeForm) -> HttpResponseBase:
    if (rate.is_bound and rate.is_valid() and _set_rate(request, rate)) or (
        free.is_bound and free.is_valid() and _set_free(request, free)
    ):
        messages.success(request, "Saved.")
        return redirect("billing_commission")
    return _commission_page(request, rate, free, status=422)


def _set_rate(request: HttpRequest, form: RateForm) -> CommissionRate | None:
    given, now = form.cleaned_data, datetime.now(UTC)
    fields = {"billing_month_closed": "from_month", "billing_rate_malformed": "percent"}
    return tried(
        form,
        lambda **rest: actions.set_commission(given["category"].strip(), given["percent"], **rest),
        fields=fields,
        from_month=given["from_month"],
        by=actor_of(request),
        at=now,
    )


def _set_free(request: HttpRequest, form: FreeForm) -> FreeAmount | None:
    given, now = form.cleaned_data, datetime.now(UTC)
    fields = {"billing_month_closed": "from_month", "billing_free_amount_negative": "amount"}
    return tried(
        form,
        lambda **rest: actions.set_free_amount(given["amount"], given["currency"], **rest),
        fields=fields,
        period=FreePeriod(given["period"]),
        from_month=given["from_month"],
        by=actor_of(request),
        at=now,
    )


def _commission_page(request: HttpRequest, rate: RateForm, free: FreeForm, status: int = 200) -> HttpResponseBase:
    page = {
        "rate_form": rate,
        "free_form": free,
        "rates": CommissionRate.objects.order_by("-from_month", "category"),
        "free": FreeAmount.objects.order_by("-from_month", "currency"),
    }
    return render(request, "billing/commission.html", page, status=status)


class SettlementFilters(MonthFilters):
    status = ChoiceFilter(
        label="State",
        choices=[("due", "Due"), ("sent", "Under way"), ("settled", "Settled"), ("failed", "Failed")],
        empty_label="Any",
    )


class SettlementsTable(tables.Table):  # type: ignore[misc]
    month = tables.DateColumn(format="F Y")
    party = tables.TemplateColumn(
        '{{ record.party_name }}<span class="sub mono">{{ value }}</span>', verbose_name="With", order_by="party_name"
    )
    amount = tables.TemplateColumn(MONEY, **NUMBER)
    currency = tables.Column()
    status = tables.TemplateColumn('{% include "billing/state.html" with status=value %}', verbose_name="State")
    reference = tables.Column(default="", verbose_name="Reference or problem", empty_values=())
    answer = tables.TemplateColumn(
        '{% include "billing/settle.html" with row=record %}',
        verbose_name="Action",
        orderable=False,
        exclude_from_export=True,
    )

    class Meta:
        caption = "Settlements, the newest month first. Above zero is collected, below zero is paid out."
        empty = "billing/no_settlements.html"

    def render_reference(self, record: Settlement) -> str:
        return record.problem or record.reference

    def value_party(self, record: Settlement) -> str:
        return record.party

    def value_month(self, record: Settlement) -> str:
        return f"{record.month:%Y-%m}"

    def value_amount(self, record: Settlement) -> str:
        return shown(record.amount, record.currency)

    def value_status(self, record: Settlement) -> str:
        return str(record.status)


@for_staff()
@require_safe
def settlements(request: HttpRequest) -> HttpResponseBase:
    rows = Settlement.objects.newest().with_names()
    return listing(request, SettlementsTable, rows, "billing/settlements.html", filters=SettlementFilters)


@for_staff(Permission.BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest, settlement_id: str) -> HttpResponseBase:
    """Notes where a payment that was made elsewhere is found."""
    row = _settlement(settlement_id)
    form = ReferenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _settled(request, row, form):
        messages.success(request, "Noted as settled.")
        return redirect("billing_settlements")
    return render(request, "billing/settled.html", {"row": row, "form": form}, status=422 if form.errors else 200)


def _settled(request: HttpRequest, row: Settlement, form: ReferenceForm) -> Settlement | None:
    return tried(
        form,
        lambda **rest: actions.settle_by_hand(row, **rest),
        fields={"billing_reference_missing": "reference", "billing_reference_is_card": "reference"},
        reference=form.cleaned_data["reference"],
        by=actor_of(request),
        at=datetime.now(UTC),
    )


@for_staff(Permission.BILLING)
@require_POST
def try_again(request: HttpRequest, settlement_id: str) -> HttpResponseBase:
    told(request, actions.try_again, "It falls due anew.", _settlement(settlement_id))
    return redirect("billing_settlements")


def _settlement(settlement_id: str) -> Settlement:
    row = Settlement.objects.filter(pk=settlement_id.replace("\0", "")).first()
    if row is None:
        raise Http404("no such settlement")
    return row
