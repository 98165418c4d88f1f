"""The store's front: shelves, search, cards; and the page that lays apps side by side."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from piepowder.rooms.people.guards import signed_in
from piepowder.rooms.store.forms import BrowseForm
from piepowder.rooms.store.labels import labels_of
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.observed import SHORT_WORDS, LabelShown, Row
from piepowder.rooms.store.shelf import Wish, cards, find, shelves
from piepowder.rooms.store.views.viewer import viewer_of

PER_PAGE = 24
COMPARED_MAX = 4
FRONT = 6


@signed_in
@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """Without a wish it is the front, with one its results; htmx gets the results alone."""
    form = BrowseForm(request.GET)
    wish = Wish(
        words=form.value("q"),
        shelf=form.value("shelf"),
        sort=form.value("sort"),
        private=bool(form.value("private")),
        free=form.value("price") == "free",
    )
    seller = viewer_of(request).seller
    pages = Paginator(find(wish, seller), PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    page: dict[str, Any] = {
        "form": form,
        "wish": wish,
        "narrowed": wish != Wish(sort=wish.sort),
        "page": shown,
        "cards": cards(shown.object_list, seller),
        "shelves": shelves(seller),
        "front": wish == Wish() and shown.number == 1,
    }
    if getattr(request, "htmx", False):
        return render(request, "store/results.html", page)
    return render(request, "store/browse.html", page)


@signed_in
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two to four apps side by side: `?app=app_…&app=app_…`; what this viewer may not see is left out."""
    viewer = viewer_of(request)
    wanted = list(dict.fromkeys(one.replace("\0", "") for one in request.GET.getlist("app")))[: COMPARED_MAX * 2]
    by_id = {row.app_id: row for row in Listing.objects.full().filter(app__in=wanted)}
    rows = [by_id[one] for one in wanted if one in by_id and viewer.may_see(by_id[one])][:COMPARED_MAX]
    labels = labels_of(rows)
    page = {
        "cards": cards(rows, viewer.seller),
        "labels": [labels[row.app_id] for row in rows],
        "lines": _lines([labels[row.app_id] for row in rows]),
        "chosen": [row.app_id for row in rows],
        "others": [] if len(rows) >= COMPARED_MAX else _others(rows, viewer.seller),
    }
    return render(request, "store/compare.html", page)


def _lines(labels: list[LabelShown]) -> list[tuple[str, list[Row | None]]]:
    """Words of each category of a shopper's data that any of them asks for, and each app's row of it."""
    named = dict.fromkeys(row.category for label in labels for row in label.personal)
    found = [{row.category: row for row in label.rows} for label in labels]
    return [(SHORT_WORDS.get(one, one), [rows.get(one) for rows in found]) for one in sorted(named)]


def _others(rows: Iterable[Listing], seller: str) -> list[Listing]:
    """More from the same shelf, to lay beside."""
    chosen = list(rows)
    shelf = next((row.categories[0] for row in chosen if row.categories), "")
    return list(find(Wish(shelf=shelf), seller).exclude(pk__in=[row.pk for row in chosen])[:8])
