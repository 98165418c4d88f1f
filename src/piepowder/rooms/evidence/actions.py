"""A document is kept, handed out, erased. Whether somebody may have it is asked by the door that knows its owner."""

from datetime import date, datetime
from hashlib import sha256

from django.conf import settings
from django.db import IntegrityError, transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.evidence import rules, sealing
from piepowder.rooms.evidence.models import Content, Document
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


def keep(
    content: bytes, *, name: str, owner: str, purpose: str, by: Actor, at: datetime, expires_on: date | None = None
) -> Document:
    """Looks into a document and keeps it, sealed. `owner` is a developer's id, `purpose` says in words what it shows.

    Handing in the very same one for the same purpose again gives the first one back. `evidence_…` says what is refused.
    """
    inspected = rules.inspect(name, content, settings.PIEPOWDER.evidence_bytes_max)
    purpose = " ".join(purpose.split())[: rules.PURPOSE_MAX]
    if not purpose:
        raise PiepowderError("evidence_purpose_missing", "say what this document shows")
    rules.check_expiry(expires_on, at.date())
    digest = sha256(content).hexdigest()
    if before := Document.objects.same(owner, purpose, digest):
        return before
    rules.check_room(*Document.objects.room_taken(owner), len(content), settings.PIEPOWDER.evidence_bytes_max)
    document = Document(
        owner=owner,
        purpose=purpose,
        name=inspected.name,
        kind=inspected.kind,
        size=len(content),
        sha256=digest,
        uploaded_by=str(by),
        uploaded_at=at,
        expires_on=expires_on,
    )
    return _write(document, content, by=by, at=at)


def _write(document: Document, content: bytes, *, by: Actor, at: datetime) -> Document:
    """Keeps a document that was looked into, sealed."""
    sealed_key, sealed = sealing.seal(document.id, content)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
            Content.objects.create(document=document, sealed_key=sealed_key, sealed=sealed)
            _record("keep", document, by=by, at=at, sha256=document.sha256, size=document.size, kind=document.kind)
    except IntegrityError:
        # A form that was sent twice: both looked before either wrote.
        if before := Document.objects.same(document.owner, document.purpose, document.sha256):
            return before
        raise
    return document


@transaction.atomic
def hand_out(document: Document, *, by: Actor, at: datetime) -> bytes:
    """The bytes of a document, for somebody who may have them; on the ledger before the first byte leaves."""
    content = Content.objects.filter(document=document).first()
    if content is None:
        raise PiepowderError(
            "evidence_erased",
            f"`{document.name}` was erased",
            hint="what it was handed in for, and by whom, stays on record",
            kind=ErrorKind.NOT_FOUND,
        )
    opened = sealing.open_sealed(document.id, bytes(content.sealed_key), bytes(content.sealed))
    _record("hand_out", document, by=by, at=at)
    return opened


@transaction.atomic
def erase(document: Document, *, by: Actor, at: datetime, reason: str = "") -> Document:
    """Deletes the bytes and their key; that there was such a document stays. Safe to repeat."""
    if Document.objects.filter(pk=document.pk, erased_at=None).update(erased_at=at):
        Content.objects.filter(document=document).delete()
        _record("erase", document, by=by, at=at, reason=reason)
    return Document.objects.get(pk=document.pk)


def _record(verb: str, document: Document, *, by: Actor, at: datetime, reason: str = "", **detail: object) -> None:
    developer = document.owner if document.owner.startswith("dev_") else ""
    detail = {"document": document.id, **detail}
    record(f"evidence.{verb}", by=by, at=at, reason=reason, developer=developer, detail=detail)
