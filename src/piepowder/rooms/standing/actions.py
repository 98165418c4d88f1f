"""Opens and sets standings. Published last in the same transaction, as a fact of its own: a cut waits for nothing else."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.publication.actions import publish
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Standing


@transaction.atomic
def open_standing(
    subject_id: str, kind: str, *, by: Actor, at: datetime, standing: Standing = Standing.PENDING, reason: str = ""
) -> Subject:
    """Gives a new app (`kind` "app") or developer ("developer") its first standing."""
    subject = Subject.objects.create(id=subject_id, kind=kind, status=standing, last_reason=reason, changed_at=at)
    Change.objects.create(subject=subject, old="", new=standing, reason=reason, changed_by=str(by), changed_at=at)
    detail = {"id": subject_id, "from": "", "to": str(standing)}
    record("standing.open", by=by, at=at, outcome=standing, reason=reason, detail=detail, **subject.ledger_fields())
    publish("standing", subject_id, subject.fact())
    return subject


@transaction.atomic
def set_standing(subject_id: str, standing: Standing, *, by: Actor, at: datetime, reason: str) -> Subject:
    """Changes what an app or developer may do, from the commit on. A reason is always given: it is shown to them."""
    if not reason.strip():
        raise PiepowderError(
            "standing_reason_missing",
            "a standing is not changed without a reason",
            hint="say why; the developer reads it",
        )
    before = Subject.objects.named(subject_id)
    subject = Subject.objects.advance(
        before, standing, verb="set", by=by, at=at, reason=reason, last_reason=reason, changed_at=at
    )
    Change.objects.create(
        subject=subject, old=before.status, new=standing, reason=reason, changed_by=str(by), changed_at=at
    )
    publish("standing", subject_id, subject.fact())
    return subject


@transaction.atomic
def forget_standing(subject_id: str, *, by: Actor, at: datetime) -> None:
    """Of an app or developer that an import made by mistake and takes back; the ledger keeps what it was."""
    subject = Subject.objects.named(subject_id)
    Change.objects.filter(subject=subject).delete()
    Subject.objects.filter(pk=subject_id).delete()
    record("standing.forget", by=by, at=at, detail={"id": subject_id}, **subject.ledger_fields())
    publish("standing", subject_id, None)
