"""Buttons under an app's ratings: rate, withdraw, answer, report. Each leads back to the page it stands on."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.doors import now
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.people.guards import actor_of, for_sellers, seller_of, signed_in
from piepowder.rooms.store import actions
from piepowder.rooms.store.forms import RatingForm, ReplyForm, ReportForm
from piepowder.rooms.store.models import Rating
from piepowder.rooms.store.views.app import page_of
from piepowder.rooms.store.views.viewer import found, viewer_of, visible

_AT_WORDS = dict.fromkeys(
    ("store_words_long", "store_words_hidden", "store_words_personal", "store_reply_empty"), "words"
)


@for_sellers
@require_POST
def rate(request: HttpRequest, app_id: str) -> HttpResponse:
    listing, form = visible(request, app_id), RatingForm(request.POST)
    if form.is_valid():
        given = {"stars": form.cleaned_data["stars"], "words": form.cleaned_data["words"]}
        if tried(
            form,
            actions.rate,
            fields=_AT_WORDS,
            app_id=listing.app_id,
            seller_id=seller_of(request).id,
            **given,
            **_who(request),
        ):
            messages.success(request, "Thank you. Your rating is on the page.")
            return _back(listing.app_id)
    return page_of(request, listing, status=422, rating_form=form)


@for_sellers
@require_POST
def withdraw(request: HttpRequest, app_id: str) -> HttpResponse:
    listing = visible(request, app_id)
    try:
        actions.withdraw_rating(listing.app_id, seller_of(request).id, by=actor_of(request), at=now())
    except PiepowderError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, "Your rating was taken back.")
    return _back(listing.app_id)


@signed_in
@require_POST
def reply(request: HttpRequest, rating_id: str) -> HttpResponse:
    """For the app's developer."""
    rating = found(Rating.objects.named, rating_id)
    if rating.app.developer_id not in viewer_of(request).writes_for:
        raise PermissionDenied
    listing, form = visible(request, rating.app_id), ReplyForm(request.POST, auto_id=False)
    if _said(request, form, actions.change_reply, rating, _AT_WORDS):
        messages.success(request, "Your answer is on the page.")
        return _back(listing.app_id)
    return page_of(request, listing, status=422, refused_reply=form, refused_id=rating.id)


@signed_in
@require_POST
def report(request: HttpRequest, rating_id: str) -> HttpResponse:
    """For whoever sees the page."""
    rating = found(Rating.objects.named, rating_id)
    listing, form = visible(request, rating.app_id), ReportForm(request.POST, auto_id=False)
    fields = {"store_report_words": "words", "store_report_twice": "words"}
    if _said(request, form, actions.report_rating, rating, fields):
        messages.success(request, "Thank you. The marketplace looks at it.")
        return _back(listing.app_id)
    return page_of(request, listing, status=422, refused_report=form, refused_id=rating.id)


def _said(
    request: HttpRequest, form: Form, action: Callable[..., object], rating: Rating, fields: dict[str, str]
) -> bool:
    """Whether the action took the form's words."""
    if not form.is_valid():
        return False
    given = {"rating_id": rating.id, "words": form.cleaned_data["words"]}
    return tried(form, action, fields=fields, **given, **_who(request)) is not None


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": actor_of(request), "at": now()}


def _back(app_id: str) -> HttpResponse:
    return redirect(f"{reverse('store_app', args=[app_id])}#ratings")
