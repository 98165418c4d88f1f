"""The way of an assessment, and who moves next. Pure.

    draft -> submitted, withdrawn
    submitted -> in_review, withdrawn
    in_review -> approved, partly_approved, refused, returned, submitted, withdrawn
    returned -> submitted, withdrawn
    approved -> expired
    partly_approved -> expired, submitted
    refused -> submitted
    expired -> (final)
    withdrawn -> (final)

A draft, what was returned, and a refusal are the developer's move, without a deadline: answers are kept and can be corrected. What
was submitted is the marketplace's move until the promised date. Approved roles last until the day that stands beside them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError


class Status(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    PARTLY_APPROVED = "partly_approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
    Status.SUBMITTED: frozenset({Status.IN_REVIEW, Status.WITHDRAWN}),
    Status.IN_REVIEW: frozenset(
        {
            Status.SUBMITTED,  # its reviewer gave it back
            Status.RETURNED,
            Status.APPROVED,
            Status.PARTLY_APPROVED,
            Status.REFUSED,
            Status.WITHDRAWN,
        }
    ),
    Status.RETURNED: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
    Status.APPROVED: frozenset({Status.EXPIRED}),
    Status.PARTLY_APPROVED: frozenset({Status.SUBMITTED, Status.EXPIRED}),
    Status.REFUSED: frozenset({Status.SUBMITTED}),
    Status.EXPIRED: frozenset(),
    Status.WITHDRAWN: frozenset(),
}

OPEN = (Status.DRAFT, Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED)  # a developer has one of these at a time
WAITING = (Status.SUBMITTED, Status.IN_REVIEW)
CORRECTABLE = (Status.RETURNED, Status.PARTLY_APPROVED, Status.REFUSED)  # only what failed is open
CONCLUSIONS = (Status.APPROVED, Status.PARTLY_APPROVED, Status.REFUSED, Status.RETURNED)


class Side(StrEnum):
    DEVELOPER = "developer"
    MARKETPLACE = "marketplace"
    NOBODY = "nobody"


MOVES: dict[Status, Side] = {
    Status.DRAFT: Side.DEVELOPER,
    Status.SUBMITTED: Side.MARKETPLACE,
    Status.IN_REVIEW: Side.MARKETPLACE,
    Status.RETURNED: Side.DEVELOPER,
    Status.APPROVED: Side.NOBODY,
    Status.PARTLY_APPROVED: Side.DEVELOPER,
    Status.REFUSED: Side.DEVELOPER,
    Status.EXPIRED: Side.NOBODY,
    Status.WITHDRAWN: Side.NOBODY,
}


class Occasion(StrEnum):
    """Why answers were handed in."""

    FIRST = "first"
    CORRECTION = "correction"
    RE_REVIEW = "re_review"  # nothing changed; another reviewer is asked to look
    RENEWAL = "renewal"


class Word(StrEnum):
    """What a reviewer says of one answer."""

    OK = "ok"
    WRONG = "wrong"
    ASK = "ask"  # a question to the developer


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One decided answer: the roles that it stands in the way of, if it is wrong."""

    question: str
    word: Word
    blocks: frozenset[str] = frozenset()


def free_roles(asked: Collection[str], judged: Sequence[Judged]) -> frozenset[str]:
    """The roles that no wrong answer stands in the way of."""
    return frozenset(asked) - {role for one in judged if one.word is Word.WRONG for role in one.blocks}


def proposed(asked: Collection[str], judged: Sequence[Judged]) -> Status:
    """The conclusion that follows from the decisions; a reviewer may return the answers instead of refusing."""
    if any(one.word is Word.ASK for one in judged):
        return Status.RETURNED
    if all(one.word is Word.OK for one in judged):
        return Status.APPROVED
    return Status.PARTLY_APPROVED if free_roles(asked, judged) else Status.RETURNED


def check_conclusion(outcome: Status, roles: Collection[str], asked: Collection[str], judged: Sequence[Judged]) -> None:
    """`assessments_conclusion_wrong` where an outcome contradicts the decisions: nobody is refused without a wrong answer."""
    words = {one.word for one in judged}
    if outcome not in CONCLUSIONS:
        raise _wrong(f"`{outcome}` is no conclusion", "approved, partly_approved, refused or returned")
    if outcome is Status.APPROVED and words - {Word.OK}:
        raise _wrong(
            "not every answer is right, so this is not a full approval", "approve some of the roles, or return it"
        )
    if outcome in (Status.REFUSED, Status.RETURNED) and not words - {Word.OK}:
        raise _wrong(f"every answer is right, so nothing can be {outcome}", "say first which answer is wrong, and why")
    if outcome is Status.REFUSED and Word.WRONG not in words:
        raise _wrong("no answer is wrong, so nothing can be refused", "return it: the developer answers your questions")
    if outcome is Status.REFUSED and (free := free_roles(asked, judged)):
        raise _wrong(f"no wrong answer stands in the way of `{min(free)}`", "approve the roles that are left")
    if outcome is Status.PARTLY_APPROVED:
        _check_roles(roles, asked, judged)


def _check_roles(roles: Collection[str], asked: Collection[str], judged: Sequence[Judged]) -> None:
    if not roles:
        raise _wrong("no role is named", "name the roles that are approved, or refuse")
    if strange := sorted(set(roles) - set(asked)):
        raise _wrong(f"the role `{strange[0]}` was not asked for", "approve roles that were asked for")
    if barred := sorted(set(roles) - free_roles(asked, judged)):
        raise _wrong(f"a wrong answer stands in the way of `{barred[0]}`", "approve the other roles only")


def _wrong(message: str, hint: str) -> PiepowderError:
    return PiepowderError("assessments_conclusion_wrong", message, hint=hint, kind=ErrorKind.CONFLICT)


def word_named(name: str) -> Word:
    """`assessments_word_unknown` where somebody says anything else of an answer."""
    if name not in list(Word):
        raise PiepowderError("assessments_word_unknown", f"`{name}` is no decision", hint="`ok`, `wrong` or `ask`")
    return Word(name)


def outcome_named(name: str) -> Status | None:
    """Nothing is what follows from the decisions."""
    if name and name not in list(Status):
        raise _wrong(f"`{name}` is no conclusion", "approved, partly_approved, refused or returned")
    return Status(name) if name else None
