"""What a developer or app may do just now, and why; set by an operator."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Moment, Prose, Sent, now
from piepowder.rooms.standing import actions
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Standing

router = Router(tags=["standing"])


class StandingSent(Sent):
    standing: Standing
    reason: Prose


class ChangeShown(Schema):
    old: str = Field(alias="from")
    new: str = Field(alias="to")
    reason: str
    by: str
    at: Moment


class StandingShown(Schema):
    subject: str
    kind: str
    standing: str
    capabilities: list[str]
    reason: str
    changed_at: Moment
    history: list[ChangeShown] = []


@router.get("/{subject_id}", response=StandingShown, by_alias=True)
def get_standing(request: HttpRequest, subject_id: Key) -> dict[str, Any]:
    """Standing of an app (`app_…`) or developer (`dev_…`) and its last 100 changes."""
    require(request, Permission.READ)
    subject = Subject.objects.named(subject_id)
    return {
        **subject.described(),
        "history": [change.described() for change in Change.objects.of_subject(subject_id)[:100]],
    }


@router.put("/{subject_id}", response=StandingShown, by_alias=True)
def set_standing(request: HttpRequest, subject_id: Key, sent: StandingSent) -> dict[str, Any]:
    """Sets a standing; every gateway worker knows within a moment of this answer."""
    by = require(request, Permission.GOVERN)
    return actions.set_standing(subject_id, sent.standing, by=by, at=now(), reason=sent.reason).described()
