"""The marketplace's desk: listings that wait, listings that changed since somebody looked, ratings that were reported."""

from collections.abc import Callable
from typing import Any

import django_filters
import django_tables2 as tables
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.doors import now
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.ground.tables import listing as table_page
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of
from piepowder.rooms.store import actions
from piepowder.rooms.store.forms import ListingForm, ReasonForm
from piepowder.rooms.store.labels import label_of
from piepowder.rooms.store.models import Listing, Rating, Report
from piepowder.rooms.store.readiness import checks_of, lookalikes_of
from piepowder.rooms.store.rules import ListingStatus
from piepowder.rooms.store.views.app import listing_words
from piepowder.rooms.store.views.viewer import found

MOVES: dict[str, tuple[Callable[..., Listing], str]] = {
    "accept": (actions.accept, "It is in the store. The developer was told."),
    "send_back": (actions.send_back, "It went back to the developer, with your reason."),
    "remove": (actions.remove, "It is out of the store. The developer was told why."),
    "restore": (actions.restore, "It is in the store again. The developer was told."),
    "look": (actions.look, "Noted. It is listed as changed again when something changes."),
}
WITHOUT_REASON = ("accept", "look")


class ListingFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(
        choices=[(s.value, s.value) for s in ListingStatus], label="Status", empty_label="Any"
    )
    name = django_filters.CharFilter(field_name="app__name", lookup_expr="icontains", label="Name")
    developer = django_filters.CharFilter(field_name="app__developer__name", lookup_expr="icontains", label="Developer")


class ListingTable(tables.Table):  # type: ignore[misc]
    app = tables.Column(
        verbose_name="App", accessor="app__name", linkify=("store_desk_listing", {"app_id": tables.A("app_id")})
    )
    developer = tables.Column(verbose_name="Developer", accessor="app__developer__name")
    status = tables.TemplateColumn(template_name="store/status_cell.html", verbose_name="Status")
    submitted_at = tables.DateTimeColumn(verbose_name="Submitted", format="j M Y, H:i")
    changed_at = tables.DateTimeColumn(verbose_name="Changed", format="j M Y, H:i")
    sellers_count = tables.Column(verbose_name="Sellers", attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    rating_median = tables.Column(verbose_name="Stars", attrs={"th": {"class": "num"}, "td": {"class": "num"}})

    class Meta:
        caption = "Listings"
        empty = "store/no_listings.html"

    def render_rating_median(self, value: float, record: Listing) -> str:
        return f"{value:g}" if record.rating_count else "—"

    def value_status(self, value: str) -> str:
        return value


@for_staff()
@require_safe
def desk(request: HttpRequest) -> HttpResponseBase:
    page = {
        "waiting": list(Listing.objects.waiting()[:50]),
        "changed": list(Listing.objects.changed_since_look()[:50]),
        "reported": Rating.objects.reported().count(),
        "at": now(),
    }
    rows = Listing.objects.full().order_by("-changed_at")
    return table_page(request, ListingTable, rows, "store/desk.html", filters=ListingFilter, page=page)


@for_staff()
@require_safe
def one(request: HttpRequest, app_id: str) -> HttpResponse:
    return _page(request, found(Listing.objects.of_app, app_id), ReasonForm())


def _page(request: HttpRequest, listing: Listing, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    page: dict[str, Any] = {
        **listing_words(listing),
        "label": label_of(listing),
        "checks": checks_of(listing),
        "alike": lookalikes_of(listing.app),
        "changes": [(ListingForm.base_fields[name].label, *two) for name, *two in listing.changes_since_look()],
        "form": form,
        "may_decide": Permission.REVIEW in permissions_of(account_of(request)),
        "unseen": bool(listing.looked_at and listing.changed_at > listing.looked_at),
    }
    return render(request, "store/desk_listing.html", page, status=status)


@for_staff(Permission.REVIEW)
@require_POST
def move(request: HttpRequest, app_id: str) -> HttpResponse:
    """The pressed button's name is the verb; a reason where the developer must hear one."""
    listing = found(Listing.objects.of_app, app_id)
    verb = request.POST.get("verb", "")
    action, words = MOVES.get(verb, MOVES["look"])
    form = ReasonForm(request.POST)
    form.fields["reason"].required = verb not in WITHOUT_REASON
    if not form.is_valid():
        return _page(request, listing, form, status=422)
    reason = {} if verb in WITHOUT_REASON else {"reason": form.cleaned_data["reason"]}
    fields = {"store_reason_missing": "reason"}
    if tried(form, action, fields=fields, app_id=listing.app_id, **reason, by=actor_of(request), at=now()) is None:
        return _page(request, Listing.objects.of_app(listing.app_id), form, status=409)
    messages.success(request, words)
    return redirect("store_desk_listing", app_id=listing.app_id)


@for_staff()
@require_safe
def ratings(request: HttpRequest) -> HttpResponse:
    """Reported ratings with what was said against them, and those that are hidden."""
    rows = list(Rating.objects.reported()[:50])
    reports: dict[str, list[Report]] = {row.pk: [] for row in rows}
    for report in Report.objects.filter(rating__in=rows, answered_at=None).order_by("id"):
        reports[report.rating_id].append(report)
    page = {
        "rows": [(row, reports[row.pk]) for row in rows],
        "hidden": Rating.objects.hidden()[:50],
        "may_decide": Permission.REVIEW in permissions_of(account_of(request)),
    }
    return render(request, "store/desk_ratings.html", page)


@for_staff(Permission.REVIEW)
@require_POST
def judge(request: HttpRequest, rating_id: str) -> HttpResponse:
    """`keep`, `hide` or `show`; the last two with a reason."""
    rating = found(Rating.objects.named, rating_id)
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "")
    who: dict[str, Any] = {"by": actor_of(request), "at": now()}
    try:
        if verb == "hide":
            actions.hide_rating(rating.id, reason=reason, **who)
        elif verb == "show":
            actions.show_rating(rating.id, reason=reason, **who)
        else:
            actions.keep_rating(rating.id, **who)
    except PiepowderError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, "Done. Whoever it concerns was told.")
    return redirect("store_desk_ratings")
