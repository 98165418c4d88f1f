"""The reviewer's side: the queue, a case, its decisions, its conclusion."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from piepowder.rooms.assessments import actions, cases
from piepowder.rooms.assessments.api.shapes import (
    AssignSent,
    ChangedShown,
    ConclusionSent,
    DecisionSent,
    DecisionShown,
    DeclineSent,
    ReviewShown,
    SubmissionShown,
)
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.assessments.rules.answers import kept_form
from piepowder.rooms.assessments.rules.status import outcome_named, word_named
from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Limit, now
from piepowder.rooms.people.models import Account

router = Router(tags=["assessments"])


@router.get("/reviews/queue", response=list[SubmissionShown])
def get_queue(request: HttpRequest, unassigned: bool = False, limit: Limit = 100) -> list[dict[str, Any]]:
    """What waits for a decision: what was promised first comes first."""
    require(request, Permission.REVIEW)
    rows = Submission.objects.unassigned() if unassigned else Submission.objects.waiting()
    return [one.described() for one in rows[:limit]]


@router.post("/reviews/next", response=SubmissionShown)
def take_next(request: HttpRequest) -> dict[str, Any]:
    """Takes the case with the oldest promise that this key may review."""
    by = require(request, Permission.REVIEW)
    return actions.take_next(by=by, at=now()).described()


@router.get("/reviews/{submission_id}", response=ReviewShown)
def get_review(request: HttpRequest, submission_id: Key) -> dict[str, Any]:
    """A case as it was handed in, with what the rules suggest and what was decided so far."""
    require(request, Permission.REVIEW)
    submission = Submission.objects.named(submission_id)
    seen = cases.under_review(submission)
    findings = {one["question"]: one for one in cases.outlook(seen)["findings"]}
    proposed, roles = actions.proposal(submission)
    lines = [
        {
            **kept_form(line.given),
            "question": line.question.id,
            "ask": line.question.ask,
            "clause": line.question.clause,
            "score": line.score,
            "finding": findings.get(line.question.id),
            "suggested": line.suggested,
            "decision": line.decision.described() if line.decision else None,
        }
        for line in seen.lines
    ]
    return {
        "submission": submission.described(),
        "proposed": proposed,
        "roles": roles,
        "undecided": actions.undecided(submission),
        "lines": lines,
    }


@router.post("/reviews/{submission_id}/take", response=SubmissionShown)
def take(request: HttpRequest, submission_id: Key) -> dict[str, Any]:
    """Whoever takes a case reviews it."""
    by = require(request, Permission.REVIEW)
    return actions.take(Submission.objects.named(submission_id), by=by, at=now()).described()


@router.post("/reviews/{submission_id}/assign", response=SubmissionShown)
def assign(request: HttpRequest, submission_id: Key, sent: AssignSent) -> dict[str, Any]:
    """Gives a case to a reviewer (an account's id or e-mail address)."""
    by = require(request, Permission.REVIEW)
    submission, reviewer = Submission.objects.named(submission_id), Account.objects.named(sent.reviewer)
    return actions.assign(submission, reviewer, by=by, at=now()).described()


@router.post("/reviews/{submission_id}/hand-back", response=SubmissionShown)
def hand_back(request: HttpRequest, submission_id: Key) -> dict[str, Any]:
    """Back into the queue, at its old place."""
    by = require(request, Permission.REVIEW)
    return actions.hand_back(Submission.objects.named(submission_id), by=by, at=now()).described()


@router.put("/reviews/{submission_id}/decisions/{question_id}", response=DecisionShown)
def decide(request: HttpRequest, submission_id: Key, question_id: Key, sent: DecisionSent) -> dict[str, Any]:
    """What one answer is worth: `ok`, `wrong` or `ask`. The last two need a reason, unless a rule has found fault."""
    by = require(request, Permission.REVIEW)
    word = word_named(sent.word)
    submission = Submission.objects.named(submission_id)
    words = {"reason": sent.reason, "fix": sent.fix, "clause": sent.clause}
    return actions.decide(submission, question_id, word, **words, seen=sent.seen, by=by, at=now()).described()


@router.post("/reviews/{submission_id}/accept-rest", response=ChangedShown)
def accept_rest(request: HttpRequest, submission_id: Key) -> dict[str, Any]:
    """Says ok to what is undecided and has full marks by the rules."""
    by = require(request, Permission.REVIEW)
    return {"changed": actions.accept_rest(Submission.objects.named(submission_id), by=by, at=now())}


@router.post("/reviews/{submission_id}/conclude", response=SubmissionShown)
def conclude(request: HttpRequest, submission_id: Key, sent: ConclusionSent) -> dict[str, Any]:
    """Ends a review: with what follows from the decisions, unless another `outcome` is given that they allow.

    Where roles with personal data are approved, `proposed_at` is set and a second person has to `confirm`.
    """
    by = require(request, Permission.REVIEW)
    return actions.conclude(
        Submission.objects.named(submission_id),
        outcome=outcome_named(sent.outcome),
        roles=sent.roles,
        reason=sent.reason,
        by=by,
        at=now(),
    ).described()


@router.post("/reviews/{submission_id}/confirm", response=SubmissionShown)
def confirm(request: HttpRequest, submission_id: Key) -> dict[str, Any]:
    """A second person agrees with an approval of roles with personal data, and it takes effect."""
    by = require(request, Permission.REVIEW)
    return actions.confirm(Submission.objects.named(submission_id), by=by, at=now()).described()


@router.post("/reviews/{submission_id}/decline", response=SubmissionShown)
def decline(request: HttpRequest, submission_id: Key, sent: DeclineSent) -> dict[str, Any]:
    """A second person does not agree: back to the reviewer."""
    by = require(request, Permission.REVIEW)
    return actions.decline(Submission.objects.named(submission_id), reason=sent.reason, by=by, at=now()).described()


@router.post("/reviews/{submission_id}/retract", response=SubmissionShown)
def retract(request: HttpRequest, submission_id: Key) -> dict[str, Any]:
    """The reviewer takes a proposal back before it is confirmed."""
    by = require(request, Permission.REVIEW)
    return actions.retract(Submission.objects.named(submission_id), by=by, at=now()).described()
