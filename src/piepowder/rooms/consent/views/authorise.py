"""The consent page: a seller reads what an app asks for, narrows it, allows or refuses. Works without JavaScript.

    /oauth2/authorize         ─┐
                               ├─► checked ─► signed in? ─► page ─► allow: grant, code ─► back to the app
    /apps/authorize/consent   ─┘                              └──► refuse ───────────────┘

The page's form posts to the very address it was asked for, which is checked again; one hidden field
names the version that was read, so that nobody allows what came meanwhile.
An address to return to that is not registered is never used, not even to report that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.billing.reads import plans_of
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.forms import Ticks, read_ticks
from piepowder.rooms.consent.manifests import asked_by, asked_of
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.consent.oauth import backend
from piepowder.rooms.consent.offers import Offer, offer
from piepowder.rooms.consent.rules import Choice, carried_over, difference
from piepowder.rooms.consent.samples import sample
from piepowder.rooms.consent.texts import code_text
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.ground.pages import allow_form_to
from piepowder.rooms.people.models import Seller

Parameters = dict[str, str]
STATE_CHARACTERS_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A checked request. `answer` writes the code and gives what to send back; `refusal` what to send back instead."""

    client: Client
    redirect_uri: str
    answer: Callable[[Grant], Parameters]
    refusal: Parameters


@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """OAuth 2: `response_type=code`, PKCE with S256, exact redirect address, `iss` in the answer."""
    try:
        asking = _standard(request)
    except FatalClientError as error:
        return _refuse(request, error.oauthlib_error.description or error.oauthlib_error.error)
    except OAuthToolkitError as error:
        wrong = error.oauthlib_error
        return _back(wrong.redirect_uri, {**dict(wrong.twotuples), "iss": settings.PUBLIC_URL})
    return _decide(request, asking)


@never_cache
@require_http_methods(["GET", "POST"])
def consent(request: HttpRequest) -> HttpResponse:
    """As Amazon's sellers know it: `application_id`, `state`, `redirect_uri`; answers `spapi_oauth_code`."""
    try:
        asking = _amazon_style(request)
    except PiepowderError as error:
        return _refuse(request, sentence(error))
    return _decide(request, asking)


def _standard(request: HttpRequest) -> Asking:
    core = backend()
    scopes, asked = core.validate_authorization_request(request)
    names = ("client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method")
    credentials = {name: asked[name] for name in names if asked.get(name) is not None}
    state = {"state": credentials["state"]} if "state" in credentials else {}

    def answer(grant: Grant) -> Parameters:
        uri, *_ = core.create_authorization_response(request, scopes, {**credentials, "grant": grant}, allow=True)
        return dict(parse_qsl(urlsplit(uri).query))

    return Asking(
        client=asked["request"].client,
        redirect_uri=asked["redirect_uri"],
        answer=answer,
        refusal={"error": "access_denied", **state, "iss": settings.PUBLIC_URL},
    )


def _amazon_style(request: HttpRequest) -> Asking:
    asked = request.GET
    client = Client.objects.lasting_by_app_id(asked.get("application_id", ""))
    if client is None:
        raise PiepowderError("consent_application_unknown", "this marketplace knows no such app")
    registered = client.redirect_uris.split()
    redirect_uri = asked.get("redirect_uri") or (registered[0] if len(registered) == 1 else "")
    if not client.redirect_uri_allowed(redirect_uri):
        raise PiepowderError(
            "consent_redirect_unregistered", "the app asks to return to an address it has not registered"
        )
    if len(state := asked.get("state", "")) > STATE_CHARACTERS_MAX or any(len(v) > 1 for _, v in asked.lists()):
        raise PiepowderError("consent_request_malformed", "the app's request is malformed")

    def answer(grant: Grant) -> Parameters:
        code = code_text()
        now = datetime.now(UTC)
        actions.save_code(code, client=client, grant=grant, redirect_uri=redirect_uri, challenge="", at=now)
        return {"spapi_oauth_code": code, "state": state, "selling_partner_id": grant.seller.marketplace_id}

    return Asking(
        client=client,
        redirect_uri=redirect_uri,
        answer=answer,
        refusal={"error": "access_denied", "state": state},
    )


def _decide(request: HttpRequest, asking: Asking) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL, "next")
    seller = request.user.seller
    if seller is None:
        return _refuse(
            request, "You are signed in, but not as a seller. Sign out, and in again with your shop's account."
        )
    app = asking.client.app
    if not app.current_version:
        return _refuse(
            request, "This app has no version yet that could be authorised. Its developer has to finish one first."
        )
    before = Grant.objects.filter(app=app, seller=seller, status="active").first()
    asked = asked_of(app, seller.id)
    was = asked_by(app, before.version) if before else asked
    beyond = difference(before.choice, was, asked) if before else None
    # Where there is a grant already the page begins with its choice, so that `Allow` gives nothing new away unseen.
    choice = carried_over(before.choice, was, asked) or Choice(()) if before else None
    shown = offer(app, asked.version, choice=choice, beyond=beyond)
    wanted = request.POST.get("decision", "")
    if request.method == "POST" and wanted not in ("allow", "preview"):
        return _back(asking.redirect_uri, asking.refusal)
    if request.method == "GET":
        return _page(request, asking, shown, seller, before)
    ticks = read_ticks(request.POST)
    again = offer(app, asked.version, choice=ticks.choice(asked), beyond=beyond)
    if wanted == "preview":
        return _page(request, asking, again, seller, before)
    try:
        return _back(asking.redirect_uri, _allowed(request, asking, ticks, seller))
    except PiepowderError as error:
        return _page(request, asking, again, seller, before, problem=sentence(error), status=422)


@transaction.atomic
def _allowed(request: HttpRequest, asking: Asking, ticks: Ticks, seller: Seller) -> Parameters:
    grant = actions.grant(
        asking.client.app,
        seller,
        purposes=ticks.purposes,
        narrowed=ticks.narrowed,
        read=ticks.read,
        by=Actor(ActorKind.SELLER, str(request.user.pk)),
        at=datetime.now(UTC),
    )
    return asking.answer(grant)


def _page(
    request: HttpRequest,
    asking: Asking,
    shown: Offer,
    seller: Seller,
    before: Grant | None,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    page = {
        "app": asking.client.app,
        "offer": shown,
        "sample": sample(shown),
        "seller": seller,
        "problem": problem,
        "host": urlsplit(asking.redirect_uri).netloc,
        "before": before,
        "prices": plans_of(asking.client.app),
        "days": settings.PIEPOWDER.grant_days,
        "deletion_days": settings.PIEPOWDER.deletion_days,
    }
    return allow_form_to(render(request, "consent/authorise.html", page, status=status), asking.redirect_uri)


def _back(redirect_uri: str, parameters: Parameters) -> HttpResponse:
    """To the app. A query of its own in the registered address is kept."""
    parts = urlsplit(redirect_uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *parameters.items()])
    return redirect(urlunsplit(parts._replace(query=query)))


def _refuse(request: HttpRequest, words: str) -> HttpResponse:
    page = {"title": "This app cannot be authorised", "sentence": words}
    return render(request, "refusal.html", page, status=400)
