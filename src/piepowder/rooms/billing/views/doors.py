"""What the pages share: an action that says afterwards how it went."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import actor_of


def told(request: HttpRequest, action: Callable[..., object], done: str, /, *args: Any, **given: Any) -> bool:
    """Calls an action in the name of whoever is signed in, and says on the next page what came of it."""
    try:
        action(*args, by=actor_of(request), at=datetime.now(UTC), **given)
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
        return False
    messages.success(request, done)
    return True
