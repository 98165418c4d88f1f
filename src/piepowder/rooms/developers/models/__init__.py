"""Tables of this room: organisations with members and invitations; identities with their documents and reviews."""

from piepowder.rooms.developers.models.identity import Identity, IdentityDocument, Review
from piepowder.rooms.developers.models.organisation import Developer, Invitation, Member

__all__ = ["Developer", "Identity", "IdentityDocument", "Invitation", "Member", "Review"]
