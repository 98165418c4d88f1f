"""What developers are told when the marketplace brings them over."""

from datetime import date, datetime

from piepowder.rooms.developers.models import Developer
from piepowder.rooms.notices.actions import tell


def brought_over(developer: Developer, register_by: date, *, at: datetime) -> None:
    """To the developer: what changes, what does not, and until when to register."""
    tell(
        recipient=developer.id,
        kind="imports.brought_over",
        subject=f"Please register by {register_by:%-d %B %Y}",
        body=(
            "The marketplace now runs its apps' access through Piepowder. Your apps and the authorisations of your sellers were brought "
            "over: client ids, secrets and refresh tokens go on working.\n\n"
            f"Please sign up with this address, say who you are, and answer the assessment by {register_by:%-d %B %Y}. You see your score "
            "and what is open before anybody reviews it. Nothing is cut on that date without a notice of its own, with reasons."
        ),
        at=at,
        mail_to=[developer.contact_email],
        once=f"imports.brought_over/{developer.id}",
    )
