"""One version of an own app: its checks, what it asks beyond the one before, the decision, and what can be done with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.forms import ReasonForm, RolloutForm
from piepowder.rooms.appstore.inspection import inspect
from piepowder.rooms.appstore.models import AppVersion, Review
from piepowder.rooms.appstore.outlook import outlook
from piepowder.rooms.appstore.rules.checks import Outcome
from piepowder.rooms.appstore.views.doors import own_app, own_version, told, writes
from piepowder.rooms.developers.guards import for_members
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import actor_of

MOVES: dict[str, tuple[Callable[..., AppVersion], str]] = {
    "submit": (actions.submit_version, "It is handed in. The promised date stands on this page."),
    "take-back": (actions.take_back_version, "It is a draft again, and can be changed."),
    "withdraw": (actions.withdraw_version, "It is withdrawn."),
}


@for_members()
@require_safe
def one(request: HttpRequest, app_id: str, version_id: str) -> HttpResponseBase:
    version = own_version(request, app_id, version_id)
    return render(request, "appstore/version.html", {**facts(version), "writes": writes(request)})


def facts(version: AppVersion) -> dict[str, Any]:
    """What both sides see of a version."""
    at, before = datetime.now(UTC), version.before()
    # Once handed in, what the checks said then is what counts; while it is written, what they say now.
    results = [one.described() for one in inspect(version, at=at)] if version.writable else version.checks
    forecast, policy = outlook(version.manifest, version.roles, app=version.app_id, environment=version.app.environment)
    reviews = list(Review.objects.of(version))
    return {
        "app": version.app,
        "version": version,
        "before": before,
        "difference": version.difference_to(before),
        "results": results,
        "failed": [one for one in results if one["outcome"] == Outcome.FAILED],
        "noted": [one for one in results if one["outcome"] == Outcome.NOTED],
        "outlook": forecast,
        "policy": policy,
        "reviews": reviews,
        "last": next((one for one in reviews if one.concludes), None),
        "place": AppVersion.objects.place(version) if version.waiting else None,
        "waits": AppVersion.objects.waits(at),
        "late": version.waiting and version.promised_at is not None and version.promised_at < at,
        "rollout": RolloutForm(initial={"percent": version.app.rollout_percent or 100}),
        "stop": ReasonForm(),
    }


@for_members(Role.DEVELOPER)
@require_POST
def begin(request: HttpRequest, app_id: str) -> HttpResponseBase:
    """Begins a version and leads to its manifest; where one is under way, to that one."""
    app = own_app(request, app_id)
    try:
        version = actions.begin_version(app, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, sentence(error))
        return redirect("appstore_under_way", app_id=app.id)
    return redirect("appstore_editor", app_id=app.id, version_id=version.id)


@for_members(Role.DEVELOPER)
@require_POST
def move(request: HttpRequest, app_id: str, version_id: str, *, verb: str) -> HttpResponseBase:
    action, done = MOVES[verb]
    told(request, action, done, own_version(request, app_id, version_id))
    return redirect("appstore_version", app_id=app_id, version_id=version_id)


@for_members(Role.DEVELOPER)
@require_POST
def release(request: HttpRequest, app_id: str, version_id: str) -> HttpResponseBase:
    """Puts an approved version live, or raises the share of sellers who get it."""
    version = own_version(request, app_id, version_id)
    form = RolloutForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed. Give a share of sellers from 1 to 100 per cent.")
    else:
        percent = form.cleaned_data["percent"]
        action = actions.widen_rollout if version.rolling_out else actions.release_version
        done = "It is live for every seller." if percent == 100 else f"It is live for {percent} per cent of sellers."
        told(request, action, done, version, percent=percent)
    return redirect("appstore_version", app_id=app_id, version_id=version_id)


@for_members(Role.DEVELOPER)
@require_POST
def stop(request: HttpRequest, app_id: str, version_id: str) -> HttpResponseBase:
    version = own_version(request, app_id, version_id)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    told(request, actions.stop_rollout, "The roll-out is stopped; sellers go on as before.", version, reason=reason)
    return redirect("appstore_version", app_id=app_id, version_id=version_id)
