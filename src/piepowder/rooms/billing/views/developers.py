"""The developer's pages: plans of the organisation's apps, who has them, and the statements."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions, months
from piepowder.rooms.billing.actions.books import conditions
from piepowder.rooms.billing.forms import FIELDS, PlanForm, TermsForm, present
from piepowder.rooms.billing.models import FreeAmount, Plan, Subscription
from piepowder.rooms.billing.views.doors import told
from piepowder.rooms.billing.zone import zone
from piepowder.rooms.developers.guards import developer_of, for_members, member_of
from piepowder.rooms.developers.rules.organisation import Role, may
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.people.guards import actor_of

LIVE = Count("subscriptions", filter=~Q(subscriptions__status="ended"), distinct=True)


@for_members()
@require_safe
def plans(request: HttpRequest) -> HttpResponseBase:
    """Every plan of every app, and what the marketplace takes."""
    developer, month = developer_of(request), months.month_of(datetime.now(UTC), zone())
    held = conditions(month)
    apps = list(App.objects.filter(developer=developer).order_by("name"))
    page = {
        "developer": developer,
        "plans": Plan.objects.of_developer(developer.id).annotate(live=LIVE),
        "rates": [(app, held.percent(app.id)) for app in apps],
        "free": FreeAmount.objects.in_month(month).values(),
        "apps": apps,
        "may_change": may(member_of(request).role, (Role.BILLING,)),
    }
    return render(request, "billing/plans.html", page)


@for_members(Role.BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    developer = developer_of(request)
    form = PlanForm(
        request.POST or None, developer_id=developer.id, initial={"app": request.GET.get("app"), "currency": "EUR"}
    )
    if request.method == "POST" and form.is_valid() and (plan := _made(request, form)):
        messages.success(request, f"“{plan.name}” is offered now.")
        return redirect("billing_plans")
    page = {"form": form, "developer": developer, "apps": App.objects.filter(developer=developer).exists()}
    return render(request, "billing/plan_new.html", page, status=422 if form.errors else 200)


def _made(request: HttpRequest, form: PlanForm) -> Plan | None:
    given = form.cleaned_data
    return tried(
        form,
        lambda **rest: actions.create_plan(given["app"], **rest),
        fields=FIELDS,
        name=given["name"],
        terms=form.terms(),
        by=actor_of(request),
        at=datetime.now(UTC),
    )


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, plan_id: str) -> HttpResponseBase:
    """A plan with its versions; the form makes a new one."""
    row, may_change = _own(request, plan_id), may(member_of(request).role, (Role.BILLING,))
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = TermsForm(request.POST or None, initial=present(row.newest))
    if request.method == "POST" and form.is_valid() and _changed(request, row, form):
        messages.success(
            request, "The new terms hold for whoever subscribes from now on. The others are told, and keep theirs."
        )
        return redirect("billing_plan", plan_id=row.id)
    page = {"form": form, "may_change": may_change, **_page(row)}
    return render(request, "billing/plan.html", page, status=422 if form.errors else 200)


def _page(row: Plan) -> dict[str, Any]:
    live = Subscription.objects.live().filter(plan=row).prefetch_related("terms__version")
    counted: dict[str, int] = {}
    for one in live[:10_000]:
        counted[one.version.id] = counted.get(one.version.id, 0) + 1
    versions = sorted(row.versions.all(), key=lambda one: -one.number)
    return {"plan": row, "versions": [(version, counted.get(version.id, 0)) for version in versions]}


def _changed(request: HttpRequest, row: Plan, form: TermsForm) -> Plan | None:
    return tried(
        form,
        lambda **rest: actions.change_plan(row, **rest),
        fields=FIELDS,
        terms=form.terms(),
        seen=form.cleaned_data["seen"] or 0,
        by=actor_of(request),
        at=datetime.now(UTC),
    )


@for_members(Role.BILLING)
@require_POST
def withdraw(request: HttpRequest, plan_id: str) -> HttpResponseBase:
    row = _own(request, plan_id)
    told(request, actions.withdraw_plan, f"Nobody new can choose “{row.name}”. Whoever has it keeps it.", row)
    return redirect("billing_plan", plan_id=row.id)


@for_members(Role.BILLING)
@require_POST
def offer(request: HttpRequest, plan_id: str) -> HttpResponseBase:
    row = _own(request, plan_id)
    told(request, actions.offer_plan, f"“{row.name}” is offered again.", row)
    return redirect("billing_plan", plan_id=row.id)


def _own(request: HttpRequest, plan_id: str) -> Plan:
    """Another organisation's plan is as good as none."""
    row = Plan.objects.of_developer(developer_of(request).id).filter(pk=plan_id.replace("\0", "")).first()
    if row is None:
        raise Http404("no such plan")
    return row
