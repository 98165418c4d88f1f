"""API keys of whoever is signed in: of their shop, their organisation, or, for operators, of the marketplace."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import django_tables2 as tables
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.clock import SystemClock
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.guards import chosen_member
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people import actions
from piepowder.rooms.people.forms import KeyForm, StaffKeyForm
from piepowder.rooms.people.guards import account_of, actor_of, permissions_of, signed_in
from piepowder.rooms.people.models import ApiKey
from piepowder.rooms.people.rules import KeyRole


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose keys this person manages: ids as a key has them, both empty for the marketplace."""

    name: str
    developer: str = ""
    seller: str = ""

    @property
    def id(self) -> str:
        return self.developer or self.seller


def holder_of(request: HttpRequest) -> Holder:
    """A shop's, an organisation's or the marketplace's; nobody else has keys."""
    account = account_of(request)
    if account.is_staff:
        if Permission.GOVERN not in permissions_of(account):
            raise PermissionDenied
        return Holder("the marketplace")
    if account.seller is not None:
        return Holder(account.seller.name, seller=account.seller.id)
    member = chosen_member(request)
    if member is None:
        raise PermissionDenied
    return Holder(member.developer.name, developer=member.developer_id)


class KeysTable(tables.Table):  # type: ignore[misc]
    name = tables.Column(verbose_name="For")
    role = tables.Column(verbose_name="Role")
    hint = tables.TemplateColumn(
        '<code class="nowrap">ppk_…{{ record.hint }}</code>', verbose_name="Key", orderable=False
    )
    created_at = tables.DateTimeColumn(verbose_name="Made", format="j M Y")
    last_used_at = tables.DateTimeColumn(verbose_name="Last used", format="j M Y, H:i", default="Never")
    expires_at = tables.DateTimeColumn(verbose_name="Until", format="j M Y", default="No end")
    state = tables.TemplateColumn(
        '{% include "people/key_state.html" with key=record %}',
        verbose_name="State",
        orderable=False,
        extra_context={"moment": SystemClock().now},
    )

    class Meta:
        caption = "API keys, newest first"
        empty = "people/no_keys.html"

    def value_hint(self, record: ApiKey) -> str:
        return record.hint

    def value_state(self, record: ApiKey) -> str:
        return record.state(datetime.now(UTC))


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    holder = holder_of(request)
    return listing(request, KeysTable, ApiKey.objects.of(holder.id), "people/keys.html", page={"holder": holder})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """Asks what the key is for; the answer is the key itself, on a page of its own, once."""
    holder = holder_of(request)
    kind = KeyForm if holder.id else StaffKeyForm
    form = kind(request.POST or None)
    if request.method == "POST" and form.is_valid() and (made := _make(request, holder, form)):
        key, secret = made
        return render(request, "people/key_made.html", {"key": key, "secret": secret, "holder": holder}, status=201)
    return render(request, "people/key_new.html", {"form": form, "holder": holder})


def _make(request: HttpRequest, holder: Holder, form: KeyForm) -> tuple[ApiKey, str] | None:
    at, days = datetime.now(UTC), form.cleaned_data["days"]
    role = KeyRole(form.cleaned_data.get("role") or actions.role_for(holder.id))
    return tried(
        form,
        actions.create_key,
        fields={"people_key_name_missing": "name"},
        name=form.cleaned_data["name"],
        role=role,
        developer=holder.developer,
        seller=holder.seller,
        expires_at=at + timedelta(days=days) if days else None,
        by=actor_of(request),
        at=at,
    )


@signed_in
@require_POST
def revoke(request: HttpRequest, key_id: str) -> HttpResponseBase:
    holder = holder_of(request)
    key = ApiKey.objects.of(holder.id).filter(pk=key_id).first()
    if key is None:
        raise Http404("no such key")
    try:
        actions.revoke_key(key, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, f"The key for “{key.name}” no longer works.")
    return redirect("people_keys")
