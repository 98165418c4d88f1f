"""Organisations, their members and invitations: who may do what, and what ends when. Pure.

An organisation, `Developer`:

    open -> closed
    closed -> open

Open, it is its members' move. It is closed by an owner or by staff, and opened again by staff only.

An invitation, `Invitation`:

    open -> accepted, declined, expired, withdrawn
    accepted -> (final)
    declined -> (final)
    withdrawn -> (final)
    expired -> (final)

Open, it is the invited person's move, for 14 days.
"""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

INVITATION_LIFETIME = timedelta(days=14)
MEMBERS_MAX, INVITATIONS_MAX = 100, 20  # of one organisation; invitations that are open
ORGANISATIONS_MAX = 10  # that one person may register; more are as likely a robot's


class DeveloperStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: dict[DeveloperStatus, frozenset[DeveloperStatus]] = {
    DeveloperStatus.OPEN: frozenset({DeveloperStatus.CLOSED}),
    DeveloperStatus.CLOSED: frozenset({DeveloperStatus.OPEN}),
}


class InvitationStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


INVITATION_TRANSITIONS: dict[InvitationStatus, frozenset[InvitationStatus]] = {
    InvitationStatus.OPEN: frozenset(InvitationStatus) - {InvitationStatus.OPEN},
    InvitationStatus.ACCEPTED: frozenset(),
    InvitationStatus.DECLINED: frozenset(),
    InvitationStatus.WITHDRAWN: frozenset(),
    InvitationStatus.EXPIRED: frozenset(),
}


class Kind(StrEnum):
    """What an organisation is in law."""

    COMPANY = "company"
    SOLE_TRADER = "sole_trader"
    NON_PROFIT = "non_profit"
    PUBLIC_BODY = "public_body"
    PERSON = "person"


KIND_WORDS: dict[Kind, str] = {
    Kind.COMPANY: "Company",
    Kind.SOLE_TRADER: "Sole trader",
    Kind.NON_PROFIT: "Association, foundation or other non-profit",
    Kind.PUBLIC_BODY: "Public body",
    Kind.PERSON: "Private person",
}
WITHOUT_NUMBER = frozenset({Kind.SOLE_TRADER, Kind.PUBLIC_BODY, Kind.PERSON})  # need no number of a register


class Role(StrEnum):
    """What a member may do for an organisation; an owner may do everything."""

    OWNER = "owner"
    DEVELOPER = "developer"
    BILLING = "billing"
    READER = "reader"


ROLE_WORDS: dict[Role, str] = {
    Role.OWNER: "Owner: everything, members and closing included",
    Role.DEVELOPER: "Developer: identity, assessment, apps",
    Role.BILLING: "Billing: plans and statements",
    Role.READER: "Reader: sees everything, changes nothing",
}

# Facts by which reviewers and registers know an organisation. Who changes one has to be verified anew.
LEGAL_FACTS = ("legal_name", "kind", "country", "company_number", "address")


def may(role: str, roles: Collection[Role]) -> bool:
    """Whether a member with `role` may do what these roles may; without any, every member may."""
    return not roles or role == Role.OWNER or role in roles


def check_owner_left(role: str, to: str | None, owners: int) -> None:
    """An organisation never loses its last owner: by leaving, by removal, or by another role (`to`)."""
    if role == Role.OWNER and to != Role.OWNER and owners <= 1:
        raise PiepowderError(
            "developers_last_owner",
            "this is the only owner, and an organisation is never without one",
            hint="make somebody else an owner first, or close the organisation",
            kind=ErrorKind.CONFLICT,
        )


def check_company_number(kind: str, number: str) -> None:
    if not number and kind not in WITHOUT_NUMBER:
        raise PiepowderError(
            "developers_number_missing",
            "an organisation of this kind has a number in a public register",
            hint="give the number and name the register, such as `HRB 1234, Freiburg`",
        )
