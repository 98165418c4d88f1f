"""Which people stand behind an actor, so that nobody reviews for themselves, under whichever name."""

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.models import Assessment, Decision
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.people.models import Account, ApiKey


def persons_behind(actor: str) -> frozenset[str]:
    """The actor itself and the account behind it; a key acts for whoever made it."""
    _, _, name = actor.partition(":")
    found = {actor, name}
    if name.startswith("key_") and (key := ApiKey.objects.filter(pk=name).first()):
        found |= {key.created_by, key.created_by.partition(":")[2]}
    return frozenset(found)


def check_independent(actor: str, developer: Developer) -> None:
    """`assessments_own_organisation` where somebody would review the organisation that they act for."""
    accounts = [person for person in persons_behind(actor) if person.startswith("acc_")]
    member = Member.objects.filter(developer=developer, account__in=accounts).exists()
    contact = Account.objects.filter(pk__in=accounts, email__iexact=developer.contact_email).exists()
    if member or contact:
        raise PiepowderError(
            "assessments_own_organisation",
            f"you act for `{developer.name}` yourself, so somebody else reviews it",
            kind=ErrorKind.FORBIDDEN,
        )


def check_another(actor: str, assessment: Assessment) -> None:
    """`assessments_same_reviewer` where somebody would look again at what they decided themselves."""
    earlier = set(Decision.objects.filter(submission__assessment=assessment).values_list("decided_by", flat=True))
    earlier |= set(assessment.submissions.exclude(outcome="").values_list("reviewer", flat=True))
    persons = {person for one in earlier for person in persons_behind(one)} - {""}
    if persons & persons_behind(actor):
        raise PiepowderError(
            "assessments_same_reviewer",
            "you decided this before, and the developer asked for somebody else",
            hint="leave it to another reviewer",
            kind=ErrorKind.FORBIDDEN,
        )
