"""The score of the answers, their open points, and the roles that they support. Pure.

Developers see it while they write, and reviewers begin from it: there is one set of rules, for newcomers and for whoever was here
before. A *gap* is what keeps answers from being handed in; a *finding* is an answer that earns less than full marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from piepowder.rooms.assessments.rules.answers import Given, Proof, is_empty
from piepowder.rooms.assessments.rules.conditions import Case, holds, passes, visible
from piepowder.rooms.assessments.rules.questionnaire import Kind, Question, Score, ScoringRule

POINTS = {Score.FULL: 2, Score.PARTIAL: 1, Score.NONE: 0}


class GapKind(StrEnum):
    UNANSWERED = "unanswered"
    INCOMPLETE = "incomplete"  # a row without a cell, a purpose without an answer
    EVIDENCE_MISSING = "evidence_missing"
    EVIDENCE_EXPIRED = "evidence_expired"


@dataclass(frozen=True, slots=True)
class Gap:
    question: str
    kind: GapKind
    says: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules say of one answer. `blocks`: the roles that it stands in the way of."""

    question: str
    score: Score
    says: str
    fix: str
    blocks: frozenset[str]


@dataclass(frozen=True, slots=True)
class RoleOutlook:
    """Whether the answers support a role that is asked for, and which questions stand in its way."""

    role: str
    supported: bool
    blocked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The whole assessment at one moment. `percent` counts a question that is not answered as nothing."""

    percent: int
    answered: int
    questions: tuple[Question, ...]  # that are shown
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    roles: tuple[RoleOutlook, ...]

    @property
    def complete(self) -> bool:
        return not self.gaps

    @property
    def supported(self) -> tuple[str, ...]:
        return tuple(one.role for one in self.roles if one.supported)

    def gaps_of(self, question_id: str) -> list[Gap]:
        return [gap for gap in self.gaps if gap.question == question_id]

    def finding_of(self, question_id: str) -> Finding | None:
        return next((finding for finding in self.findings if finding.question == question_id), None)

    def score_of(self, question_id: str) -> Score | None:
        """None where there is nothing to score: not answered, or answered in part."""
        if any(gap.kind in (GapKind.UNANSWERED, GapKind.INCOMPLETE) for gap in self.gaps_of(question_id)):
            return None
        found = self.finding_of(question_id)
        return found.score if found else Score.FULL


def judge(case: Case) -> Result:
    """Everything that the rules say of a case."""
    questions = tuple(visible(case))
    gaps = tuple(gap for question in questions for gap in gaps_of(case, question))
    open_questions = {gap.question for gap in gaps if gap.kind in (GapKind.UNANSWERED, GapKind.INCOMPLETE)}
    findings = tuple(
        finding
        for question in questions
        if question.id not in open_questions and (finding := finding_of(case, question))
    )
    return Result(
        percent=_percent(questions, open_questions, findings),
        answered=sum(not is_empty(case.given(question.id).value) for question in questions),
        questions=questions,
        gaps=gaps,
        findings=findings,
        roles=tuple(_outlook(role, findings) for role in case.roles),
    )


def gaps_of(case: Case, question: Question) -> list[Gap]:
    """What is missing at one question that is shown."""
    given = case.given(question.id)
    if is_empty(given.value):
        return [Gap(question.id, GapKind.UNANSWERED, "Not answered yet.")] if question.required else []
    return _parts_missing(case, question, given) + _evidence_missing(case, question, given)


def _parts_missing(case: Case, question: Question, given: Given) -> list[Gap]:
    if question.kind is Kind.PER_PURPOSE:
        missing = [purpose for purpose in case.purposes if is_empty(given.value.get(purpose))]
        words = case.questionnaire.purposes
        says = [f"No answer for the purpose “{words.get(purpose, purpose)}”." for purpose in missing]
    elif question.kind is Kind.ROWS:
        says = _cells_missing(question, given.value)
    elif question.kind is Kind.DATE and question.past and date.fromisoformat(given.value) > case.today:
        says = ["This date is still to come: write when it was."]
    else:
        says = []
    return [Gap(question.id, GapKind.INCOMPLETE, one) for one in says]


def _cells_missing(question: Question, rows: Sequence[dict[str, str]]) -> list[str]:
    says = [
        f"Row {number} has no {column.words[:1].lower()}{column.words[1:]}."
        for number, row in enumerate(rows, 1)
        for column in question.columns
        if column.required and column.id not in row
    ]
    return says if len(rows) >= question.rows_min else [f"At least {question.rows_min} rows are needed.", *says]


def _evidence_missing(case: Case, question: Question, given: Given) -> list[Gap]:
    if question.evidence is None or not holds(case, question.evidence.when):
        return []
    if not given.evidence:
        return [Gap(question.id, GapKind.EVIDENCE_MISSING, f"A document is missing: {question.evidence.words}.")]
    if any(not is_expired(proof, case.today) for proof in given.evidence):
        return []
    newest = max(given.evidence, key=lambda proof: proof.expires_on)
    says = f"The document “{newest.name or newest.id}” expired on {newest.expires_on}: attach a newer one."
    return [Gap(question.id, GapKind.EVIDENCE_EXPIRED, says)]


def is_expired(proof: Proof, today: date) -> bool:
    return bool(proof.expires_on) and date.fromisoformat(proof.expires_on) < today


def proves_until(question: Question, today: date, written: date | None = None) -> date | None:
    """Until when a document that is handed in today (or was written on a day) proves the answer."""
    months = question.evidence.months if question.evidence else 0
    return (written or today) + timedelta(days=round(months * 365.25 / 12)) if months else None


def finding_of(case: Case, question: Question) -> Finding | None:
    """The first rule of an answered question that holds; none if the answer earns full marks."""
    value = case.given(question.id).value
    if is_empty(value):
        return None  # nothing can be wrong with an answer that need not be given
    for rule in question.rules:
        if passes(case, question, rule.when, value) and holds(case, rule.also):
            return (
                None
                if rule.score is Score.FULL
                else Finding(question.id, rule.score, rule.says, rule.fix, blocked(case, question, rule))
            )
    return None


def blocked(case: Case, question: Question, rule: ScoringRule | None = None) -> frozenset[str]:
    """The roles asked for that a wrong answer stands in the way of."""
    guarded = rule is None or (not rule.blocks and rule.score is Score.NONE)
    names = rule.blocks if rule and not guarded else question.guards
    return case.questionnaire.expanded(names) & set(case.roles)


def _outlook(role: str, findings: Sequence[Finding]) -> RoleOutlook:
    against = tuple(finding.question for finding in findings if role in finding.blocks)
    return RoleOutlook(role, not against, against)


def _percent(questions: Sequence[Question], unanswered: set[str], findings: Sequence[Finding]) -> int:
    scores = {finding.question: finding.score for finding in findings}
    counted = [question for question in questions if question.required or question.id in scores]
    whole = sum(question.weight * POINTS[Score.FULL] for question in counted)
    earned = sum(
        question.weight * POINTS[scores.get(question.id, Score.FULL)]
        for question in counted
        if question.id not in unanswered
    )
    return earned * 100 // whole if whole else 0
