"""Letters: the inbox of a developer or a seller for their own programs, and what became of mails for staff."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.caller import Caller, Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, now
from piepowder.rooms.notices import actions
from piepowder.rooms.notices.models import Letter, Mail
from piepowder.rooms.notices.rules import MailStatus

router = Router(tags=["letters"])


class LetterShown(Schema):
    id: str
    recipient: str
    kind: str
    subject: str
    body: str
    link: str
    created_at: Moment
    read_at: Moment | None


class MailShown(Schema):
    id: str
    letter: str
    recipient: str
    subject: str
    address: str
    status: str
    tries: int
    error: str
    due_at: Moment
    sent_at: Moment | None


class ReadShown(Schema):
    read: int


@router.get("", response=list[LetterShown])
def list_letters(
    request: HttpRequest, recipient: str = "", unread: bool = False, before: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Letters, the newest first, of the key's own developer or seller; keys of staff name the `recipient`.

    The next page is what came `before` the last id of this one.
    """
    rows = Letter.objects.to([_recipient(request, recipient)])
    rows = rows.unread() if unread else rows
    rows = rows.filter(pk__lt=before) if before else rows
    return [letter.described() for letter in rows[:limit]]


@router.get("/mails", response=list[MailShown])
def list_mails(
    request: HttpRequest, status: MailStatus | None = None, before: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """What became of the mails of letters, the newest first."""
    require(request, Permission.READ)
    rows = Mail.objects.newest()
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(pk__lt=before) if before else rows
    return [mail.described() for mail in rows[:limit]]


@router.post("/mails/{mail_id}/send-again", response=MailShown)
def send_mail_again(request: HttpRequest, mail_id: Key) -> dict[str, Any]:
    """Has a mail sent again that is `undeliverable` or `uncertain`."""
    by = require(request, Permission.GOVERN)
    return actions.send_again(Mail.objects.named(mail_id), by=by, at=now()).described()


@router.post("/read-all", response=ReadShown)
def read_all_letters(request: HttpRequest) -> dict[str, int]:
    """Marks everything in the key's own inbox as read; `read` says how many letters that were."""
    caller = caller_of(request)
    own = _own(caller)
    if not own:
        raise _no_inbox()
    return {"read": actions.read_all([own], by=caller.actor, at=now())}


@router.get("/{letter_id}", response=LetterShown)
def get_letter(request: HttpRequest, letter_id: Key) -> dict[str, Any]:
    """One letter. It stays unread: `POST …/read` says that somebody has."""
    letter = Letter.objects.named(letter_id)
    _may_read(request, letter)
    return letter.described()


@router.post("/{letter_id}/read", response=LetterShown)
def read_letter(request: HttpRequest, letter_id: Key) -> dict[str, Any]:
    """Says that the recipient has read the letter; keys of its own only, since nobody reads for others. Safe to repeat."""
    caller = caller_of(request)
    letter = Letter.objects.named(letter_id, [_own(caller)])
    return actions.read(letter, by=caller.actor, at=now()).described()


def _own(caller: Caller) -> str:
    return caller.developer or caller.seller


def _recipient(request: HttpRequest, wanted: str) -> str:
    """Whose inbox: the key's own, or for staff the one that is named."""
    own = _own(caller_of(request))
    if own:
        require_own(request, Permission.READ, developer=wanted or own, seller=wanted or own)
        return own
    require(request, Permission.READ)
    if not wanted:
        raise _no_inbox()
    return wanted


def _may_read(request: HttpRequest, letter: Letter) -> None:
    require_own(request, Permission.READ, developer=letter.recipient, seller=letter.recipient)


def _no_inbox() -> PiepowderError:
    return PiepowderError(
        "notices_no_inbox",
        "this key has no inbox of its own",
        hint="name the `recipient`, or use a key of the developer or seller",
        kind=ErrorKind.INVALID,
    )
