"""Small things that pages of several rooms need: a row or a 404, a page that is one form, and where somebody goes on afterwards."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.forms import tried

R = TypeVar("R", bound=HttpResponseBase)
T = TypeVar("T")


def found(read: Callable[..., T], *given: Any) -> T:
    """A named read; what does not exist is a page that does not exist."""
    try:
        return read(*given)
    except PiepowderError as error:
        raise Http404(error.message) from None


def form_page(
    request: HttpRequest,
    form: BaseForm,
    act: Callable[[], object],
    *,
    done: str,
    back: tuple[str, dict[str, str]],
    template: str,
    fields: Mapping[str, str] | None = None,
    **page: Any,
) -> HttpResponse:
    """Shows a form; once it is sent, does `act` and goes `back`. A refusal is shown at its field, with all that was typed."""
    if request.method == "POST" and form.is_valid() and tried(form, act, fields=fields) is not None:
        messages.success(request, done)
        return redirect(reverse(back[0], kwargs=back[1]))
    return render(request, template, {"form": form, "back": back, **page})


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
