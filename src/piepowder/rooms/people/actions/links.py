"""One-time sign-in links for staff: made on the command line, good once and for a quarter of an hour."""

import secrets
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.actions.accounts import create_staff
from piepowder.rooms.people.actions.keys import digest_of
from piepowder.rooms.people.models import Account, SignInLink
from piepowder.rooms.people.rules import LINK_LIFETIME

ROWS_AT_ONCE = 5_000


@transaction.atomic
def make_staff_link(email: str, *, by: Actor, at: datetime) -> str:
    """The secret part of a link for that member of staff, whose account is made if there is none.

    `people_link_not_staff` if the address belongs to somebody else's account.
    """
    account = Account.objects.by_email(email) or create_staff(email=email, by=by, at=at)
    if not account.is_staff or not account.is_active:
        raise PiepowderError(
            "people_link_not_staff", f"`{email}` is not an open account of staff", kind=ErrorKind.FORBIDDEN
        )
    text = secrets.token_urlsafe(32)
    SignInLink.objects.create(account=account, digest=digest_of(text), created_at=at, expires_at=at + LINK_LIFETIME)
    record("people.make_link", by=by, at=at, detail={"account": account.id})
    return text


@transaction.atomic
def take_staff_link(text: str, *, at: datetime) -> Account:
    """Uses the link up and returns whom it signs in; `people_link_spent` for any that is not good (any more)."""
    link = SignInLink.objects.open(digest_of(text), at)
    if link is None or not link.account.is_active or not link.account.is_staff:
        raise PiepowderError(
            "people_link_spent",
            "this link was used before, has expired or never existed",
            hint="`piepowder staff link` makes a new one",
            kind=ErrorKind.FORBIDDEN,
        )
    SignInLink.objects.filter(pk=link.pk).update(used_at=at)
    record("people.use_link", by=Actor(ActorKind.STAFF, link.account_id), at=at, detail={"link": link.id})
    return link.account


@transaction.atomic
def forget_links(*, before: datetime) -> int:
    """Deletes links that expired before that; the ledger keeps that there were any."""
    some = list(SignInLink.objects.filter(expires_at__lt=before).values_list("pk", flat=True)[:ROWS_AT_ONCE])
    SignInLink.objects.filter(pk__in=some).delete()
    return len(some)
