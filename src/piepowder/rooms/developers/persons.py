"""Which people stand behind an actor, so that nobody reviews the organisation that they act for, under whichever name."""

from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.people.models import Account, ApiKey


def accounts_behind(by: Actor) -> set[str]:
    """Accounts of whoever acts: a key acts for whoever made it."""
    found = {by.id}
    if by.id.startswith("key_") and (key := ApiKey.objects.filter(pk=by.id).first()):
        found.add(key.created_by.partition(":")[2])
    return {one for one in found if one.startswith("acc_")}


def acts_for(by: Actor, developer: Developer) -> bool:
    """Whether somebody is a member of an organisation, is invited to be one, or reads the mail of one of its addresses."""
    accounts = accounts_behind(by)
    if Member.objects.filter(developer=developer, account__in=accounts).exists():
        return True
    addresses = [developer.contact_email, developer.privacy_email, developer.security_email]
    addresses += developer.invitations.open().values_list("email", flat=True)
    named = Q()
    for address in filter(None, addresses):
        named |= Q(email__iexact=address)
    return bool(named) and Account.objects.filter(named, pk__in=accounts).exists()


def check_independent(by: Actor, developer: Developer) -> None:
    """`developers_own_organisation` where somebody would review the organisation that they act for."""
    if acts_for(by, developer):
        raise PiepowderError(
            "developers_own_organisation",
            f"you act for `{developer.shown_name}` yourself, so somebody else reviews it",
            hint="leave it to another reviewer",
            kind=ErrorKind.FORBIDDEN,
        )
