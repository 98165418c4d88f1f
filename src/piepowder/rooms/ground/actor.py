"""Who does something. Handed to every action as `by=`, so that no action has to ask the web request."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    SYSTEM = "system"  # Piepowder itself: a deadline, an import, a command on the machine it runs on
    STAFF = "staff"  # a person or key of the marketplace
    DEVELOPER = "developer"  # a member of a developer's organisation
    SELLER = "seller"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program by kind and id (`staff`, `acc_…`)."""

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Actor(ActorKind.SYSTEM, "piepowder")
COMMAND_LINE = Actor(ActorKind.SYSTEM, "command_line")  # whoever has a shell here could edit the database as well
