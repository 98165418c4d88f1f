"""A developer's programs: return addresses, secrets with their overlap, and the own shop. A secret or token is shown once, in the answer.

Another organisation's client is as good as none.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions, provisioning
from piepowder.rooms.consent.forms import ClientForm, RedirectsForm
from piepowder.rooms.consent.models import Client
from piepowder.rooms.developers.guards import developer_of, for_members
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.people.guards import account_of, actor_of

_AT_FIELD = {"consent_redirect_refused": "redirect_uris", "consent_redirects_too_many": "redirect_uris"}


@for_members()
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every app of the organisation with its clients."""
    return _page(request)


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, app_id: str) -> HttpResponse:
    app = _own_app(request, app_id)
    form = ClientForm(request.POST or None, initial={"redirect_uris": "\n".join(app.redirect_uris)})
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        made = tried(
            form,
            actions.register_client,
            fields=_AT_FIELD,
            app=app,
            redirect_uris=tuple(form.addresses()),
            confidential=kind != "public",
            lasting=kind == "lasting",
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if made is not None:
            client, secret = made
            return _page(request, shown={"client_id": client.client_id, "client_secret": secret})
    return render(request, "consent/client_form.html", {"app": app, "form": form, "title": "Add a program"})


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def redirects(request: HttpRequest, client_id: str) -> HttpResponse:
    client = _own_client(request, client_id)
    form = RedirectsForm(request.POST or None, initial={"redirect_uris": "\n".join(client.redirect_uris.split())})
    if request.method == "POST" and form.is_valid():
        changed = tried(
            form,
            actions.set_redirects,
            fields=_AT_FIELD,
            client=client,
            uris=form.addresses(),
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if changed is not None:
            messages.success(request, "The return addresses are saved.")
            return redirect("consent_clients")
    page = {"app": client.app, "client": client, "form": form, "title": "Return addresses"}
    return render(request, "consent/client_form.html", page)


@for_members(Role.DEVELOPER)
@require_POST
def rotate(request: HttpRequest, client_id: str) -> HttpResponse:
    """A new secret; the present one works seven days longer, so that nothing breaks while it is exchanged."""
    client = _own_client(request, client_id)
    try:
        secret = actions.rotate_secret(client, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        return _refused(request, error)
    return _page(request, shown={"client_id": client.client_id, "client_secret": secret})


@for_members(Role.DEVELOPER)
@require_POST
def end_secret(request: HttpRequest, client_id: str) -> HttpResponse:
    client = _own_client(request, client_id)
    try:
        actions.end_secret(client, request.POST.get("secret", ""), by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        return _refused(request, error)
    messages.success(request, "The secret is ended.")
    return redirect("consent_clients")


@for_members(Role.DEVELOPER)
@require_POST
def own_shop(request: HttpRequest, app_id: str) -> HttpResponse:
    """Authorises the app for the shop that the very same account acts for, without a detour: the seller presses the button."""
    app, seller = _own_app(request, app_id), account_of(request).seller
    if seller is None:
        raise Http404("this account acts for no shop")
    try:
        made = provisioning.create(app.id, seller.id, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        return _refused(request, error)
    shown = {name: made[name] for name in ("client_id", "client_secret", "refresh_token") if made[name]}
    return _page(request, shown=shown)


def _page(request: HttpRequest, *, shown: dict[str, Any] | None = None) -> HttpResponse:
    now = datetime.now(UTC)
    apps = App.objects.of(developer_of(request).id)
    page = {
        "rows": [_row(app, now) for app in apps],
        "shown": shown,
        "shop": account_of(request).seller,
    }
    return render(request, "consent/clients.html", page)


def _row(app: App, now: datetime) -> dict[str, Any]:
    asked = urlencode({"application_id": app.id, "state": "example"})
    return {
        "app": app,
        "clients": [client.described(now) for client in Client.objects.of_app(app.id)],
        "link": f"{settings.PIEPOWDER.public_url}{reverse('consent_consent')}?{asked}",
    }


def _refused(request: HttpRequest, error: PiepowderError) -> HttpResponse:
    messages.error(request, f"Nothing was changed. {sentence(error)}")
    return redirect("consent_clients")


def _own_app(request: HttpRequest, app_id: str) -> App:
    try:
        return App.objects.of_developer(app_id.replace("\0", ""), developer_of(request).id)
    except PiepowderError as error:
        raise Http404(error.message) from None


def _own_client(request: HttpRequest, client_id: str) -> Client:
    client = Client.objects.known(client_id)
    if client is None or client.app.developer_id != developer_of(request).id:
        raise Http404("no such client")
    return client
