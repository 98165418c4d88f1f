"""A seller authorises an app, narrows the authorisation, revokes it. Told from top to bottom: the second of the four flows.

Each verb changes the row, writes the ledger record and publishes the fact in one transaction: all of it or nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.actions.tokens import end_tokens_of
from piepowder.rooms.consent.manifests import Asked, asked_by
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.rules import GRANT_LIFETIME, GrantStatus, chosen, narrowed
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Seller
from piepowder.rooms.publication import actions as publication
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability


@transaction.atomic
def grant(
    app: App,
    seller: Seller,
    *,
    purposes: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    by: Actor,
    at: datetime,
) -> Grant:
    """Authorises the app's current version, for a year. `None` means all that the manifest declares.

    Where the seller has an active grant for this app, that one is changed, so its tokens keep working.
    Errors: `consent_purpose_not_declared`, `consent_category_not_declared`, `consent_nothing_chosen`,
    `consent_no_new_authorisations`, `consent_seller_inactive`.
    """
    asked = asked_by(app)
    _require_open(app, seller)
    wanted = chosen("purpose", purposes, asked.purposes) or tuple(sorted(asked.purposes))
    if not wanted or purposes == []:
        raise PiepowderError("consent_nothing_chosen", "no purpose was chosen", hint="choose at least one, or refuse")
    choice = chosen("category", categories, asked.categories)
    row = _write(app, seller, asked, purposes=wanted, categories=choice, at=at)
    _recorded("consent.grant", row, by=by, at=at)
    publication.publish("grant", row.id, row.fact())
    return row


@transaction.atomic
def narrow(
    row: Grant,
    *,
    purposes: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    by: Actor,
    at: datetime,
) -> Grant:
    """Takes purposes or categories away from an active grant; `None` leaves them as they are."""
    row = _locked_active(row.id)
    present = row.categories if row.categories is not None else asked_by(row.app, row.version).categories
    if purposes is not None:
        row.purposes = list(narrowed("purpose", purposes, row.purposes))
    if not row.purposes:
        raise PiepowderError("consent_nothing_chosen", "no purpose would be left", hint="revoke the grant instead")
    if categories is not None and set(categories) != set(present):  # all of "whatever is declared" stays just that
        row.categories = list(narrowed("category", categories, present))
    row.changed_at = at
    row.save(update_fields=["purposes", "categories", "changed_at"])
    _recorded("consent.narrow", row, by=by, at=at)
    publication.publish("grant", row.id, row.fact())
    return row


@transaction.atomic
def revoke(row: Grant, *, by: Actor, at: datetime) -> Grant:
    """Ends the grant and every token under it. The gateway hears of it with the commit."""
    return _end(row.id, GrantStatus.REVOKED, "revoke", by=by, at=at)


@transaction.atomic
def end_expired(grant_id: str, *, at: datetime) -> bool:
    """Ends one grant whose time is over; False if somebody was faster."""
    row = Grant.objects.locked(grant_id)
    if row.status != GrantStatus.ACTIVE or row.expires_at > at:
        return False
    _end(grant_id, GrantStatus.EXPIRED, "expire", by=SYSTEM, at=at)
    return True


def _end(grant_id: str, to: GrantStatus, verb: str, *, by: Actor, at: datetime) -> Grant:
    before = Grant.objects.locked(grant_id)
    row = Grant.objects.advance(before, to, verb=verb, by=by, at=at, ended_at=at, changed_at=at)
    publication.publish_many([("grant", row.id, None), *end_tokens_of(row, at=at)])
    return row


def _write(
    app: App, seller: Seller, asked: Asked, *, purposes: Sequence[str], categories: Sequence[str] | None, at: datetime
) -> Grant:
    Seller.objects.select_for_update().get(
        pk=seller.pk
    )  # two consents of one seller at once: the second changes the first
    values = {
        "version": asked.version,
        "purposes": list(purposes),
        "categories": None if categories is None else list(categories),
        "changed_at": at,
        "granted_at": at,
        "expires_at": at + GRANT_LIFETIME,
    }
    row, _ = Grant.objects.update_or_create(values, app=app, seller=seller, status=GrantStatus.ACTIVE)
    return row


def _locked_active(grant_id: str) -> Grant:
    row = Grant.objects.locked(grant_id)
    if row.status != GrantStatus.ACTIVE:
        raise PiepowderError(
            "consent_grant_ended",
            f"grant `{grant_id}` is {row.status}",
            hint="the seller can grant anew",
            kind=ErrorKind.CONFLICT,
        )
    return row


def _require_open(app: App, seller: Seller) -> None:
    if not seller.active:
        raise PiepowderError("consent_seller_inactive", f"seller `{seller.id}` is not active", kind=ErrorKind.FORBIDDEN)
    if Capability.NEW_AUTHORISATIONS not in Subject.objects.capabilities(app.id, app.developer_id):
        raise PiepowderError(
            "consent_no_new_authorisations",
            f"app `{app.id}` may not be authorised just now",
            hint="its standing, or its developer's, does not permit new authorisations",
            kind=ErrorKind.FORBIDDEN,
        )


def _recorded(kind: str, row: Grant, *, by: Actor, at: datetime) -> None:
    detail = {"version": row.version, "purposes": row.purposes, "categories": row.categories}
    record(kind, by=by, at=at, outcome=row.status, detail=detail, **row.ledger_fields())
