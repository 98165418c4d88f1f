"""The JSON API, for people: which operations there are, what each takes, an example, and the command that does the same."""

from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from piepowder.web.guide import Chapter, chapters
from piepowder.web.openapi import DESCRIPTION, ERRORS, OF_BODIES
from piepowder.web.wiring import api


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Open to everybody, as the document itself is."""
    rules = [paragraph.replace("\n", " ") for paragraph in DESCRIPTION.split("\n\n")]
    page = {"rules": rules, "chapters": _chapters().values(), "errors": sorted((ERRORS | OF_BODIES).items())}
    return render(request, "console/guide.html", {**page, **_layout(request)})


@require_safe
def chapter(request: HttpRequest, slug: str) -> HttpResponse:
    found = _chapters().get(slug)
    if found is None:
        raise Http404("no such chapter")
    return render(request, "console/guide_chapter.html", {"chapter": found, **_layout(request)})


def _layout(request: HttpRequest) -> dict[str, str]:
    return {"layout": "shell.html" if request.user.is_authenticated else "plain.html"}


@cache
def _chapters() -> dict[str, Chapter]:
    return chapters(api.get_openapi_schema(), settings.PIEPOWDER.public_url)
