"""The seller's own pages: which apps act for my shop, what each may and did read, and the ways to change, renew and end it.

My apps ──► one app ──► choose again (also: what a new version asks) │ renew │ revoke, with what it means for the shop
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.consent import actions, outlook
from piepowder.rooms.consent.forms import read_ticks
from piepowder.rooms.consent.manifests import asked_by, asked_of
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.consent.offers import offer
from piepowder.rooms.consent.rules import Choice, carried_over, difference, reminder_due
from piepowder.rooms.consent.samples import sample
from piepowder.rooms.consent.uses import history, use_since, uses_by_app
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import actor_of, for_sellers, seller_of

WEEK, YEAR = timedelta(days=7), timedelta(days=365)
ENDED_SHOWN = 50


@for_sellers
@require_safe
def my_apps(request: HttpRequest) -> HttpResponse:
    """Every app with what it did this week; what waits for an answer stands first, what is over last."""
    seller, now = seller_of(request), datetime.now(UTC)
    grants = list(Grant.objects.of_seller(seller.id)[:500])
    uses = uses_by_app(seller.id, now - WEEK)
    active = [_row(grant, uses.get(grant.app_id), now) for grant in grants if grant.status == "active"]
    page = {
        "rows": active,
        "ended": [grant for grant in grants if grant.status != "active"][:ENDED_SHOWN],
        "waiting": PermissionRequest.objects.of_seller(seller.id),
        "seller": seller,
    }
    return render(request, "consent/my_apps.html", page)


def _row(grant: Grant, use: object, now: datetime) -> dict[str, object]:
    words = [purpose_words(one) for one in grant.purposes]
    return {"grant": grant, "words": words, "use": use, "ending": reminder_due(grant.expires_at, now) is not None}


@for_sellers
@require_safe
def my_app(request: HttpRequest, grant_id: str) -> HttpResponse:
    grant, now = _own(request, grant_id), datetime.now(UTC)
    shown = offer(grant.app, grant.version, choice=grant.choice)
    page = {
        "grant": grant,
        "offer": shown,
        "sample": sample(shown),
        "active": grant.status == "active",
        "ending": reminder_due(grant.expires_at, now) is not None,
        "use": use_since(grant, now - WEEK),
        "waiting": PermissionRequest.objects.open_of(grant.id),
        "history": history(grant),
        "delete_by": grant.ended_at + timedelta(days=settings.PIEPOWDER.deletion_days) if grant.ended_at else None,
    }
    return render(request, "consent/my_app.html", page)


@for_sellers
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, grant_id: str) -> HttpResponse:
    """All that the app's present version asks for, with what was allowed ticked and what is new marked and left open."""
    grant = _own(request, grant_id)
    if grant.status != "active":
        messages.error(request, "This app has no access any more. Connect it anew from its own page.")
        return redirect("consent_my_app", grant_id=grant.id)
    before, after = asked_by(grant.app, grant.version), asked_of(grant.app, grant.seller_id)
    beyond = difference(grant.choice, before, after)
    choice = carried_over(grant.choice, before, after) or Choice(())
    ticks, problem = read_ticks(request.POST), ""
    if request.POST.get("decision") == "save":
        try:
            actions.choose(
                grant,
                purposes=ticks.purposes,
                narrowed=ticks.narrowed,
                read=ticks.read,
                by=actor_of(request),
                at=datetime.now(UTC),
            )
        except PiepowderError as error:
            problem = sentence(error)
        else:
            messages.success(request, f"Saved. {grant.app.name} reads what you chose, from now on and nothing else.")
            return redirect("consent_my_app", grant_id=grant.id)
    ticked = ticks.choice(after) if request.method == "POST" else choice
    shown = offer(grant.app, after.version, choice=ticked, beyond=beyond)
    page = {
        "grant": grant,
        "offer": shown,
        "beyond": beyond,
        "gone": [(purpose_words(purpose), category) for purpose, category in beyond.gone_categories],
        "sample": sample(shown),
        "waiting": PermissionRequest.objects.open_of(grant.id),
        "problem": problem,
    }
    return render(request, "consent/choose.html", page, status=422 if problem else 200)


@for_sellers
@require_POST
def keep(request: HttpRequest, grant_id: str) -> HttpResponse:
    """No to what a new version asks: everything stays as it is."""
    grant = _own(request, grant_id)
    done = f"Nothing has changed: {grant.app.name} goes on with what you allowed before."
    return _tried(request, grant, actions.refuse_request, done)


@for_sellers
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, grant_id: str) -> HttpResponse:
    """The second of two clicks renews; the page shows what the past year was like."""
    grant, now = _own(request, grant_id), datetime.now(UTC)
    if request.method == "POST":
        return _tried(request, grant, actions.renew, f"{grant.app.name} may go on for another year.")
    page = {
        "grant": grant,
        "offer": offer(grant.app, grant.version, choice=grant.choice),
        "use": use_since(grant, now - YEAR),
        "until": now + timedelta(days=settings.PIEPOWDER.grant_days),
        "active": grant.status == "active",
    }
    return render(request, "consent/renew.html", page)


@for_sellers
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, grant_id: str) -> HttpResponse:
    """First what it would mean for the shop, then, at a second click, the end at once."""
    grant, now = _own(request, grant_id), datetime.now(UTC)
    if request.method != "POST":
        return render(request, "consent/revoke.html", {"grant": grant, "outlook": outlook.of_end(grant, at=now)})
    reason = request.POST.get("reason", "").replace("\0", "")[:500]
    done = f"{grant.app.name} has no access any more."

    def end(row: Grant, **by: Any) -> Grant:
        return actions.revoke(row, reason=reason, **by)

    return _tried(request, grant, end, done, then="consent_my_apps")


def _tried(
    request: HttpRequest, grant: Grant, action: Callable[..., object], done: str, *, then: str = ""
) -> HttpResponse:
    try:
        action(grant, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, done)
    return redirect(then) if then else redirect("consent_my_app", grant_id=grant.id)


def _own(request: HttpRequest, grant_id: str) -> Grant:
    """Another seller's grant is as good as none."""
    grant = Grant.objects.of_seller(seller_of(request).id).filter(pk=grant_id.replace("\0", "")).first()
    if grant is None:
        raise Http404("no such app")
    return grant
