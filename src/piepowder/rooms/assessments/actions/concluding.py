"""A review is concluded. Roles with personal data take two people: one concludes, another confirms (`assessment_four_eyes`)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.assessments import letters, promises
from piepowder.rooms.assessments.actions.reviewing import (
    REASON_MAX,
    judged,
    locked,
    mine,
    not_proposed,
    proposal,
    undecided,
)
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.persons import check_independent, persons_behind
from piepowder.rooms.assessments.rules.status import Status, Word, check_conclusion
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing


@transaction.atomic
def conclude(
    submission: Submission,
    *,
    by: Actor,
    at: datetime,
    outcome: Status | None = None,
    roles: Collection[str] | None = None,
    reason: str = "",
) -> Submission:
    """Ends a review: with what follows from the decisions, unless another outcome is given that they allow.

    Every answer must be decided. `assessments_conclusion_wrong` where an outcome contradicts the decisions.
    """
    submission, assessment = not_proposed(*mine(submission, by))
    if missing := undecided(submission):
        raise PiepowderError(
            "assessments_undecided",
            f"answers that are not decided yet: {len(missing)}, beginning with `{missing[0]}`",
            hint="decide them, or accept the rest where the rules find no fault",
            kind=ErrorKind.CONFLICT,
            questions=missing,
        )
    follows, free = proposal(submission)
    end = Status(outcome) if outcome else follows
    granted = list(submission.roles if end is Status.APPROVED else (free if roles is None else roles))
    several = judged(submission)
    check_conclusion(end, granted, submission.roles, several)
    granted = granted if end in (Status.APPROVED, Status.PARTLY_APPROVED) else []
    reason = reason.strip()[:REASON_MAX]
    if needs_second(submission, granted):
        return _propose(submission, end, granted, reason, by=by, at=at)
    return _conclude(submission, assessment, end, granted, reason, by=by, at=at)


def needs_second(submission: Submission, roles: Collection[str]) -> bool:
    """Whether a second person confirms this: roles with personal data are approved. A questionnaire that does not say which
    roles those are has them all confirmed."""
    with_data = submission.questionnaire.parsed.role_groups.get("personal_data", tuple(submission.roles))
    return bool(settings.PIEPOWDER.assessment_four_eyes and set(roles) & set(with_data))


def _propose(
    submission: Submission, end: Status, roles: list[str], reason: str, *, by: Actor, at: datetime
) -> Submission:
    Submission.objects.filter(pk=submission.pk).update(
        proposed_outcome=end, proposed_roles=roles, proposed_reason=reason, proposed_at=at, declined_because=""
    )
    _record("propose", submission, by=by, at=at, outcome=end, reason=reason, roles=roles)
    return Submission.objects.named(submission.id)


@transaction.atomic
def confirm(submission: Submission, *, by: Actor, at: datetime) -> Submission:
    """A second person agrees with the reviewer, and the approval takes effect."""
    submission, assessment = _proposed(submission, by)
    end, roles = Status(submission.proposed_outcome), list(submission.proposed_roles)
    Submission.objects.filter(pk=submission.pk).update(confirmed_by=str(by))
    return _conclude(submission, assessment, end, roles, submission.proposed_reason, by=by, at=at)


@transaction.atomic
def decline(submission: Submission, *, reason: str, by: Actor, at: datetime) -> Submission:
    """A second person does not agree: back to the reviewer, who reads why."""
    submission, _ = _proposed(submission, by)
    reason = reason.strip()[:REASON_MAX]
    if not reason:
        raise PiepowderError(
            "assessments_reason_missing", "say why: the reviewer reads it", hint="a sentence that helps"
        )
    return _back_to_reviewer(submission, "decline", reason, by=by, at=at)


@transaction.atomic
def retract(submission: Submission, *, by: Actor, at: datetime) -> Submission:
    """The reviewer takes a proposal back, to change decisions."""
    submission, _ = mine(submission, by)
    return _back_to_reviewer(submission, "retract", "", by=by, at=at) if submission.proposed_at else submission


def _back_to_reviewer(submission: Submission, verb: str, reason: str, *, by: Actor, at: datetime) -> Submission:
    Submission.objects.filter(pk=submission.pk).update(
        proposed_outcome="", proposed_roles=[], proposed_reason="", proposed_at=None, declined_because=reason
    )
    _record(verb, submission, by=by, at=at, outcome=submission.proposed_outcome, reason=reason)
    back = Submission.objects.named(submission.id)
    if reason:
        letters.declined(back, reason, at=at)
    return back


def _proposed(submission: Submission, by: Actor) -> tuple[Submission, Assessment]:
    """The submission and its assessment, locked, if it waits for a second person and `by` is one."""
    submission, assessment = locked(submission)
    if submission.outcome or not submission.proposed_at:
        raise PiepowderError(
            "assessments_not_proposed",
            "nothing waits for a second person here" if not submission.outcome else "this case is concluded",
            hint="look at its present state",
            kind=ErrorKind.CONFLICT,
        )
    check_independent(str(by), assessment.developer)
    decided = {submission.reviewer, *submission.decisions.filter(kept=False).values_list("decided_by", flat=True)}
    if persons_behind(str(by)) & {person for one in decided for person in persons_behind(one)}:
        raise PiepowderError(
            "assessments_second_person",
            "you decided this yourself, and roles with personal data take two people",
            hint="leave it to another reviewer",
            kind=ErrorKind.FORBIDDEN,
        )
    return submission, assessment


def _record(
    verb: str, submission: Submission, *, by: Actor, at: datetime, outcome: str, reason: str, **more: object
) -> None:
    detail = {"assessment": submission.assessment_id, "submission": submission.id, **more}
    developer = submission.assessment.developer_id
    record(f"assessments.{verb}", by=by, at=at, developer=developer, outcome=outcome, reason=reason, detail=detail)


def _conclude(
    submission: Submission,
    assessment: Assessment,
    end: Status,
    roles: list[str],
    reason: str,
    *,
    by: Actor,
    at: datetime,
) -> Submission:
    changes = _approval(assessment, end, roles, at)
    Assessment.objects.advance(
        assessment, end, verb="conclude", by=by, at=at, reason=reason, changed_at=at, due_at=None, **changes
    )
    Assessment.objects.filter(pk=assessment.pk).update(reason=reason)
    Submission.objects.filter(pk=submission.pk).update(
        concluded_at=at,
        outcome=end,
        reason=reason,
        roles_approved=roles,
        proposed_at=None,
        wait_days=promises.waited(submission.submitted_at, at),
    )
    concluded = Submission.objects.named(submission.id)
    if roles:
        _end_earlier(assessment, by=by, at=at)
        _open_the_door(assessment.developer_id, by=by, at=at)
    letters.concluded(concluded, list(concluded.decisions.exclude(word=Word.OK).order_by("id")), at=at)
    return concluded


def _approval(assessment: Assessment, end: Status, roles: list[str], at: datetime) -> dict[str, object]:
    """What changes of the approval: a new one lasts a year, a refusal ends it, and what comes back leaves it as it was."""
    if roles:
        valid_until = at + timedelta(days=assessment.asked.valid_days)
        return {"roles_approved": roles, "valid_until": valid_until, "reminded": []}
    return {"roles_approved": [], "valid_until": None} if end is Status.REFUSED else {}


def _end_earlier(assessment: Assessment, *, by: Actor, at: datetime) -> None:
    """A renewal takes the place of what it renews, on the day it is approved."""
    earlier = Assessment.objects.in_force(assessment.developer_id, at).exclude(pk=assessment.pk)
    for one in earlier.filter(status__in=(Status.APPROVED, Status.PARTLY_APPROVED)):
        Assessment.objects.advance(
            one, Status.EXPIRED, verb="expire", by=by, at=at, reason="renewed", valid_until=at, changed_at=at
        )


def _open_the_door(developer_id: str, *, by: Actor, at: datetime) -> None:
    """With its first approval a developer's standing becomes good; one that the court has changed is the court's."""
    subject = Subject.objects.named(developer_id)
    if subject.status == Standing.PENDING:
        set_standing(developer_id, Standing.GOOD, by=by, at=at, reason="the first assessment is approved")
