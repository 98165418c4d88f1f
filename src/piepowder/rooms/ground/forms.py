"""Forms of the console: an action's refusal is shown at the field it is about, and nothing that was typed is lost."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.forms import BaseForm

from piepowder.core.kernel.errors import PiepowderError

T = TypeVar("T")


def tried(
    form: BaseForm, action: Callable[..., T], /, *, fields: Mapping[str, str] | None = None, **given: Any
) -> T | None:
    """Calls `action(**given)`; None where it refused, and the form then says why.

    `fields` tells at which field an error code belongs (`developers_name_taken` -> `name`); any other stands above the form.
    """
    try:
        return action(**given)
    except PiepowderError as error:
        form.add_error((fields or {}).get(error.code), sentence(error))
        return None


def sentence(error: PiepowderError) -> str:
    """The error as one or two sentences for people: capital first, hint after."""
    words = error.message[:1].upper() + error.message[1:]
    return f"{words}. {error.hint[:1].upper()}{error.hint[1:]}." if error.hint else f"{words}."
