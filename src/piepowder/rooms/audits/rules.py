"""Audits of developers: whose move it is, who may assess, what counts as risk, and how a sample is drawn. Pure.

An audit, `Audit`:

    drawn -> announced, cancelled
    announced -> cancelled, evidence_requested, under_assessment
    evidence_requested -> cancelled, under_assessment
    under_assessment -> cancelled, closed_clean, evidence_requested, findings_sent
    findings_sent -> answered
    answered -> closed_clean, closed_with_findings
    closed_clean -> (final)
    closed_with_findings -> (final)
    cancelled -> (final)

A request for evidence, `EvidenceRequest`:

    open -> lapsed, provided, withdrawn
    provided -> accepted, open
    accepted -> (final)
    withdrawn -> (final)
    lapsed -> (final)

A finding, `Finding`:

    draft -> dropped, sent
    sent -> answered, unanswered
    answered -> fixed, stands, withdrawn
    unanswered -> fixed, stands, withdrawn
    stands -> fixed
    fixed -> (final)
    withdrawn -> (final)
    dropped -> (final)

`MOVES` says whose move each state is and for how many days. At the end of the developer's time the clock goes on with what
there is; at the end of the marketplace's time nothing happens to the developer, and both sides see that it is late.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError


class AuditStatus(StrEnum):
    DRAWN = "drawn"
    ANNOUNCED = "announced"
    EVIDENCE_REQUESTED = "evidence_requested"
    UNDER_ASSESSMENT = "under_assessment"
    FINDINGS_SENT = "findings_sent"
    ANSWERED = "answered"
    CLOSED_CLEAN = "closed_clean"
    CLOSED_WITH_FINDINGS = "closed_with_findings"
    CANCELLED = "cancelled"


_A = AuditStatus
TRANSITIONS: dict[AuditStatus, frozenset[AuditStatus]] = {
    _A.DRAWN: frozenset({_A.ANNOUNCED, _A.CANCELLED}),
    _A.ANNOUNCED: frozenset({_A.EVIDENCE_REQUESTED, _A.UNDER_ASSESSMENT, _A.CANCELLED}),
    _A.EVIDENCE_REQUESTED: frozenset({_A.UNDER_ASSESSMENT, _A.CANCELLED}),
    _A.UNDER_ASSESSMENT: frozenset({_A.EVIDENCE_REQUESTED, _A.FINDINGS_SENT, _A.CLOSED_CLEAN, _A.CANCELLED}),
    _A.FINDINGS_SENT: frozenset({_A.ANSWERED}),
    _A.ANSWERED: frozenset({_A.CLOSED_CLEAN, _A.CLOSED_WITH_FINDINGS}),
    _A.CLOSED_CLEAN: frozenset(),
    _A.CLOSED_WITH_FINDINGS: frozenset(),
    _A.CANCELLED: frozenset(),
}
OPEN = frozenset(status for status, moves in TRANSITIONS.items() if moves)
SEEN_BY_DEVELOPER = frozenset(AuditStatus) - {_A.DRAWN}  # before the announcement it is the marketplace's plan only


class RequestStatus(StrEnum):
    OPEN = "open"
    PROVIDED = "provided"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # the time was over, and nothing had come


_R = RequestStatus
REQUEST_TRANSITIONS: dict[RequestStatus, frozenset[RequestStatus]] = {
    _R.OPEN: frozenset({_R.PROVIDED, _R.WITHDRAWN, _R.LAPSED}),
    _R.PROVIDED: frozenset({_R.ACCEPTED, _R.OPEN}),
    _R.ACCEPTED: frozenset(),
    _R.WITHDRAWN: frozenset(),
    _R.LAPSED: frozenset(),
}


class FindingStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    STANDS = "stands"
    FIXED = "fixed"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"  # a draft that was never sent


_F = FindingStatus
FINDING_TRANSITIONS: dict[FindingStatus, frozenset[FindingStatus]] = {
    _F.DRAFT: frozenset({_F.SENT, _F.DROPPED}),
    _F.SENT: frozenset({_F.ANSWERED, _F.UNANSWERED}),
    _F.ANSWERED: frozenset({_F.STANDS, _F.FIXED, _F.WITHDRAWN}),
    _F.UNANSWERED: frozenset({_F.STANDS, _F.FIXED, _F.WITHDRAWN}),
    _F.STANDS: frozenset({_F.FIXED}),
    _F.FIXED: frozenset(),
    _F.WITHDRAWN: frozenset(),
    _F.DROPPED: frozenset(),
}
SETTLED = frozenset({_F.STANDS, _F.FIXED, _F.WITHDRAWN})


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verdict(StrEnum):
    MET = "met"
    PARTLY_MET = "partly_met"
    NOT_MET = "not_met"
    DOES_NOT_APPLY = "does_not_apply"


class Stance(StrEnum):
    """What a developer says to a finding."""

    FIXED = "fixed"  # done already
    WILL_FIX = "will_fix"
    DISPUTED = "disputed"


class Method(StrEnum):
    SAMPLE = "sample"
    RISK = "risk"


class Side(StrEnum):
    STAFF = "staff"
    ASSESSOR = "assessor"
    DEVELOPER = "developer"


@dataclass(frozen=True, slots=True)
class Move:
    side: Side
    what: str  # after "to …"
    days: int


MOVES: dict[AuditStatus, Move] = {
    _A.DRAWN: Move(Side.STAFF, "assign an assessor and announce the audit", 14),
    _A.ANNOUNCED: Move(Side.ASSESSOR, "say which evidence is needed", 14),
    _A.EVIDENCE_REQUESTED: Move(Side.DEVELOPER, "provide the evidence that was asked for", 21),
    _A.UNDER_ASSESSMENT: Move(Side.ASSESSOR, "go through the checklist", 28),
    _A.FINDINGS_SENT: Move(Side.DEVELOPER, "answer each finding", 21),
    _A.ANSWERED: Move(Side.ASSESSOR, "weigh the answers and close the audit", 14),
}
FIX_DAYS = {
    Severity.CRITICAL: 7,
    Severity.HIGH: 28,
    Severity.MEDIUM: 56,
    Severity.LOW: 90,
}  # where the assessor names none
REMINDER_DAYS = (7, 3, 1)
EXTENSION_DAYS_MAX = 28
NOTICE_DAYS_MIN = 7  # the least that a developer has for evidence or an answer
SAMPLE_MAX = 500


def due(status: AuditStatus, at: datetime) -> datetime | None:
    """By when the move of this state is expected; None once it is over."""
    return at + timedelta(days=MOVES[status].days) if status in MOVES else None


def reminder_due(due_at: datetime, at: datetime) -> int | None:
    """How many days before the deadline the newest reminder that is due belongs to (7, 3 or 1); None: not yet, or too late."""
    if at >= due_at:
        return None
    return next((days for days in sorted(REMINDER_DAYS) if at >= due_at - timedelta(days=days)), None)


def check_extension(due_at: datetime, until: datetime, extended: bool) -> None:
    """More time once, at most 28 days."""
    if extended:
        raise PiepowderError(
            "audits_extended_already", "this step was given more time once already", kind=ErrorKind.CONFLICT
        )
    if not due_at < until <= due_at + timedelta(days=EXTENSION_DAYS_MAX):
        raise PiepowderError(
            "audits_extension_wrong",
            f"more time ends after `{due_at:%Y-%m-%d}` and at most {EXTENSION_DAYS_MAX} days later",
        )


def check_evidence_due(due_at: datetime, at: datetime) -> None:
    if due_at < at + timedelta(days=NOTICE_DAYS_MIN):
        raise PiepowderError(
            "audits_notice_too_short",
            f"the developer has at least {NOTICE_DAYS_MIN} days for this",
            hint="name a later day",
        )


def needs_finding(verdict: str) -> bool:
    return verdict in (Verdict.NOT_MET, Verdict.PARTLY_MET)


def result(statuses: Iterable[str]) -> AuditStatus:
    """How an audit ends whose findings have these statuses; fixed ones count, since they were true."""
    confirmed = {_F.STANDS, _F.FIXED} & set(map(FindingStatus, statuses))
    return _A.CLOSED_WITH_FINDINGS if confirmed else _A.CLOSED_CLEAN


# --- drawing -------------------------------------------------------------------------------------------------------


def rank(seed: str, developer: str) -> str:
    """The lot of a developer: anybody can compute it again from the seed, and nobody can steer it for one of them."""
    return hashlib.sha256(f"{seed}:{developer}".encode()).hexdigest()


def draw_sample(pool: Mapping[str, str], seed: str, size: int) -> list[str]:
    """`size` developers of the pool (developer -> stratum): each stratum gets its share, its smallest lots are drawn.

    The same pool, seed and size give the same answer, in whatever order the pool is.
    """
    strata: dict[str, list[str]] = {}
    for developer, stratum in pool.items():
        strata.setdefault(stratum, []).append(developer)
    shares = allocate({name: len(members) for name, members in strata.items()}, size)
    drawn = [
        developer
        for name, members in strata.items()
        for developer in sorted(members, key=lambda one: rank(seed, one))[: shares[name]]
    ]
    return sorted(drawn, key=lambda one: rank(seed, one))


def allocate(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many of each stratum: one of every stratum while that is possible, the rest by largest remainder."""
    total = min(total, sum(sizes.values()))
    names = sorted(sizes, key=lambda name: (-sizes[name], name))
    shares = {name: 1 if place < total and sizes[name] else 0 for place, name in enumerate(names)}
    while left := total - sum(shares.values()):
        room = {name: sizes[name] - shares[name] for name in names if sizes[name] > shares[name]}
        whole = sum(room.values())
        portions = {name: left * free // whole for name, free in room.items()}
        if not any(portions.values()):
            remainders = sorted(room, key=lambda name: (-(left * room[name] % whole), name))
            portions = dict.fromkeys(remainders[:left], 1)
        for name, portion in portions.items():
            shares[name] += portion
    return shares


# --- risk ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFacts:
    """What is known of a developer. `categories` are of personal data, over all apps; countries are of sub-processors."""

    categories: frozenset[str] = frozenset()
    grants: int = 0
    last_audit_days: int | None = None  # since the last one was closed; None: never
    open_findings: tuple[Severity, ...] = ()
    abroad: tuple[str, ...] = ()  # countries of sub-processors that need a transfer mechanism


@dataclass(frozen=True, slots=True)
class Factor:
    name: str
    points: int
    most: int
    why: str


CATEGORY_POINTS = {
    "buyer.tax_id": 10,
    "buyer.address.street": 8,
    "buyer.regulated": 8,
    "buyer.email": 6,
    "buyer.phone": 6,
}
_CATEGORY_POINTS_ELSE = 2
_FINDING_POINTS = {Severity.CRITICAL: 15, Severity.HIGH: 8, Severity.MEDIUM: 4, Severity.LOW: 2}
_GRANT_STEPS = ((1000, 25), (100, 18), (10, 11), (1, 5))
_AGE_STEPS = ((730, 15), (365, 9), (180, 4))


def score(facts: RiskFacts) -> list[Factor]:
    """The risk of a developer, factor by factor; the score is the sum, at most 100. It says where to look, and accuses nobody."""
    return [_of_categories(facts), _of_grants(facts), _of_age(facts), _of_findings(facts), _of_abroad(facts)]


def total(factors: Iterable[Factor]) -> int:
    return sum(factor.points for factor in factors)


def stratum(facts: RiskFacts) -> str:
    """Which part of the pool a developer belongs to: whether there is personal data, and how many sellers it is about."""
    data = "personal data" if facts.categories else "no personal data"
    size = next(
        (words for least, words in ((100, "100 or more grants"), (1, "1 to 99 grants")) if facts.grants >= least),
        "no grants",
    )
    return f"{data}, {size}"


def _of_categories(facts: RiskFacts) -> Factor:
    points = sum(CATEGORY_POINTS.get(category, _CATEGORY_POINTS_ELSE) for category in facts.categories)
    count = len(facts.categories)
    why = (
        f"{count} categor{'y' if count == 1 else 'ies'} of personal data declared"
        if count
        else "no personal data declared"
    )
    return Factor("personal data", min(points, 30), 30, why)


def _of_grants(facts: RiskFacts) -> Factor:
    points = next((points for least, points in _GRANT_STEPS if facts.grants >= least), 0)
    return Factor("reach", points, 25, f"{facts.grants} active grant{'' if facts.grants == 1 else 's'} of sellers")


def _of_age(facts: RiskFacts) -> Factor:
    days = facts.last_audit_days
    if days is None:
        return Factor("last audit", 15, 15, "never audited")
    points = next((points for least, points in _AGE_STEPS if days >= least), 0)
    return Factor("last audit", points, 15, f"last audit closed {days} day{'' if days == 1 else 's'} ago")


def _of_findings(facts: RiskFacts) -> Factor:
    points = sum(_FINDING_POINTS[severity] for severity in facts.open_findings)
    counts = [(one, facts.open_findings.count(one)) for one in Severity if one in facts.open_findings]
    why = ", ".join(f"{count} {severity}" for severity, count in counts) + " open" if counts else "none open"
    return Factor("open findings", min(points, 15), 15, why)


def _of_abroad(facts: RiskFacts) -> Factor:
    countries = sorted(set(facts.abroad))
    why = "in " + ", ".join(countries) if countries else "none known"
    return Factor("sub-processors abroad", min(5 * len(facts.abroad), 15), 15, why)


def draw_by_risk(scores: Mapping[str, int], seed: str, size: int) -> list[str]:
    """The highest scores; the lot decides between equal ones, so that no name is always first."""
    return sorted(scores, key=lambda one: (-scores[one], rank(seed, one)))[:size]


def check_size(size: int, pool: Sequence[str] | Mapping[str, object]) -> None:
    if not pool:
        raise PiepowderError(
            "audits_pool_empty",
            "there is no developer to draw from",
            hint="the pool is every developer that may call and has no audit open",
            kind=ErrorKind.CONFLICT,
        )
    if not 1 <= size <= min(SAMPLE_MAX, len(pool)):
        raise PiepowderError(
            "audits_size_wrong",
            f"draw at least 1 and at most {min(SAMPLE_MAX, len(pool))}",
            hint=f"{len(pool)} developer{' is' if len(pool) == 1 else 's are'} in the pool",
        )
