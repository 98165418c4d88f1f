"""Which people stand behind an actor, so that nobody reviews for themselves, and nobody looks again at what they decided."""

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments.models import Assessment, Decision
from piepowder.rooms.developers import persons
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor, ActorKind


def persons_behind(actor: str) -> frozenset[str]:
    """The ids behind an actor as it is kept in a column: its own, and the account's that made a key."""
    by = _actor(actor)
    return frozenset({by.id, *persons.accounts_behind(by)} - {""})


def check_independent(actor: str, developer: Developer) -> None:
    """`developers_own_organisation` where somebody would review the organisation that they act for."""
    persons.check_independent(_actor(actor), developer)


def check_another(actor: str, assessment: Assessment) -> None:
    """`assessments_same_reviewer` where somebody would look again at what they decided themselves."""
    earlier = set(Decision.objects.filter(submission__assessment=assessment).values_list("decided_by", flat=True))
    for column in ("reviewer", "confirmed_by"):
        earlier |= set(assessment.submissions.exclude(outcome="").values_list(column, flat=True))
    if persons_behind(actor) & {person for one in earlier for person in persons_behind(one)}:
        raise PiepowderError(
            "assessments_same_reviewer",
            "you decided this before, and the developer asked for somebody else",
            hint="leave it to another reviewer",
            kind=ErrorKind.FORBIDDEN,
        )


def _actor(text: str) -> Actor:
    kind, _, name = text.partition(":")
    return Actor(ActorKind(kind) if kind in list(ActorKind) else ActorKind.STAFF, name)
