"""OpenAPI Overlay 1.0: actions, in order, that update or remove parts of a document. The document itself is left alone."""

import copy
from typing import Any

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace import jsonpath


class Overlaid(Struct, frozen=True):
    """The document after all actions, and the targets that led nowhere (allowed by the standard, but worth a look)."""

    document: dict[str, Any]
    unmatched: tuple[str, ...]


def apply(document: dict[str, Any], overlay: dict[str, Any]) -> Overlaid:
    """`marketplace_overlay_malformed` where the overlay is not one; `marketplace_path_unsupported` for exotic targets."""
    result = copy.deepcopy(document)
    unmatched = []
    for number, action in enumerate(_actions(overlay), start=1):
        target = action.get("target") if isinstance(action, dict) else None
        if not isinstance(target, str):
            raise _malformed(f"action {number} has no `target`")
        places = jsonpath.select(result, target)
        if not places:
            unmatched.append(f"action {number}: {target}")
        if action.get("remove") is True:
            _remove(places, target)
        else:
            _update(places, action.get("update", {}), target)
    return Overlaid(result, tuple(unmatched))


def _actions(overlay: dict[str, Any]) -> list[Any]:
    if not str(overlay.get("overlay", "")).startswith("1."):
        raise _malformed("`overlay` must name version 1.x of the standard")
    actions = overlay.get("actions")
    if not isinstance(actions, list):
        raise _malformed("`actions` must be a list")
    return actions


def _remove(places: list[jsonpath.Place], target: str) -> None:
    for place in reversed(places):  # from the end, so that indexes of a list stay true
        if place.container is None:
            raise _malformed(f"target `{target}` would remove the whole document")
        del place.container[place.key]


def _update(places: list[jsonpath.Place], update: Any, target: str) -> None:
    for place in places:
        if isinstance(place.value, list):
            place.value.append(copy.deepcopy(update))
        elif isinstance(place.value, dict) and isinstance(update, dict):
            _merge(place.value, update)
        else:
            raise _malformed(f"target `{target}` leads to a plain value, or its update is none for an object")


def _merge(target: dict[str, Any], update: dict[str, Any]) -> None:
    """Objects merge member by member, lists are joined, everything else is replaced."""
    for key, value in update.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)


def _malformed(message: str) -> PiepowderError:
    return PiepowderError("marketplace_overlay_malformed", message, hint="see OpenAPI Overlay 1.0")
