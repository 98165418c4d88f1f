"""What a new version of an app means for the grants of the old one: it moves them over, or asks their sellers for more."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.consent import letters
from piepowder.rooms.consent.actions.grants import answer_request, locked_active, move
from piepowder.rooms.consent.manifests import asked_by
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.consent.rules import RequestStatus, carried_over, difference
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record

GRANTS_AT_ONCE = 1_000  # a look takes a moment, however many shops use an app


def follow_versions(*, at: datetime) -> int:
    """Brings grants of older versions up to date, each by itself; how many. Safe to run twice and in two processes at once."""
    behind = list(Grant.objects.behind().order_by("pk").values_list("pk", flat=True)[:GRANTS_AT_ONCE])
    return sum(_follow(grant_id, at=at) for grant_id in behind)


@transaction.atomic
def _follow(grant_id: str, *, at: datetime) -> bool:
    """One grant: the same or less is taken over as it is; for more the seller is asked, and the old permissions go on."""
    row = Grant.objects.locked(grant_id)
    if not Grant.objects.behind().filter(pk=grant_id).exists():
        return False  # while this one waited for the lock, another process was here
    before, after = asked_by(row.app, row.version), asked_by(row.app)
    carried = carried_over(row.choice, before, after)
    if carried is None or difference(row.choice, before, after).more:
        _ask(row, after.version, at=at)
    else:
        answer_request(row, "", by=SYSTEM, at=at)
        move(row, carried, after.version, at=at)
    return True


def _ask(row: Grant, version: str, *, at: datetime) -> None:
    answer_request(row, "", by=SYSTEM, at=at)
    request = PermissionRequest.objects.create(grant=row, version=version, asked_at=at)
    detail = {"id": request.id, "version": version, "of": row.version}
    record("consent.ask_more", by=SYSTEM, at=at, outcome=request.status, detail=detail, **row.ledger_fields())
    letters.asks_more(row, at=at)


@transaction.atomic
def refuse_request(row: Grant, *, by: Actor, at: datetime) -> PermissionRequest:
    """The seller's no to what a new version asks; what was granted before goes on. `consent_request_none` if nothing waits."""
    waiting = PermissionRequest.objects.open_of(locked_active(row.id).id)
    if waiting is None:
        raise PiepowderError(
            "consent_request_none",
            "nothing waits for an answer",
            hint="somebody may have answered meanwhile",
            kind=ErrorKind.CONFLICT,
        )
    refused = PermissionRequest.objects.advance(
        waiting, RequestStatus.REFUSED, verb="refuse_request", by=by, at=at, answered_at=at
    )
    letters.refused_more(row, refused.version, at=at)
    return refused
