"""Which people stand behind an actor, so that the second of two reviewers is another person, under whichever name."""

from piepowder.rooms.developers.persons import accounts_behind
from piepowder.rooms.ground.actor import Actor, ActorKind


def persons_behind(actor: str) -> frozenset[str]:
    """The actor itself and the account behind it: a key acts for whoever made it, if that was a person."""
    kind, _, name = actor.partition(":")
    if kind not in tuple(ActorKind) or not name:
        return frozenset()
    return frozenset({actor, *accounts_behind(Actor(ActorKind(kind), name))})


def same_person(actor: str, by: Actor) -> bool:
    return bool(persons_behind(actor) & persons_behind(str(by)))
