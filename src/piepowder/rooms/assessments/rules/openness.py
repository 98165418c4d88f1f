"""Which answers may be changed: all of a draft, and of what came back only those that failed. Pure."""

from collections.abc import Mapping

from piepowder.rooms.assessments.rules.score import Result
from piepowder.rooms.assessments.rules.status import CORRECTABLE, Status, Word


def open_questions(status: Status, result: Result, words: Mapping[str, Word]) -> frozenset[str]:
    """`words`: what the last review said of each answer. An answer that was right stays, unless its evidence ran out since.

    A correction can bring up questions that were not shown before; nobody decided those, so they are open as well.
    """
    if status is Status.DRAFT:
        return frozenset(question.id for question in result.questions)
    if status not in CORRECTABLE:
        return frozenset()
    gaps = {gap.question for gap in result.gaps}
    return frozenset(
        question.id for question in result.questions if words.get(question.id) is not Word.OK or question.id in gaps
    )


def changed_questions(before: Mapping[str, object], now: Mapping[str, object]) -> frozenset[str]:
    """Questions whose answer is another than it was at the last submission."""
    return frozenset(name for name in {*before, *now} if before.get(name) != now.get(name))
