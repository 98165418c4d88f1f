"""Opens and sets standings. Published last in the same transaction, as a fact of its own: a cut waits for nothing else."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import Change as Told
from piepowder.rooms.ground.ledger import record_many
from piepowder.rooms.publication.actions import publish, publish_many
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Standing


@transaction.atomic
def open_standing(
    subject_id: str, kind: str, *, by: Actor, at: datetime, standing: Standing = Standing.PENDING, reason: str = ""
) -> Subject:
    """Gives a new app (`kind` "app") or developer ("developer") its first standing."""
    [subject] = open_standings([subject_id], kind, by=by, at=at, standing=standing, reason=reason)
    return subject


@transaction.atomic
def open_standings(
    subject_ids: Collection[str], kind: str, *, by: Actor, at: datetime, standing: Standing, reason: str = ""
) -> list[Subject]:
    """As `open_standing`, of many at once."""
    new = [Subject(id=one, kind=kind, status=standing, last_reason=reason, changed_at=at) for one in subject_ids]
    made = Subject.objects.bulk_create(new)
    Change.objects.bulk_create(
        [Change(subject=one, old="", new=standing, reason=reason, changed_by=str(by), changed_at=at) for one in made]
    )
    told = [Told(detail={"id": one.id, "from": "", "to": str(standing)}, **one.ledger_fields()) for one in made]
    record_many("standing.open", told, by=by, at=at, outcome=standing, reason=reason)
    publish_many(("standing", one.id, one.fact()) for one in made)
    return made


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
def forget_standings(subject_ids: Collection[str], *, by: Actor, at: datetime) -> None:
    """Of apps or developers that an import made by mistake and takes back; the ledger keeps what they were."""
    gone = list(Subject.objects.filter(pk__in=subject_ids))
    Change.objects.filter(subject__in=gone).delete()
    Subject.objects.filter(pk__in=subject_ids).delete()
    record_many("standing.forget", [Told(detail={"id": one.id}, **one.ledger_fields()) for one in gone], by=by, at=at)
    publish_many(("standing", one.id, None) for one in gone)
