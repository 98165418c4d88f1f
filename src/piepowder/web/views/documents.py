"""The one way by which a document of evidence reaches a browser: as a download, for the owner's members and for reviewers."""

from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.models import Member
from piepowder.rooms.evidence import actions
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.evidence.serving import attachment
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import account_of, actor_of, permissions_of, signed_in


@signed_in
@require_GET
def download(request: HttpRequest, document_id: str) -> HttpResponse:
    """Another organisation's document is as good as none. Every download is on the ledger."""
    try:
        document = Document.objects.named(document_id.replace("\0", ""))
    except PiepowderError as error:
        raise Http404(error.message) from None
    if not _may_have(request, document):
        raise Http404("no such document")
    try:
        content = actions.hand_out(document, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        page = {"title": "This document cannot be handed out", "sentence": sentence(error)}
        return render(request, "refusal.html", page, status=410)
    return attachment(document, content)


def _may_have(request: HttpRequest, document: Document) -> bool:
    account = account_of(request)
    if Permission.REVIEW in permissions_of(account):
        return True
    return Member.objects.filter(developer_id=document.owner, account=account).exists()
