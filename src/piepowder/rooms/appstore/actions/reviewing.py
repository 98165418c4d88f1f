"""A reviewer takes a version from the queue, answers the checklist, and it is approved or returned with reasons.

Where a version asks for shoppers' data, a second person has to approve it as well (setting `app_review_four_eyes`). Nobody reviews for
an organisation that they act for, under whichever name.
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore import letters
from piepowder.rooms.appstore.actions.provisioning import approve_roles, publish_app
from piepowder.rooms.appstore.inspection import application_of
from piepowder.rooms.appstore.models import AppVersion, Review
from piepowder.rooms.appstore.persons import same_person
from piepowder.rooms.appstore.rules.checks import unassessed
from piepowder.rooms.appstore.rules.versions import VersionStatus, Word, judged, points_for
from piepowder.rooms.assessments.promises import waited
from piepowder.rooms.developers.persons import check_independent
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing

Answers = Mapping[str, tuple[bool, str]]  # point -> fine, reason
LATE_AT_ONCE = 200


@transaction.atomic
def begin_review(version: AppVersion, *, by: Actor, at: datetime) -> AppVersion:
    """Takes a submitted version; of two who press at once, the second is told."""
    version = AppVersion.objects.locked(version.id)
    check_independent(by, version.app.developer)
    _check_second(version, by)
    AppVersion.objects.advance(version, VersionStatus.IN_REVIEW, verb="begin_review", by=by, at=at, reviewer=str(by))
    return AppVersion.objects.named(version.id)


@transaction.atomic
def give_back_review(version: AppVersion, *, by: Actor, at: datetime, reason: str = "") -> AppVersion:
    """Puts a version back into the queue, at the place that its promised date gives it. Anybody who reviews may, so none is stuck."""
    version = AppVersion.objects.locked(version.id)
    if version.status != VersionStatus.IN_REVIEW:
        raise _not_in_review(version)
    AppVersion.objects.advance(
        version, VersionStatus.SUBMITTED, verb="give_back_review", by=by, at=at, reason=reason, reviewer=""
    )
    return AppVersion.objects.named(version.id)


@transaction.atomic
def decide_version(version: AppVersion, answers: Answers, *, by: Actor, at: datetime, reason: str = "") -> AppVersion:
    """Answers the checklist. One refused point returns the version; all fine approve it, or send it to a second person."""
    version = AppVersion.objects.locked(version.id)
    if version.status != VersionStatus.IN_REVIEW:
        raise _not_in_review(version)
    if not same_person(version.reviewer, by):
        raise PiepowderError(
            "appstore_review_of_another",
            "another reviewer has taken this version",
            hint="they decide, or give it back to the queue",
            kind=ErrorKind.CONFLICT,
        )
    check_independent(by, version.app.developer)
    _check_second(version, by)
    word = judged([point.key for point in points_for(bool(version.personal))], dict(answers))
    if word is Word.APPROVE:
        _check_assessed(version, at)
    concludes = word is Word.RETURN or not _needs_second(version)
    review = _kept(version, word, answers, reason, by=by, at=at, concludes=concludes)
    if word is Word.RETURN:
        _return(version, review, by=by, at=at)
    elif concludes:
        _approve(version, reason, by=by, at=at)
    else:
        AppVersion.objects.advance(
            version,
            VersionStatus.SUBMITTED,
            verb="approve_first",
            by=by,
            at=at,
            reason=reason,
            reviewer="",
            first_approval_by=str(by),
        )
    return AppVersion.objects.named(version.id)


def _needs_second(version: AppVersion) -> bool:
    return bool(settings.PIEPOWDER.app_review_four_eyes and version.personal and not version.first_approval_by)


def _check_second(version: AppVersion, by: Actor) -> None:
    if same_person(version.first_approval_by, by):
        raise PiepowderError(
            "appstore_review_same_person",
            "you have approved this version already, and it waits for somebody else",
            hint="it asks for shoppers' data, so two persons look at it",
            kind=ErrorKind.FORBIDDEN,
        )


def _check_assessed(version: AppVersion, at: datetime) -> None:
    """It may be handed in beside the assessment, so that nobody waits twice; it is approved after it."""
    if open_ones := unassessed(application_of(version, at=at)):
        raise PiepowderError(
            "appstore_review_before_assessment",
            f"it cannot be approved before the assessment: {open_ones[0].sentence.rstrip('.')}",
            hint="decide the assessment first, or return the version",
            kind=ErrorKind.CONFLICT,
        )


def _kept(
    version: AppVersion, word: Word, answers: Answers, reason: str, *, by: Actor, at: datetime, concludes: bool
) -> Review:
    return Review.objects.create(
        version=version,
        round=version.round,
        word=word,
        points={key: {"fine": fine, "reason": said.strip()} for key, (fine, said) in answers.items()},
        reason=reason.strip(),
        reviewer=str(by),
        decided_at=at,
        concludes=concludes,
        wait_days=waited(version.submitted_at or at, at),
    )


def _return(version: AppVersion, review: Review, *, by: Actor, at: datetime) -> None:
    words = "; ".join(answer["reason"] for answer in review.points.values() if not answer["fine"])
    AppVersion.objects.advance(
        version,
        VersionStatus.RETURNED,
        verb="return_version",
        by=by,
        at=at,
        reason=words,
        decided_at=at,
        reviewer="",
        first_approval_by="",
    )
    AppVersion.objects.filter(pk=version.pk).update(reason=review.reason)
    letters.returned(version, review, at=at)


def _approve(version: AppVersion, reason: str, *, by: Actor, at: datetime) -> None:
    """Approved: its roles with it, and an app that waited for its first approval may act."""
    AppVersion.objects.advance(
        version,
        VersionStatus.APPROVED,
        verb="approve_version",
        by=by,
        at=at,
        reason=reason,
        reviewed=True,
        decided_at=at,
        reviewer="",
    )
    AppVersion.objects.filter(pk=version.pk).update(reason=reason.strip())
    app = version.app
    if set(version.roles) - set(app.roles):
        wider = {*app.roles, *version.roles}
        approve_roles(app, wider, by=by, at=at, reason=f"asked for by version {version.number}, which is approved")
    subject = Subject.objects.named(app.id)
    if subject.status == Standing.PENDING:
        set_standing(app.id, Standing.GOOD, by=by, at=at, reason=f"version {version.number} was approved")
    publish_app(app)
    letters.approved(version, reason, at=at)


def note_late_reviews(*, at: datetime) -> int:
    """Promises that were not kept: noted on the ledger and told to the developer, each once; how many."""
    late = list(AppVersion.objects.late(at).values_list("pk", flat=True)[:LATE_AT_ONCE])
    return sum(_note_late(version_id, at=at) for version_id in late)


@transaction.atomic
def _note_late(version_id: str, *, at: datetime) -> bool:
    version = AppVersion.objects.locked(version_id)
    if not version.waiting or version.breached_at or version.promised_at is None or version.promised_at >= at:
        return False
    AppVersion.objects.filter(pk=version.pk).update(breached_at=at)
    detail = {"id": version.id, "version": version.number, "promised": version.promised_at.isoformat()}
    record("appstore.break_promise", by=SYSTEM, at=at, detail=detail, **version.ledger_fields())
    letters.late(version, at=at)
    return True


def _not_in_review(version: AppVersion) -> PiepowderError:
    return PiepowderError(
        "appstore_review_not_begun",
        f"version `{version.number}` is not being reviewed: it is `{version.status}`",
        hint="take it from the queue first"
        if version.status == VersionStatus.SUBMITTED
        else "somebody decided meanwhile",
        kind=ErrorKind.CONFLICT,
    )
