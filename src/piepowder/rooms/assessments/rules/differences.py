"""What another version of a questionnaire changes for answers that were given. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.rules.answers import Answers, Value, is_empty, normal
from piepowder.rooms.assessments.rules.questionnaire import Question, Questionnaire

_PARTS = {
    "ask": "the question",
    "kind": "how it is answered",
    "options": "the choices",
    "columns": "the columns",
    "rules": "how it is scored",
    "evidence": "the document it asks for",
    "clause": "the clause it serves",
    "only_if": "when it is asked",
    "required": "whether it must be answered",
    "help": "the help",
}


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """`fits`: the answer given so far can stay as it is."""

    question: str
    ask: str
    change: Change
    parts: tuple[str, ...]
    fits: bool


def differences(old: Questionnaire, new: Questionnaire, answers: Answers) -> list[Difference]:
    """Question by question, in the order of the new version; what was taken out comes last."""
    found = [one for question in new.questions() if (one := _difference(old.find(question.id), question, new, answers))]
    gone = [question for question in old.questions() if new.find(question.id) is None]
    return found + [Difference(question.id, question.ask, Change.REMOVED, (), True) for question in gone]


def _difference(before: Question | None, now: Question, new: Questionnaire, answers: Answers) -> Difference | None:
    if before is None:
        return Difference(now.id, now.ask, Change.ADDED, (), True)
    old_parts, new_parts = _parts(before), _parts(now)
    parts = tuple(words for name, words in _PARTS.items() if old_parts.get(name) != new_parts.get(name))
    if not parts:
        return None
    given = answers.get(now.id)
    return Difference(now.id, now.ask, Change.CHANGED, parts, given is None or fits(now, given.value))


def fits(question: Question, value: Value) -> bool:
    """Whether a value that was once right can stand as the answer to a question as it is now."""
    try:
        return is_empty(value) or normal(question, value) is not None
    except PiepowderError:
        return False


def _parts(question: Question) -> dict[str, Any]:
    parts: dict[str, Any] = msgspec.to_builtins(question)
    return parts
