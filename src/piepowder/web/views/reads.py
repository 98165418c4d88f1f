"""An app's calls as those see them whom they concern: the seller for the own shop, the developer for the own apps. Never another's.

List (also as CSV and JSON) ──► one record: every field with what became of it, why, and what would change it
"""

from collections.abc import Iterable
from typing import Any

import django_tables2 as tables
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import Filter
from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.templatetags.console_words import kind_words, plain
from piepowder.rooms.developers.guards import developer_of, for_members
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import for_sellers, seller_of
from piepowder.web.views.ledger import Line, detail_of, groups, line, named, newest, purpose_of
from piepowder.web.views.names import Names
from piepowder.web.views.refusals import rule_of

SHOWN_RECORDS, EXPORTED_RECORDS = 500, 20_000
_OUTCOMES = {"served": "good", "refused": "bad"}


class ReadTable(tables.Table):  # type: ignore[misc]
    """One line for a call. `value_…` is what a file says, `render_…` what the page shows."""

    when = tables.Column(accessor="record__recorded_at", verbose_name="When (UTC)")
    purpose = tables.Column(
        accessor="record__purpose", verbose_name="What for", empty_values=(), attrs={"td": {"class": "read-cell"}}
    )
    operation = tables.Column(accessor="record__operation", verbose_name="Call")
    outcome = tables.Column(accessor="record__outcome", verbose_name="Outcome")
    orders = tables.Column(accessor="record__orders", verbose_name="Orders", orderable=False)
    buyers = tables.Column(verbose_name="About buyers, in plain", orderable=False, empty_values=())
    withheld = tables.Column(verbose_name="Held back", empty_values=())
    id = tables.Column(accessor="record__id", verbose_name="Record", orderable=False)

    class Meta:
        caption = "Calls"
        empty = "console/no_reads.html"

    def __init__(self, *args: Any, place: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = place

    def render_when(self, value: Any, record: Line) -> str:
        return format_html(
            '<span class="nowrap">{}<span class="sub">{}</span></span>', f"{value:%-d %b %Y}", f"{value:%H:%M:%S}"
        )

    def value_when(self, value: Any) -> Any:
        return value

    def render_purpose(self, record: Line) -> str:
        words = record.record.purpose.split("+") if record.record.purpose else []
        if not words:
            return kind_words(record.record.kind).capitalize()
        return format_html_join("\n", '<span class="line">To {}</span>', ((purpose_words(one),) for one in words))

    def value_purpose(self, record: Line) -> str:
        return record.record.purpose

    def render_operation(self, value: str) -> str:
        return format_html_join(mark_safe(".<wbr>"), "{}", ((part,) for part in value.split(".")))

    def value_operation(self, value: str) -> str:
        return value

    def render_outcome(self, value: str, record: Line) -> str:
        badge = format_html('<span class="badge {}">{}</span>', _OUTCOMES.get(value, ""), plain(value).capitalize())
        if not record.record.reason:
            return badge
        return format_html('{}<span class="sub">{}</span>', badge, plain(record.record.reason))

    def value_outcome(self, value: str) -> str:
        return value

    def render_orders(self, value: tuple[bytes, ...]) -> int:
        return len(value)

    def render_buyers(self, record: Line) -> str:
        if not record.buyers:
            return format_html('<span class="muted">{}</span>', "nothing")
        return format_html_join("\n", '<span class="line">{}</span>', ((words,) for words in record.buyers))

    def value_buyers(self, record: Line) -> str:
        return "; ".join(record.buyers)

    def render_withheld(self, value: int, record: Line) -> str:
        return str(value + record.substituted)

    def render_id(self, value: str) -> str:
        return format_html('<a href="{}">Why?<span class="hidden"> {}</span></a>', self.place + value, value)

    def value_id(self, value: str) -> str:
        return value


@for_sellers
@require_safe
def mine(request: HttpRequest, grant_id: str) -> HttpResponseBase:
    """What one app did for the own shop."""
    grant = own_grant(request, grant_id)
    place = reverse("console_my_record", kwargs={"grant_id": grant.id, "name": "-"})[:-1]
    narrow = Filter(app=grant.app_id, seller=grant.seller_id)
    page = {"grant": grant, "shown_max": SHOWN_RECORDS}
    return calls(request, narrow, place, "console/my_reads.html", page)


@for_sellers
@require_safe
def my_record(request: HttpRequest, grant_id: str, name: str) -> HttpResponse:
    """One record of the own shop, with the reason for every field."""
    grant = own_grant(request, grant_id)
    records = [one for one in _named(name) if one.seller == grant.seller_id and one.app == grant.app_id]
    page = {"grant": grant, "shown": told(records), "name": name}
    return render(request, "console/my_record.html", page)


@for_members()
@require_safe
def of_app(request: HttpRequest, app_id: str = "") -> HttpResponseBase:
    """A developer sees the calls of the own apps, one app at a time."""
    apps = list(App.objects.of(developer_of(request).id)[:200])
    app = next((one for one in apps if one.id == app_id), None) if app_id else next(iter(apps), None)
    if app is None:
        if app_id:
            raise Http404("no such app")
        return render(request, "console/no_app_reads.html")
    place = reverse("console_app_record", kwargs={"app_id": app.id, "name": "-"})[:-1]
    page = {"app": app, "apps": apps, "shown_max": SHOWN_RECORDS}
    return calls(request, Filter(app=app.id), place, "console/app_reads.html", page)


@for_members()
@require_safe
def app_record(request: HttpRequest, app_id: str, name: str) -> HttpResponse:
    """One record of an own app. It says nothing of the shop but its name: no sales, no orders, no buyers."""
    try:
        app = App.objects.of_developer(app_id.replace("\0", ""), developer_of(request).id)
    except PiepowderError as error:
        raise Http404(error.message) from None
    records = [one for one in _named(name) if one.app == app.id]
    page = {"app": app, "shown": told(records), "name": name, "names": Names(records)}
    return render(request, "console/app_record.html", page)


def own_grant(request: HttpRequest, grant_id: str) -> Grant:
    """Another seller's grant is as good as none."""
    grant = Grant.objects.of_seller(seller_of(request).id).filter(pk=grant_id.replace("\0", "")).first()
    if grant is None:
        raise Http404("no such app")
    return grant


def calls(request: HttpRequest, narrow: Filter, place: str, template: str, page: dict[str, object]) -> HttpResponseBase:
    """The newest calls, as page or file. `place`: the address of a record, without its id."""
    most = EXPORTED_RECORDS if request.GET.get("format") else SHOWN_RECORDS
    lines = [one for one in map(line, newest(narrow, most)) if one.call]

    class Placed(ReadTable):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, place=place, **kwargs)

    return listing(request, Placed, lines, template, page=page)


def told(records: Iterable[Record]) -> list[dict[str, object]]:
    """Records with every verdict in words; 404 where there is none."""
    shown: list[dict[str, object]] = [
        {
            "record": record,
            "detail": detail_of(record),
            "groups": groups(record, detail_of(record)),
            "purpose": purpose_of(record),
            "rule": rule_of(record.reason) if record.outcome == "refused" else None,
        }
        for record in records
    ]
    if not shown:
        raise Http404("no such record")
    return shown


def _named(name: str) -> list[Record]:
    try:
        return named(name.replace("\0", ""))
    except PiepowderError as error:
        raise Http404(error.message) from None
