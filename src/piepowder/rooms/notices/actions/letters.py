"""A letter is written and read."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.notices import rules
from piepowder.rooms.notices.models import Letter, Mail
from piepowder.rooms.notices.rules import MailStatus


@transaction.atomic
def tell(
    *,
    recipient: str,
    kind: str,
    subject: str,
    body: str,
    at: datetime,
    link: str = "",
    mail_to: Collection[str] = (),
    once: str = "",
    by: Actor = SYSTEM,
) -> Letter:
    """Writes to a developer (`dev_…`), a seller (`sel_…`) or an account (`acc_…`), in the caller's own transaction.

    `kind` is `<room>.<what>`, `body` plain text, `link` a path of the console, `mail_to` the addresses that get it by mail as
    well (whoever calls knows them, this room does not). A second call with the same `once` writes nothing and gives back
    the first letter, so a job may run twice. An address that is none is left out: a letter is never lost over one.
    """
    rules.check_recipient(recipient)
    rules.check_link(link)
    if once and (before := Letter.objects.select_for_update().filter(once=once).first()):
        return before
    subject, body = rules.one_line(subject), rules.paragraphs(body)
    if not subject or not body:
        raise PiepowderError("notices_letter_empty", "a letter needs a subject and a text")
    letter, made = _kept(once, recipient=recipient, kind=kind, subject=subject, body=body, link=link, created_at=at)
    if not made:
        return letter
    addresses = _addresses(mail_to)
    for address in addresses:
        Mail.objects.create(letter=letter, address=address, status=MailStatus.WAITING, due_at=at)
    detail = {"letter": letter.id, "kind": kind, "mails": len(addresses)}
    record("notices.tell", by=by, at=at, detail=detail, **_about(recipient))
    return letter


def _kept(once: str, **fields: object) -> tuple[Letter, bool]:
    if not once:
        return Letter.objects.create(**fields), True
    return Letter.objects.get_or_create(once=once, defaults=fields)  # of two at once, the index lets one make it


def _addresses(given: Collection[str]) -> list[str]:
    several = {address.strip().lower(): address.strip() for address in given if _is_address(address.strip())}
    return list(several.values())[: rules.ADDRESSES_MAX]


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    # `.invalid` is where accounts of sellers have the address that nobody else can own; no mail goes there.
    return len(text) <= 254 and not text.endswith(".invalid")


@transaction.atomic
def read(letter: Letter, *, by: Actor, at: datetime) -> Letter:
    """Notes who read a letter first, and when: it counts as served. Safe to repeat."""
    if Letter.objects.filter(pk=letter.pk, read_at=None).update(read_at=at, read_by=str(by)):
        record("notices.read", by=by, at=at, detail={"letter": letter.id}, **_about(letter.recipient))
    return Letter.objects.get(pk=letter.pk)


@transaction.atomic
def read_all(recipients: Collection[str], *, by: Actor, at: datetime) -> int:
    """`read` for everything unread in an inbox; how many they were."""
    letters = list(Letter.objects.to(recipients).unread().select_for_update())
    for letter in letters:
        read(letter, by=by, at=at)
    return len(letters)


def _about(recipient: str) -> dict[str, str]:
    field = rules.LEDGER_FIELDS[recipient[:3]]
    return {field: recipient} if field else {}
