"""Accounts of people: they sign up or are made, change, are closed and opened again. Every change of a way in is on record."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import STAFF_ROLES, KeyRole


def actor_for(account: Account) -> Actor:
    """Whoever acts with this account, in the hat that it wears."""
    kinds = {"staff": ActorKind.STAFF, "seller": ActorKind.SELLER, "developer": ActorKind.DEVELOPER}
    return Actor(kinds[account.hat], account.id)


@transaction.atomic
def sign_up(account: Account, *, at: datetime) -> Account:
    """Keeps the account of somebody who signed up. Its address is unverified: until it is, nobody signs in with it."""
    account.save()
    record("people.sign_up", by=actor_for(account), at=at, detail={"account": account.id})
    return account


@transaction.atomic
def create_staff(
    *,
    email: str,
    by: Actor,
    at: datetime,
    name: str = "",
    password: str | None = None,
    role: KeyRole = KeyRole.OPERATOR,
) -> Account:
    """An account of the marketplace's staff; without a password it signs in through the staff's identity provider or a link."""
    _check_role(role)
    _check_address(email)
    if Account.objects.filter(email__iexact=email).exists():
        raise PiepowderError("people_email_taken", f"there is an account `{email}` already", kind=ErrorKind.CONFLICT)
    account = Account.objects.create_user(email, password, name=name, is_staff=True, staff_role=role)
    confirm_email(account)
    record("people.create_staff", by=by, at=at, outcome=role, detail={"account": account.id})
    return account


def confirm_email(account: Account) -> None:
    """Takes the address for its owner's, as where the marketplace itself made the account: no mail asks for it."""
    EmailAddress.objects.update_or_create(
        user_id=account.id, email=account.email, defaults={"verified": True, "primary": True}
    )


@transaction.atomic
def change_role(account: Account, role: KeyRole, *, by: Actor, at: datetime) -> Account:
    """Gives a member of staff another role, from the next click on. Nobody changes their own: that takes another person."""
    _check_role(role)
    if not account.is_staff:
        raise PiepowderError(
            "people_not_staff",
            f"`{account.email}` is not staff",
            hint="`piepowder staff create` makes an account of staff, with an address that has none yet",
        )
    _check_other(account, by, "give themselves another role")
    Account.objects.filter(pk=account.pk).update(staff_role=role)
    detail = {"account": account.id, "from": str(account.role), "to": str(role)}
    record("people.change_role", by=by, at=at, outcome=role, detail=detail)
    return Account.objects.get(pk=account.pk)


@transaction.atomic
def rename(account: Account, name: str, *, by: Actor, at: datetime) -> Account:
    """Changes the name that others see."""
    Account.objects.filter(pk=account.pk).update(name=name)
    record("people.rename", by=by, at=at, detail={"account": account.id})
    return Account.objects.get(pk=account.pk)


@transaction.atomic
def close_account(account: Account, *, by: Actor, at: datetime, reason: str = "") -> Account:
    """Nobody signs in with it any more, and whoever is, is signed out. What it did stays on record. Not one's own as staff."""
    if account.is_staff:
        _check_other(account, by, "close their own account")
    if not Account.objects.filter(pk=account.pk, is_active=True).update(is_active=False, closed_at=at):
        raise PiepowderError("people_account_closed", f"`{account.email}` is closed already", kind=ErrorKind.CONFLICT)
    end_sessions(account, by=by, at=at)
    record("people.close_account", by=by, at=at, reason=reason, detail={"account": account.id})
    return Account.objects.get(pk=account.pk)


@transaction.atomic
def reopen_account(account: Account, *, by: Actor, at: datetime, reason: str = "") -> Account:
    """Takes a closing back."""
    if not Account.objects.filter(pk=account.pk, is_active=False).update(is_active=True, closed_at=None):
        raise PiepowderError("people_account_open", f"`{account.email}` is not closed", kind=ErrorKind.CONFLICT)
    record("people.reopen_account", by=by, at=at, reason=reason, detail={"account": account.id})
    return Account.objects.get(pk=account.pk)


@transaction.atomic
def end_sessions(account: Account, *, by: Actor, at: datetime, session: int | None = None) -> int:
    """Signs the account out everywhere, or of one session by its number; how many sessions ended."""
    found = UserSession.objects.filter(user_id=account.pk)
    found = found if session is None else found.filter(pk=session)
    sessions = list(found.select_for_update())
    if session is not None and not sessions:
        raise PiepowderError("people_session_unknown", f"no session `{session}`", kind=ErrorKind.NOT_FOUND)
    for one in sessions:
        one.end()
    if sessions:
        record("people.end_sessions", by=by, at=at, detail={"account": account.id, "sessions": len(sessions)})
    return len(sessions)


@transaction.atomic
def reset_second_factor(account: Account, *, by: Actor, at: datetime) -> int:
    """Takes away authenticator app, passkeys and recovery codes of somebody who lost them; how many they were."""
    _check_other(account, by, "reset their own second factor")
    count, _ = Authenticator.objects.filter(user_id=account.pk).delete()
    end_sessions(account, by=by, at=at)
    record("people.reset_second_factor", by=by, at=at, detail={"account": account.id, "taken": count})
    return int(count)


@transaction.atomic
def note_sign_in(account: Account, method: str, *, at: datetime) -> None:
    """Puts on record who came in, and how."""
    seller = account.seller_id or ""
    record(
        "people.sign_in", by=actor_for(account), at=at, outcome=method, seller=seller, detail={"account": account.id}
    )


@transaction.atomic
def note_security_change(account: Account, what: str, *, at: datetime) -> None:
    """Puts on record that somebody changed a way into their account: `password_changed`, `totp_activated`, …"""
    record("people.change_sign_in", by=actor_for(account), at=at, outcome=what, detail={"account": account.id})


def _check_role(role: KeyRole) -> None:
    if role not in STAFF_ROLES:
        raise PiepowderError(
            "people_role_wrong",
            f"`{role}` is no role of staff",
            hint="possible: " + ", ".join(f"`{one}`" for one in STAFF_ROLES),
        )


def _check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise PiepowderError("people_email_malformed", f"`{email}` is no e-mail address") from None


def _check_other(account: Account, by: Actor, deed: str) -> None:
    if by.id == account.id:
        raise PiepowderError(
            "people_own_account", f"staff do not {deed}", hint="another operator can", kind=ErrorKind.FORBIDDEN
        )
