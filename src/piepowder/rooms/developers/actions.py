"""A developer registers, and gets people who act for it."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.actions import open_standing
from piepowder.rooms.standing.rules import Standing


@transaction.atomic
def register_developer(
    *,
    name: str,
    contact_email: str,
    by: Actor,
    at: datetime,
    website: str = "",
    standing: Standing = Standing.PENDING,
) -> Developer:
    """Registers an organisation. It may do nothing before its standing is `good`; an operator may give that at once."""
    name = name.strip()
    if not name:
        raise PiepowderError("developers_name_missing", "a developer needs a name")
    _check_email(contact_email)
    if Developer.objects.filter(name=name).exists():
        raise PiepowderError(
            "developers_name_taken", f"there is a developer `{name}` already", kind=ErrorKind.CONFLICT, name=name
        )
    developer = Developer.objects.create(name=name, contact_email=contact_email, website=website, created_at=at)
    record("developers.register", by=by, at=at, developer=developer.id, outcome=standing, detail={"name": name})
    open_standing(developer.id, "developer", by=by, at=at, standing=standing, reason="registered")
    return developer


@transaction.atomic
def add_member(developer: Developer, account: Account, *, by: Actor, at: datetime, role: str = "member") -> Member:
    """Lets an account act for a developer."""
    member, made = Member.objects.get_or_create(
        developer=developer, account=account, defaults={"role": role, "created_at": at}
    )
    if not made:
        raise PiepowderError(
            "developers_member_already",
            f"`{account.email}` acts for `{developer.name}` already",
            kind=ErrorKind.CONFLICT,
        )
    record("developers.add_member", by=by, at=at, developer=developer.id, detail={"account": account.id, "role": role})
    return member


def _check_email(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise PiepowderError(
            "developers_email_malformed", f"`{address}` is not an e-mail address", hint="`somebody@example.com`"
        ) from None
