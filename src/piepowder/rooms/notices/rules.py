"""Whom a letter may go to, and what becomes of its mails. Pure.

A mail, `Mail`:

    waiting -> sending, undeliverable
    sending -> sent, uncertain, undeliverable, waiting
    undeliverable -> waiting
    uncertain -> waiting
    sent -> (final)

It is the clock's move, but for the last two: a mail that no server takes, or of which nobody knows whether it was taken
(this process died in the middle), is sent again by a person or not at all. So none goes out twice by itself.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum

from piepowder.core.kernel.errors import PiepowderError

SUBJECT_MAX, BODY_MAX, LINK_MAX, ADDRESSES_MAX = 200, 20_000, 500, 100
LEDGER_FIELDS = {"dev": "developer", "sel": "seller", "acc": ""}  # prefix of a recipient -> field of its ledger record
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720, 1440))  # before the second try and on
SENDING_MAX = timedelta(minutes=10)  # what takes longer than this was cut off
_RECIPIENT = re.compile(r"(dev|sel|acc)_[0-9a-z]{1,60}\Z")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class MailStatus(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    UNDELIVERABLE = "undeliverable"
    UNCERTAIN = "uncertain"
    SENT = "sent"


TRANSITIONS: dict[MailStatus, frozenset[MailStatus]] = {
    MailStatus.WAITING: frozenset({MailStatus.SENDING, MailStatus.UNDELIVERABLE}),
    MailStatus.SENDING: frozenset(
        {MailStatus.SENT, MailStatus.WAITING, MailStatus.UNDELIVERABLE, MailStatus.UNCERTAIN}
    ),
    MailStatus.UNDELIVERABLE: frozenset({MailStatus.WAITING}),
    MailStatus.UNCERTAIN: frozenset({MailStatus.WAITING}),
    MailStatus.SENT: frozenset(),
}


def check_recipient(recipient: str) -> None:
    if not _RECIPIENT.match(recipient):
        raise PiepowderError(
            "notices_recipient_malformed",
            f"`{recipient}` is nobody whom a letter can be written to",
            hint="give the id of a developer, a seller or an account",
        )


def check_link(link: str) -> None:
    """A letter leads to a page of this console only."""
    if link and (not link.startswith("/") or link.startswith("//") or "\\" in link or len(link) > LINK_MAX):
        raise PiepowderError(
            "notices_link_elsewhere", f"`{link}` is not a page of the console", hint="begin with one `/`"
        )


def one_line(text: str) -> str:
    """A subject: one line, since a line end in a mail's header would begin another header."""
    line = _SPACE.sub(" ", text).strip()
    return line if len(line) <= SUBJECT_MAX else line[: SUBJECT_MAX - 1].rstrip() + "…"


def paragraphs(text: str) -> str:
    """A body: lines of text, no other control characters."""
    body = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return body if len(body) <= BODY_MAX else body[: BODY_MAX - 1].rstrip() + "…"


def next_try(tries: int, at: datetime) -> datetime | None:
    """When a mail that failed for the `tries`-th time is tried again; None: no more."""
    return at + PAUSES[tries - 1] if tries <= len(PAUSES) else None
