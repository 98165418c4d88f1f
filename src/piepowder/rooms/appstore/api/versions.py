"""Versions of apps: written, checked and handed in by developers, reviewed by staff, released in stages; the deadline for apps."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from piepowder.core.facts.model import ManifestFact
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.inspection import inspect
from piepowder.rooms.appstore.manifests import manifest_from
from piepowder.rooms.appstore.models import AppVersion, Deadline, Review
from piepowder.rooms.appstore.outlook import outlook
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Prose, Sent, Word, now

router = Router(tags=["app versions"])

Words = dict[Word, tuple[Word, ...]]
Percent = Annotated[int, Field(ge=1, le=100)]


class WholeManifest(Sent):
    """Operation -> purposes, purpose -> data categories."""

    operations: Annotated[Words, Field(max_length=1000)] = {}
    categories: Annotated[Words, Field(max_length=100)] = {}
    substitutes_everywhere: bool = False

    def fact(self) -> ManifestFact:
        return manifest_from(self.dict(include={"operations", "categories", "substitutes_everywhere"}))


class ManifestWritten(WholeManifest):
    revision: int | None = None


class Described(Sent):
    roles: Annotated[list[Word], Field(max_length=100)] | None = None
    notes: Prose | None = None
    substitutes_everywhere: bool | None = None
    revision: int | None = None


class Share(Sent):
    percent: Percent = 100


class Reason(Sent):
    reason: Prose = ""


class PointSent(Sent):
    fine: bool
    reason: Prose = ""


class DecisionSent(Sent):
    points: Annotated[dict[Word, PointSent], Field(max_length=50)]
    reason: Prose = ""


class DeadlineSent(Sent):
    due_at: Moment | None
    reason: Prose = ""


class CheckShown(Schema):
    check: str
    outcome: str
    sentence: str
    clause: str
    place: str


class VersionShown(Schema):
    id: str
    app: str
    number: str
    status: str
    moves: str
    manifest: dict[str, Any]
    roles: list[str]
    notes: str
    revision: int
    reviewed: bool
    round: int
    created_at: Moment
    submitted_at: Moment | None
    promised_at: Moment | None
    late: bool
    reviewer: str
    first_approval_by: str
    decided_at: Moment | None
    reason: str
    live_at: Moment | None


class ReviewShown(Schema):
    id: str
    version: str
    round: int
    word: str
    points: dict[str, dict[str, Any]]
    reason: str
    decided_at: Moment
    concludes: bool
    wait_days: int


class DifferenceShown(Schema):
    widens: bool
    purposes: list[str]
    gone_purposes: list[str]
    operations: list[list[str]]
    categories: list[list[str]]
    gone_operations: list[list[str]]
    gone_categories: list[list[str]]


class OutlookLine(Schema):
    purpose: str
    category: str
    effect: str
    note: str


class WaitsShown(Schema):
    count: int
    median: int | None
    p90: int | None


class DeadlineShown(Schema):
    id: str
    due_at: Moment | None
    reason: str
    set_at: Moment
    set_by: str
    reminded: list[int]


@router.get("/queue", response=list[VersionShown])
def list_queue(request: HttpRequest, limit: Limit = 100) -> list[dict[str, Any]]:
    """Versions that wait for the marketplace, in the order in which they were promised."""
    require(request, Permission.READ)
    return [version.described() for version in AppVersion.objects.queue()[:limit]]


@router.get("/waits", response=WaitsShown)
def get_waits(request: HttpRequest) -> dict[str, int | None]:
    """How long decisions took in the last 180 days, in business days. Every key may read it."""
    caller_of(request)
    return AppVersion.objects.waits(now())


@router.get("/deadline", response=DeadlineShown | None)
def get_deadline(request: HttpRequest) -> dict[str, Any] | None:
    """The date by which every app has to be approved; nothing where there is none. Every key may read it."""
    caller_of(request)
    row = Deadline.objects.present()
    return row.described() if row else None


@router.put("/deadline", response=DeadlineShown)
def put_deadline(request: HttpRequest, sent: DeadlineSent) -> dict[str, Any]:
    """Sets the date, or lifts it with `null`."""
    by = require(request, Permission.GOVERN)
    return actions.set_deadline(sent.due_at, by=by, at=now(), reason=sent.reason).described()


@router.get("/{version_id}", response=VersionShown)
def get_version(request: HttpRequest, version_id: Key) -> dict[str, Any]:
    """One version, with its manifest and what became of it."""
    version, _ = _own(request, version_id, Permission.READ)
    return version.described()


@router.get("/{version_id}/checks", response=list[CheckShown])
def get_checks(request: HttpRequest, version_id: Key) -> list[dict[str, str]]:
    """What the automatic checks say: now, while it is written; as it was handed in, afterwards."""
    version, _ = _own(request, version_id, Permission.READ)
    return [one.described() for one in inspect(version, at=now())] if version.writable else version.checks


@router.get("/{version_id}/difference", response=DifferenceShown)
def get_difference(request: HttpRequest, version_id: Key) -> dict[str, object]:
    """What it asks beyond the version that it would replace, or replaced."""
    version, _ = _own(request, version_id, Permission.READ)
    return version.difference_to(version.before()).described()


@router.get("/{version_id}/outlook", response=list[OutlookLine])
def get_outlook(request: HttpRequest, version_id: Key) -> list[dict[str, str]]:
    """What the policy in force would give at most, for each purpose and data category."""
    version, _ = _own(request, version_id, Permission.READ)
    found, _policy = outlook(version.manifest, version.roles, app=version.app_id, environment=version.app.environment)
    return [
        {"purpose": one.purpose, "category": line.category, "effect": line.effect, "note": line.note}
        for one in found
        for line in one.lines
    ]


@router.get("/{version_id}/reviews", response=list[ReviewShown])
def list_reviews(request: HttpRequest, version_id: Key, limit: Limit = 100) -> list[dict[str, Any]]:
    """What reviewers said, point by point, the newest first."""
    version, _ = _own(request, version_id, Permission.READ)
    return [review.described() for review in Review.objects.of(version)[:limit]]


@router.put("/{version_id}/manifest", response=VersionShown)
def put_manifest(request: HttpRequest, version_id: Key, sent: ManifestWritten) -> dict[str, Any]:
    """Replaces the manifest of a draft, or of a returned version. `revision` guards against somebody who was faster."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.write_manifest(version, sent.fact(), by=by, at=now(), revision=sent.revision).described()


@router.patch("/{version_id}", response=VersionShown)
def describe_version(request: HttpRequest, version_id: Key, sent: Described) -> dict[str, Any]:
    """Sets roles, notes, or whether substitutes fill in everywhere; what is left out stays."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.describe_version(version, **sent.dict(), by=by, at=now()).described()


@router.post("/{version_id}/submit", response=VersionShown)
def submit_version(request: HttpRequest, version_id: Key) -> dict[str, Any]:
    """Hands it in; refused where an automatic check fails."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.submit_version(version, by=by, at=now()).described()


@router.post("/{version_id}/take-back", response=VersionShown)
def take_back_version(request: HttpRequest, version_id: Key) -> dict[str, Any]:
    """Takes a submitted version back, so that it can be changed."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.take_back_version(version, by=by, at=now()).described()


@router.post("/{version_id}/withdraw", response=VersionShown)
def withdraw_version(request: HttpRequest, version_id: Key, sent: Reason) -> dict[str, Any]:
    """Gives a version up for good."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.withdraw_version(version, by=by, at=now(), reason=sent.reason).described()


@router.post("/{version_id}/release", response=VersionShown)
def release_version(request: HttpRequest, version_id: Key, sent: Share) -> dict[str, Any]:
    """Puts an approved version live, for a share of sellers."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.release_version(version, by=by, at=now(), percent=sent.percent).described()


@router.post("/{version_id}/widen", response=VersionShown)
def widen_rollout(request: HttpRequest, version_id: Key, sent: Share) -> dict[str, Any]:
    """Raises the share of sellers who get it."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.widen_rollout(version, sent.percent, by=by, at=now()).described()


@router.post("/{version_id}/stop", response=VersionShown)
def stop_rollout(request: HttpRequest, version_id: Key, sent: Reason) -> dict[str, Any]:
    """Stops its roll-out; sellers go on with the version before."""
    version, by = _own(request, version_id, Permission.REGISTER)
    return actions.stop_rollout(version, by=by, at=now(), reason=sent.reason).described()


@router.post("/{version_id}/review", response=VersionShown)
def begin_review(request: HttpRequest, version_id: Key) -> dict[str, Any]:
    """Takes a submitted version to review."""
    by = require(request, Permission.REVIEW)
    return actions.begin_review(AppVersion.objects.named(version_id), by=by, at=now()).described()


@router.post("/{version_id}/give-back", response=VersionShown)
def give_back_review(request: HttpRequest, version_id: Key, sent: Reason) -> dict[str, Any]:
    """Puts it back into the queue."""
    by = require(request, Permission.REVIEW)
    version = AppVersion.objects.named(version_id)
    return actions.give_back_review(version, by=by, at=now(), reason=sent.reason).described()


@router.post("/{version_id}/decide", response=VersionShown)
def decide_version(request: HttpRequest, version_id: Key, sent: DecisionSent) -> dict[str, Any]:
    """Answers every point of the checklist; one that is not fine returns the version."""
    by = require(request, Permission.REVIEW)
    answers = {key: (one.fine, one.reason) for key, one in sent.points.items()}
    version = AppVersion.objects.named(version_id)
    return actions.decide_version(version, answers, by=by, at=now(), reason=sent.reason).described()


def _own(request: HttpRequest, version_id: str, staff: Permission) -> tuple[AppVersion, Actor]:
    """The version and who asks: a key of its developer, or one of staff with the permission."""
    version = AppVersion.objects.named(version_id)
    return version, require_own(request, staff, developer=version.app.developer_id)
