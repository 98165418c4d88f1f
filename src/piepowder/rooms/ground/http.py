"""The one translation of errors to HTTP: problem documents (RFC 9457) with our `code` and `hint`.

A failure that nobody foresaw says nothing but that it happened; its traceback goes to the log.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import encode

logger = logging.getLogger("piepowder.ground")

STATUS: dict[ErrorKind, int] = {
    ErrorKind.INVALID: 422,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.UNAVAILABLE: 503,
}
TITLES = {
    401: "Not signed in",
    403: "Not permitted",
    404: "Not found",
    409: "Conflict",
    413: "Too large",
    422: "Not valid",
    500: "Something failed here",
    503: "Not available just now",
}


def problem(status: int, code: str, detail: str, *, hint: str = "", **more: Any) -> HttpResponse:
    """A problem document as a response; `more` are further members."""
    body = {
        "type": f"urn:piepowder:error:{code}",
        "title": TITLES.get(status, "Not possible"),
        "status": status,
        "detail": detail,
        "code": code,
        **({"hint": hint} if hint else {}),
        **more,
    }
    response = HttpResponse(encode(body), status=status, content_type="application/problem+json")
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="piepowder"'
    return response


def from_error(error: PiepowderError) -> HttpResponse:
    """Our own errors, told in full: their words are written for whoever meets them."""
    return problem(STATUS[error.kind], error.code, error.message, hint=error.hint)


def _own(request: HttpRequest, error: PiepowderError) -> HttpResponse:
    return from_error(error)


def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    hint = "send `Authorization: Bearer ppk_…`; `piepowder staff key` makes a key"
    return problem(401, "ground_not_signed_in", "this endpoint needs an API key", hint=hint)


def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # `input` and `ctx` would repeat what was sent; place and sentence suffice
    places = [{"place": [str(part) for part in one["loc"]], "message": one["msg"]} for one in error.errors]
    return problem(422, "ground_request_malformed", "the request does not have the documented shape", errors=places)


def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "ground_not_found", "there is nothing at this address")


def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "ground_request_refused", str(error))


def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "ground_request_too_large", "the body is larger than 4 MiB")


def _taken(request: HttpRequest, error: IntegrityError) -> HttpResponse:
    # Two asked for the same name at once, and neither saw the other's row. Which name, only the log says.
    logger.warning("ground_taken %s %s", request.method, request.path, exc_info=error)
    return problem(
        409, "ground_changed_meanwhile", "somebody else changed the same thing at the same moment", hint="try again"
    )


def _database_away(request: HttpRequest, error: OperationalError) -> HttpResponse:
    logger.error("ground_database_away %s %s", request.method, request.path, exc_info=error)
    return problem(503, "ground_database_away", "the database does not answer", hint="try again in a moment")


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("ground_unforeseen %s %s", request.method, request.path, exc_info=error)
    return problem(500, "ground_unforeseen", "the request failed; the operator's log says why")


def install(api: NinjaAPI) -> None:
    """Registers the translations; call once for each API."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        PiepowderError: _own,
        AuthenticationError: _unauthenticated,
        ValidationError: _malformed,
        Http404: _missing,
        HttpError: _refused,
        RequestDataTooBig: _too_large,
        IntegrityError: _taken,
        OperationalError: _database_away,
        Exception: _unforeseen,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
