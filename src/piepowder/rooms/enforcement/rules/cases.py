"""A case before the court: its states, whose move each is and until when, and how long the way to complain stays open. Pure.

A case, `Case`:

    opened -> notice_served, withdrawn
    notice_served -> answered, withdrawn
    answered -> decided, withdrawn
    decided -> appealed, closed, sanctioned
    sanctioned -> appealed, closed, reinstated
    appealed -> closed, decided, reinstated, sanctioned
    reinstated -> appealed, closed
    closed -> appealed
    withdrawn -> (final)

The subject's silence ends at its term: the clock moves the case on to `answered` with what there is, and says so. At the end of the
marketplace's time nothing happens to the subject, and both sides see that it is late. A closed case can be appealed as long as the way
to complain is open.

The clocks follow the EU's rules for platforms, which bind most marketplaces towards sellers and not towards app developers; we hold to
them all the same. Reasons come at or before a restriction (P2B 2019/1150 art. 4), 30 days before the end of all service, and six months
are open to complain (DSA 2022/2065 art. 20).

A sanction, `Sanction`, carries a decision out:

    announced -> cancelled, in_force
    in_force -> expired, lifted, overturned
    expired -> (final)
    lifted -> (final)
    overturned -> (final)
    cancelled -> (final)

It is the clock's move until it is in force. An emergency measure is a sanction that is in force before the answer was heard: it expires
after 72 hours unless a second person confirms it, and the decision of the case ends it.

A decision, `Decision`, waits for a second person where its measure is heavy; an appeal, `Appeal`, for somebody who had no part in it:

    proposed -> confirmed, rejected
    confirmed -> overturned
    rejected -> (final)
    overturned -> (final)

    filed -> changed, granted, upheld
    too_late -> (final)
    upheld -> (final)
    granted -> (final)
    changed -> (final)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError


class CaseStatus(StrEnum):
    OPENED = "opened"
    NOTICE_SERVED = "notice_served"
    ANSWERED = "answered"
    DECIDED = "decided"
    SANCTIONED = "sanctioned"
    APPEALED = "appealed"
    REINSTATED = "reinstated"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


_C = CaseStatus
TRANSITIONS: dict[CaseStatus, frozenset[CaseStatus]] = {
    _C.OPENED: frozenset({_C.NOTICE_SERVED, _C.WITHDRAWN}),
    _C.NOTICE_SERVED: frozenset({_C.ANSWERED, _C.WITHDRAWN}),
    _C.ANSWERED: frozenset({_C.DECIDED, _C.WITHDRAWN}),
    _C.DECIDED: frozenset({_C.SANCTIONED, _C.APPEALED, _C.CLOSED}),
    _C.SANCTIONED: frozenset({_C.APPEALED, _C.REINSTATED, _C.CLOSED}),
    _C.APPEALED: frozenset({_C.DECIDED, _C.SANCTIONED, _C.REINSTATED, _C.CLOSED}),
    _C.REINSTATED: frozenset({_C.APPEALED, _C.CLOSED}),
    _C.CLOSED: frozenset({_C.APPEALED}),
    _C.WITHDRAWN: frozenset(),
}


class SanctionStatus(StrEnum):
    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    EXPIRED = "expired"  # its time was over
    LIFTED = "lifted"  # its conditions were met
    OVERTURNED = "overturned"  # by an appeal, or by the decision that followed an emergency
    CANCELLED = "cancelled"  # before it came into force


_S = SanctionStatus
SANCTION_TRANSITIONS: dict[SanctionStatus, frozenset[SanctionStatus]] = {
    _S.ANNOUNCED: frozenset({_S.IN_FORCE, _S.CANCELLED}),
    _S.IN_FORCE: frozenset({_S.EXPIRED, _S.LIFTED, _S.OVERTURNED}),
    _S.EXPIRED: frozenset(),
    _S.LIFTED: frozenset(),
    _S.OVERTURNED: frozenset(),
    _S.CANCELLED: frozenset(),
}


class DecisionStatus(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"  # by the second person
    OVERTURNED = "overturned"


_D = DecisionStatus
DECISION_TRANSITIONS: dict[DecisionStatus, frozenset[DecisionStatus]] = {
    _D.PROPOSED: frozenset({_D.CONFIRMED, _D.REJECTED}),
    _D.CONFIRMED: frozenset({_D.OVERTURNED}),
    _D.REJECTED: frozenset(),
    _D.OVERTURNED: frozenset(),
}


class AppealStatus(StrEnum):
    FILED = "filed"
    TOO_LATE = "too_late"  # recorded and refused with the reason
    UPHELD = "upheld"  # the decision stands
    GRANTED = "granted"
    CHANGED = "changed"  # to a lighter measure


_L = AppealStatus
APPEAL_TRANSITIONS: dict[AppealStatus, frozenset[AppealStatus]] = {
    _L.FILED: frozenset({_L.UPHELD, _L.GRANTED, _L.CHANGED}),
    _L.TOO_LATE: frozenset(),
    _L.UPHELD: frozenset(),
    _L.GRANTED: frozenset(),
    _L.CHANGED: frozenset(),
}


class Side(StrEnum):
    MARKETPLACE = "marketplace"
    SUBJECT = "subject"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Move:
    """Whose move a state is, what they are to do (after "to …"), and how many days they have; None: as the case itself says."""

    side: Side
    what: str
    days: int | None


MOVES: dict[CaseStatus, Move] = {
    _C.OPENED: Move(Side.MARKETPLACE, "serve a notice or withdraw the case", 5),
    _C.NOTICE_SERVED: Move(Side.SUBJECT, "answer each finding", None),  # by severity
    _C.ANSWERED: Move(Side.MARKETPLACE, "weigh the answer and decide", 10),
    _C.DECIDED: Move(Side.CLOCK, "put the measure into effect on its date", None),
    _C.SANCTIONED: Move(Side.SUBJECT, "meet the conditions, or appeal", None),
    _C.APPEALED: Move(Side.MARKETPLACE, "hear the appeal, by somebody who did not decide", 15),
    _C.REINSTATED: Move(Side.CLOCK, "close the case", 30),
    _C.CLOSED: Move(Side.SUBJECT, "appeal, if they disagree", None),
}

APPEAL_OPEN = timedelta(days=183)
"""DSA art. 20 (1): at least six months from the day on which the subject was told."""

EMERGENCY_REVIEW = timedelta(hours=72)
EXTENSION_DAYS_MAX = 14
WARNED_DAYS = (7, 3, 1)


class Stance(StrEnum):
    """Of the subject, to one finding."""

    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    MENDED = "mended"  # accepted, and undone already or on the way


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


ANSWER_DAYS: Mapping[Severity, int] = {
    Severity.LOW: 30,
    Severity.MEDIUM: 21,
    Severity.HIGH: 14,
    Severity.CRITICAL: 7,
}


def due(status: CaseStatus, at: datetime, own: datetime | None = None) -> datetime | None:
    """By when the move of this state is expected: as the table says, or `own` where the case sets it; None once all is over."""
    if status == CaseStatus.WITHDRAWN:
        return None
    move = MOVES[status]
    if move.days is not None:
        return at + timedelta(days=move.days)
    if own is None:
        raise ValueError(f"a case that is {status} needs a date of its own")
    return own


def answer_by(severity: Severity, served_at: datetime) -> datetime:
    return served_at + timedelta(days=ANSWER_DAYS[severity])


def reminder_due(due_at: datetime, at: datetime) -> int | None:
    """How many days before the term the newest reminder that is due belongs to; None: not yet, or too late."""
    if at >= due_at:
        return None
    return next((days for days in sorted(WARNED_DAYS) if at >= due_at - timedelta(days=days)), None)


def check_extension(due_at: datetime, until: datetime, extended: bool) -> None:
    """More time to answer: once, on request, at most 14 days."""
    if extended:
        raise PiepowderError(
            "enforcement_extended_already", "this term was extended once already", kind=ErrorKind.CONFLICT
        )
    if not due_at < until <= due_at + timedelta(days=EXTENSION_DAYS_MAX):
        raise PiepowderError(
            "enforcement_extension_wrong",
            f"more time ends after `{due_at:%Y-%m-%d}` and at most {EXTENSION_DAYS_MAX} days later",
        )


def in_time(appeal_until: datetime, at: datetime) -> bool:
    """An appeal of the very last moment is in time."""
    return at <= appeal_until
