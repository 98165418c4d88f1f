"""Evidence: an organisation hands in documents; it and reviewers list and download them."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import StringConstraints

from piepowder.rooms.evidence import actions
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.evidence.serving import attachment
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now, page

router = Router(tags=["evidence"])

Owner = Annotated[str, StringConstraints(pattern=r"^dev_[0-9a-z]{1,60}$")]


class ErasureSent(Sent):
    reason: Prose = ""


class DocumentShown(Schema):
    id: str
    owner: str
    purpose: str
    name: str
    kind: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: Moment
    expires_on: date | None
    erased_at: Moment | None


@router.get("", response=list[DocumentShown])
def list_documents(request: HttpRequest, owner: Owner, after: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """What an organisation handed in, in the order of ids; the next page begins `after` the last id of this one."""
    require_own(request, Permission.REVIEW, developer=owner)
    return [one.described() for one in page(Document.objects.of(owner), after=after, limit=limit)]


@router.post("", response={201: DocumentShown})
def add_document(
    request: HttpRequest,
    file: File[UploadedFile],
    owner: Form[Owner],
    purpose: Form[Name],
    expires_on: Form[date | None] = None,
) -> Status[dict[str, Any]]:
    """Hands in a document, with a key of that organisation. The same one for the same purpose again is the first one."""
    by = require_own(request, Permission.REGISTER, developer=owner)
    document = actions.keep(
        file.read(),
        name=file.name or "",
        owner=owner,
        purpose=purpose,
        expires_on=expires_on,
        by=by,
        at=now(),
    )
    return Status(201, document.described())


@router.get("/{document_id}", response=DocumentShown)
def get_document(request: HttpRequest, document_id: Key) -> dict[str, Any]:
    """What is known of a document, without its content."""
    return _of_caller(request, document_id)[0].described()


@router.get("/{document_id}/content")
def get_content(request: HttpRequest, document_id: Key) -> HttpResponse:
    """The document itself, as a file to save. Every download is on the ledger."""
    document, by = _of_caller(request, document_id)
    return attachment(document, actions.hand_out(document, by=by, at=now()))


@router.post("/{document_id}/erase", response=DocumentShown)
def erase_document(request: HttpRequest, document_id: Key, sent: ErasureSent) -> dict[str, Any]:
    """Deletes the bytes and their key for good, by a reviewer: an organisation cannot take back what it was judged by."""
    by = require(request, Permission.REVIEW)
    return actions.erase(Document.objects.named(document_id), by=by, at=now(), reason=sent.reason).described()


def _of_caller(request: HttpRequest, document_id: str) -> tuple[Document, Actor]:
    """Another organisation's document is as good as none."""
    developer = caller_of(request).developer
    document = Document.objects.named(document_id, owner=developer or None)
    return document, require_own(request, Permission.REVIEW, developer=document.owner)
