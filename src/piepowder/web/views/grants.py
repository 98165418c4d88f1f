"""Which seller lets which app do what: the list that staff see."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe

from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.offers import words_of
from piepowder.rooms.consent.rules import GrantStatus
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import for_staff


class GrantTable(tables.Table):  # type: ignore[misc]
    app = tables.Column(accessor="app__name", verbose_name="App")
    seller = tables.Column(accessor="seller__name", verbose_name="Seller")
    purposes = tables.Column(verbose_name="What for", orderable=False)
    narrowed = tables.Column(verbose_name="Data", orderable=False, empty_values=())
    status = tables.Column(verbose_name="State")
    granted_at = tables.DateTimeColumn(verbose_name="Since", format="j M Y")
    expires_at = tables.DateTimeColumn(verbose_name="Until", format="j M Y")

    class Meta:
        caption = "Grants"

    def render_app(self, value: str, record: Grant) -> str:
        address = reverse("console_app", kwargs={"app_id": record.app_id})
        return format_html('<a href="{}">{}</a><span class="sub">{}</span>', address, value, record.app.developer.name)

    def value_app(self, value: str) -> str:
        return value

    def render_seller(self, value: str, record: Grant) -> str:
        return format_html('{}<span class="sub mono">{}</span>', value, record.seller.marketplace_id)

    def value_seller(self, record: Grant) -> str:
        return str(record.seller.marketplace_id)

    def render_purposes(self, value: list[str]) -> str:
        return format_html_join("\n", '<span class="line">To {}</span>', ((purpose_words(one),) for one in value))

    def value_purposes(self, value: list[str]) -> str:
        return " ".join(value)

    def render_narrowed(self, record: Grant) -> str:
        """What was left to each purpose that the seller narrowed."""
        if not record.narrowed:
            return "all declared"
        told = (
            (purpose_words(name), ", ".join(map(words_of, kept)) or "order data only")
            for name, kept in record.narrowed.items()
        )
        return format_html_join("\n", '<span class="line">To {}: {}</span>', told)

    def value_narrowed(self, record: Grant) -> str:
        return "; ".join(f"{name}={' '.join(kept)}" for name, kept in (record.narrowed or {}).items()) or "*"

    def render_status(self, value: str) -> str:
        kind = {"active": "good", "revoked": "bad"}.get(value, "")
        return format_html('<span class="badge {}">{}</span>', kind, value.capitalize())

    def value_status(self, value: str) -> str:
        return value


class GrantFilter(django_filters.FilterSet):  # type: ignore[misc]
    app = django_filters.CharFilter(label="App id")
    seller = django_filters.CharFilter(label="Seller id")
    status = django_filters.ChoiceFilter(
        label="State", empty_label="All", choices=[(one.value, one.value.capitalize()) for one in GrantStatus]
    )

    class Meta:
        model = Grant
        fields: tuple[str, ...] = ()


@for_staff()
@require_safe
def grants(request: HttpRequest) -> HttpResponseBase:
    rows: Any = Grant.objects.newest().select_related("app__developer")
    return listing(request, GrantTable, rows, "console/grants.html", filters=GrantFilter)
