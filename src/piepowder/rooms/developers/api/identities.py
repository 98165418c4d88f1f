"""Identities: an organisation shows who it is, reviewers answer point by point."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from piepowder.rooms.developers import actions, promises
from piepowder.rooms.developers.models import Identity, Review
from piepowder.rooms.developers.rules.identity import CHECKS, TITLES, WANTED, Point
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now

router = Router(tags=["identities"])

Number = Annotated[int, Field(ge=1, le=1_000_000)]
ShortText = Annotated[Prose, Field(max_length=200)]


class PreparationSent(Sent):
    representative: Name
    representative_office: ShortText = ""
    note: Prose = ""


class ClaimSent(Sent):
    number: Number
    take_over: bool = False


class ReleaseSent(Sent):
    number: Number


class AnswerSent(Sent):
    met: bool
    reason: Prose = ""


class DecisionSent(Sent):
    number: Number
    answers: dict[Point, AnswerSent]
    reason: Prose = ""


class AnswerShown(Schema):
    met: bool
    reason: str


class ReviewShown(Schema):
    number: int
    submitted_at: Moment
    due_at: Moment
    reviewer: str
    outcome: str
    answers: dict[str, AnswerShown]
    reason: str
    decided_at: Moment | None


class FileShown(Schema):
    """A document of evidence; `/api/evidence/{id}/content` has its bytes."""

    id: str
    name: str
    kind: str
    size: int
    sha256: str
    expires_on: date | None
    erased_at: Moment | None


class IdentityDocumentShown(Schema):
    id: str
    point: str
    document: FileShown


class IdentityShown(Schema):
    id: str
    developer: str
    status: str
    representative: str
    representative_office: str
    note: str
    valid_until: Moment | None
    due_on: date | None
    documents: list[IdentityDocumentShown]
    reviews: list[ReviewShown]
    missing: dict[str, str]


class WaitingShown(ReviewShown):
    developer: str
    name: str
    place: int


class PointShown(Schema):
    point: str
    title: str
    wanted: str
    checks: list[str]


class PublishedShown(Schema):
    promised_business_days: int
    median_business_days: float | None
    waiting: int


@router.get("", response=list[WaitingShown])
def list_waiting(request: HttpRequest, limit: Limit = 100) -> list[dict[str, Any]]:
    """The reviewers' queue: whoever was promised first stands in front."""
    require(request, Permission.REVIEW)
    return [
        {
            **review.described(),
            "developer": review.identity.developer_id,
            "name": review.identity.developer.name,
            "place": place,
        }
        for place, review in enumerate(Review.objects.waiting()[:limit], 1)
    ]


@router.get("/points", response=list[PointShown], auth=None)
def list_points(request: HttpRequest) -> list[dict[str, Any]]:
    """What is looked at, which document shows it, and what reviewers check: the same for everybody, and no secret."""
    return [
        {"point": point, "title": TITLES[point], "wanted": WANTED[point], "checks": list(CHECKS[point])}
        for point in Point
    ]


@router.get("/published", response=PublishedShown, auth=None)
def get_published(request: HttpRequest) -> dict[str, Any]:
    """How long a decision takes: promised, and the median of the last hundred."""
    return promises.published()


@router.get("/{developer_id}", response=IdentityShown)
def get_identity(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    """One identity, with documents, every review, and what is missing before it can be submitted."""
    return _shown(_own(request, developer_id)[0])


@router.put("/{developer_id}", response=IdentityShown)
def prepare(request: HttpRequest, developer_id: Key, sent: PreparationSent) -> dict[str, Any]:
    """Names the person who may sign for the organisation."""
    identity, by = _own(request, developer_id, Permission.REGISTER)
    return _shown(actions.prepare(identity, **sent.dict(), by=by, at=now()))


@router.post("/{developer_id}/documents", response={201: IdentityDocumentShown})
def attach(
    request: HttpRequest,
    developer_id: Key,
    file: File[UploadedFile],
    point: Form[Point],
    expires_on: Form[date | None] = None,
) -> Status[dict[str, Any]]:
    """Adds a document to a point."""
    identity, by = _own(request, developer_id, Permission.REGISTER)
    link = actions.attach(
        identity, point=point, content=file.read(), name=file.name or "", expires_on=expires_on, by=by, at=now()
    )
    return Status(201, link.described())


@router.delete("/{developer_id}/documents/{link_id}", response={204: None})
def detach(request: HttpRequest, developer_id: Key, link_id: Key) -> Status[None]:
    """Takes a document away; one that no reviewer was shown is erased."""
    identity, by = _own(request, developer_id, Permission.REGISTER)
    actions.detach(identity, link_id, by=by, at=now())
    return Status(204, None)


@router.post("/{developer_id}/submit", response=IdentityShown)
def submit(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    """Hands the identity to the reviewers; `reviews` then has the promised date."""
    identity, by = _own(request, developer_id, Permission.REGISTER)
    actions.submit(identity, by=by, at=now())
    return _shown(Identity.objects.named(identity.id))


@router.post("/{developer_id}/take-back", response=IdentityShown)
def take_back(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    """Takes a submission back, so that it can be changed."""
    identity, by = _own(request, developer_id, Permission.REGISTER)
    return _shown(actions.take_back(identity, by=by, at=now()))


@router.post("/{developer_id}/claim", response=ReviewShown)
def claim(request: HttpRequest, developer_id: Key, sent: ClaimSent) -> dict[str, Any]:
    """A reviewer takes a submission on."""
    by = require(request, Permission.REVIEW)
    return actions.claim(Identity.objects.named(developer_id), **sent.dict(), by=by, at=now()).described()


@router.post("/{developer_id}/release", response=ReviewShown)
def release(request: HttpRequest, developer_id: Key, sent: ReleaseSent) -> dict[str, Any]:
    """A reviewer gives a submission back to the queue."""
    by = require(request, Permission.REVIEW)
    return actions.release(Identity.objects.named(developer_id), number=sent.number, by=by, at=now()).described()


@router.post("/{developer_id}/decide", response=IdentityShown)
def decide(request: HttpRequest, developer_id: Key, sent: DecisionSent) -> dict[str, Any]:
    """Answers every point of a submission: all met, the identity is verified; else it is returned with the reasons."""
    by = require(request, Permission.REVIEW)
    answers = {str(point): (answer.met, answer.reason) for point, answer in sent.answers.items()}
    identity = Identity.objects.named(developer_id)
    return _shown(actions.decide(identity, number=sent.number, answers=answers, reason=sent.reason, by=by, at=now()))


def _own(request: HttpRequest, developer_id: str, staff: Permission = Permission.REVIEW) -> tuple[Identity, Actor]:
    by = require_own(request, staff, developer=developer_id)
    return Identity.objects.named(developer_id), by


def _shown(identity: Identity) -> dict[str, Any]:
    missing = {str(point): words for point, words in identity.gaps(now().date()).items()}
    return {**identity.described(), "missing": missing}
