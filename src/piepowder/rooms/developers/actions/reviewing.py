"""Reviewers take an identity on, answer every point and decide. Nobody reviews an organisation that they act for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers import letters
from piepowder.rooms.developers.models import Identity, Review
from piepowder.rooms.developers.persons import check_independent
from piepowder.rooms.developers.rules.identity import IdentityStatus, check_answers
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def claim(identity: Identity, *, number: int, by: Actor, at: datetime, take_over: bool = False) -> Review:
    """Takes a submission on, so that two do not work on one; `take_over` takes it from somebody else."""
    check_independent(by, identity.developer)
    review = _waiting(identity, number)
    free = Q() if take_over else Q(reviewer__in=("", str(by)))
    if not Review.objects.filter(free, pk=review.pk, outcome="").update(reviewer=str(by), reviewer_since=at):
        raise _claimed(Review.objects.get(pk=review.pk))
    if review.reviewer != str(by):
        detail = {"id": identity.id, "number": number, "from": review.reviewer}
        record("developers.claim_identity", by=by, at=at, developer=identity.developer_id, detail=detail)
    return Review.objects.get(pk=review.pk)


@transaction.atomic
def release(identity: Identity, *, number: int, by: Actor, at: datetime) -> Review:
    """Gives a submission back to the queue."""
    review = _waiting(identity, number)
    if Review.objects.filter(pk=review.pk, reviewer=str(by), outcome="").update(reviewer="", reviewer_since=None):
        detail = {"id": identity.id, "number": number}
        record("developers.release_identity", by=by, at=at, developer=identity.developer_id, detail=detail)
    return Review.objects.get(pk=review.pk)


@transaction.atomic
def decide(
    identity: Identity,
    *,
    number: int,
    answers: Mapping[str, tuple[bool, str]],
    by: Actor,
    at: datetime,
    reason: str = "",
) -> Identity:
    """Decides a submission (`number`) by its points: all met, it is verified; else returned, with the reason at each.

    Of two who decide at once, one meets a conflict; so does whoever looked at an earlier submission.
    """
    check_independent(by, identity.developer)
    review = _waiting(identity, number)
    if review.reviewer not in ("", str(by)):
        raise _claimed(review)
    check_answers(answers)
    met = all(one for one, _ in answers.values())
    outcome = IdentityStatus.VERIFIED if met else IdentityStatus.RETURNED
    until = {"valid_until": at + timedelta(days=settings.PIEPOWDER.identity_valid_days)} if met else {}
    verb = "verify_identity" if met else "return_identity"
    decided = Identity.objects.advance(
        identity, outcome, verb=verb, by=by, at=at, reason=reason, changed_at=at, **until
    )
    kept = {point: [one, "" if one else words.strip()[:2000]] for point, (one, words) in answers.items()}
    changed = Review.objects.filter(pk=review.pk, outcome="").update(
        outcome=outcome, answers=kept, reason=reason, decided_by=str(by), decided_at=at
    )
    if not changed:
        raise _gone()
    _told(decided, Review.objects.get(pk=review.pk), at=at)
    return decided


def _told(identity: Identity, review: Review, *, at: datetime) -> None:
    if review.outcome == IdentityStatus.VERIFIED:
        letters.verified(identity, at=at)
    else:
        letters.returned(identity, review, at=at)


def _waiting(identity: Identity, number: int) -> Review:
    review = Review.objects.numbered(identity, number)
    if review.outcome:
        raise _gone()
    return review


def _gone() -> PiepowderError:
    return PiepowderError(
        "developers_review_changed",
        "this submission is no longer waiting: it was decided, or taken back",
        hint="look at it anew",
        kind=ErrorKind.CONFLICT,
    )


def _claimed(review: Review) -> PiepowderError:
    return PiepowderError(
        "developers_review_claimed",
        f"`{review.reviewer}` is working on this",
        hint="take it over if that reviewer cannot go on",
        kind=ErrorKind.CONFLICT,
    )
