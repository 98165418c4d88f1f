"""Who may assess whom, and whether whoever acts is the assessor."""

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.audits import rules
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.ground.actor import COMMAND_LINE, SYSTEM, Actor
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.models import Account, ApiKey
from piepowder.rooms.people.rules import ROLES, KeyRole


def persons_of(actor_id: str) -> set[str]:
    """An account, or a key and the account that made it: a key is no second person."""
    key = ApiKey.objects.filter(pk=actor_id).first() if actor_id.startswith("key_") else None
    return {actor_id, key.created_by.partition(":")[2]} if key else {actor_id}


def name_of(actor_id: str) -> str:
    """An assessor as a page shows them to staff."""
    if account := Account.objects.filter(pk=actor_id).first():
        return str(account)
    key = ApiKey.objects.filter(pk=actor_id).first()
    return f"key “{key.name}”" if key else actor_id


def check_assessor(actor_id: str, developer: Developer) -> None:
    """`audits_assessor_…` where they may not review, belong to the organisation, or approved its assessment."""
    if Permission.REVIEW not in _permissions(actor_id):
        raise PiepowderError(
            "audits_assessor_unfit",
            f"`{actor_id}` is nobody who reviews",
            hint="choose a member of staff who is a reviewer or operator",
        )
    members = Member.objects.filter(developer=developer).values_list("account_id", flat=True)
    rules.check_assessor(persons_of(actor_id), members=set(members), approvers=approvers_of(developer))


def approvers_of(developer: Developer) -> set[str]:
    """Whoever had a part in approving an assessment of this developer."""
    return set()


def assessors_for(developer: Developer) -> list[Account]:
    """Members of staff who may assess this developer."""
    found = []
    for account in Account.objects.staff().filter(is_active=True):
        try:
            check_assessor(account.id, developer)
        except PiepowderError:
            continue
        found.append(account)
    return found


def require_assessor(audit: Audit, by: Actor) -> None:
    """Only the assessor does the assessor's work; whoever has a shell on this machine could edit the tables as well."""
    if by in (SYSTEM, COMMAND_LINE) or (audit.assessor and by.id == audit.assessor):
        return
    raise PiepowderError(
        "audits_not_the_assessor",
        "this audit is not yours to assess",
        hint="the audit's assessor does this; it can be assigned to somebody else",
        kind=ErrorKind.FORBIDDEN,
    )


def _permissions(actor_id: str) -> frozenset[Permission]:
    if account := Account.objects.filter(pk=actor_id, is_staff=True, is_active=True).first():
        return ROLES[account.role]
    key = ApiKey.objects.working().filter(pk=actor_id, developer="", seller=None).first()
    return ROLES[KeyRole(key.role)] if key else frozenset()
