"""Takes back an app that an import made by mistake."""

from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App, AppVersion, ModeChange
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.publication.actions import publish
from piepowder.rooms.standing.actions import forget_standing


@transaction.atomic
def forget_app(app: App, *, by: Actor, at: datetime) -> None:
    """Only one that nothing refers to, with its versions and modes: `appstore_in_use` otherwise. Its name is free again."""
    try:
        ModeChange.objects.filter(app=app).delete()
        AppVersion.objects.filter(app=app).delete()
        App.objects.filter(pk=app.pk).delete()
    except ProtectedError as error:
        raise PiepowderError(
            "appstore_in_use", f"`{app.name}` has {_words(error)} by now", kind=ErrorKind.CONFLICT
        ) from None
    record("appstore.forget_app", by=by, at=at, app=app.id, developer=app.developer_id, detail={"name": app.name})
    publish("app", app.id, None)
    forget_standing(app.id, by=by, at=at)


def _words(error: ProtectedError) -> str:
    return ", ".join(sorted({str(one._meta.verbose_name_plural) for one in error.protected_objects}))
