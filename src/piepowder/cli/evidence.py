"""`piepowder evidence`: documents that organisations handed in."""

import sys
from datetime import date
from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import ErrorKind, PiepowderError

app = App(name="evidence", help="Documents that organisations handed in.")


@app.command
def add(
    file: Path,
    *,
    owner: str,
    purpose: str,
    expires_on: date | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Hand in a document.

    Parameters
    ----------
    file
        PDF, PNG, JPEG, plain text, Markdown, CSV, or a ZIP of these.
    owner
        The developer (`dev_…`).
    purpose
        What the document shows, in words.
    expires_on
        The day after which it is no longer valid (`2027-01-31`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.evidence.actions import keep
    from piepowder.rooms.ground.caller import Permission

    developer = Developer.objects.named(owner)
    document = keep(
        read_file(file),
        name=file.name,
        owner=developer.id,
        purpose=purpose,
        expires_on=expires_on,
        by=acting(key_file, Permission.REVIEW, own=developer.id),
        at=now(),
    )
    show(document.described(), common)


@app.command(name="list")
def list_documents(owner: str, *, common: Common = Common()) -> None:
    """What an organisation handed in, the newest first.

    Parameters
    ----------
    owner
        The developer (`dev_…`).
    """
    open_rooms(common)
    from piepowder.rooms.evidence.models import Document

    rows = [one.described() for one in Document.objects.of(owner)]
    show_list(rows, ("id", "name", "purpose", "uploaded_at", "expires_on", "erased_at"), common)


@app.command
def get(document_id: str, *, to: Path | None = None, key_file: Path | None = None, common: Common = Common()) -> None:
    """Write a document to a file that does not exist yet. Every copy is on the ledger.

    Parameters
    ----------
    document_id
        The document (`doc_…`).
    to
        The file to write, or `-` for standard output; by default the document's own name, here.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.evidence.actions import hand_out
    from piepowder.rooms.evidence.models import Document
    from piepowder.rooms.ground.caller import Permission

    document = Document.objects.named(document_id)
    content = hand_out(document, by=acting(key_file, Permission.REVIEW, own=document.owner), at=now())
    if str(to) == "-":
        sys.stdout.buffer.write(content)
        return
    path = to or Path(document.name)
    _write(path, content)
    show({**document.described(), "file": str(path)}, common)


@app.command
def erase(document_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Delete a document and its key for good; that there was one stays on record.

    Parameters
    ----------
    document_id
        The document (`doc_…`).
    reason
        Why, for the ledger.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.evidence import actions
    from piepowder.rooms.evidence.models import Document
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REVIEW)
    show(actions.erase(Document.objects.named(document_id), by=by, at=now(), reason=reason).described(), common)


def read_file(file: Path) -> bytes:
    """At most one byte more than is accepted: that much is enough to refuse it."""
    from django.conf import settings

    try:
        with file.open("rb") as opened:
            return opened.read(settings.PIEPOWDER.evidence_bytes_max + 1)
    except OSError as error:
        raise PiepowderError("cli_file_unreadable", f"cannot read `{file}`: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise PiepowderError(
            "cli_file_unwritable",
            f"cannot write `{path}`: {error.strerror}",
            hint="name another file with --to",
            kind=ErrorKind.CONFLICT,
        ) from None
