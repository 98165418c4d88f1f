"""Verification of an organisation's identity: points, states, promised dates. Pure.

An `Identity`:

    draft -> submitted
    submitted -> draft, returned, verified
    returned -> submitted
    verified -> expired, submitted
    expired -> submitted

Draft, returned and expired are the organisation's move; submitted is the reviewers', by the promised date; verified is
nobody's until 60 days before its end, from when on it may be shown anew. One set of points and clocks for everybody: an
organisation that was imported has, besides, a date by which to have it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from statistics import median

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.rules.organisation import LEGAL_FACTS

RENEWAL = timedelta(days=60)  # before its end an identity may be shown anew
REMINDER_DAYS = (60, 30, 14, 7, 1)
DOCUMENTS_MAX = 20
_END_OF_DAY = time(23, 59, 59)


class IdentityStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    VERIFIED = "verified"
    EXPIRED = "expired"


TRANSITIONS: dict[IdentityStatus, frozenset[IdentityStatus]] = {
    IdentityStatus.DRAFT: frozenset({IdentityStatus.SUBMITTED}),
    IdentityStatus.SUBMITTED: frozenset({IdentityStatus.DRAFT, IdentityStatus.RETURNED, IdentityStatus.VERIFIED}),
    IdentityStatus.RETURNED: frozenset({IdentityStatus.SUBMITTED}),
    IdentityStatus.VERIFIED: frozenset({IdentityStatus.EXPIRED, IdentityStatus.SUBMITTED}),
    IdentityStatus.EXPIRED: frozenset({IdentityStatus.SUBMITTED}),
}
OWN_MOVE = frozenset({IdentityStatus.DRAFT, IdentityStatus.RETURNED, IdentityStatus.EXPIRED})  # documents may change


class Point(StrEnum):
    """What a reviewer looks at, one by one, and answers one by one."""

    EXISTENCE = "existence"
    ADDRESS = "address"
    REPRESENTATIVE = "representative"
    WEBSITE = "website"
    CONTACTS = "contacts"


TITLES: dict[Point, str] = {
    Point.EXISTENCE: "The organisation exists",
    Point.ADDRESS: "The address is its own",
    Point.REPRESENTATIVE: "Somebody who may sign for it stands behind this",
    Point.WEBSITE: "The website belongs to it",
    Point.CONTACTS: "Privacy and security contacts can be reached",
}
WANTED: dict[Point, str] = {
    Point.EXISTENCE: "An extract from the company register, the statutes, a trade licence; for a private person, an identity card with "
    "photograph and number made illegible.",
    Point.ADDRESS: "An official letter, a utility bill or a bank statement of the last 12 months, amounts made illegible.",
    Point.REPRESENTATIVE: "The register's extract where it names the person, or an authorisation signed by somebody it names.",
    Point.WEBSITE: "No document. Its imprint or contact page names the organisation.",
    Point.CONTACTS: "No document. Both addresses are read by somebody.",
}
CHECKS: dict[Point, tuple[str, ...]] = {
    Point.EXISTENCE: ("Legal name, kind and number are those of the document", "The register says that it is active"),
    Point.ADDRESS: ("Name and address are those of the document", "The document is at most 12 months old"),
    Point.REPRESENTATIVE: ("The person is named by the register, or authorised by somebody it names",),
    Point.WEBSITE: ("The site names the organisation", "The site's domain is not one letter away from another's"),
    Point.CONTACTS: ("Both addresses belong to the organisation or to somebody it names",),
}
WITH_DOCUMENT = (Point.EXISTENCE, Point.ADDRESS, Point.REPRESENTATIVE)


def gaps(facts: Mapping[str, str], documented: Collection[str], expired: Collection[str] = ()) -> dict[Point, str]:
    """What is still missing before it can be submitted, by point: the very things a reviewer would return it for."""
    found: dict[Point, str] = {}
    for point in WITH_DOCUMENT:
        if point not in documented:
            found[point] = "A document is missing."
        elif point in expired:
            found[point] = "Every document here has expired: add one that is valid."
    if not facts.get("address") or not facts.get("country"):
        found[Point.ADDRESS] = "The organisation's profile has no address yet."
    if not facts.get("representative"):
        found[Point.REPRESENTATIVE] = "Name the person who may sign for the organisation."
    if not facts.get("website"):
        found[Point.WEBSITE] = "The organisation's profile names no website yet."
    if not (facts.get("privacy_email") and facts.get("security_email")):
        found[Point.CONTACTS] = "The organisation's profile needs a privacy and a security contact."
    return found


def check_answers(answers: Mapping[str, tuple[bool, str]]) -> None:
    """A decision answers every point, and gives a reason wherever it says no."""
    for point in Point:
        if point not in answers:
            raise PiepowderError(
                "developers_point_unanswered",
                f"not answered: {TITLES[point].lower()}",
                hint="answer every point",
                point=point,
            )
        met, reason = answers[point]
        if not met and not reason.strip():
            raise PiepowderError(
                "developers_reason_missing",
                f"a reason is missing for: {TITLES[point].lower()}",
                hint="say what would make it right; the developer reads it",
                point=point,
            )
    if strange := sorted(set(answers) - set(Point)):
        raise PiepowderError("developers_point_unknown", f"there is no point `{strange[0]}`")


def check_renewable(status: str, valid_until: datetime | None, at: datetime) -> None:
    if status == IdentityStatus.VERIFIED and valid_until is not None and at < valid_until - RENEWAL:
        raise PiepowderError(
            "developers_identity_valid",
            f"this identity is verified until {valid_until:%-d %B %Y}",
            hint=f"it can be shown anew from {valid_until - RENEWAL:%-d %B %Y} on",
            kind=ErrorKind.CONFLICT,
        )


def legal_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names of the legal facts that differ."""
    return [name for name in LEGAL_FACTS if (before.get(name) or "") != (after.get(name) or "")]


def business_days_after(start: datetime, days: int, holidays: Collection[date] = ()) -> datetime:
    """The end of the n-th business day after a moment, in UTC: Saturdays, Sundays and `holidays` do not count."""
    day = start.date()
    while days > 0:
        day += timedelta(days=1)
        days -= _is_business_day(day, holidays)
    return datetime.combine(day, _END_OF_DAY, tzinfo=start.tzinfo)


def business_days_between(start: datetime, end: datetime, holidays: Collection[date] = ()) -> int:
    """Business days that began after `start`, up to `end`."""
    days = (end.date() - start.date()).days
    return sum(_is_business_day(start.date() + timedelta(days=number), holidays) for number in range(1, days + 1))


def _is_business_day(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() < 5 and day not in holidays


def median_days(waits: Iterable[tuple[datetime, datetime]], holidays: Collection[date] = ()) -> float | None:
    """Of decisions (submitted, decided): the median in business days; None where there was none."""
    days = [business_days_between(start, end, holidays) for start, end in waits]
    return median(days) if days else None


def reminder_due(ends: date, today: date) -> int | None:
    """The reminder (days ahead) that is due by now; None before the first and after the end."""
    left = (ends - today).days
    return min((days for days in REMINDER_DAYS if left <= days), default=None) if left >= 0 else None
