"""The way of an app's version, and who moves next. Pure.

    draft -> submitted, withdrawn
    submitted -> draft, in_review, withdrawn
    in_review -> approved, returned, submitted, withdrawn
    returned -> submitted, withdrawn
    approved -> live, withdrawn
    live -> approved, superseded
    superseded -> (final)
    withdrawn -> (final)

A draft and what was returned are the developer's move, without a deadline. What was submitted is the marketplace's move until the
promised date. From in_review it goes back to submitted when its reviewer gives it back, or when a second person is to look. Live goes
back to approved when a roll-out is stopped. A version that the marketplace puts live itself begins as live (or, kept waiting, approved)
and says that nobody reviewed it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from piepowder.core.kernel.errors import ErrorKind, PiepowderError


class VersionStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    LIVE = "live"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


TRANSITIONS: dict[VersionStatus, frozenset[VersionStatus]] = {
    VersionStatus.DRAFT: frozenset({VersionStatus.SUBMITTED, VersionStatus.WITHDRAWN}),
    VersionStatus.SUBMITTED: frozenset({VersionStatus.DRAFT, VersionStatus.IN_REVIEW, VersionStatus.WITHDRAWN}),
    VersionStatus.IN_REVIEW: frozenset(
        {VersionStatus.APPROVED, VersionStatus.RETURNED, VersionStatus.SUBMITTED, VersionStatus.WITHDRAWN}
    ),
    VersionStatus.RETURNED: frozenset({VersionStatus.SUBMITTED, VersionStatus.WITHDRAWN}),
    VersionStatus.APPROVED: frozenset({VersionStatus.LIVE, VersionStatus.WITHDRAWN}),
    VersionStatus.LIVE: frozenset({VersionStatus.APPROVED, VersionStatus.SUPERSEDED}),
    VersionStatus.SUPERSEDED: frozenset(),
    VersionStatus.WITHDRAWN: frozenset(),
}

OPEN = (VersionStatus.DRAFT, VersionStatus.SUBMITTED, VersionStatus.IN_REVIEW, VersionStatus.RETURNED)  # one at a time
WRITABLE = (VersionStatus.DRAFT, VersionStatus.RETURNED)
WAITING = (VersionStatus.SUBMITTED, VersionStatus.IN_REVIEW)
PUBLISHED = (VersionStatus.APPROVED, VersionStatus.LIVE, VersionStatus.SUPERSEDED)  # the gateway knows these

STATUS_WORDS: dict[VersionStatus, str] = {
    VersionStatus.DRAFT: "draft",
    VersionStatus.SUBMITTED: "waits for a reviewer",
    VersionStatus.IN_REVIEW: "is being reviewed",
    VersionStatus.RETURNED: "returned with reasons",
    VersionStatus.APPROVED: "approved, not live",
    VersionStatus.LIVE: "live",
    VersionStatus.SUPERSEDED: "replaced by a newer one",
    VersionStatus.WITHDRAWN: "withdrawn",
}
MOVES: dict[VersionStatus, str] = {
    VersionStatus.DRAFT: "developer",
    VersionStatus.SUBMITTED: "marketplace",
    VersionStatus.IN_REVIEW: "marketplace",
    VersionStatus.RETURNED: "developer",
    VersionStatus.APPROVED: "developer",
    VersionStatus.LIVE: "",
    VersionStatus.SUPERSEDED: "",
    VersionStatus.WITHDRAWN: "",
}


class Word(StrEnum):
    """What a reviewer says of a version as a whole."""

    APPROVE = "approve"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Point:
    """A line of the reviewer's checklist, which developers read as well."""

    key: str
    words: str
    help: str
    clause: str
    personal: bool = False  # only where shoppers' data is asked for


POINTS: tuple[Point, ...] = (
    Point(
        "purpose",
        "The description fits the purposes",
        "What the app does for a seller is said in plain words, and nothing is asked for that this does not need.",
        "App rules 1.1",
    ),
    Point(
        "operations",
        "Every operation is needed",
        "Each call serves a purpose that it is declared for.",
        "App rules 1.2",
    ),
    Point("data", "Every data category is needed", "A purpose asks for the least it works with.", "App rules 1.3"),
    Point(
        "addresses",
        "The addresses are the developer's own",
        "Return, sign-in and webhook addresses belong to the organisation that asks.",
        "App rules 2.1",
    ),
    Point(
        "privacy",
        "The privacy policy names data, purposes and retention",
        "It can be read without signing in, and says the same as the manifest.",
        "App rules 2.2",
    ),
    Point(
        "name",
        "Name and texts do not pass for somebody else",
        "No confusion with another app or brand.",
        "App rules 2.3",
    ),
    Point(
        "assessment",
        "The use of shoppers' data is what was assessed",
        "Purposes, storage and recipients are those of the approved assessment.",
        "Data protection policy 1",
        personal=True,
    ),
)


def points_for(personal: bool) -> tuple[Point, ...]:
    return tuple(point for point in POINTS if personal or not point.personal)


def judged(points: Collection[str], answers: dict[str, tuple[bool, str]]) -> Word:
    """The conclusion of a checklist: every point has an answer, and every no its reason. One no returns the version."""
    for key in points:
        if key not in answers:
            raise _incomplete(f"nothing is said about `{key}`", "answer every point of the checklist", key)
        fine, reason = answers[key]
        if not fine and not reason.strip():
            raise _incomplete(
                f"the point `{key}` is refused without a reason", "the developer needs it to correct", key
            )
    if unknown := sorted(set(answers) - set(points)):
        raise _incomplete(f"there is no point `{unknown[0]}`", f"points: {', '.join(points)}", unknown[0])
    return Word.APPROVE if all(fine for fine, _ in answers.values()) else Word.RETURN


def _incomplete(message: str, hint: str, point: str) -> PiepowderError:
    return PiepowderError("appstore_checklist_incomplete", message, hint=hint, point=point)


def check_writable(status: VersionStatus, number: str) -> None:
    """`appstore_version_fixed` where a version cannot be changed any more, or not just now."""
    if status in WRITABLE:
        return
    waits = status in WAITING
    raise PiepowderError(
        "appstore_version_fixed",
        f"version `{number}` {'waits for its review and cannot change meanwhile' if waits else 'is decided and never changes'}",
        hint="take it back to change it" if waits else "begin a new version",
        kind=ErrorKind.CONFLICT,
    )


def place_of(app: str, number: str, seller: str) -> int:
    """0 to 99: which hundredth of sellers one is in, for the roll-out of one version. The same for ever, and another for each version."""
    return int.from_bytes(sha256(f"{app}/{number}/{seller}".encode()).digest()[:4]) % 100


def check_percent(percent: int, *, before: int, first: bool) -> None:
    """A roll-out grows; the first version of an app is for everybody at once."""
    if not 1 <= percent <= 100:
        raise PiepowderError(
            "appstore_rollout_percent", f"`{percent}` is no share of sellers", hint="1 to 100 per cent"
        )
    if first and percent < 100:
        raise PiepowderError(
            "appstore_rollout_first",
            "the first version of an app is live for every seller at once",
            hint="there is no older version that the others could use",
        )
    if percent < before:
        raise PiepowderError(
            "appstore_rollout_shrinks",
            f"the roll-out has reached {before} per cent of sellers and cannot shrink",
            hint="stop it to go back to the version before",
            kind=ErrorKind.CONFLICT,
        )


def is_late(promised_at: datetime | None, at: datetime) -> bool:
    return promised_at is not None and at > promised_at
