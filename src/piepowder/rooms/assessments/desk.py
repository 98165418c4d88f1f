"""A case as its reviewer works on it: beside each answer what the rules say, what was decided before, and what changed. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from piepowder.rooms.assessments import actions, cases
from piepowder.rooms.assessments.cases import Line, Seen
from piepowder.rooms.assessments.models import Decision, Submission
from piepowder.rooms.assessments.rules.answers import NOTHING, words
from piepowder.rooms.assessments.rules.openness import changed_questions
from piepowder.rooms.assessments.rules.questionnaire import Question, Questionnaire, Score
from piepowder.rooms.assessments.rules.status import Status
from piepowder.rooms.evidence.models import Document

OTHERS_MAX = 12  # prepared reasons of other questions with the same clause


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reason that a rule gives already, with what mends it."""

    key: str
    says: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What the round before made of the same question. `words`: the answer as it was then."""

    decision: Decision | None
    changed: bool
    words: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the case on the desk."""

    line: Line
    earlier: Earlier | None
    prepared: list[Prepared]
    roles: list[str]  # titles of the roles that it stands in the way of if it is wrong

    @property
    def question(self) -> Question:
        return self.line.question

    @property
    def is_decided(self) -> bool:
        return self.line.decision is not None

    @property
    def is_clear(self) -> bool:
        """Full marks by the rules, so that one look is enough."""
        return self.line.score is Score.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything of one case."""

    submission: Submission
    seen: Seen
    rows: list[Row]
    documents: Mapping[str, Document]
    undecided: int
    clear: int  # undecided ones with full marks
    proposed: Status
    roles: list[str]  # that would be approved
    takes_two: bool
    previous: Submission | None

    @property
    def questionnaire(self) -> Questionnaire:
        return self.seen.questionnaire

    @property
    def sections(self) -> list[tuple[Any, list[Row]]]:
        by_question = {row.question.id: row for row in self.rows}
        return [(section, [by_question[line.question.id] for line in lines]) for section, lines in self.seen.sections]

    def row(self, question_id: str) -> Row | None:
        return next((row for row in self.rows if row.question.id == question_id), None)


def desk(submission: Submission) -> Desk:
    seen = cases.under_review(submission)
    previous = submission.assessment.submissions.filter(number__lt=submission.number).order_by("-number").first()
    earlier = _earlier(submission, previous)
    rows = [_row(seen, line, earlier.get(line.question.id)) for line in seen.lines]
    outcome, roles = actions.proposal(submission)
    waiting = [row for row in rows if not row.is_decided]
    return Desk(
        submission=submission,
        seen=seen,
        rows=rows,
        documents=Document.objects.by_ids({proof.id for line in seen.lines for proof in line.given.evidence}),
        undecided=len(waiting),
        clear=sum(row.is_clear for row in waiting),
        proposed=outcome,
        roles=roles,
        takes_two=actions.needs_second(submission, roles),
        previous=previous,
    )


def _row(seen: Seen, line: Line, earlier: Earlier | None) -> Row:
    questionnaire = seen.questionnaire
    asked = set(seen.submission.roles) if seen.submission else set()
    guarded = (line.finding.blocks if line.finding else None) or questionnaire.expanded(line.question.guards)
    titles = [title for role, title in questionnaire.roles.items() if role in guarded & asked]
    return Row(line=line, earlier=earlier, prepared=prepared(questionnaire, line.question), roles=titles)


def _earlier(submission: Submission, previous: Submission | None) -> dict[str, Earlier]:
    if previous is None:
        return {}
    questionnaire, before = previous.questionnaire.parsed, previous.given()
    changed = changed_questions(previous.answers, submission.answers)
    decisions = {one.question: one for one in previous.decisions.all()}
    return {
        question.id: Earlier(
            decision=decisions.get(question.id),
            changed=question.id in changed,
            words=words(question, before.get(question.id, NOTHING).value, questionnaire.purposes),
        )
        for question in questionnaire.questions()
    }


def prepared(questionnaire: Questionnaire, question: Question) -> list[Prepared]:
    """Reasons by clause: those of the question's own rules first, then those of other questions that serve the same clause."""
    own = list(_of(question))
    others = [
        one
        for other in questionnaire.questions()
        if other.clause == question.clause and other.id != question.id
        for one in _of(other)
    ]
    return own + others[:OTHERS_MAX]


def _of(question: Question) -> Iterator[Prepared]:
    for number, rule in enumerate(question.rules):
        if rule.says:
            yield Prepared(f"{question.id}:{number}", rule.says, rule.fix)


def queue_numbers(at: datetime) -> dict[str, Any]:
    """What the queue looks like just now."""
    waiting = Submission.objects.waiting()
    oldest = waiting.first()
    return {
        "waiting": waiting.count(),
        "unassigned": Submission.objects.unassigned().count(),
        "late": waiting.filter(promised_at__lt=at).count(),
        "to_confirm": Submission.objects.to_confirm().count(),
        "oldest_promise": oldest.promised_at if oldest else None,
    }
