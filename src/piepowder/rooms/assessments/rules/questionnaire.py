"""A questionnaire as a value: what its file says, typed. Pure.

A question is answered by one value of its kind; a `Test` asks something of such a value, a `Condition` something of several
answers, the roles asked for and the purposes. Scoring rules are tests with a sentence: the first that holds is the verdict,
and where none holds the answer is worth full marks.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from piepowder.core.kernel.errors import PiepowderError

EVERY = "every"  # of the roles


class Kind(StrEnum):
    YES_NO = "yes_no"
    ONE = "one"  # of its options
    MANY = "many"  # of its options
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    ROWS = "rows"  # a list of rows with columns
    PER_PURPOSE = "per_purpose"  # one answer for each purpose asked for


class Meaning(StrEnum):
    """What law asks for. A question that has a meaning is found by it, in whichever questionnaire it stands."""

    PURPOSES = "purposes"
    CONTROLLER_OR_PROCESSOR = "controller_or_processor"
    LEGAL_BASIS = "legal_basis"
    SUB_PROCESSORS = "sub_processors"
    COUNTRIES = "countries"
    RETENTION_DAYS = "retention_days"


class Score(StrEnum):
    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Test(_Part, frozen=True):
    """What is asked of a value; every part that is given must hold. `inside` and `outside` name a group of values."""

    is_: bool | int | str | None = msgspec.field(default=None, name="is")
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    has: str = ""  # of several values
    lacks: str = ""
    at_least: int | str | None = None  # a number, or the name of a limit
    at_most: int | str | None = None
    shorter_than: int | None = None  # characters of a text
    inside: str = ""
    outside: str = ""
    older_than_days: int | None = None  # of a date, counted back from today
    empty: bool | None = None
    some_row: "dict[str, Test] | None" = None  # column -> test; all of them hold in one row
    some_purpose: "Test | None" = None  # holds for the answer to one of the purposes asked for


class Condition(_Part, frozen=True):
    """`question` with a `test`, or `role`/`purpose` asked for, or several conditions together."""

    question: str = ""
    test: Test = Test()
    role: tuple[str, ...] = ()  # roles or groups of roles, one of which is asked for
    purpose: tuple[str, ...] = ()
    all: "tuple[Condition, ...]" = ()
    any: "tuple[Condition, ...]" = ()
    none: "tuple[Condition, ...]" = ()


class Option(_Part, frozen=True):
    value: str
    words: str
    help: str = ""


class Column(_Part, frozen=True):
    """One cell of each row. Kinds: text, one, date, country."""

    id: str
    words: str
    kind: str = "text"
    options: tuple[Option, ...] = ()
    required: bool = True
    help: str = ""


class Evidence(_Part, frozen=True):
    """A document that proves the answer. `months`: how long it proves it; 0 for ever."""

    words: str
    when: Condition | None = None
    months: int = 0


class ScoringRule(_Part, frozen=True):
    """`when` of this answer and `also` of others; then the answer is worth `score`, for the reason `says`, mended by `fix`."""

    score: Score
    says: str = ""
    fix: str = ""
    when: Test = Test()
    also: Condition | None = None
    blocks: tuple[
        str, ...
    ] = ()  # roles or groups that it stands in the way of; empty: what the question guards, at no marks


class Question(_Part, frozen=True):
    id: str
    kind: Kind
    ask: str
    clause: str
    help: str = ""
    meaning: Meaning | None = None
    only_if: Condition | None = None
    required: bool = True
    options: tuple[Option, ...] = ()
    each: Kind = Kind.TEXT  # of an answer per purpose
    columns: tuple[Column, ...] = ()
    rows_min: int = 1
    unit: str = ""
    least: int | None = None  # of a number
    most: int | None = None
    past: bool = True  # of a date: it lies behind
    evidence: Evidence | None = None
    rules: tuple[ScoringRule, ...] = ()
    guards: tuple[str, ...] = (EVERY,)  # roles that a wrong answer stands in the way of
    weight: int = 1
    right: str = ""  # what would make it right, where no rule says it better


class Section(_Part, frozen=True):
    id: str
    title: str
    questions: tuple[Question, ...]
    help: str = ""


class Clause(_Part, frozen=True):
    title: str
    says: str


class Questionnaire(_Part, frozen=True):
    id: str
    version: str
    title: str
    intro: str
    in_force_from: str  # ISO date
    clauses: dict[str, Clause]
    sections: tuple[Section, ...]
    purposes: dict[str, str]  # what may be asked for: purpose -> its words
    roles: dict[str, str]
    role_groups: dict[str, tuple[str, ...]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    limits: dict[str, int] = {}
    valid_days: int = 365

    def questions(self) -> Iterator[Question]:
        for section in self.sections:
            yield from section.questions

    def question(self, question_id: str) -> Question:
        """`assessments_question_unknown` if there is none of that name."""
        for question in self.questions():
            if question.id == question_id:
                return question
        raise unknown_question(question_id)

    def find(self, question_id: str) -> Question | None:
        return next((question for question in self.questions() if question.id == question_id), None)

    def section_of(self, question_id: str) -> Section:
        for section in self.sections:
            if any(question.id == question_id for question in section.questions):
                return section
        raise unknown_question(question_id)

    def meaning(self, meaning: Meaning) -> Question | None:
        return next((question for question in self.questions() if question.meaning == meaning), None)

    def expanded(self, names: tuple[str, ...]) -> frozenset[str]:
        """Roles behind names of roles, of groups of roles, and `every`."""
        found: set[str] = set()
        for name in names:
            found |= set(self.roles) if name == EVERY else set(self.role_groups.get(name, (name,)))
        return frozenset(found)

    def limit(self, given: int | str) -> int:
        return given if isinstance(given, int) else self.limits.get(given, 0)


def parse(tree: Any) -> Questionnaire:
    """A questionnaire from what its file holds; `assessments_questionnaire_malformed` names the place that does not fit."""
    try:
        return msgspec.convert(tree, Questionnaire, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PiepowderError(
            "assessments_questionnaire_malformed",
            f"this is no questionnaire: {str(error)[:1].lower()}{str(error)[1:]}",
            hint="the place after `at` counts sections and questions from 0",
        ) from None


def body(questionnaire: Questionnaire) -> dict[str, Any]:
    """The tree again, for keeping."""
    tree: dict[str, Any] = msgspec.to_builtins(questionnaire)
    return tree


def unknown_question(question_id: str) -> PiepowderError:
    return PiepowderError(
        "assessments_question_unknown",
        f"this questionnaire has no question `{question_id}`",
        hint="it may have been taken out in a newer version; the section's page shows the questions of today",
    )
