"""The ladder: which measure fits, and how one comes to it. The steps are policy data (`ladders/*.yaml`); this applies them. Pure.

Each rung holds what the rungs below it hold, so the heaviest measure in force says all. A proposal begins at the severity of what was
found and goes up for repetition and down for frankness and cooperation, never below the floor of its severity. It is a proposal: whoever
decides may leave it, saying why, and the reason is kept beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from piepowder.rooms.enforcement.rules.cases import Severity


class Measure(StrEnum):
    NONE = "none"
    WARNING = "warning"
    REQUIRED_CHANGES = "required_changes"
    PERSONAL_DATA_OFF = "personal_data_off"
    AUTHORISATIONS_OFF = "authorisations_off"
    THROTTLED = "throttled"
    SUSPENDED = "suspended"
    REMOVED = "removed"

    @property
    def rung(self) -> int:
        return list(Measure).index(self)

    @property
    def restricts(self) -> bool:
        """Whether the gateway treats the subject otherwise from then on."""
        return self.rung >= Measure.PERSONAL_DATA_OFF.rung


class Rung(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a measure comes into effect. Days are calendar days."""

    words: str  # after "the measure is that …"
    notice_days: int  # between the decision and its effect
    sellers_told_days: int = 0  # how long before the effect sellers who use the app are told
    heavy: bool = False  # needs a second person
    fix_days: int = 0  # for required changes


class Adjustments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rungs up (+) or down (-)."""

    frank: int = -1
    cooperated: int = -1
    repeated: int = 1  # for each upheld case before
    repeated_max: int = 2


class Emergency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    severities: tuple[Severity, ...]
    highest: Measure


class Ladder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ladder as data. `memory_days`: how long an upheld case counts as repetition."""

    name: str
    version: str
    measures: dict[Measure, Rung]
    start: dict[Severity, Measure]
    floor: dict[Severity, Measure]
    adjust: Adjustments
    emergency: Emergency
    memory_days: int = 730

    @property
    def memory(self) -> timedelta:
        return timedelta(days=self.memory_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What counts beside the findings themselves."""

    severity: Severity  # the gravest upheld
    upheld_before: int = 0  # cases within the ladder's memory
    frank: bool = False  # said it before anybody asked, or admitted it at once
    cooperated: bool = False  # has undone it, or shown how it will


@dataclass(frozen=True, slots=True)
class Step:
    """One consideration, and the measure after it."""

    why: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Proposal:
    measure: Measure
    steps: tuple[Step, ...]


def propose(ladder: Ladder, case: Circumstances) -> Proposal:
    """The measure that fits, with each step that led to it."""
    measure = ladder.start[case.severity]
    steps = [Step(f"what was found is of {case.severity} severity", measure)]
    for why, by in _adjustments(ladder, case):
        measure = _moved(measure, by)
        steps.append(Step(why, measure))
    floor = ladder.floor.get(case.severity, Measure.WARNING)
    if measure.rung < floor.rung:
        measure = floor
        steps.append(Step(f"for {case.severity} severity nothing lighter is proposed", measure))
    return Proposal(measure, tuple(steps))


def _adjustments(ladder: Ladder, case: Circumstances) -> list[tuple[str, int]]:
    adjust, found = ladder.adjust, []
    if case.upheld_before:
        by = min(case.upheld_before * adjust.repeated, adjust.repeated_max)
        found.append((f"{case.upheld_before} earlier case{'' if case.upheld_before == 1 else 's'} upheld", by))
    if case.frank:
        found.append(("it was said openly, before or in answer to the notice", adjust.frank))
    if case.cooperated:
        found.append(("it was undone, or the way to undo it shown", adjust.cooperated))
    return found


def _moved(measure: Measure, by: int) -> Measure:
    rungs = list(Measure)
    return rungs[min(max(measure.rung + by, Measure.WARNING.rung), len(rungs) - 1)]


def effective_at(ladder: Ladder, measure: Measure, told_at: datetime, *, emergency: bool = False) -> datetime:
    """When a measure takes effect that the subject is told of now."""
    days = 0 if emergency or measure == Measure.NONE else ladder.measures[measure].notice_days
    return told_at + timedelta(days=days)


def sellers_told_at(ladder: Ladder, measure: Measure, effective: datetime, now: datetime) -> datetime | None:
    """When sellers who use the app are told: as early as the ladder says, at the latest at once; None: not at all."""
    if not measure.restricts:
        return None
    return max(now, effective - timedelta(days=ladder.measures[measure].sellers_told_days))


def may_be_emergency(ladder: Ladder, severity: Severity, measure: Measure) -> bool:
    allowed = measure.restricts and measure.rung <= ladder.emergency.highest.rung
    return allowed and severity in ladder.emergency.severities


def heaviest(measures: Mapping[str, Measure]) -> Measure:
    """Of several sanctions in force, what holds."""
    return max(measures.values(), key=lambda one: one.rung, default=Measure.NONE)


def is_heavy(ladder: Ladder, measure: Measure) -> bool:
    return measure != Measure.NONE and ladder.measures[measure].heavy
