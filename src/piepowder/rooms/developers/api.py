"""Developers, as an operator sees and registers them."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from piepowder.rooms.developers import actions
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now, page
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing

router = Router(tags=["developers"])


class DeveloperSent(Sent):
    name: Name
    contact_email: Name
    website: Prose = ""
    standing: Standing = Standing.PENDING


class DeveloperShown(Schema):
    id: str
    name: str
    contact_email: str
    website: str
    standing: str
    created_at: Moment


@router.get("", response=list[DeveloperShown])
def list_developers(request: HttpRequest, after: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Developers in the order of their ids; the next page begins `after` the last id of this one."""
    require(request, Permission.READ)
    return _shown(page(Developer.objects.all(), after=after, limit=limit))


@router.post("", response={201: DeveloperShown})
def register_developer(request: HttpRequest, sent: DeveloperSent) -> Status[dict[str, Any]]:
    """Registers a developer. Its standing is `pending` unless said otherwise."""
    by = require(request, Permission.REGISTER)
    developer = actions.register_developer(**sent.dict(), by=by, at=now())
    return Status(201, _shown([developer])[0])


@router.get("/{developer_id}", response=DeveloperShown)
def get_developer(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    require(request, Permission.READ)
    return _shown([Developer.objects.named(developer_id)])[0]


def _shown(developers: list[Developer]) -> list[dict[str, Any]]:
    standings = Subject.objects.of(developer.id for developer in developers)
    return [{**developer.described(), "standing": standings.get(developer.id, "")} for developer in developers]
