"""An app's own page in the store, with its label and what sellers say about it; and the pictures on it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from piepowder.rooms.ground.doors import now
from piepowder.rooms.people.guards import signed_in
from piepowder.rooms.store.categories import categories
from piepowder.rooms.store.forms import RatingForm, ReplyForm, ReportForm
from piepowder.rooms.store.labels import label_of
from piepowder.rooms.store.models import Listing, Rating, Screenshot, Use
from piepowder.rooms.store.prices import plans_of
from piepowder.rooms.store.readiness import may_be_authorised
from piepowder.rooms.store.rules import LANGUAGES, ListingStatus, RatingStatus
from piepowder.rooms.store.shelf import Wish, cards, find
from piepowder.rooms.store.views.viewer import Viewer, found, viewer_of, visible

RATINGS_PER_PAGE = 10
ALIKE = 3


@signed_in
@require_safe
def app_page(request: HttpRequest, app_id: str) -> HttpResponse:
    return page_of(request, visible(request, app_id))


def page_of(request: HttpRequest, listing: Listing, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page; `more` has forms that were refused, so that nothing typed is lost."""
    viewer = viewer_of(request)
    page = {
        **listing_words(listing),
        **_ratings(request, listing, viewer),
        "viewer": viewer,
        "label": label_of(listing),
        "open": may_be_authorised(listing.app),
        "use": Use.objects.present(listing.app_id, viewer.seller) if viewer.seller else None,
        "start": listing.start_url or start_here(listing),
        "alike": cards(_alike(listing, viewer), viewer.seller),
        **more,
    }
    return render(request, "store/app.html", page, status=status)


def listing_words(listing: Listing) -> dict[str, Any]:
    """What the words and pictures of a listing need to be shown, on its page and in the editor's preview."""
    return {
        "listing": listing,
        "app": listing.app,
        "shelves": [categories()[one] for one in listing.categories if one in categories()],
        "languages": [LANGUAGES.get(one, one) for one in listing.languages],
        "screenshots": list(listing.screenshots.in_order()) if listing.pk else [],
        "plans": plans_of([listing.app_id]).get(listing.app_id, ()),
    }


def start_here(listing: Listing) -> str:
    """This marketplace's own page of consent for the app."""
    return f"{reverse('consent_consent')}?{urlencode({'application_id': listing.app_id})}"


def _ratings(request: HttpRequest, listing: Listing, viewer: Viewer) -> dict[str, Any]:
    shown = Paginator(Rating.objects.shown_of(listing.app_id), RATINGS_PER_PAGE).get_page(request.GET.get("page"))
    own = Rating.objects.by_seller(listing.app_id, viewer.seller) if viewer.seller else None
    given = own and own.status != RatingStatus.WITHDRAWN
    return {
        "ratings": shown,
        "own": own if given else None,
        "counts": _histogram(listing),
        "may_rate": bool(viewer.seller) and Use.objects.may_rate(listing.app_id, viewer.seller, now()),
        "may_reply": listing.app.developer_id in viewer.writes_for,
        "rating_form": RatingForm(initial={"stars": own.stars, "words": own.words} if own and given else None),
        "reply_form": ReplyForm(auto_id=False),
        "report_form": ReportForm(auto_id=False),
    }


def _histogram(listing: Listing) -> list[tuple[int, int, float]]:
    """Stars, how many gave them, and their share in percent; five first."""
    counts = Rating.objects.counts(listing.app_id)
    total = counts.total()
    return [(stars, counts[stars], 100 * counts[stars] / total if total else 0) for stars in (5, 4, 3, 2, 1)]


def _alike(listing: Listing, viewer: Viewer) -> list[Listing]:
    if not listing.categories:
        return []
    return list(find(Wish(shelf=listing.categories[0]), viewer.seller).exclude(pk=listing.pk)[:ALIKE])


@require_safe
def picture(request: HttpRequest, screenshot_id: str) -> HttpResponse:
    """A screenshot, with headers that let a browser do nothing with it but show and keep it."""
    if not request.user.is_authenticated:
        raise Http404("no such picture")
    shot = found(Screenshot.objects.named, screenshot_id)
    if shot.listing.status != ListingStatus.LISTED and not viewer_of(request).may_see(shot.listing):
        raise Http404("no such picture")
    answer = HttpResponse(bytes(shot.data), content_type=shot.media_type)
    answer["Content-Disposition"] = "inline"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
