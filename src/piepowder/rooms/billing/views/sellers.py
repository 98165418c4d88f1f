"""The seller's pages: what apps cost my shop, which plan, how to change and cancel.

Subscriptions ──► choose or change a plan │ cancel, after a page that says what it means │ what I paid, month by month
"""

from datetime import UTC, datetime

import django_tables2 as tables
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions
from piepowder.rooms.billing.models import Entry, Plan, Subscription, TermsOffer
from piepowder.rooms.billing.money import shown
from piepowder.rooms.billing.reads import cancelling, plans_of, running
from piepowder.rooms.billing.views.doors import told
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import for_sellers, seller_of

SHOWN = 500


@for_sellers
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    seller, now = seller_of(request), datetime.now(UTC)
    rows = list(Subscription.objects.of_seller(seller.id)[:SHOWN])
    page = {
        "seller": seller,
        "rows": running([row for row in rows if row.status != "ended"], at=now),
        "ended": [row for row in rows if row.status == "ended"],
        "offers": TermsOffer.objects.open_to(seller.id),
    }
    return render(request, "billing/subscriptions.html", page)


class ChargesTable(tables.Table):  # type: ignore[misc]
    month = tables.DateColumn(format="F Y", attrs={"td": {"class": "nowrap"}})
    words = tables.Column(verbose_name="What for", orderable=False)
    gross = tables.TemplateColumn(
        "{% load billing_words %}{{ record.gross|money:record.currency }}",
        verbose_name="Amount",
        attrs={"th": {"class": "num"}, "td": {"class": "num nowrap"}},
    )
    currency = tables.Column()

    class Meta:
        caption = "What apps cost, the newest month first"
        empty = "billing/no_charges.html"

    def value_month(self, record: Entry) -> str:
        return f"{record.month:%Y-%m}"

    def value_gross(self, record: Entry) -> str:
        return shown(record.gross, record.currency)


@for_sellers
@require_safe
def charges(request: HttpRequest) -> HttpResponseBase:
    """Every charge and correction of the months that are over."""
    rows = Entry.objects.of_seller(seller_of(request).id)
    return listing(request, ChargesTable, rows, "billing/charges.html", page={"seller": seller_of(request)})


@for_sellers
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, app_id: str) -> HttpResponseBase:
    """The plans of an app; choosing one subscribes, or changes the plan from next month on."""
    seller = seller_of(request)
    app = App.objects.select_related("developer").filter(pk=app_id.replace("\0", "")).first()
    if app is None:
        raise Http404("no such app")
    present = Subscription.objects.whole().live().filter(app=app, seller=seller).first()
    if request.method == "POST" and _chosen(request, app, present):
        return redirect("billing_subscriptions")
    page = {"app": app, "plans": plans_of(app), "present": present, "version": present.version if present else None}
    return render(request, "billing/choose.html", page)


def _chosen(request: HttpRequest, app: App, present: Subscription | None) -> bool:
    plan = Plan.objects.filter(pk=request.POST.get("plan", "").replace("\0", ""), app=app).select_related("app").first()
    if plan is None:
        raise Http404("no such plan")
    if present is None:
        done = f"You have “{plan.name}” of {app.name} now."
        return told(request, actions.subscribe, done, plan, seller_of(request))
    done = f"From the first of next month on you have “{plan.name}” of {app.name}."
    return told(request, actions.switch_plan, done, present, plan)


@for_sellers
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, subscription_id: str) -> HttpResponseBase:
    """First what it means, then, at a second click, the cancellation."""
    row = _own(request, subscription_id)
    if request.method == "POST":
        reason = request.POST.get("reason", "").replace("\0", "")[:500]
        told(request, actions.cancel, f"{row.app.name} is cancelled.", row, reason=reason)
        return redirect("billing_subscriptions")
    page = {"row": row, "until": cancelling(row, at=datetime.now(UTC))}
    return render(request, "billing/cancel.html", page)


@for_sellers
@require_POST
def resume(request: HttpRequest, subscription_id: str) -> HttpResponseBase:
    row = _own(request, subscription_id)
    told(request, actions.resume, f"{row.app.name} goes on as before.", row)
    return redirect("billing_subscriptions")


@for_sellers
@require_POST
def answer(request: HttpRequest, subscription_id: str, offer_id: str) -> HttpResponseBase:
    """Yes or no to new terms, by the button that was pressed."""
    row = _own(request, subscription_id)
    try:
        offer = TermsOffer.objects.of(row.id, offer_id.replace("\0", ""))
    except PiepowderError:
        raise Http404("no such offer") from None
    if request.POST.get("answer") == "accept":
        told(request, actions.accept_terms, "The new terms hold from the first of next month on.", offer)
    else:
        told(request, actions.decline_terms, f"You keep your terms of {row.app.name}.", offer)
    return redirect("billing_subscriptions")


def _own(request: HttpRequest, subscription_id: str) -> Subscription:
    """Another seller's subscription is as good as none."""
    rows = Subscription.objects.of_seller(seller_of(request).id)
    row = rows.filter(pk=subscription_id.replace("\0", "")).first()
    if row is None:
        raise Http404("no such subscription")
    return row
