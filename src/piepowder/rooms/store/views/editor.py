"""A developer's listings: overview, editor with checks and preview, screenshots, stages, and the buttons that move them on."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.ground.doors import now
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.people.guards import actor_of, signed_in
from piepowder.rooms.store import actions, pictures
from piepowder.rooms.store.forms import ListingForm, ScreenshotForm, StageForm
from piepowder.rooms.store.labels import label_of
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.readiness import checks_of, lookalikes_of, may_be_authorised
from piepowder.rooms.store.rules import SCREENSHOTS_MAX, Texts
from piepowder.rooms.store.views.app import listing_words
from piepowder.rooms.store.views.viewer import for_own_app, viewer_of

MOVES: dict[str, tuple[Callable[..., Listing], str]] = {
    "submit": (actions.submit, "Submitted. The marketplace looks at it; you get a letter."),
    "withdraw": (actions.withdraw, "Taken back. You can change it now."),
    "unlist": (actions.unlist, "Off the shelf. Whoever uses the app goes on."),
    "relist": (actions.relist, "Back on the shelf."),
}


@signed_in
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every public app of the account's organisations, with its listing or a button to begin one."""
    developers = viewer_of(request).developers
    apps = App.objects.filter(developer__in=developers).select_related("developer").order_by("name")
    listings = {row.app_id: row for row in Listing.objects.full().filter(app__developer__in=developers)}
    rows = [{"app": app, "listing": listings.get(app.id), "public": app.kind == "public"} for app in apps]
    return render(request, "store/listings.html", {"rows": rows})


@for_own_app
@require_http_methods(["GET", "POST"])
def editor(request: HttpRequest, app: App) -> HttpResponse:
    """The form; `preview` shows the page as it would be and writes nothing, `save` writes."""
    listing = _listing(app)
    if listing is None:
        return render(request, "store/begin.html", {"app": app})
    if request.method != "POST":
        return _page(request, listing, ListingForm.of(listing))
    form = ListingForm(request.POST)
    if not form.is_valid():
        return _page(request, listing, form, status=422)
    if "preview" in request.POST:
        return _preview(request, listing, form)
    if _saved(request, app, form):
        messages.success(request, "Saved.")
        return redirect("store_editor", app_id=app.id)
    return _page(request, Listing.objects.of_app(app.id), form, status=409)


def _saved(request: HttpRequest, app: App, form: ListingForm) -> Listing | None:
    texts, seen = form.texts(), form.seen()
    return tried(form, actions.edit_listing, app_id=app.id, texts=texts, seen=seen, by=actor_of(request), at=now())


def _preview(request: HttpRequest, listing: Listing, form: ListingForm) -> HttpResponse:
    """Nothing is written: the row is filled in for this page only."""
    _fill(listing, form.texts())
    page = {**listing_words(listing), "label": label_of(listing), "form": form, "open": may_be_authorised(listing.app)}
    return render(request, "store/preview.html", page)


def _fill(listing: Listing, texts: Texts) -> None:
    for name in Texts.__dataclass_fields__:
        setattr(listing, name, getattr(texts, name))


def _page(request: HttpRequest, listing: Listing, form: ListingForm, *, status: int = 200, **more: Any) -> HttpResponse:
    found = checks_of(listing)
    page = {
        "listing": listing,
        "app": listing.app,
        "form": form,
        "checks": found,
        "ready": all(check.passed for check in found if check.needed),
        "alike": lookalikes_of(listing.app),
        "screenshots": list(listing.screenshots.in_order()),
        "screenshots_max": SCREENSHOTS_MAX,
        "screenshot_form": ScreenshotForm(auto_id="shot_%s"),
        "stage_form": StageForm(initial={"percent": listing.percent, "sellers": listing.sellers}, auto_id="stage_%s"),
        **more,
    }
    return render(request, "store/editor.html", page, status=status)


@for_own_app
@require_POST
def begin(request: HttpRequest, app: App) -> HttpResponse:
    try:
        actions.open_listing(app, by=actor_of(request), at=now())
    except PiepowderError as error:
        messages.error(request, sentence(error))
        return redirect("store_listings")
    return redirect("store_editor", app_id=app.id)


@for_own_app
@require_POST
def move(request: HttpRequest, app: App, verb: str) -> HttpResponse:
    """The button `verb`: submit, withdraw, unlist, relist."""
    action, words = MOVES[verb]
    try:
        action(app.id, by=actor_of(request), at=now())
    except PiepowderError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, words)
    return redirect("store_editor", app_id=app.id)


@for_own_app
@require_POST
def add_screenshot(request: HttpRequest, app: App) -> HttpResponse:
    form = ScreenshotForm(request.POST, request.FILES, auto_id="shot_%s")
    if form.is_valid():
        file = form.cleaned_data["picture"]
        data = file.read(pictures.BYTES_MAX + 1)
        given = {"data": data, "words": form.cleaned_data["words"], "by": actor_of(request), "at": now()}
        at_fields = {f"store_picture_{one}": "picture" for one in ("large", "size", "type", "broken")}
        at_fields |= {"store_screenshot_twice": "picture", "store_screenshot_words": "words"}
        if tried(form, actions.add_screenshot, fields=at_fields, app_id=app.id, **given):
            messages.success(request, "The screenshot is there.")
            return redirect("store_editor", app_id=app.id)
    listing = Listing.objects.of_app(app.id)
    return _page(request, listing, ListingForm.of(listing), status=422, screenshot_form=form)


@for_own_app
@require_POST
def change_screenshot(request: HttpRequest, app: App, screenshot_id: str) -> HttpResponse:
    """`remove`, or one place to the front."""
    action = actions.remove_screenshot if "remove" in request.POST else actions.move_screenshot
    try:
        action(app.id, screenshot_id, by=actor_of(request), at=now())
    except PiepowderError as error:
        messages.error(request, sentence(error))
    return redirect("store_editor", app_id=app.id)


@for_own_app
@require_POST
def stage(request: HttpRequest, app: App) -> HttpResponse:
    form = StageForm(request.POST, auto_id="stage_%s")
    at_fields = {"people_seller_unknown": "sellers", "store_stage_sellers": "sellers", "store_stage_percent": "percent"}
    given: dict[str, Any] = {"app_id": app.id, "by": actor_of(request), "at": now()}
    if form.is_valid() and tried(form, actions.stage, fields=at_fields, **form.cleaned_data, **given) is not None:
        messages.success(request, "Saved. It holds from the next page that a seller opens.")
        return redirect("store_editor", app_id=app.id)
    listing = Listing.objects.of_app(app.id)
    return _page(request, listing, ListingForm.of(listing), status=422, stage_form=form)


def _listing(app: App) -> Listing | None:
    return Listing.objects.full().filter(app=app).first()
