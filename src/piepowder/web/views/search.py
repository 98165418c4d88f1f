"""One box that finds apps, developers, sellers, grants, cases and records, by id or by part of a name."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.models import Case
from piepowder.rooms.enforcement.models.cases import CaseQuerySet
from piepowder.rooms.enforcement.templatetags.case_words import state_words
from piepowder.rooms.people.guards import actor_of, for_staff
from piepowder.rooms.people.models import Seller
from piepowder.web.views.ledger import named

SHOWN = 20
QUERY_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a result: where it leads, its name, and a word beneath."""

    address: str
    name: str
    under: str


@for_staff()
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """An exact id leads straight to its page; anything else is looked for in names."""
    asked = request.GET.get("q", "").strip().replace("\0", "")[:QUERY_CHARACTERS_MAX]
    cases = subjects.visible(actor_of(request))
    if asked and (address := _page_of(asked, cases)):
        return redirect(address)
    return render(request, "console/search.html", {"asked": asked, "groups": _groups(asked, cases) if asked else {}})


def _page_of(asked: str, cases: CaseQuerySet) -> str | None:
    if cases.filter(pk=asked).exists():
        return reverse("enforcement_one", kwargs={"case_id": asked})
    if App.objects.filter(Q(pk=asked) | Q(client_id=asked)).exists():
        return reverse("console_app", kwargs={"app_id": App.objects.filter(Q(pk=asked) | Q(client_id=asked))[0].pk})
    if Grant.objects.filter(pk=asked).exists():
        grant = Grant.objects.get(pk=asked)
        return f"{reverse('console_grants')}?app={grant.app_id}&seller={grant.seller_id}"
    if Seller.objects.filter(Q(pk=asked) | Q(marketplace_id=asked)).exists():
        seller = Seller.objects.named(asked)
        return f"{reverse('console_grants')}?seller={seller.pk}"
    return _record_page(asked)


def _record_page(asked: str) -> str | None:
    try:
        return reverse("console_record", kwargs={"name": asked}) if " " not in asked and named(asked) else None
    except PiepowderError:
        return None


def _groups(asked: str, cases: CaseQuerySet) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {
        "Apps": [_app(one) for one in _named(App.objects.select_related("developer"), asked)],
        "Developers": [_developer(one) for one in _named(Developer.objects.all(), asked)],
        "Sellers": [_seller(one) for one in _named(Seller.objects.all(), asked)],
        "Cases": [_case(one) for one in cases.filter(name__icontains=asked).order_by("-id")[:SHOWN]],
    }
    return {heading: several for heading, several in found.items() if several}


def _named(rows: Any, asked: str) -> Any:
    return rows.filter(name__icontains=asked).order_by("name")[:SHOWN]


def _app(app: App) -> Found:
    return Found(reverse("console_app", kwargs={"app_id": app.pk}), app.name, f"by {app.developer.name}")


def _developer(developer: Developer) -> Found:
    return Found(f"{reverse('console_apps')}?developer={developer.pk}", developer.name, developer.id)


def _seller(seller: Seller) -> Found:
    return Found(f"{reverse('console_grants')}?seller={seller.pk}", seller.name, seller.marketplace_id)


def _case(case: Case) -> Found:
    under = f"{state_words(case.status)}, opened on {case.opened_at:%-d %B %Y}"
    return Found(reverse("enforcement_one", kwargs={"case_id": case.pk}), case.name, under)
