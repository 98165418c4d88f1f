"""Small things that pages of several rooms need: where a form may end, and where somebody goes on afterwards."""

from typing import TypeVar
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

R = TypeVar("R", bound=HttpResponseBase)


def local_next(request: HttpRequest, otherwise: str = "/") -> str:
    """The `next` that a page was given, where it stays on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if is_local(wanted) else otherwise


def is_local(address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)


def allow_form_to(response: R, *addresses: str) -> R:
    """Lets this page's form end at those addresses: browsers hold the redirect that answers a form to `form-action` as well."""
    parts = [urlsplit(address) for address in addresses if address]
    if parts:
        response._csp_update = {"form-action": [f"{one.scheme}://{one.netloc}" for one in parts]}  # type: ignore[attr-defined]
    return response
