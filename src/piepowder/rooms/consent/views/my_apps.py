"""The seller's own page: which apps act for my shop, what each may read, and the way to end it."""

from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.offers import offer
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.people.models import Seller


@never_cache
@login_required
@require_safe
def my_apps(request: HttpRequest) -> HttpResponse:
    grants = Grant.objects.of_seller(_seller(request).id)
    rows = [{"grant": grant, "words": [purpose_words(one) for one in grant.purposes]} for grant in grants]
    return render(request, "consent/my_apps.html", {"rows": rows, "seller": _seller(request)})


@never_cache
@login_required
@require_safe
def my_app(request: HttpRequest, grant_id: str) -> HttpResponse:
    grant = _own(request, grant_id)
    page = {"grant": grant, "offer": offer(grant.app, grant.version), "active": grant.status == "active"}
    return render(request, "consent/my_app.html", page)


@login_required
@require_POST
def narrow(request: HttpRequest, grant_id: str) -> HttpResponse:
    """Keeps what is ticked. Only taking away is possible here; giving more goes through the app's own request."""
    grant = _own(request, grant_id)
    try:
        actions.narrow(
            grant,
            purposes=request.POST.getlist("purpose"),
            categories=request.POST.getlist("category"),
            by=_actor(request),
            at=datetime.now(UTC),
        )
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{grant.app.name} may read less from now on.")
    return redirect("consent_my_app", grant_id=grant.id)


@login_required
@require_POST
def revoke(request: HttpRequest, grant_id: str) -> HttpResponse:
    grant = _own(request, grant_id)
    try:
        actions.revoke(grant, by=_actor(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{grant.app.name} has no access any more.")
    return redirect("consent_my_apps")


def _seller(request: HttpRequest) -> Seller:
    seller: Seller | None = getattr(request.user, "seller", None)
    if seller is None:
        raise Http404("this page is for sellers")
    return seller


def _own(request: HttpRequest, grant_id: str) -> Grant:
    """Another seller's grant is as good as none."""
    grant = Grant.objects.of_seller(_seller(request).id).filter(pk=grant_id).first()
    if grant is None:
        raise Http404("no such app")
    return grant


def _actor(request: HttpRequest) -> Actor:
    return Actor(ActorKind.SELLER, str(request.user.pk))
