"""How a document leaves: as a file to save, never as a page, under a policy that lets it run nothing wherever it is opened."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from piepowder.rooms.evidence.models import Document


def attachment(document: Document, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type=document.kind)
    response["Content-Disposition"] = content_disposition_header(True, document.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"  # in the place of the console's own
    return response
