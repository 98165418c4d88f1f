"""What a new version of an app means for the grants of the old one: it moves them over, or asks their sellers for more."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.rules.versions import VersionStatus
from piepowder.rooms.consent import letters
from piepowder.rooms.consent.actions.grants import answer_request, locked_active, move
from piepowder.rooms.consent.manifests import asked_by, asked_of
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.consent.rules import GrantStatus, RequestStatus, carried_over, difference
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record

GRANTS_AT_ONCE = 1_000  # a look takes a moment, however many shops use an app


def follow_versions(*, at: datetime) -> int:
    """Brings grants of other versions up to date, each by itself; how many. Safe to run twice and in two processes at once."""
    behind = [row.pk for row in islice(_behind(), GRANTS_AT_ONCE)]
    followed = sum(_follow(grant_id, at=at) for grant_id in behind)
    for grant_id in PermissionRequest.objects.outdated().values_list("grant", flat=True)[:GRANTS_AT_ONCE]:
        _take_back(grant_id, at=at)
    return followed


def _behind() -> Iterator[Grant]:
    return (row for row in Grant.objects.not_current().iterator() if _is_behind(row))


def _is_behind(row: Grant) -> bool:
    version = row.app.version_for(row.seller_id)
    return version != row.version and not PermissionRequest.objects.asked(row.pk, version)


@transaction.atomic
def _follow(grant_id: str, *, at: datetime) -> bool:
    """One grant: the same or less is taken over as it is; for more the seller is asked, and the old permissions go on.

    Back from a roll-out that was stopped nobody is asked: the seller knows what the version before wanted.
    """
    row = Grant.objects.locked(grant_id)
    if row.status != GrantStatus.ACTIVE or not _is_behind(row):
        return False  # while this one waited for the lock, another process was here
    before, after = asked_by(row.app, row.version), asked_of(row.app, row.seller_id)
    carried = carried_over(row.choice, before, after)
    stopped = row.app.versions.numbered(row.app, row.version).status == VersionStatus.APPROVED
    if carried is None or (difference(row.choice, before, after).more and not stopped):
        _ask(row, after.version, at=at)
    else:
        answer_request(row, "", by=SYSTEM, at=at)
        move(row, carried, after.version, at=at)
    return True


@transaction.atomic
def _take_back(grant_id: str, *, at: datetime) -> None:
    """Nobody waits for an answer about a version that went away again."""
    row = Grant.objects.locked(grant_id)
    waiting = PermissionRequest.objects.open_of(row.id)
    if waiting is not None and waiting.version != row.app.version_for(row.seller_id):
        answer_request(row, "", by=SYSTEM, at=at)


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
