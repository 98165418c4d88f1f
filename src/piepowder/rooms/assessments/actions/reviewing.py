"""A reviewer takes a case, decides answer by answer, and concludes. One set of rules for everybody who hands in."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments import letters
from piepowder.rooms.assessments.models import Assessment, Decision, Submission
from piepowder.rooms.assessments.persons import check_another, check_independent
from piepowder.rooms.assessments.rules.questionnaire import Score
from piepowder.rooms.assessments.rules.score import Result, blocked
from piepowder.rooms.assessments.rules.status import (
    CONCLUSIONS,
    Judged,
    Occasion,
    Status,
    Word,
    free_roles,
    proposed,
)
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.ledger import Change, record, record_many
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import ROLES

REASON_MAX = 4000
NEXT_TRIED_MAX = 200


@transaction.atomic
def take(submission: Submission, *, by: Actor, at: datetime) -> Submission:
    """Whoever takes a case reviews it. Of two at once, one gets it."""
    return _assign(submission, by, by=by, at=at)


def take_next(*, by: Actor, at: datetime) -> Submission:
    """Takes the case with the oldest promise that this reviewer may have; `assessments_queue_empty` if there is none."""
    skipped = 0
    for submission in Submission.objects.unassigned()[:NEXT_TRIED_MAX]:
        try:
            return take(submission, by=by, at=at)
        except PiepowderError as error:
            if error.kind not in (ErrorKind.CONFLICT, ErrorKind.FORBIDDEN):
                raise
            skipped += error.kind is ErrorKind.FORBIDDEN
    raise PiepowderError(
        "assessments_queue_empty",
        "nothing in the queue waits for you" if skipped else "nothing waits in the queue",
        hint="what is left has to be read by somebody else" if skipped else "the queue shows what others read just now",
        kind=ErrorKind.NOT_FOUND,
    )


@transaction.atomic
def assign(submission: Submission, reviewer: Account, *, by: Actor, at: datetime) -> Submission:
    """Gives a case to a reviewer; one that somebody else has moves over to them."""
    if not reviewer.is_active or not reviewer.is_staff or Permission.REVIEW not in ROLES[reviewer.role]:
        raise PiepowderError(
            "assessments_no_reviewer", f"`{reviewer.email}` may not review", hint="give them the role first"
        )
    submission, assessment = locked(submission)
    actor = Actor(ActorKind.STAFF, reviewer.id)
    if submission.reviewer and submission.reviewer != str(actor):
        submission = _hand_back(submission, assessment, by=by, at=at)
    return _assign(submission, actor, by=by, at=at)


def _assign(submission: Submission, reviewer: Actor, *, by: Actor, at: datetime) -> Submission:
    submission, assessment = locked(submission)
    if submission.reviewer == str(reviewer) and not submission.concluded_at:
        return submission
    if submission.reviewer or submission.concluded_at:
        raise PiepowderError(
            "assessments_taken",
            "this case is concluded" if submission.concluded_at else "another reviewer has this case",
            hint="take the next one of the queue",
            kind=ErrorKind.CONFLICT,
        )
    check_independent(str(reviewer), assessment.developer)
    if submission.occasion == Occasion.RE_REVIEW:
        check_another(str(reviewer), assessment)
    Assessment.objects.advance(assessment, Status.IN_REVIEW, verb="take", by=by, at=at, changed_at=at)
    Submission.objects.filter(pk=submission.pk).update(reviewer=str(reviewer), assigned_at=at)
    taken = Submission.objects.named(submission.id)
    letters.taken(taken, at=at)
    return taken


@transaction.atomic
def hand_back(submission: Submission, *, by: Actor, at: datetime) -> Submission:
    """Back into the queue at its old place; what was decided so far stays for the next reviewer to see."""
    submission, assessment = not_proposed(*mine(submission, by))
    return _hand_back(submission, assessment, by=by, at=at)


def _hand_back(submission: Submission, assessment: Assessment, *, by: Actor, at: datetime) -> Submission:
    Assessment.objects.advance(assessment, Status.SUBMITTED, verb="hand_back", by=by, at=at, changed_at=at)
    Submission.objects.filter(pk=submission.pk).update(
        reviewer="", assigned_at=None, proposed_outcome="", proposed_roles=[], proposed_reason="", proposed_at=None
    )
    return Submission.objects.named(submission.id)


@transaction.atomic
def decide(
    submission: Submission,
    question_id: str,
    word: Word,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    fix: str = "",
    clause: str = "",
    seen: str | None = None,
) -> Decision:
    """What one answer is worth. Wrong or unclear needs a reason; the clause is the question's own unless another is named.

    `seen`: `Decision.stamp` of the decision that was on the page, empty for none; another one since is a conflict.

    `fix`, what makes it right, is taken from the rule that found fault, or from the questionnaire, where nothing is given.
    """
    submission, _ = not_proposed(*mine(submission, by))
    if seen is not None:
        _check_seen(submission, question_id, seen)
    return _decide(submission, submission.result(), question_id, Word(word), (reason, fix, clause), by=by, at=at)


def _decide(
    submission: Submission,
    result: Result,
    question_id: str,
    word: Word,
    words: tuple[str, str, str],
    *,
    by: Actor,
    at: datetime,
) -> Decision:
    questionnaire = submission.questionnaire.parsed
    question = questionnaire.question(question_id)
    if question not in result.questions:
        raise PiepowderError("assessments_question_not_asked", f"`{question_id}` was not asked in this case")
    reason, fix, clause = (one.strip()[:REASON_MAX] for one in words)
    finding = result.finding_of(question_id)
    if word is not Word.OK:
        reason = reason or (finding.says if finding and word is Word.WRONG else "")
        fix = fix or (finding.fix if finding and word is Word.WRONG else question.right)
    if word is not Word.OK and not reason:
        raise PiepowderError(
            "assessments_reason_missing", "say why: the developer reads it", hint="a sentence that helps"
        )
    if (clause := clause or question.clause) not in questionnaire.clauses:
        raise PiepowderError("assessments_clause_unknown", f"the policy has no clause `{clause}`")
    kept, _ = Decision.objects.update_or_create(
        submission=submission,
        question=question_id,
        defaults={
            "word": word,
            "reason": reason,
            "fix": fix if word is not Word.OK else "",
            "clause": clause,
            "kept": False,
            "decided_by": str(by),
            "decided_at": at,
        },
    )
    detail = {
        "assessment": submission.assessment_id,
        "submission": submission.id,
        "question": question_id,
        "clause": clause,
    }
    developer = submission.assessment.developer_id
    record("assessments.decide", by=by, at=at, developer=developer, outcome=word, reason=reason, detail=detail)
    return kept


@transaction.atomic
def accept_rest(submission: Submission, *, by: Actor, at: datetime) -> list[str]:
    """Says ok to every answer that is not decided yet and has full marks by the rules; the questions that they are."""
    submission, _ = not_proposed(*mine(submission, by))
    result, words = submission.result(), submission.words()
    rest = [one for one in result.questions if one.id not in words and result.score_of(one.id) is Score.FULL]
    Decision.objects.bulk_create(
        Decision(
            submission=submission,
            question=one.id,
            word=Word.OK,
            clause=one.clause,
            decided_by=str(by),
            decided_at=at,
        )
        for one in rest
    )
    about = {"assessment": submission.assessment_id, "submission": submission.id}
    developer = submission.assessment.developer_id
    changes = [Change(developer=developer, detail={**about, "question": one.id, "clause": one.clause}) for one in rest]
    record_many("assessments.decide", changes, by=by, at=at, outcome=Word.OK)
    return [one.id for one in rest]


def undecided(submission: Submission) -> list[str]:
    """Questions of a submission that a reviewer has still to decide."""
    words = submission.words()
    return [question.id for question in submission.result().questions if question.id not in words]


def judged(submission: Submission) -> list[Judged]:
    """The decisions with the roles that a wrong answer stands in the way of: those of the rule that found fault, else all it guards."""
    result, case = submission.result(), submission.case()
    found = []
    for question_id, word in submission.words().items():
        question, finding = case.questionnaire.question(question_id), result.finding_of(question_id)
        roles = finding.blocks if finding and finding.blocks else blocked(case, question)
        found.append(Judged(question=question_id, word=word, blocks=roles))
    return found


def proposal(submission: Submission) -> tuple[Status, list[str]]:
    """The conclusion that follows from the decisions so far, and the roles that it approves."""
    several = judged(submission)
    outcome = proposed(submission.roles, several)
    free = (
        free_roles(submission.roles, several) if outcome in (Status.APPROVED, Status.PARTLY_APPROVED) else frozenset()
    )
    return outcome, [role for role in submission.roles if role in free]


def _check_seen(submission: Submission, question_id: str, seen: str) -> None:
    now = submission.decisions.filter(question=question_id).first()
    if (now.stamp if now else "") != seen:
        said = f": {now.word}, “{now.reason}”" if now else ""
        raise PiepowderError(
            "assessments_decision_changed_meanwhile",
            f"this answer was decided meanwhile{said}",
            hint="compare it with yours and save again",
            kind=ErrorKind.CONFLICT,
        )


def not_proposed(submission: Submission, assessment: Assessment) -> tuple[Submission, Assessment]:
    if submission.proposed_at:
        raise PiepowderError(
            "assessments_waits_for_second",
            "your conclusion waits for a second person",
            hint="take it back first, then change it",
            kind=ErrorKind.CONFLICT,
        )
    return submission, assessment


def locked(submission: Submission) -> tuple[Submission, Assessment]:
    assessment = Assessment.objects.locked(submission.assessment_id)
    return Submission.objects.named(submission.id), assessment


def mine(submission: Submission, by: Actor) -> tuple[Submission, Assessment]:
    """The submission and its assessment, locked, if `by` is the one who reviews it and it is not concluded."""
    submission, assessment = locked(submission)
    if submission.outcome in (*CONCLUSIONS, Status.WITHDRAWN):
        raise PiepowderError(
            "assessments_concluded", f"this case is {submission.outcome} already", kind=ErrorKind.CONFLICT
        )
    if submission.reviewer != str(by):
        raise PiepowderError(
            "assessments_not_your_case",
            "another reviewer has this case" if submission.reviewer else "nobody has taken this case yet",
            hint="only its reviewer decides; take it first" if not submission.reviewer else "only its reviewer decides",
            kind=ErrorKind.FORBIDDEN,
        )
    return submission, assessment
