"""The statement of reasons: what a notice and a decision say, for people and for programs, from the same value. Pure.

Its members follow what the EU asks of a statement of reasons (DSA 2022/2065 art. 17 (3)): the measure and its scope, the facts, whether
they came by automated means, the clause, and the ways to complain. We hold to it although most app developers are not covered by it.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from piepowder.rooms.enforcement.rules.ladder import Measure

WIDTH = 78


class Kind(StrEnum):
    NOTICE = "notice"  # what was found, and a request to answer
    DECISION = "decision"
    APPEAL = "appeal"  # the decision on an appeal
    REINSTATEMENT = "reinstatement"
    WITHDRAWAL = "withdrawal"


class Fact(Struct, frozen=True, kw_only=True):
    """One finding as the subject reads it."""

    says: str
    clause: str
    severity: str
    evidence: tuple[str, ...]
    records: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    outcome: str = ""  # upheld | dismissed, in a decision
    why: str = ""


class Statement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Times are aware UTC. `measure` and what follows it are set once something was decided or is in force."""

    kind: Kind
    case: str
    subject: str
    subject_name: str
    about: tuple[Fact, ...]
    found_by: str  # in words: by a rule that follows the ledger, by a person, by an audit
    automated: bool
    served_at: datetime
    answer_by: datetime | None = None
    measure: Measure = Measure.NONE
    measure_words: str = ""
    at_most: str = ""  # the consequence that a notice announces, in words
    effective_at: datetime | None = None
    emergency: bool = False
    ends_at: datetime | None = None
    conditions: tuple[str, ...] = ()
    because: str = ""
    considered: tuple[str, ...] = ()  # the steps of the ladder
    appeal_until: datetime | None = None
    link: str = ""


def letter(told: Statement) -> tuple[str, str]:
    """Subject line and plain text. Who reads only this knows what was found, why it counts, what follows, when, and what to do."""
    return _SUBJECTS[told.kind].format(name=told.subject_name, case=told.case), "\n\n".join(_paragraphs(told))


_SUBJECTS = {
    Kind.NOTICE: "Notice about {name}: please answer (case {case})",
    Kind.DECISION: "Decision about {name} (case {case})",
    Kind.APPEAL: "Decision on your appeal about {name} (case {case})",
    Kind.REINSTATEMENT: "{name} is reinstated (case {case})",
    Kind.WITHDRAWAL: "The case about {name} was withdrawn (case {case})",
}


def _paragraphs(told: Statement) -> Iterator[str]:
    yield _OPENINGS[told.kind].format(name=told.subject_name)
    if told.because:
        yield f"Why: {told.because}"
    for number, fact in enumerate(told.about, 1):
        yield _fact(number, fact)
    yield f"How it was found: {told.found_by}. " + (
        "A program found it; a person looked at it before this was sent."
        if told.automated
        else "No program decided anything here."
    )
    yield from _consequence(told)
    yield from _what_to_do(told)


_OPENINGS = {
    Kind.NOTICE: (
        "We found something about {name} that seems to break the marketplace's policy. Nothing has been decided. "
        "We want to hear you first."
    ),
    Kind.DECISION: "We have weighed what was found about {name} and what you said to it, and have decided.",
    Kind.APPEAL: "Your appeal about {name} was heard by somebody who had no part in the decision.",
    Kind.REINSTATEMENT: "The measure against {name} has ended. It may do again what it could before.",
    Kind.WITHDRAWAL: "The case about {name} is withdrawn. Nothing remains against it from this case.",
}


_EMERGENCY = " This is an emergency measure; it ends by itself unless a second person confirms it within 72 hours."


def _fact(number: int, fact: Fact) -> str:
    lines = [f"{number}. {fact.says}", f"   Clause: {fact.clause}. Severity: {fact.severity}."]
    lines += [f"   Evidence: {one}" for one in fact.evidence]
    if fact.records:
        lines.append(f"   In the ledger: {', '.join(fact.records)}")
    lines += [f"   This could be innocent: {one}" for one in fact.innocent]
    lines += [f"   What would clear it: {one}" for one in fact.clears]
    if fact.outcome:
        lines.append(f"   We {'uphold' if fact.outcome == 'upheld' else 'dismiss'} this: {fact.why}")
    return "\n".join(lines)


def _consequence(told: Statement) -> Iterator[str]:
    if told.kind == Kind.NOTICE:
        yield f"What may follow: {told.at_most}"
        return
    if told.measure == Measure.NONE:
        return
    when = (
        f"from {_day(told.effective_at)} on"
        if told.effective_at and told.effective_at > told.served_at
        else "from now on"
    )
    yield f"The measure: {told.measure_words}, {when}." + (_EMERGENCY if told.emergency else "")
    if told.considered:
        yield "How we came to it:\n" + "\n".join(f"- {one}" for one in told.considered)
    if told.conditions or told.ends_at:
        yield "It ends " + _ends(told) + "."


def _ends(told: Statement) -> str:
    ways = [f"by itself on {_day(told.ends_at)}"] if told.ends_at else []
    ways += [f"as soon as {one}" for one in told.conditions]
    return ", or ".join(ways)


def _what_to_do(told: Statement) -> Iterator[str]:
    if told.answer_by:
        yield (
            f"Please answer by {_moment(told.answer_by)}: to each finding, whether you accept it, dispute it, or have mended it. "
            "Openness and what you mend count in your favour. If we hear nothing, we decide on what we have. "
            "You may ask once for more time."
        )
    if told.appeal_until:
        yield (
            f"You may appeal until {_day(told.appeal_until)}, free of charge. Somebody who had no part in the decision hears it. "
            "You may also go to a court at any time."
        )
    if told.link:
        yield f"Answer, ask or appeal here: {told.link}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%-d %B %Y}" if moment else ""


def _moment(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC"
