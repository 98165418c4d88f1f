"""What an organisation is told by this room, in plain words. `write` is for rooms above as well."""

from collections.abc import Collection
from datetime import datetime

from piepowder.rooms.developers.models import Developer, Identity, Invitation, Member, Review
from piepowder.rooms.developers.rules.identity import TITLES, Point
from piepowder.rooms.developers.rules.organisation import ROLE_WORDS, Role
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.notices.actions import tell
from piepowder.rooms.people.models import Account

IDENTITY, HOME, MEMBERS = "/developer/identity/", "/developer/", "/developer/members/"


def write(
    developer: Developer,
    kind: str,
    subject: str,
    body: str,
    *,
    at: datetime,
    link: str = HOME,
    roles: Collection[Role] = (Role.OWNER, Role.DEVELOPER),
    once: str = "",
    by: Actor = SYSTEM,
) -> None:
    """A letter to an organisation: in its inbox, and by mail to its own address and to members with these roles."""
    addresses = [developer.contact_email, *Member.objects.addresses(developer, *roles)]
    tell(
        recipient=developer.id,
        kind=kind,
        subject=subject,
        body=body,
        link=link,
        mail_to=addresses,
        at=at,
        once=once,
        by=by,
    )


def registered(developer: Developer, *, at: datetime) -> None:
    write(
        developer,
        "developers.registered",
        f"{developer.name} is registered",
        "Your organisation is registered. Three steps are left until your first app can be used by sellers: show who you "
        "are, answer the assessment, and register the app. You see your steps, and whose turn it is, on your home page.",
        at=at,
    )


def submitted(identity: Identity, review: Review, *, at: datetime) -> None:
    write(
        identity.developer,
        "developers.identity_submitted",
        "We have what shows your identity",
        f"A reviewer answers every point by {_day(review.due_at)} at the latest. If that date cannot be kept, you are told so. "
        "Until the answer you can take the submission back and change it.",
        at=at,
        link=IDENTITY,
    )


def verified(identity: Identity, *, at: datetime) -> None:
    assert identity.valid_until is not None
    write(
        identity.developer,
        "developers.identity_verified",
        "Your identity is verified",
        f"Every point was met. It is valid until {_day(identity.valid_until)}; 60 days before, we remind you. If the legal name, the "
        "kind, the country, the number or the address of the organisation changes before, it is shown anew.",
        at=at,
        link=IDENTITY,
    )


def returned(identity: Identity, review: Review, *, at: datetime) -> None:
    points = "\n".join(f"- {TITLES[Point(point)]}: {reason}" for point, reason in review.refusals().items())
    more = f"\n\n{review.reason}" if review.reason else ""
    write(
        identity.developer,
        "developers.identity_returned",
        "Your identity could not be verified yet",
        f"These points were not met:\n\n{points}{more}\n\nThe others were. Correct these and submit again: nothing else has to be "
        "repeated, and there is no limit to tries.",
        at=at,
        link=IDENTITY,
    )


def late(review: Review, *, at: datetime) -> None:
    write(
        review.identity.developer,
        "developers.identity_late",
        "We have not kept the promised date",
        f"We had promised to look at your identity by {_day(review.due_at)}, and have not. It stays in front of the queue, and the "
        "marketplace sees that it is late. You need do nothing.",
        at=at,
        link=IDENTITY,
        once=f"developers.identity_late {review.id}",
    )


def expired(identity: Identity, why: str, *, at: datetime) -> None:
    write(
        identity.developer,
        "developers.identity_expired",
        "Your identity has to be shown anew",
        f"{why} Check your documents and submit them again; those that are still valid need not be repeated.",
        at=at,
        link=IDENTITY,
    )


def ending(identity: Identity, days: int, *, at: datetime) -> None:
    assert identity.valid_until is not None
    write(
        identity.developer,
        "developers.identity_ending",
        f"Your identity is valid until {_day(identity.valid_until)}",
        "Submit it again before that day, and it stays valid while we look at it.",
        at=at,
        link=IDENTITY,
        once=f"developers.identity_ending {identity.id} {identity.valid_until:%Y-%m-%d} {days}",
    )


def owed(identity: Identity, days: int, *, at: datetime) -> None:
    due = identity.developer.identity_due_on
    assert due is not None
    over = due < at.date()
    write(
        identity.developer,
        "developers.identity_owed",
        f"Your identity {'was' if over else 'is'} due on {due:%-d %B %Y}",
        "The same is asked of every organisation, new or not: an extract from a register, a proof of address, and somebody who may "
        "sign. The page says point by point what is missing.",
        at=at,
        link=IDENTITY,
        once=f"developers.identity_owed {identity.id} {due:%Y-%m-%d} {days}",
    )


def invited(invitation: Invitation, *, at: datetime, by: Actor) -> None:
    """To the invited person: in their own inbox where they have an account, by mail in any case."""
    account = Account.objects.by_email(invitation.email)
    developer = invitation.developer
    tell(
        recipient=account.id if account else developer.id,
        kind="developers.invited",
        subject=f"Invitation for {invitation.email} to act for {developer.name}",
        body=f"{invitation.email} is invited to act for {developer.name} as:\n\n{ROLE_WORDS[Role(invitation.role)]}.\n\nTo answer, "
        f"open the link and sign in, or sign up, with this very address. The invitation ends on {_day(invitation.expires_at)}. "
        "Whoever did not expect it can leave it unanswered.",
        link=f"/invitations/{invitation.id}/",
        mail_to=[invitation.email],
        at=at,
        by=by,
    )


def role_changed(member: Member, *, at: datetime, by: Actor) -> None:
    tell(
        recipient=member.account_id,
        kind="developers.role_changed",
        subject=f"Your role in {member.developer.name} has changed",
        body=f"You are now:\n\n{member.role_words}.",
        link=HOME,
        mail_to=[member.account.email],
        at=at,
        by=by,
    )


def removed(member: Member, *, at: datetime, by: Actor) -> None:
    tell(
        recipient=member.account_id,
        kind="developers.removed",
        subject=f"You no longer act for {member.developer.name}",
        body="You see nothing of this organisation any more. Your account stays.",
        mail_to=[member.account.email],
        at=at,
        by=by,
    )


def closed(developer: Developer, reason: str, *, at: datetime, by: Actor) -> None:
    write(
        developer,
        "developers.closed",
        f"{developer.name} is closed",
        "From now on its apps cannot call, its API keys have ended, and nobody can be invited. What it did stays on record. Members can "
        f"still read. The marketplace can open it again.{f' Reason given: {reason}' if reason else ''}",
        at=at,
        roles=tuple(Role),
        by=by,
    )


def reopened(developer: Developer, *, at: datetime, by: Actor) -> None:
    write(
        developer,
        "developers.reopened",
        f"{developer.name} is open again",
        "Its apps stay suspended until the marketplace restores their standing. API keys are made anew.",
        at=at,
        roles=tuple(Role),
        by=by,
    )


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"
