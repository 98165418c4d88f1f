"""A question in Cedar's JSON: entities with everything they are in, and the context of a request."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal
from piepowder.core.policy.model import Question
from piepowder.core.policy.taxonomy import NO_PURPOSE, PURPOSES, ROLE_GROUPS, lineage

Name = tuple[str, str]  # (entity type, id)

PERSONAL: Name = ("DataGroup", "personal")
ATTRIBUTES = ("purpose", "operation", "orderState", "standing", "environment", "declared")  # as in base.cedarschema


def uid(kind: str, name: str) -> dict[str, str]:
    """An entity's name as a request carries it."""
    return {"type": kind, "id": name}


def lineage_of_category(category: str) -> tuple[Name, ...]:
    """A category and everything it is in: its dotted ancestors, and the group of personal data."""
    names = tuple(("DataCategory", name) for name in lineage(category))
    return (*names, PERSONAL) if is_personal(category) else names


def base_entities() -> Iterator[dict[str, Any]]:
    """The known categories, purposes and roles: the same for every question."""
    yield from map(_category, CATEGORIES)
    yield from map(_purpose, (*PURPOSES, NO_PURPOSE))
    for role in sorted({role for roles in ROLE_GROUPS.values() for role in roles}):
        yield _entity("Role", role, (("RoleGroup", group) for group, roles in ROLE_GROUPS.items() if role in roles))


def question_entities(question: Question, categories: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What the base does not hold: the app, and words that only this marketplace uses."""
    yield _entity("App", question.app, (("Role", role) for role in sorted(question.roles)))
    if question.purpose is not None and question.purpose not in PURPOSES and question.purpose != NO_PURPOSE:
        yield _purpose(question.purpose)
    yield from (_category(category) for category in categories if category not in CATEGORIES)


def context(question: Question, declared: bool, attributes: Collection[str]) -> dict[str, Any]:
    """The attributes that policies read; one nobody reads would only be parsed in vain."""
    whole = {
        "purpose": {"__entity": uid("Purpose", question.purpose or NO_PURPOSE)},
        "operation": question.operation,
        "orderState": {"__entity": uid("OrderState", question.order_state.value)},
        "standing": sorted(question.standing),
        "environment": question.environment,
        "declared": declared,
    }
    return {name: whole[name] for name in attributes}


def _entity(kind: str, name: str, above: Iterable[Name] = ()) -> dict[str, Any]:
    return {"uid": uid(kind, name), "attrs": {}, "parents": [uid(*parent) for parent in above]}


def _category(category: str) -> dict[str, Any]:
    return _entity("DataCategory", category, lineage_of_category(category)[1:])


def _purpose(purpose: str) -> dict[str, Any]:
    return _entity("Purpose", purpose, (("Purpose", name) for name in lineage(purpose) if name != purpose))
