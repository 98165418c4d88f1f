"""Policies: which one is in force, which were, and putting a new one into force."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Limit, Moment, Sent, Word, now
from piepowder.rooms.publication import actions
from piepowder.rooms.publication.models import Policy

router = Router(tags=["policies"])

Text = Annotated[str, StringConstraints(max_length=500_000, pattern=r"^[^\x00]*$")]


class PolicySent(Sent):
    files: Annotated[dict[Word, Text], Field(min_length=1, max_length=100)]


class PolicyShown(Schema):
    id: str
    version: str
    number: int
    files: list[str]
    published_by: str
    published_at: Moment


class PolicyText(PolicyShown):
    files: dict[str, str]  # type: ignore[assignment]


@router.get("", response=list[PolicyShown])
def list_policies(request: HttpRequest, limit: Limit = 100) -> list[dict[str, Any]]:
    """Policies, the newest first: the first one is in force."""
    require(request, Permission.READ)
    return [policy.described() for policy in Policy.objects.newest()[:limit]]


@router.post("", response={201: PolicyShown})
def publish_policy(request: HttpRequest, sent: PolicySent) -> Status[dict[str, Any]]:
    """Puts a pack into force, file name -> text. A pack that does not compile is refused whole."""
    by = require(request, Permission.POLICY)
    return Status(201, actions.publish_policy(sent.files, by=by, at=now()).described())


@router.get("/current", response=PolicyText)
def get_policy_in_force(request: HttpRequest) -> dict[str, Any]:
    """The policy that every gateway worker decides by, with its files."""
    require(request, Permission.READ)
    policy = Policy.objects.in_force()
    return {**policy.described(), "files": policy.files}


@router.get("/{policy_id}", response=PolicyText)
def get_policy(request: HttpRequest, policy_id: Key) -> dict[str, Any]:
    """A policy that is or was in force, with its files."""
    require(request, Permission.READ)
    policy = Policy.objects.named(policy_id)
    return {**policy.described(), "files": policy.files}
