"""People act for an organisation, in a role, and stop. Nobody can leave it without an owner."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers import letters
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.developers.rules.organisation import MEMBERS_MAX, Role, check_owner_left
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Account


@transaction.atomic
def add_member(
    developer: Developer, account: Account, *, by: Actor, at: datetime, role: str = Role.DEVELOPER
) -> Member:
    """Lets an account act for a developer."""
    role = check_role(role)
    Developer.objects.locked(developer.id)
    if Member.objects.filter(developer=developer).count() >= MEMBERS_MAX:
        raise PiepowderError(
            "developers_members_full", f"an organisation has at most {MEMBERS_MAX} members", kind=ErrorKind.CONFLICT
        )
    member, made = Member.objects.get_or_create(
        developer=developer, account=account, defaults={"role": role, "created_at": at}
    )
    if not made:
        raise PiepowderError(
            "developers_member_already",
            f"`{account.email}` acts for `{developer.name}` already",
            kind=ErrorKind.CONFLICT,
        )
    detail = {"account": account.id, "role": str(role)}
    record("developers.add_member", by=by, at=at, developer=developer.id, detail=detail)
    return member


@transaction.atomic
def change_role(member: Member, role: str, *, by: Actor, at: datetime) -> Member:
    """Gives a member another role, from the next click on."""
    role = check_role(role)
    developer = Developer.objects.locked(member.developer_id)
    member = Member.objects.named(developer, member.id)
    if member.role == role:
        return member
    check_owner_left(_counted(member), role, _owners(developer))
    Member.objects.filter(pk=member.pk).update(role=role)
    detail = {"account": member.account_id, "from": member.role, "to": str(role)}
    record("developers.change_role", by=by, at=at, developer=developer.id, outcome=role, detail=detail)
    changed = Member.objects.named(developer, member.id)
    if by.id != member.account_id:
        letters.role_changed(changed, at=at, by=by)
    return changed


@transaction.atomic
def remove_member(member: Member, *, by: Actor, at: datetime) -> None:
    """Ends a membership: of somebody else's, or one's own (leaving)."""
    developer = Developer.objects.locked(member.developer_id)
    member = Member.objects.named(developer, member.id)
    check_owner_left(_counted(member), None, _owners(developer))
    Member.objects.filter(pk=member.pk).delete()
    detail = {"account": member.account_id, "role": member.role}
    left = by.id == member.account_id
    record(
        "developers.leave" if left else "developers.remove_member", by=by, at=at, developer=developer.id, detail=detail
    )
    if not left:
        letters.removed(member, at=at, by=by)


def _counted(member: Member) -> str:
    """An owner who cannot sign in any more is none."""
    return member.role if member.account.is_active else Role.READER


def _owners(developer: Developer) -> int:
    return Member.objects.of(developer).owners().count()


def check_role(role: str) -> Role:
    if role not in set(Role):
        raise PiepowderError(
            "developers_role_unknown",
            f"there is no role `{role}`",
            hint="possible: " + ", ".join(f"`{one}`" for one in Role),
        )
    return Role(role)
