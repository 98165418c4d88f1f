"""Takes back developers that an import made by mistake."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.models import Developer, Identity
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import Change, record_many
from piepowder.rooms.standing.actions import forget_standings


@transaction.atomic
def forget_developers(several: Collection[Developer], *, by: Actor, at: datetime) -> None:
    """Only those that nobody joined and that nothing refers to, all or none: `developers_in_use` otherwise. Their names are free again."""
    ids = [one.id for one in several]
    try:
        Identity.objects.filter(developer__in=ids).delete()
        Developer.objects.filter(pk__in=ids).delete()
    except ProtectedError as error:
        names = ", ".join(f"`{one.name}`" for one in several)
        raise PiepowderError(
            "developers_in_use", f"{names} has {_words(error)} by now", kind=ErrorKind.CONFLICT
        ) from None
    told = [Change(developer=one.id, detail={"name": one.name}) for one in several]
    record_many("developers.forget", told, by=by, at=at)
    forget_standings(ids, by=by, at=at)


def _words(error: ProtectedError) -> str:
    return ", ".join(sorted({str(one._meta.verbose_name_plural) for one in error.protected_objects}))
