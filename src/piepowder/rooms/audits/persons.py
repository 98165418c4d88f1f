"""Who may assess whom, and whether whoever acts is the assessor. An assessor is kept as an actor: `staff:acc_…`, `staff:key_…`."""

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.assessments.persons import persons_behind
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.developers import persons
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import COMMAND_LINE, SYSTEM, Actor, ActorKind
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.models import Account, ApiKey
from piepowder.rooms.people.rules import ROLES, KeyRole


def name_of(actor: str) -> str:
    """An assessor as a page shows them to staff."""
    _, _, name = actor.partition(":")
    if account := Account.objects.filter(pk=name).first():
        return str(account)
    key = ApiKey.objects.filter(pk=name).first()
    return f"key “{key.name}”" if key else actor


def check_assessor(actor: Actor, developer: Developer) -> None:
    """`audits_assessor_…` or `developers_own_organisation` where they may not review, act for the organisation, or approved it."""
    if Permission.REVIEW not in _permissions(actor):
        raise PiepowderError(
            "audits_assessor_unfit",
            f"`{name_of(str(actor))}` may not review",
            hint="choose a member of staff who is a reviewer or operator",
        )
    persons.check_independent(actor, developer)
    if persons_behind(str(actor)) & approvers_of(developer):
        raise PiepowderError(
            "audits_assessor_approved_it",
            "whoever approved this developer's assessment cannot audit it",
            hint="choose somebody who had no part in the approval",
            kind=ErrorKind.FORBIDDEN,
        )


def approvers_of(developer: Developer) -> frozenset[str]:
    """The people behind every approval of this developer's assessments, those who confirmed one included."""
    actors = Submission.objects.approvers_of(developer.id)
    return frozenset(person for actor in actors for person in persons_behind(actor))


def assessors_for(developer: Developer) -> list[Account]:
    """Members of staff who may assess this developer."""
    return [account for account in Account.objects.staff().filter(is_active=True) if _may(account, developer)]


def _may(account: Account, developer: Developer) -> bool:
    try:
        check_assessor(Actor(ActorKind.STAFF, account.id), developer)
    except PiepowderError:
        return False
    return True


def require_assessor(audit: Audit, by: Actor) -> None:
    """Only the assessor does the assessor's work; whoever has a shell on this machine could edit the tables as well."""
    if by in (SYSTEM, COMMAND_LINE) or audit.assessor == str(by):
        return
    raise PiepowderError(
        "audits_not_the_assessor",
        "this audit is not yours to assess",
        hint="its assessor does this; it can be assigned to somebody else",
        kind=ErrorKind.FORBIDDEN,
    )


def require_independent(audit: Audit, by: Actor) -> None:
    """Whoever acts for the audited organisation decides nothing about its audit, in whichever role."""
    persons.check_independent(by, audit.developer)


def _permissions(actor: Actor) -> frozenset[Permission]:
    if account := Account.objects.filter(pk=actor.id, is_staff=True, is_active=True).first():
        return ROLES[account.role]
    key = ApiKey.objects.working().filter(pk=actor.id, developer="", seller=None).first()
    return ROLES[KeyRole(key.role)] if key else frozenset()
