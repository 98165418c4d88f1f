"""The marketplace decides about a listing: it is listed, sent back, removed, put back. The developer reads the reason."""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.billing.actions import file_app
from piepowder.rooms.developers.models import Member
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.store import letters, rules
from piepowder.rooms.store.actions.listings import say_reach
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.readiness import checks_of
from piepowder.rooms.store.rules import ListingStatus


@transaction.atomic
def accept(app_id: str, *, by: Actor, at: datetime) -> Listing:
    """Lists a submitted listing, if what it needs is still there."""
    row = _decidable(app_id, by)
    rules.refuse_unready(checks_of(row))
    if row.status != ListingStatus.SUBMITTED:
        raise PiepowderError(
            "store_listing_not_submitted", f"the listing of `{row.app.name}` is {row.status}", kind=ErrorKind.CONFLICT
        )
    listed = _advance(
        row, ListingStatus.LISTED, "accept", by=by, at=at, listed_at=at, looked_at=at, looked_texts=asdict(row.texts)
    )
    file_app(listed.app, listed.categories[0], by=by, at=at)
    say_reach(listed.app, Reach.LISTED, by=by, at=at)
    letters.accepted(listed, by=by, at=at)
    return listed


@transaction.atomic
def send_back(app_id: str, *, reason: str, by: Actor, at: datetime) -> Listing:
    """Back to the developer, who corrects it and submits it again."""
    row = _decidable(app_id, by, reason)
    draft = _advance(row, ListingStatus.DRAFT, "send_back", reason, by=by, at=at)
    letters.returned(draft, by=by, at=at)
    return draft


@transaction.atomic
def remove(app_id: str, *, reason: str, by: Actor, at: datetime) -> Listing:
    """Out of the store. Grants go on: whether an app may call is a matter of its standing, not of the store."""
    row = _decidable(app_id, by, reason)
    gone = _advance(row, ListingStatus.REMOVED, "remove", reason, by=by, at=at)
    say_reach(gone.app, Reach.UNLISTED, by=by, at=at)
    letters.removed(gone, by=by, at=at)
    return gone


@transaction.atomic
def restore(app_id: str, *, reason: str, by: Actor, at: datetime) -> Listing:
    """Back into the store after a removal."""
    row = _decidable(app_id, by, reason)
    if row.status != ListingStatus.REMOVED:
        raise PiepowderError(
            "store_listing_not_removed", f"the listing of `{row.app.name}` is {row.status}", kind=ErrorKind.CONFLICT
        )
    rules.refuse_unready(checks_of(row))
    back = _advance(
        row, ListingStatus.LISTED, "restore", reason, by=by, at=at, looked_at=at, looked_texts=asdict(row.texts)
    )
    say_reach(back.app, Reach.LISTED, by=by, at=at)
    letters.restored(back, by=by, at=at)
    return back


def _decidable(app_id: str, by: Actor, reason: str | None = None) -> Listing:
    """The listing, locked, if this person may decide about it, and says why."""
    if reason is not None and not reason.strip():
        raise PiepowderError("store_reason_missing", "a reason is missing", hint="say why; the developer reads it")
    row = Listing.objects.locked(app_id)
    if Member.objects.filter(developer=row.app.developer_id, account=by.id).exists():
        raise PiepowderError(
            "store_own_organisation",
            f"you belong to `{row.app.developer.name}` and cannot decide about its apps",
            hint="somebody else has to",
            kind=ErrorKind.FORBIDDEN,
        )
    return row


def _advance(
    row: Listing, to: ListingStatus, verb: str, reason: str = "", *, by: Actor, at: datetime, **changes: object
) -> Listing:
    Listing.objects.advance(row, to, verb=verb, by=by, at=at, reason=reason.strip(), **changes)
    Listing.objects.filter(pk=row.pk).update(reason=reason.strip())
    return Listing.objects.of_app(row.app_id)
