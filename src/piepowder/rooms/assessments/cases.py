"""A case as both sides look at it: question by question with answer, score, open points and decision. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import library, promises
from piepowder.rooms.assessments.actions import open_now
from piepowder.rooms.assessments.models import Answer, Assessment, Decision, Submission
from piepowder.rooms.assessments.rules.answers import NOTHING, Given, kept_form, words
from piepowder.rooms.assessments.rules.differences import Difference, differences
from piepowder.rooms.assessments.rules.questionnaire import Clause, Question, Questionnaire, Score, Section
from piepowder.rooms.assessments.rules.score import Finding, Gap, Result
from piepowder.rooms.assessments.rules.status import Occasion, Status, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question of a case. `decision`: of the last review, or of the one that is looked at; `suggested`: where a reviewer starts."""

    question: Question
    section: Section
    clause: Clause
    given: Given
    answer: Answer | None
    words: list[str]
    score: Score | None
    gaps: list[Gap]
    finding: Finding | None
    decision: Decision | None
    is_open: bool

    @property
    def failed(self) -> bool:
        return self.decision is not None and self.decision.word != Word.OK

    @property
    def suggested(self) -> Word:
        return Word.WRONG if self.finding is not None else Word.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A case at one moment."""

    assessment: Assessment
    questionnaire: Questionnaire
    result: Result
    lines: list[Line]
    submission: Submission | None  # the last one that was handed in
    review: Submission | None  # the last one that was concluded
    place: int | None
    differences: list[Difference] = field(default_factory=list)
    newer: str = ""  # version of the questionnaire that is in force, if it is another one

    @property
    def sections(self) -> list[tuple[Section, list[Line]]]:
        shown = [
            (section, [line for line in self.lines if line.section is section])
            for section in self.questionnaire.sections
        ]
        return [(section, lines) for section, lines in shown if lines]

    @property
    def failed(self) -> list[Line]:
        return [line for line in self.lines if line.failed]

    @property
    def late(self) -> bool:
        return bool(self.submission and self.submission.breached_at and not self.submission.concluded_at)

    def line(self, question_id: str) -> Line | None:
        return next((line for line in self.lines if line.question.id == question_id), None)


def seen(assessment: Assessment, at: datetime) -> Seen:
    """As its developer sees it: the answers as they are now, the decisions of the last review."""
    result, review, last = assessment.result(at), assessment.last_review(), assessment.last_submission()
    decisions = {one.question: one for one in review.decisions.all()} if review else {}
    answers = {answer.question: answer for answer in assessment.answers.all()}
    open_ids = open_now(assessment, at)
    given = {name: answer.given for name, answer in answers.items()}
    return Seen(
        assessment=assessment,
        questionnaire=assessment.asked,
        result=result,
        lines=_lines(assessment.asked, result, given, decisions, answers=answers, open_ids=open_ids),
        submission=last,
        review=review,
        place=Submission.objects.place(last) if last else None,
        differences=_differences(assessment, given),
        newer=_newer(assessment, at),
    )


def under_review(submission: Submission) -> Seen:
    """As its reviewer sees it: the answers as they were handed in, and the decisions made so far."""
    questionnaire, result = submission.questionnaire.parsed, submission.result()
    decisions = {one.question: one for one in submission.decisions.all()}
    return Seen(
        assessment=submission.assessment,
        questionnaire=questionnaire,
        result=result,
        lines=_lines(questionnaire, result, submission.given(), decisions),
        submission=submission,
        review=None,
        place=Submission.objects.place(submission),
    )


def _lines(
    questionnaire: Questionnaire,
    result: Result,
    given: Mapping[str, Given],
    decisions: Mapping[str, Decision],
    *,
    answers: Mapping[str, Answer] | None = None,
    open_ids: frozenset[str] = frozenset(),
) -> list[Line]:
    return [
        Line(
            question=question,
            section=questionnaire.section_of(question.id),
            clause=questionnaire.clauses[question.clause],
            given=given.get(question.id, NOTHING),
            answer=(answers or {}).get(question.id),
            words=words(question, given.get(question.id, NOTHING).value, questionnaire.purposes),
            score=result.score_of(question.id),
            gaps=result.gaps_of(question.id),
            finding=result.finding_of(question.id),
            decision=decisions.get(question.id),
            is_open=question.id in open_ids,
        )
        for question in result.questions
    ]


def _differences(assessment: Assessment, given: Mapping[str, Given]) -> list[Difference]:
    if assessment.changed_from is None or assessment.state is not Status.DRAFT:
        return []
    return differences(assessment.changed_from.parsed, assessment.asked, given)


def _newer(assessment: Assessment, at: datetime) -> str:
    if assessment.state is not Status.DRAFT:
        return ""
    try:
        newest = library.current(at.date())
    except PiepowderError:
        return ""  # the operator's fault; it is told where something is begun or handed in
    return newest.version if newest != assessment.asked else ""


def promise(assessment: Assessment, at: datetime) -> datetime:
    """The date that would be promised to whoever hands in now."""
    return promises.decided_by(Occasion.CORRECTION if assessment.correctable else Occasion.FIRST, at)


def exported(assessment: Assessment, at: datetime) -> dict[str, Any]:
    """Answers as a file that can be brought in again."""
    return {
        "assessment": assessment.id,
        "questionnaire": assessment.questionnaire.name,
        "version": assessment.questionnaire.version,
        "exported_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "roles": list(assessment.roles),
        "answers": {
            question.id: kept_form(given[question.id])
            for given in (assessment.given(),)
            for question in assessment.asked.questions()
            if question.id in given
        },
    }


def outlook(seen_case: Seen) -> dict[str, Any]:
    """Score, open points and roles, for programs."""
    result, roles = seen_case.result, seen_case.questionnaire.roles
    return {
        "percent": result.percent,
        "complete": result.complete,
        "questions": len(result.questions),
        "answered": result.answered,
        "gaps": [{"question": gap.question, "kind": gap.kind, "says": gap.says} for gap in result.gaps],
        "findings": [
            {
                "question": one.question,
                "score": one.score,
                "says": one.says,
                "fix": one.fix,
                "clause": seen_case.questionnaire.question(one.question).clause,
                "blocks": sorted(one.blocks),
            }
            for one in result.findings
        ],
        "roles": [
            {
                "role": one.role,
                "title": roles.get(one.role, one.role),
                "supported": one.supported,
                "blocked_by": list(one.blocked_by),
            }
            for one in result.roles
        ],
        "newer_version": seen_case.newer,
        "place": seen_case.place,
    }
