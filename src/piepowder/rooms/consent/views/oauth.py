"""OAuth's machine doors: token (as Login with Amazon has it), revocation, introspection, metadata.

POST /auth/o2/token   form or JSON -> 200 {access_token, token_type, expires_in, refresh_token} | 400/401 {error, error_description}
"""

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.oauth import backend
from piepowder.rooms.consent.rules import GRANTLESS_SCOPES

BODY_BYTES_MAX = 16_384
AUTHENTICATION = ["client_secret_post", "client_secret_basic"]


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Exchanges a code, a refresh token or a client's own credentials. Refusals commit what follows from them."""
    if refusal := _unreadable(request):
        return refusal
    with transaction.atomic():
        _, _, body, status = backend().create_token_response(request)
    answer = json.decode(body)
    if status == 200:
        answer["token_type"] = "bearer"  # noqa: S105 - in lower case, as the clients' documentation shows it
        if not answer.get("scope"):
            answer.pop("scope", None)
    elif "error_description" not in answer:
        answer["error_description"] = f"consent_{answer['error']}"
    return _answer(answer, status)


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009: 200 for the client's own tokens and for unknown ones alike."""
    if refusal := _unreadable(request):
        return refusal
    with transaction.atomic():
        _, _, body, status = backend().create_revocation_response(request)
    return _answer(json.decode(body) if body else {}, status)


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """RFC 7662, for a client's own tokens. Anything else, and every other client's token, reads `{"active": false}`."""
    if refusal := _unreadable(request):
        return refusal
    client, refused = backend().authenticated_client(request)
    if client is None:
        return _answer(refused, 401)
    return _answer(actions.describe_token(request.POST.get("token", ""), client=client, at=datetime.now(UTC)), 200)


@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """RFC 8414: what is switched on, and nothing else."""
    base = settings.PUBLIC_URL
    return _answer(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth2/authorize",
            "token_endpoint": f"{base}/auth/o2/token",
            "revocation_endpoint": f"{base}/oauth2/revoke",
            "introspection_endpoint": f"{base}/oauth2/introspect",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "scopes_supported": sorted(GRANTLESS_SCOPES),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [*AUTHENTICATION, "none"],
            "revocation_endpoint_auth_methods_supported": [*AUTHENTICATION, "none"],
            "introspection_endpoint_auth_methods_supported": AUTHENTICATION,
            "authorization_response_iss_parameter_supported": True,
        },
        200,
    )


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """A refusal of what is not a small form or JSON object of strings with each name once."""
    if len(request.body) > BODY_BYTES_MAX:
        return _answer({"error": "invalid_request", "error_description": "consent_body_too_large"}, 400)
    if request.content_type not in ("application/x-www-form-urlencoded", "application/json"):
        return _answer({"error": "invalid_request", "error_description": "consent_content_type_unsupported"}, 400)
    try:
        names = [name for name, _ in backend().extract_body(request)]
    except PiepowderError as error:
        return _answer({"error": "invalid_request", "error_description": error.code}, 400)
    if len(set(names)) < len(names):
        return _answer({"error": "invalid_request", "error_description": "consent_parameter_repeated"}, 400)
    return None


def _answer(body: object, status: int) -> HttpResponse:
    response = HttpResponse(json.encode(body), status=status, content_type="application/json")
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="piepowder"'
    return response
