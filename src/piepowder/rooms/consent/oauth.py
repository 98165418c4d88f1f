"""The OAuth server: oauthlib's endpoints with exactly three grant types, over the rows of this room.

    code ──authorization_code──► access token + refresh token ──refresh_token──► access token (+ next refresh token)
    client_credentials ──► grantless access token

Two kinds of clients. `lasting` ones are confidential and work as Amazon's libraries do: no PKCE, no rotation. All others use
PKCE with S256, and each refresh ends the refresh token it used; one that comes back ends its whole family.
Whatever an answer reports as `error_description` is a stable reason id.
"""

import base64
import binascii
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749 import errors

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Client, ClientSecret
from piepowder.rooms.consent.rules import GRANTLESS_SCOPES
from piepowder.rooms.consent.texts import access_text, first_refresh_text, next_refresh_text

_ERRORS: dict[str, type[errors.OAuth2Error]] = {
    "invalid_client": errors.InvalidClientError,
    "invalid_grant": errors.InvalidGrantError,
    "invalid_request": errors.InvalidRequestError,
    "invalid_scope": errors.InvalidScopeError,
    "unauthorized_client": errors.UnauthorizedClientError,
}


def _now() -> datetime:
    return datetime.now(UTC)


def _refused(error: PiepowderError, request: Request) -> errors.OAuth2Error:
    """An action's refusal in OAuth's words; its code is the reason id."""
    return _ERRORS[error.fields.get("oauth", "invalid_grant")](description=error.code, request=request)


class StrictCodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """S256 only: `plain` shows the verifier to whoever saw the request."""

    _code_challenge_methods = {"S256": AuthorizationCodeGrant._code_challenge_methods["S256"]}


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):  # type: ignore[misc]
    """What is switched on, and nothing else."""

    def __init__(self, request_validator: "Validator", **_: Any) -> None:
        self.request_validator = request_validator
        self.bearer = BearerToken(request_validator, access_text, 3600, _refresh_text)
        code = StrictCodeGrant(request_validator)
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code}, default_token_type=self.bearer
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            grant_types={
                "authorization_code": code,
                "refresh_token": RefreshTokenGrant(request_validator),
                "client_credentials": ClientCredentialsGrant(request_validator),
            },
            default_token_type=self.bearer,
        )
        RevocationEndpoint.__init__(self, request_validator)


def _refresh_text(request: Request) -> str:
    return next_refresh_text(request.refresh_token) if request.refresh_token else first_refresh_text()


class Backend(OAuthLibCore):  # type: ignore[misc]
    """Takes forms and JSON alike, and keeps repeated parameters so that they are refused instead of one being picked."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        if request.content_type != "application/json":
            return [(name, value) for name, values in request.POST.lists() for value in values]
        members = json.decode(request.body)
        if not isinstance(members, dict):
            raise PiepowderError("consent_body_not_an_object", "the body is not a JSON object")
        return [(name, value) for name, value in members.items() if isinstance(value, str)]

    def authenticated_client(self, request: HttpRequest) -> tuple[Client | None, dict[str, str] | None]:
        """The client behind a request by its secret, or the error to answer with."""
        uri, method, body, headers = self._extract_params(request)
        asked = Request(uri, method, body, headers)
        try:
            self.server.request_validator.authenticate_client(asked)
        except errors.OAuth2Error as error:
            return None, dict(error.twotuples)
        return asked.client, None


@lru_cache(maxsize=1)
def backend() -> Backend:
    """The one server of this process; it keeps nothing between requests."""
    return Backend(Server(Validator()))


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Answers oauthlib's questions from this room's rows; every write is an action."""

    # -- who asks

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        client_id, secret = _credentials(request)
        client = _client(client_id, request)
        return client is None or client.confidential or secret is not None

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """By secret, in the header or in the body but not in both. An unknown client reads like a wrong secret."""
        client_id, secret = _credentials(request)
        client = _client(client_id, request)
        known = actions.presented_secret(client, secret or "", at=_now()) if client and client.confidential else None
        if client is None or known is None:
            raise errors.InvalidClientError(description="consent_client_secret_wrong", request=request)
        request.client_id, request.secret = client.client_id, known
        _usable(client, request)
        return True

    def authenticate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        """A public client has nothing to prove itself with; PKCE and rotation stand in for it."""
        client = _client(client_id, request)
        if client is None or client.confidential:
            return False
        _usable(client, request)
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type in ("authorization_code", "refresh_token") or client.confidential

    # -- the authorization request

    def validate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        return _client(client_id, request) is not None

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(request.client.redirect_uri_allowed(redirect_uri))

    def validate_response_type(
        self, client_id: str, response_type: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return response_type == "code"

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        client = _client(client_id, request)
        return client is None or not client.lasting

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """In a seller's name there are no scopes: purposes and categories are in the grant."""
        if request.grant_type == "client_credentials":
            return bool(scopes) and set(scopes) <= GRANTLESS_SCOPES
        return not scopes

    def get_default_scopes(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        return []

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        actions.save_code(
            code["code"],
            client=request.client,
            grant=request.grant,
            redirect_uri=request.redirect_uri,
            challenge=request.code_challenge or "",
            at=_now(),
        )

    # -- the exchange of a code

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        try:
            request.code_row = actions.take_code(
                code, client=client, verifier_given=request.code_verifier is not None, at=_now()
            )
        except PiepowderError as error:
            raise _refused(error, request) from None
        request.scopes, request.grant = [], request.code_row.grant
        return True

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        return request.code_row.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"

    def get_default_redirect_uri(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> str | None:
        """Amazon's libraries leave the address out of the exchange; everybody else repeats it (RFC 6749 section 4.1.3)."""
        row = getattr(request, "code_row", None)
        if row is not None:
            return str(row.redirect_uri) if request.client.lasting else None
        registered = request.client.redirect_uris.split()
        return registered[0] if len(registered) == 1 else None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(request.code_row.redirect_uri == redirect_uri)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        actions.use_up_code(request.code_row, at=_now())

    # -- refresh

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        try:
            request.parent = actions.take_refresh_token(refresh_token, client=client, at=_now())
        except PiepowderError as error:
            raise _refused(error, request) from None
        request.grant = request.parent.grant
        return True

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        return []

    def rotate_refresh_token(self, request: Request) -> bool:
        return not request.client.lasting

    # -- issue, revoke

    def save_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        secret: ClientSecret | None = getattr(request, "secret", None)
        if secret is not None:
            actions.note_secret_used(secret, at=_now())
        if request.grant_type == "client_credentials":
            actions.issue_grantless(
                token["access_token"], client=request.client, scope=" ".join(request.scopes), secret=secret, at=_now()
            )
            return
        actions.issue(
            token["access_token"],
            refresh_text=token["refresh_token"],
            client=request.client,
            grant=request.grant,
            family=getattr(request, "code_row", None) and request.code_row.family,
            parent=getattr(request, "parent", None),
            secret=secret,
            at=_now(),
        )

    def revoke_token(
        self, token: str, token_type_hint: str | None, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        actions.revoke_token(token, client=request.client, at=_now())


def _credentials(request: Request) -> tuple[str, str | None]:
    """Client id and secret, from the Authorization header or the body; `invalid_request` where both speak."""
    header = request.headers.get("Authorization") or ""
    if not header.startswith("Basic "):
        return request.client_id or "", request.client_secret
    if request.client_secret is not None:
        raise errors.InvalidRequestError(description="consent_client_two_credentials", request=request)
    try:
        client_id, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise errors.InvalidClientError(description="consent_client_header_malformed", request=request) from None
    return unquote_plus(client_id), unquote_plus(secret)


def _client(client_id: str, request: Request) -> Client | None:
    """The client, read once a request."""
    if request.client is None or request.client.client_id != client_id:
        request.client = Client.objects.known(client_id)
    found: Client | None = request.client
    return found


def _usable(client: Client, request: Request) -> None:
    if not actions.app_may_call(client.app):
        raise errors.UnauthorizedClientError(description="consent_app_suspended", request=request)
