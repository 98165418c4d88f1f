"""A seller authorises an app, chooses again, narrows, renews, revokes. Told from top to bottom: the second of the four flows.

Each verb changes the row, writes the ledger record and publishes the fact in one transaction: all of it or nothing.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions as billing
from piepowder.rooms.billing.models import Subscription
from piepowder.rooms.billing.rules import SubscriptionStatus
from piepowder.rooms.consent import letters
from piepowder.rooms.consent.actions.tokens import end_tokens_of
from piepowder.rooms.consent.manifests import asked_by, asked_of
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.consent.rules import (
    Choice,
    Declared,
    GrantStatus,
    RequestStatus,
    carried_over,
    chosen,
    narrower,
    within,
)
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Seller
from piepowder.rooms.publication import actions as publication
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability
from piepowder.rooms.store import actions as store


@transaction.atomic
def grant(
    app: App,
    seller: Seller,
    *,
    purposes: Collection[str] | None = None,
    narrowed: Declared | None = None,
    read: str | None = None,
    by: Actor,
    at: datetime,
) -> Grant:
    """Authorises the version that this seller is asked about, for a year (setting `grant_days`).

    `purposes` None means all that the manifest declares; `narrowed` names, for some of them, the only categories that may be read.
    Where the seller has an active grant for this app, that one is changed, so its tokens keep working.
    `read`: the version whose page the seller saw, if there was one.
    Errors: `consent_purpose_not_declared`, `consent_category_not_declared`, `consent_nothing_chosen`,
    `consent_no_new_authorisations`, `consent_seller_inactive`, `consent_developer_closed`, `consent_version_changed`,
    `appstore_sellers_full`.
    """
    asked = asked_of(app, seller.id)
    _require_read(read, asked.version)
    require_open(app, seller)
    choice = chosen(purposes, narrowed, asked.purposes)
    # Two consents of one seller at once: the second changes the first.
    Seller.objects.select_for_update().get(pk=seller.pk)
    _require_room(app, seller)
    values = {**_columns(choice, at), "version": asked.version, "granted_at": at, **_year(at)}
    row, _ = Grant.objects.update_or_create(values, app=app, seller=seller, status=GrantStatus.ACTIVE)
    answer_request(row, asked.version, by=by, at=at)
    store.begin_use(app.id, seller.id, at=at)
    return _done("grant", row, by=by, at=at)


@transaction.atomic
def choose(
    row: Grant,
    *,
    purposes: Collection[str] | None,
    narrowed: Declared | None,
    read: str | None = None,
    by: Actor,
    at: datetime,
) -> Grant:
    """The seller chooses again among all that the app's current version asks for; the end of the grant stays where it is.

    An open request for more is answered by it. An app that may not be authorised just now can be given less, never more.
    `read` as for `grant`.
    """
    row = locked_active(row.id)
    before, asked = asked_by(row.app, row.version), asked_of(row.app, row.seller_id)
    _require_read(read, asked.version)
    choice = chosen(purposes, narrowed, asked.purposes)
    carried = carried_over(row.choice, before, asked)
    if carried is None or not within(choice, carried, asked.purposes):
        require_open(row.app, row.seller)
    _change(row, choice, at=at, version=asked.version)
    answer_request(row, asked.version, by=by, at=at)
    return _done("choose", row, by=by, at=at)


@transaction.atomic
def narrow(
    row: Grant,
    *,
    purposes: Collection[str] | None = None,
    narrowed: Declared | None = None,
    by: Actor,
    at: datetime,
) -> Grant:
    """Takes purposes, or categories of a purpose, away from an active grant; None leaves them as they are."""
    row = locked_active(row.id)
    declared = asked_by(row.app, row.version).purposes
    _change(row, narrower(row.choice, purposes, narrowed, declared), at=at)
    return _done("narrow", row, by=by, at=at)


@transaction.atomic
def renew(row: Grant, *, by: Actor, at: datetime) -> Grant:
    """Another year from now for the very same permissions."""
    row = locked_active(row.id)
    require_open(row.app, row.seller)
    _change(row, row.choice, at=at, **_year(at))
    return _done("renew", row, by=by, at=at)


@transaction.atomic
def move(row: Grant, choice: Choice, version: str, *, at: datetime) -> Grant:
    """A grant follows its app to a version that asks nothing new. `row` is locked by the caller."""
    _change(row, choice, at=at, version=version)
    return _done("move", row, by=SYSTEM, at=at)


@transaction.atomic
def revoke(row: Grant, *, by: Actor, at: datetime, reason: str = "") -> Grant:
    """Ends the grant and every token under it. The gateway hears of it with the commit."""
    return _end(row.id, GrantStatus.REVOKED, "revoke", by=by, at=at, reason=reason)


@transaction.atomic
def end_expired(grant_id: str, *, at: datetime) -> bool:
    """Ends one grant whose time is over; False if somebody was faster."""
    row = Grant.objects.locked(grant_id)
    if row.status != GrantStatus.ACTIVE or row.expires_at > at:
        return False
    _end(grant_id, GrantStatus.EXPIRED, "expire", by=SYSTEM, at=at)
    return True


def _end(grant_id: str, to: GrantStatus, verb: str, *, by: Actor, at: datetime, reason: str = "") -> Grant:
    before = Grant.objects.locked(grant_id)
    changes = {"ended_at": at, "changed_at": at, "ended_by": str(by), "end_reason": reason}
    row = Grant.objects.advance(before, to, verb=verb, by=by, at=at, reason=reason, **changes)
    answer_request(row, "", by=by, at=at)
    store.end_use(row.app_id, row.seller_id, at=at)
    _stop_paying(row, by=by, at=at)
    letters.ended(row, at=at)
    publication.publish_many([("grant", row.id, None), *end_tokens_of(row, at=at)])
    return row


def _stop_paying(row: Grant, *, by: Actor, at: datetime) -> None:
    """Nobody goes on paying for an app that has no access: its plan is cancelled, which has effect when the plan says."""
    plan = Subscription.objects.live_between(row.app_id, row.seller_id)
    if plan is not None and plan.status != SubscriptionStatus.CANCELLED:
        billing.cancel(plan, by=by, at=at, reason="the app's access has ended")


def answer_request(row: Grant, version: str, *, by: Actor, at: datetime) -> None:
    """What became of an open request: accepted if the grant now is of its version, else overtaken by what happened."""
    if waiting := PermissionRequest.objects.open_of(row.id):
        to = RequestStatus.ACCEPTED if waiting.version == version else RequestStatus.OVERTAKEN
        verb = "accept_request" if to is RequestStatus.ACCEPTED else "overtake_request"
        PermissionRequest.objects.advance(waiting, to, verb=verb, by=by, at=at, answered_at=at)


def locked_active(grant_id: str) -> Grant:
    """The grant, locked; `consent_grant_ended` if it is over."""
    row = Grant.objects.locked(grant_id)
    if row.status != GrantStatus.ACTIVE:
        raise PiepowderError(
            "consent_grant_ended",
            f"grant `{grant_id}` is {row.status}",
            hint="the seller can grant anew",
            kind=ErrorKind.CONFLICT,
        )
    return row


def require_open(app: App, seller: Seller) -> None:
    """Whether this seller may authorise this app just now."""
    if not app.developer.is_open:
        raise PiepowderError(
            "consent_developer_closed",
            f"the organisation behind `{app.name}` has been closed",
            hint="nobody stands behind the app any more",
            kind=ErrorKind.FORBIDDEN,
        )
    if not seller.active:
        raise PiepowderError("consent_seller_inactive", f"seller `{seller.id}` is not active", kind=ErrorKind.FORBIDDEN)
    if Capability.NEW_AUTHORISATIONS not in Subject.objects.capabilities(app.id, app.developer_id):
        raise PiepowderError(
            "consent_no_new_authorisations",
            f"app `{app.id}` may not be authorised just now",
            hint="its standing, or its developer's, does not permit new authorisations",
            kind=ErrorKind.FORBIDDEN,
        )


def _require_read(read: str | None, version: str) -> None:
    """Nobody allows what was not on the page: a version that came meanwhile may want more."""
    if read is not None and read != version:
        raise PiepowderError(
            "consent_version_changed",
            "while you read this, another version of the app took its place, and nothing was changed",
            hint="look through what the new one asks, and answer again",
            kind=ErrorKind.CONFLICT,
        )


def _require_room(app: App, seller: Seller) -> None:
    """An app for few sellers has room for one more; of two at once, the lock lets one see the other. `appstore_sellers_full`"""
    if app.sellers_max is not None:
        App.objects.locked(app.id).check_room(Grant.objects.other_sellers(app.id, seller.id))


def _year(at: datetime) -> dict[str, object]:
    return {"expires_at": at + timedelta(days=settings.PIEPOWDER.grant_days), "reminded_days": None}


def _columns(choice: Choice, at: datetime) -> dict[str, object]:
    narrowed = None if choice.narrowed is None else {name: list(kept) for name, kept in choice.narrowed.items()}
    return {"purposes": list(choice.purposes), "narrowed": narrowed, "changed_at": at}


def _change(row: Grant, choice: Choice, *, at: datetime, **more: object) -> None:
    values = {**_columns(choice, at), **more}
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _done(verb: str, row: Grant, *, by: Actor, at: datetime) -> Grant:
    detail = {
        "version": row.version,
        "purposes": row.purposes,
        "narrowed": row.narrowed,
        "until": row.expires_at.isoformat(),
    }
    record(f"consent.{verb}", by=by, at=at, outcome=row.status, detail=detail, **row.ledger_fields())
    publication.publish("grant", row.id, row.fact())
    return row
