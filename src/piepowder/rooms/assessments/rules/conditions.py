"""Whether tests and conditions hold, and which questions are shown. Pure.

A condition about a question that is not shown itself does not hold, whatever was once answered there: what is hidden has no say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from piepowder.rooms.assessments.rules.answers import NOTHING, Answers, Given, Value, is_empty
from piepowder.rooms.assessments.rules.questionnaire import (
    Condition,
    Kind,
    Meaning,
    Question,
    Questionnaire,
    Test,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that is known when a questionnaire is looked at: the answers, the roles asked for, today."""

    questionnaire: Questionnaire
    answers: Answers
    roles: Sequence[str]
    today: date

    @property
    def purposes(self) -> list[str]:
        """The purposes asked for, in the order of the list that they are chosen from."""
        question = self.questionnaire.meaning(Meaning.PURPOSES)
        value = self.given(question.id).value if question else None
        return [str(one) for one in value] if isinstance(value, list) else []

    def given(self, question_id: str) -> Given:
        return self.answers.get(question_id, NOTHING)


def visible(case: Case) -> list[Question]:
    """The questions that are shown, in order."""
    known: dict[str, bool] = {}
    return [question for question in case.questionnaire.questions() if _shown(case, question, known)]


def is_visible(case: Case, question: Question) -> bool:
    return _shown(case, question, {})


def _shown(case: Case, question: Question, known: dict[str, bool]) -> bool:
    if question.id not in known:
        known[question.id] = False  # a loop, which the check refuses, shows nothing
        known[question.id] = question.only_if is None or _holds(case, question.only_if, known)
    return known[question.id]


def holds(case: Case, condition: Condition | None) -> bool:
    return condition is None or _holds(case, condition, {})


def _holds(case: Case, condition: Condition, known: dict[str, bool]) -> bool:
    if condition.question and not _asked(case, condition, known):
        return False
    if condition.role and not case.questionnaire.expanded(condition.role) & set(case.roles):
        return False
    if condition.purpose and not set(condition.purpose) & set(case.purposes):
        return False
    if condition.all and not all(_holds(case, one, known) for one in condition.all):
        return False
    if condition.any and not any(_holds(case, one, known) for one in condition.any):
        return False
    return not any(_holds(case, one, known) for one in condition.none)


def _asked(case: Case, condition: Condition, known: dict[str, bool]) -> bool:
    question = case.questionnaire.find(condition.question)
    if question is None or not _shown(case, question, known):
        return False
    return passes(case, question, condition.test, case.given(question.id).value)


def passes(case: Case, question: Question, test: Test, value: Value) -> bool:
    """Whether the answer to a question passes a test. Every part of the test that is given must hold."""
    if test.some_row is not None and not _some_row(case, test.some_row, value):
        return False
    if test.some_purpose is not None and not _some_purpose(case, test.some_purpose, value):
        return False
    own = _Own(case, test)
    if question.kind is Kind.ROWS and isinstance(value, list):
        return own.emptiness(value) and own.number(len(value))
    return own.holds(value)


def _some_row(case: Case, tests: Mapping[str, Test], value: Value) -> bool:
    rows = value if isinstance(value, list) else []
    return any(all(_Own(case, test).holds(row.get(name)) for name, test in tests.items()) for row in rows)


def _some_purpose(case: Case, test: Test, value: Value) -> bool:
    answers: Mapping[str, Any] = value if isinstance(value, dict) else {}
    return any(_Own(case, test).holds(answers.get(purpose)) for purpose in case.purposes)


@dataclass(frozen=True, slots=True)
class _Own:
    """The parts of a test that ask about one simple value."""

    case: Case
    test: Test

    def holds(self, value: Value) -> bool:
        return (
            self.emptiness(value)
            and self._equal(value)
            and self._several(value)
            and self._group(value)
            and (self.number(value) and self._length(value) and self._age(value))
        )

    def emptiness(self, value: Value) -> bool:
        return self.test.empty is None or is_empty(value) is self.test.empty

    def _equal(self, value: Value) -> bool:
        wanted = self.test.is_
        if wanted is not None and (value != wanted or isinstance(value, bool) is not isinstance(wanted, bool)):
            return False
        if self.test.any_of and value not in self.test.any_of:
            return False
        return not (self.test.none_of and value in self.test.none_of)

    def _several(self, value: Value) -> bool:
        words = value if isinstance(value, list) else []
        if self.test.has and self.test.has not in words:
            return False
        return not (self.test.lacks and (is_empty(value) or self.test.lacks in words))

    def _group(self, value: Value) -> bool:
        groups, test = self.case.questionnaire.groups, self.test
        several = value if isinstance(value, list) else [] if is_empty(value) else [value]
        if test.inside and not any(one in groups.get(test.inside, ()) for one in several):
            return False
        return not (test.outside and all(one in groups.get(test.outside, ()) for one in several))

    def number(self, value: Value) -> bool:
        least, most, limit = self.test.at_least, self.test.at_most, self.case.questionnaire.limit
        if least is None and most is None:
            return True
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return (least is None or value >= limit(least)) and (most is None or value <= limit(most))

    def _length(self, value: Value) -> bool:
        shorter = self.test.shorter_than
        return shorter is None or (isinstance(value, str) and 0 < len(value) < shorter)

    def _age(self, value: Value) -> bool:
        days = self.test.older_than_days
        if days is None:
            return True
        return (
            isinstance(value, str)
            and value != ""
            and date.fromisoformat(value) < self.case.today - timedelta(days=days)
        )
