"""An organisation shows who it is: it names who may sign, adds documents to the points, submits, and may take it back."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers import letters
from piepowder.rooms.developers.actions.registration import check_open
from piepowder.rooms.developers.models import Developer, Identity, IdentityDocument, Review
from piepowder.rooms.developers.rules.identity import (
    DOCUMENTS_MAX,
    TITLES,
    IdentityStatus,
    Point,
    business_days_after,
    check_renewable,
)
from piepowder.rooms.evidence import actions as evidence
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.ground.names import clean_name


@transaction.atomic
def prepare(
    identity: Identity, *, representative: str, by: Actor, at: datetime, representative_office: str = "", note: str = ""
) -> Identity:
    """Names the person who may sign for the organisation, with a note for the reviewer."""
    identity = _editable(identity, at)
    values = {
        "representative": clean_name(representative)[:200],
        "representative_office": clean_name(representative_office)[:200],
        "note": note.replace("\0", "").strip()[:2000],
    }
    if any(getattr(identity, name) != value for name, value in values.items()):
        Identity.objects.filter(pk=identity.pk).update(**values, changed_at=at)
        record("developers.prepare_identity", by=by, at=at, developer=identity.developer_id, detail={"id": identity.id})
    return Identity.objects.named(identity.id)


@transaction.atomic
def attach(
    identity: Identity,
    *,
    point: str,
    content: bytes,
    name: str,
    by: Actor,
    at: datetime,
    expires_on: date | None = None,
) -> IdentityDocument:
    """Adds a document to a point. The same one twice is one."""
    identity = _editable(identity, at)
    if point not in set(Point):
        raise PiepowderError("developers_point_unknown", f"there is no point `{point}`", hint=", ".join(Point))
    if identity.documents.count() >= DOCUMENTS_MAX:
        raise PiepowderError(
            "developers_documents_full",
            f"at most {DOCUMENTS_MAX} documents",
            hint="remove one first",
            kind=ErrorKind.CONFLICT,
        )
    purpose = f"Identity: {TITLES[Point(point)]}"
    document = evidence.keep(
        content, name=name, owner=identity.developer_id, purpose=purpose, by=by, at=at, expires_on=expires_on
    )
    link, made = IdentityDocument.objects.get_or_create(
        identity=identity, point=point, document=document, defaults={"created_at": at}
    )
    if made:
        _touched("attach_identity_document", identity, by=by, at=at, document=document.id, point=point)
    return link


@transaction.atomic
def detach(identity: Identity, link_id: str, *, by: Actor, at: datetime) -> None:
    """Takes a document away. One that no reviewer was ever shown is erased; what was judged stays with its review."""
    identity = _editable(identity, at)
    link = identity.documents.select_related("document").filter(pk=link_id).first()
    if link is None:
        raise PiepowderError("developers_document_unknown", f"no document `{link_id}` here", kind=ErrorKind.NOT_FOUND)
    document = link.document
    link.delete()
    _touched("detach_identity_document", identity, by=by, at=at, document=document.id, point=link.point)
    shown = any(document.id == one for review in identity.reviews.all() for _, one in review.documents)
    if not shown and not IdentityDocument.objects.filter(document=document).exists():
        evidence.erase(document, by=by, at=at, reason="removed before anybody was shown it")


@transaction.atomic
def submit(identity: Identity, *, by: Actor, at: datetime) -> Review:
    """Hands the identity to the reviewers, with the facts and documents as they are now, and promises a date."""
    developer = Developer.objects.locked(identity.developer_id)
    check_open(developer)
    identity = Identity.objects.of(developer)
    check_renewable(identity.status, identity.valid_until, at)
    if missing := identity.gaps(at.date()):
        point, words = next(iter(missing.items()))
        raise PiepowderError(
            "developers_identity_incomplete",
            f"{TITLES[point].lower()}: {words[:1].lower()}{words[1:].rstrip('.')}",
            hint=f"{len(missing)} points are open" if len(missing) > 1 else "",
            point=point,
            problems=[f"{TITLES[one]}: {told}" for one, told in missing.items()],
        )
    Identity.objects.advance(identity, IdentityStatus.SUBMITTED, verb="submit_identity", by=by, at=at, changed_at=at)
    before = Review.objects.newest(identity)
    review = Review.objects.create(
        identity=identity,
        number=before.number + 1 if before else 1,
        facts=identity.facts(),
        documents=[[one.point, one.document_id] for one in identity.documents.order_by("id")],
        submitted_by=str(by),
        submitted_at=at,
        due_at=promised(at),
    )
    letters.submitted(identity, review, at=at)
    return review


def promised(at: datetime) -> datetime:
    """The date by which something that is submitted now is answered."""
    return business_days_after(at, settings.PIEPOWDER.identity_review_days, holidays())


def holidays() -> frozenset[date]:
    return frozenset(date.fromisoformat(word) for word in settings.PIEPOWDER.holidays.replace(",", " ").split())


@transaction.atomic
def take_back(identity: Identity, *, by: Actor, at: datetime) -> Identity:
    """Takes the submission back, to change it; its place in the queue is given up."""
    taken = Identity.objects.advance(
        identity, IdentityStatus.DRAFT, verb="take_back_identity", by=by, at=at, changed_at=at
    )
    Review.objects.waiting().filter(identity=identity).update(outcome="taken_back", decided_at=at)
    return taken


def _editable(identity: Identity, at: datetime) -> Identity:
    """The identity as it now is, locked, where it is the organisation's turn."""
    developer = Developer.objects.locked(identity.developer_id)
    check_open(developer)
    identity = Identity.objects.of(developer)
    if identity.is_editable(at):
        return identity
    waiting = identity.status == IdentityStatus.SUBMITTED
    raise PiepowderError(
        "developers_identity_locked",
        "a reviewer is looking at this just now" if waiting else "this identity is verified",
        hint="take the submission back to change it" if waiting else "it can be shown anew 60 days before it ends",
        kind=ErrorKind.CONFLICT,
    )


def _touched(verb: str, identity: Identity, *, by: Actor, at: datetime, **detail: str) -> None:
    Identity.objects.filter(pk=identity.pk).update(changed_at=at)
    record(f"developers.{verb}", by=by, at=at, developer=identity.developer_id, detail={"id": identity.id, **detail})
