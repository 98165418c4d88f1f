"""Answers are handed in: for the first time, corrected, renewed, or for another reviewer. What is handed in is frozen."""

from datetime import datetime
from typing import Any

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments import letters, library, promises
from piepowder.rooms.assessments.models import Assessment, Decision, Submission
from piepowder.rooms.assessments.rules.answers import kept_form
from piepowder.rooms.assessments.rules.openness import changed_questions
from piepowder.rooms.assessments.rules.score import Result
from piepowder.rooms.assessments.rules.status import OPEN, Occasion, Side, Status, Word
from piepowder.rooms.developers.actions import check_open
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor

REQUEST_MAX = 4000


@transaction.atomic
def submit(assessment: Assessment, *, by: Actor, at: datetime) -> Submission:
    """Into the queue, with a promised date. Complete answers only; of what came back, answers that were right stay decided."""
    assessment = Assessment.objects.locked(assessment.id)
    result = assessment.result(at)
    if assessment.state is Status.DRAFT:
        _check_version(assessment, at)
    _check_complete(result)
    before = assessment.last_review() if assessment.correctable else None
    if before is not None:
        _check_corrected(assessment, before, result)
    occasion = _occasion(assessment)
    submission = _hand_in(assessment, occasion, result, before, by=by, at=at)
    letters.received(submission, Submission.objects.place(submission), at=at)
    return submission


def _occasion(assessment: Assessment) -> Occasion:
    if assessment.correctable:
        return Occasion.CORRECTION
    return Occasion.RENEWAL if assessment.renews_id else Occasion.FIRST


@transaction.atomic
def ask_re_review(assessment: Assessment, *, request: str, by: Actor, at: datetime) -> Submission:
    """The same answers to another reviewer, who never is one that decided before. `request` says why."""
    assessment = Assessment.objects.locked(assessment.id)
    before = assessment.last_review()
    if before is None or not assessment.correctable:
        raise PiepowderError(
            "assessments_nothing_to_review_again",
            "there is no decision that somebody else could look at",
            hint="it can be asked for once answers were not accepted",
            kind=ErrorKind.CONFLICT,
        )
    request = request.strip()[:REQUEST_MAX]
    if not request:
        raise PiepowderError(
            "assessments_request_missing", "say what the first reviewer got wrong", hint="a sentence is enough"
        )
    result = before.result()
    submission = _hand_in(assessment, Occasion.RE_REVIEW, result, before, by=by, at=at, request=request)
    letters.received(submission, Submission.objects.place(submission), at=at)
    return submission


def _hand_in(
    assessment: Assessment,
    occasion: Occasion,
    result: Result,
    before: Submission | None,
    *,
    by: Actor,
    at: datetime,
    request: str = "",
) -> Submission:
    check_open(assessment.developer)
    _check_alone(assessment)
    promised_at = promises.decided_by(occasion, at)
    now = Assessment.objects.advance(
        assessment, Status.SUBMITTED, verb="submit", by=by, at=at, changed_at=at, due_at=promised_at, changed_from=None
    )
    frozen = before.answers if before and occasion is Occasion.RE_REVIEW else _frozen(assessment, result)
    last = assessment.last_submission()
    submission = Submission.objects.create(
        assessment=now,
        number=(last.number if last else 0) + 1,
        occasion=occasion,
        request=request,
        questionnaire=assessment.questionnaire,
        roles=before.roles if before and occasion is Occasion.RE_REVIEW else assessment.roles,
        answers=frozen,
        submitted_at=at,
        submitted_by=str(by),
        promised_at=promised_at,
    )
    if before is not None:
        _keep_decisions(before, submission, result)
    return Submission.objects.named(submission.id)


def _frozen(assessment: Assessment, result: Result) -> dict[str, Any]:
    """What is shown is handed in; an answer to a question that is hidden stays with the developer."""
    given = assessment.given()
    return {question.id: kept_form(given[question.id]) for question in result.questions if question.id in given}


def _keep_decisions(before: Submission, submission: Submission, result: Result) -> None:
    """What was right and is unchanged need not be decided again."""
    changed = changed_questions(before.answers, submission.answers)
    shown = {question.id for question in result.questions}
    Decision.objects.bulk_create(
        Decision(
            submission=submission,
            question=one.question,
            word=one.word,
            reason=one.reason,
            clause=one.clause,
            kept=True,
            decided_by=one.decided_by,
            decided_at=one.decided_at,
        )
        for one in before.decisions.filter(word=Word.OK, question__in=shown).exclude(question__in=changed)
    )


def _check_version(assessment: Assessment, at: datetime) -> None:
    if library.current(at.date()) != assessment.asked:
        raise PiepowderError(
            "assessments_questionnaire_changed",
            "there is a newer version of the questionnaire",
            hint="go on with it: your answers are kept, and what is different is shown",
            kind=ErrorKind.CONFLICT,
        )


def _check_complete(result: Result) -> None:
    if result.complete:
        return
    several = sorted({gap.question for gap in result.gaps})
    raise PiepowderError(
        "assessments_incomplete",
        f"{len(several)} question{'s are' if len(several) > 1 else ' is'} still open: {', '.join(f'`{one}`' for one in several[:5])}"
        + (" and more" if len(several) > 5 else ""),
        hint="the overview lists what is missing",
        kind=ErrorKind.CONFLICT,
        questions=several,
    )


def _check_corrected(assessment: Assessment, before: Submission, result: Result) -> None:
    """Handing in the same again would only cost both sides time: another reviewer is the way for that."""
    if changed_questions(before.answers, _frozen(assessment, result)) or set(before.roles) != set(assessment.roles):
        return
    if assessment.messages.filter(side=Side.DEVELOPER, written_at__gt=before.concluded_at).exists():
        return
    raise PiepowderError(
        "assessments_nothing_corrected",
        "nothing has changed since the decision",
        hint="correct an answer, write to the reviewer, or ask for another reviewer",
        kind=ErrorKind.CONFLICT,
    )


def _check_alone(assessment: Assessment) -> None:
    Developer.objects.locked(assessment.developer_id)
    others = Assessment.objects.of(assessment.developer_id).filter(status__in=OPEN).exclude(pk=assessment.pk)
    if others.exists():
        raise PiepowderError(
            "assessments_open_already",
            "another assessment is under way",
            hint="finish or withdraw it first",
            kind=ErrorKind.CONFLICT,
        )
