"""The manifest of a draft, purpose by purpose, with what the policy in force would give; or as a file."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import pretty
from piepowder.core.policy.taxonomy import covers
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.catalogue import apis, categories, category_line, offered
from piepowder.rooms.appstore.forms import MANIFEST_FIELDS, ManifestForm, PurposeForm, VersionForm
from piepowder.rooms.appstore.manifests import manifest_from_file, with_purpose
from piepowder.rooms.appstore.models import AppVersion
from piepowder.rooms.appstore.outlook import outlook
from piepowder.rooms.appstore.rules import check_words
from piepowder.rooms.appstore.rules.differences import by_purpose
from piepowder.rooms.appstore.views.doors import own_version, revision_of, told
from piepowder.rooms.developers.guards import for_members
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.people.guards import actor_of

BOXES_MAX = 1000


@for_members(Role.DEVELOPER)
@require_safe
def editor(request: HttpRequest, app_id: str, version_id: str) -> HttpResponseBase:
    version = own_version(request, app_id, version_id)
    if not version.writable:
        return redirect("appstore_version", app_id=app_id, version_id=version_id)
    return _page(request, version, {})


def _page(request: HttpRequest, version: AppVersion, forms: dict[str, Any], *, status: int = 200) -> HttpResponse:
    manifest = version.manifest
    adding = PurposeForm(request.GET, version=version)
    added = [adding.cleaned_data["purpose"]] if "purpose" in request.GET and adding.is_valid() else []
    page = {
        "app": version.app,
        "version": version,
        "purposes": [_purpose(manifest, purpose) for purpose in [*added, *sorted(by_purpose(manifest))]],
        "added": added,
        "purpose_form": PurposeForm(version=version),
        "version_form": forms.get("version") or VersionForm.of(version),
        "manifest_form": forms.get("manifest") or ManifestForm(initial={"revision": version.revision}),
        **_forecast(version, manifest),
    }
    return render(request, "appstore/editor.html", page, status=status)


def _purpose(manifest: ManifestFact, purpose: str) -> dict[str, Any]:
    """One purpose with its boxes: operations by API, and data categories, of which it says whether they can come at all."""
    called = by_purpose(manifest).get(purpose, ())
    wanted = manifest.categories.get(purpose, ())
    comes = frozenset[str]().union(*(offered()[name].categories for name in called if name in offered()))
    lines = [category_line(name) for name in wanted if name not in {one.id for one in categories()}]
    return {
        "purpose": purpose,
        "apis": [
            {
                "name": name,
                "operations": [(one, one.id in called) for one in several],
                "on": any(one.id in called for one in several),
            }
            for name, several in apis().items()
        ],
        "called": len(called),
        "categories": [
            (one, one.id in wanted, any(covers((one.id,), single) for single in comes))
            for one in (*lines, *categories())
        ],
    }


def _forecast(version: AppVersion, manifest: ManifestFact) -> dict[str, Any]:
    found, policy = outlook(manifest, version.roles, app=version.app_id, environment=version.app.environment)
    return {"outlook": found, "policy": policy}


def _boxes(request: HttpRequest, name: str) -> list[str]:
    return [one.replace("\0", "")[:200] for one in request.POST.getlist(name)[:BOXES_MAX]]


@for_members(Role.DEVELOPER)
@require_POST
def purpose(request: HttpRequest, app_id: str, version_id: str, name: str) -> HttpResponseBase:
    """Saves one purpose's boxes."""
    version = own_version(request, app_id, version_id)
    given = {"operations": _boxes(request, "operations"), "categories": _boxes(request, "categories")}
    if not given["operations"] and not given["categories"]:
        messages.error(request, "Nothing was changed. Tick what the purpose calls and asks for, or remove it.")
    else:
        revision = revision_of(request)
        told(request, actions.write_purpose, "The purpose is saved.", version, name, revision=revision, **given)
    return redirect("appstore_editor", app_id=app_id, version_id=version_id)


@for_members(Role.DEVELOPER)
@require_POST
def drop(request: HttpRequest, app_id: str, version_id: str, name: str) -> HttpResponseBase:
    version = own_version(request, app_id, version_id)
    told(request, actions.drop_purpose, "The purpose is taken out.", version, name, revision=revision_of(request))
    return redirect("appstore_editor", app_id=app_id, version_id=version_id)


@for_members(Role.DEVELOPER)
@require_POST
def preview(request: HttpRequest, app_id: str, version_id: str, name: str) -> HttpResponseBase:
    """What the policy would give if the boxes were saved as they are; saves nothing."""
    version = own_version(request, app_id, version_id)
    boxes = {"operations": _boxes(request, "operations"), "categories": _boxes(request, "categories")}
    manifest = with_purpose(version.manifest, name, **boxes)
    try:
        if problems := check_words(manifest, offered()):
            return HttpResponse(status=422, content=problems[0].encode(), content_type="text/plain; charset=utf-8")
    except PiepowderError as error:
        return HttpResponse(status=422, content=sentence(error).encode(), content_type="text/plain; charset=utf-8")
    return render(request, "appstore/outlook.html", {**_forecast(version, manifest), "unsaved": True})


@for_members(Role.DEVELOPER)
@require_POST
def describe(request: HttpRequest, app_id: str, version_id: str) -> HttpResponseBase:
    """Saves roles, notes and the choice about substitutes."""
    version = own_version(request, app_id, version_id)
    form = VersionForm(request.POST)
    if form.is_valid():
        done = tried(
            form,
            actions.describe_version,
            version=version,
            by=actor_of(request),
            at=datetime.now(UTC),
            **form.cleaned_data,
        )
        if done is not None:
            messages.success(request, "Roles and notes are saved.")
            return redirect("appstore_editor", app_id=app_id, version_id=version_id)
    return _page(request, version, {"version": form}, status=422)


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest, app_id: str, version_id: str) -> HttpResponseBase:
    """The manifest as a file; or, sent, in its place."""
    version = own_version(request, app_id, version_id)
    if request.method != "POST":
        answer = HttpResponse(pretty(version.body), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="manifest-{version.id}.json"'
        return answer
    form = ManifestForm(request.POST, request.FILES)
    if form.is_valid():
        read = tried(form, manifest_from_file, fields=MANIFEST_FIELDS, data=form.data_sent())
        if read is not None and _written(request, version, read, form):
            messages.success(request, "The manifest is taken in.")
            return redirect("appstore_editor", app_id=app_id, version_id=version_id)
    return _page(request, version, {"manifest": form}, status=422)


def _written(request: HttpRequest, version: AppVersion, manifest: ManifestFact, form: ManifestForm) -> bool:
    written = tried(
        form,
        actions.write_manifest,
        fields=MANIFEST_FIELDS,
        version=version,
        manifest=manifest,
        revision=form.cleaned_data["revision"],
        by=actor_of(request),
        at=datetime.now(UTC),
    )
    return written is not None
