"""Takes back a developer that an import made by mistake."""

from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.models import Developer, Identity
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.standing.actions import forget_standing


@transaction.atomic
def forget_developer(developer: Developer, *, by: Actor, at: datetime) -> None:
    """Only one that nobody joined and that nothing refers to: `developers_in_use` otherwise. Its name is free again."""
    try:
        Identity.objects.filter(developer=developer).delete()
        Developer.objects.filter(pk=developer.pk).delete()
    except ProtectedError as error:
        raise PiepowderError(
            "developers_in_use", f"`{developer.name}` has {_words(error)} by now", kind=ErrorKind.CONFLICT
        ) from None
    record("developers.forget", by=by, at=at, developer=developer.id, detail={"name": developer.name})
    forget_standing(developer.id, by=by, at=at)


def _words(error: ProtectedError) -> str:
    return ", ".join(sorted({str(one._meta.verbose_name_plural) for one in error.protected_objects}))
