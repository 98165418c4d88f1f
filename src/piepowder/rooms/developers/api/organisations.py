"""Organisations, their profile, members and invitations: by staff, or with a key of the organisation's own."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from piepowder.rooms.developers import actions
from piepowder.rooms.developers.models import Developer, Invitation, Member
from piepowder.rooms.developers.rules.organisation import Kind, Role
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now, page
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing

router = Router(tags=["developers"])

Short = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Lines = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00-\x20\x7f]*$")]


class ProfileSent(Sent):
    """What is left out stays as it is. `seen`: the `revision` that you read; another one since is a conflict."""

    name: Name | None = None
    legal_name: Name | None = None
    kind: Kind | None = None
    country: Annotated[str, StringConstraints(max_length=2)] | None = None
    company_number: Short | None = None
    address: Lines | None = None
    website: Annotated[Prose, StringConstraints(max_length=500)] | None = None
    contact_email: Email | None = None
    privacy_email: Email | None = None
    security_email: Email | None = None
    seen: Annotated[str, StringConstraints(max_length=64)] | None = None


class DeveloperSent(Sent):
    name: Name
    contact_email: Name
    legal_name: Name | None = None
    kind: Kind = Kind.COMPANY
    country: Annotated[str, StringConstraints(max_length=2)] = ""
    company_number: Short = ""
    address: Lines = ""
    website: Annotated[Prose, StringConstraints(max_length=500)] = ""
    privacy_email: Email = ""
    security_email: Email = ""
    standing: Standing = Standing.PENDING
    identity_due_on: date | None = None


class InvitationSent(Sent):
    email: Email
    role: Role = Role.DEVELOPER


class MemberSent(Sent):
    """`account`: id or e-mail address of the person."""

    account: Key
    role: Role = Role.DEVELOPER


class RoleOfMemberSent(Sent):
    role: Role


class IdentityDueSent(Sent):
    due_on: date | None


class ClosingSent(Sent):
    reason: Annotated[Prose, Field(max_length=500)] = ""


class DeveloperShown(Schema):
    id: str
    name: str
    legal_name: str
    kind: str
    country: str
    company_number: str
    address: str
    website: str
    contact_email: str
    privacy_email: str
    security_email: str
    status: str
    standing: str
    identity: str
    identity_due_on: date | None
    revision: str
    created_at: Moment
    closed_at: Moment | None


class MemberShown(Schema):
    id: str
    developer: str
    account: str
    name: str
    email: str
    role: str
    created_at: Moment


class InvitationShown(Schema):
    id: str
    developer: str
    email: str
    role: str
    status: str
    invited_by: str
    created_at: Moment
    expires_at: Moment


@router.get("", response=list[DeveloperShown])
def list_developers(
    request: HttpRequest,
    after: str = "",
    limit: Limit = 100,
    status: Literal["open", "closed", ""] = "",
) -> list[dict[str, Any]]:
    """Developers in the order of their ids; the next page begins `after` the last id of this one."""
    require(request, Permission.READ)
    rows = Developer.objects.select_related("identity")
    return _shown(page(rows.filter(status=status) if status else rows, after=after, limit=limit))


@router.post("", response={201: DeveloperShown})
def register_developer(request: HttpRequest, sent: DeveloperSent) -> Status[dict[str, Any]]:
    """Registers a developer. Its standing is `pending` unless said otherwise."""
    by = require(request, Permission.REGISTER)
    given = {name: value for name, value in sent.dict().items() if value is not None}
    return Status(201, _shown([actions.register_developer(**given, by=by, at=now())])[0])


@router.get("/{developer_id}", response=DeveloperShown)
def get_developer(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    """One organisation, with its standing and whether its identity was shown."""
    require_own(request, Permission.READ, developer=developer_id)
    return _shown([Developer.objects.named(developer_id)])[0]


@router.patch("/{developer_id}", response=DeveloperShown)
def change_developer(request: HttpRequest, developer_id: Key, sent: ProfileSent) -> dict[str, Any]:
    """Changes the profile. Other legal facts (name, kind, country, number, address) have the identity shown anew."""
    developer, by = _own(request, developer_id, Permission.REGISTER)
    given = {name: value for name, value in sent.dict().items() if value is not None}
    return _shown([actions.change_profile(developer, **given, by=by, at=now())])[0]


@router.post("/{developer_id}/close", response=DeveloperShown)
def close_developer(request: HttpRequest, developer_id: Key, sent: ClosingSent) -> dict[str, Any]:
    """Ends an organisation: apps, keys and invitations with it. With its own key as well, which ends by this, too."""
    developer, by = _own(request, developer_id, Permission.GOVERN)
    return _shown([actions.close_developer(developer, by=by, at=now(), reason=sent.reason)])[0]


@router.post("/{developer_id}/reopen", response=DeveloperShown)
def reopen_developer(request: HttpRequest, developer_id: Key, sent: ClosingSent) -> dict[str, Any]:
    """Takes a closing back. The standing stays suspended until it is set."""
    by = require(request, Permission.GOVERN)
    developer = Developer.objects.named(developer_id)
    return _shown([actions.reopen_developer(developer, by=by, at=now(), reason=sent.reason)])[0]


@router.put("/{developer_id}/identity-due", response=DeveloperShown)
def put_identity_due(request: HttpRequest, developer_id: Key, sent: IdentityDueSent) -> dict[str, Any]:
    """Sets the date by which an organisation that was there before the rule shows its identity; null takes it away."""
    by = require(request, Permission.GOVERN)
    developer = Developer.objects.named(developer_id)
    return _shown([actions.set_identity_due(developer, sent.due_on, by=by, at=now())])[0]


@router.get("/{developer_id}/members", response=list[MemberShown])
def list_members(request: HttpRequest, developer_id: Key) -> list[dict[str, Any]]:
    """Who acts for the organisation, and in which role."""
    developer, _ = _own(request, developer_id, Permission.READ)
    return [member.described() for member in Member.objects.of(developer)]


@router.post("/{developer_id}/members", response={201: MemberShown})
def add_member(request: HttpRequest, developer_id: Key, sent: MemberSent) -> Status[dict[str, Any]]:
    """Lets a person's account act for the organisation, without asking; organisations themselves send invitations."""
    by = require(request, Permission.GOVERN)
    developer, person = Developer.objects.named(developer_id), Account.objects.named(sent.account)
    return Status(201, actions.add_member(developer, person, by=by, at=now(), role=sent.role).described())


@router.put("/{developer_id}/members/{member_id}", response=MemberShown)
def put_role(request: HttpRequest, developer_id: Key, member_id: Key, sent: RoleOfMemberSent) -> dict[str, Any]:
    """Gives a member another role. An organisation is never without an owner."""
    developer, by = _own(request, developer_id, Permission.REGISTER)
    member = Member.objects.named(developer, member_id)
    return actions.change_role(member, sent.role, by=by, at=now()).described()


@router.delete("/{developer_id}/members/{member_id}", response={204: None})
def remove_member(request: HttpRequest, developer_id: Key, member_id: Key) -> Status[None]:
    """Ends a membership. An organisation is never without an owner."""
    developer, by = _own(request, developer_id, Permission.REGISTER)
    actions.remove_member(Member.objects.named(developer, member_id), by=by, at=now())
    return Status(204, None)


@router.get("/{developer_id}/invitations", response=list[InvitationShown])
def list_invitations(request: HttpRequest, developer_id: Key, limit: Limit = 100) -> list[dict[str, Any]]:
    """The newest first, whatever became of them."""
    developer, _ = _own(request, developer_id, Permission.READ)
    return [one.described() for one in Invitation.objects.of(developer)[:limit]]


@router.post("/{developer_id}/invitations", response={201: InvitationShown})
def invite(request: HttpRequest, developer_id: Key, sent: InvitationSent) -> Status[dict[str, Any]]:
    """Invites an e-mail address; only who has confirmed that address can accept. They do it in the console."""
    developer, by = _own(request, developer_id, Permission.REGISTER)
    invitation = actions.invite(developer, email=sent.email, role=sent.role, by=by, at=now())
    return Status(201, invitation.described())


@router.post("/{developer_id}/invitations/{invitation_id}/withdraw", response=InvitationShown)
def withdraw(request: HttpRequest, developer_id: Key, invitation_id: Key) -> dict[str, Any]:
    """Takes an open invitation back; its link leads nowhere from then on."""
    developer, by = _own(request, developer_id, Permission.REGISTER)
    return actions.withdraw(Invitation.objects.named(invitation_id, developer), by=by, at=now()).described()


def _own(request: HttpRequest, developer_id: str, staff: Permission) -> tuple[Developer, Actor]:
    by = require_own(request, staff, developer=developer_id)
    return Developer.objects.named(developer_id), by


def _shown(developers: list[Developer]) -> list[dict[str, Any]]:
    standings = Subject.objects.of(developer.id for developer in developers)
    return [
        {**one.described(), "standing": standings.get(one.id, ""), "identity": one.identity.status}
        for one in developers
    ]
