"""Somebody is invited by e-mail, and answers. Only who has confirmed that very address can accept, so the link is no secret."""

from datetime import datetime

from django.db import IntegrityError, transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers import letters
from piepowder.rooms.developers.actions.members import add_member, check_role
from piepowder.rooms.developers.actions.registration import check_open
from piepowder.rooms.developers.models import Developer, Invitation, Member
from piepowder.rooms.developers.profile import check_email
from piepowder.rooms.developers.rules.organisation import INVITATION_LIFETIME, INVITATIONS_MAX, InvitationStatus
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Account


@transaction.atomic
def invite(developer: Developer, *, email: str, role: str, by: Actor, at: datetime) -> Invitation:
    """Invites an address to act for an organisation. Inviting it again while the first is open changes nothing."""
    email, role = email.strip().lower(), check_role(role)
    developer = Developer.objects.locked(developer.id)
    check_open(developer)
    check_email(email)
    _check_room(developer, email)
    if before := Invitation.objects.of(developer).open().filter(email=email, role=role).first():
        return before
    invitation = _created(developer, email, role, by=by, at=at)
    # The address itself stays out of the ledger, which nobody can erase.
    detail = {"invitation": invitation.id, "role": str(role)}
    record("developers.invite", by=by, at=at, developer=developer.id, detail=detail)
    letters.invited(invitation, at=at, by=by)
    return invitation


def _check_room(developer: Developer, email: str) -> None:
    if Member.objects.of(developer).filter(account__email__iexact=email).exists():
        raise PiepowderError(
            "developers_member_already", f"`{email}` acts for `{developer.name}` already", kind=ErrorKind.CONFLICT
        )
    if Invitation.objects.of(developer).open().exclude(email=email).count() >= INVITATIONS_MAX:
        raise PiepowderError(
            "developers_invitations_full",
            f"{INVITATIONS_MAX} invitations are open already",
            hint="withdraw one that is not needed",
            kind=ErrorKind.CONFLICT,
        )


def _created(developer: Developer, email: str, role: str, *, by: Actor, at: datetime) -> Invitation:
    try:
        with transaction.atomic():
            return Invitation.objects.create(
                developer=developer,
                email=email,
                role=role,
                status=InvitationStatus.OPEN,
                invited_by=str(by),
                created_at=at,
                expires_at=at + INVITATION_LIFETIME,
            )
    except IntegrityError:
        raise PiepowderError(
            "developers_invited_already",
            f"`{email}` is invited already, in another role",
            hint="withdraw that invitation first",
            kind=ErrorKind.CONFLICT,
        ) from None


@transaction.atomic
def withdraw(invitation: Invitation, *, by: Actor, at: datetime) -> Invitation:
    return Invitation.objects.advance(
        invitation, InvitationStatus.WITHDRAWN, verb="withdraw_invitation", by=by, at=at, answered_at=at
    )


@transaction.atomic
def accept(invitation: Invitation, account: Account, *, by: Actor, at: datetime) -> Member:
    """The invited person says yes."""
    _check_addressee(invitation, account, at)
    check_open(invitation.developer)
    Invitation.objects.advance(
        invitation, InvitationStatus.ACCEPTED, verb="accept_invitation", by=by, at=at, answered_at=at
    )
    return add_member(invitation.developer, account, by=by, at=at, role=invitation.role)


@transaction.atomic
def decline(invitation: Invitation, account: Account, *, by: Actor, at: datetime) -> Invitation:
    """The invited person says no."""
    _check_addressee(invitation, account, at)
    return Invitation.objects.advance(
        invitation, InvitationStatus.DECLINED, verb="decline_invitation", by=by, at=at, answered_at=at
    )


def _check_addressee(invitation: Invitation, account: Account, at: datetime) -> None:
    if account.is_staff:
        raise PiepowderError(
            "developers_staff", "staff of the marketplace do not act for developers", kind=ErrorKind.FORBIDDEN
        )
    if account.email.lower() != invitation.email.lower():
        raise PiepowderError(
            "developers_invitation_of_another",
            "this invitation was sent to another address",
            hint="sign in with the address that it was sent to",
            kind=ErrorKind.FORBIDDEN,
        )
    if invitation.expires_at <= at and invitation.status == InvitationStatus.OPEN:
        raise PiepowderError(
            "developers_invitation_over",
            f"this invitation ended on {invitation.expires_at:%-d %B %Y}",
            hint="ask for a new one",
            kind=ErrorKind.CONFLICT,
        )
