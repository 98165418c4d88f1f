"""The mailbox of the example marketplace: an SMTP door on loopback that takes every letter, and a page to read them at.

Nothing goes further than this process, and nothing outlives it.
"""

import email
import email.policy
import itertools
import re
from collections import deque
from datetime import UTC, datetime
from email.message import EmailMessage
from html import escape
from typing import Any

from aiosmtpd.controller import Controller
from msgspec import Struct

from piepowder.demo.marketplace.page import plain_page
from piepowder.demo.marketplace.wire import Answer

PATH = "/mail"
KEPT = 200
LETTER_BYTES_MAX = 1 << 20
_HTML = ((b"content-type", b"text/html; charset=utf-8"),)
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


class Mail(Struct, frozen=True, kw_only=True):
    """A letter as it came."""

    number: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    came_at: datetime


class Mailbox:
    """Use `open` to listen. A full box forgets its oldest letters."""

    def __init__(self) -> None:
        self.mails: deque[Mail] = deque(maxlen=KEPT)
        self._numbers = itertools.count(1)
        self._door: Controller | None = None

    def open(self, port: int, host: str = "127.0.0.1") -> None:
        """Listens in a thread of its own until `close`."""
        self._door = Controller(self, hostname=host, port=port, data_size_limit=LETTER_BYTES_MAX, ident="mailbox")
        self._door.start()

    def close(self) -> None:
        if self._door is not None:
            self._door.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.appendleft(
            Mail(
                number=next(self._numbers),
                sender=str(envelope.mail_from),
                recipients=tuple(envelope.rcpt_tos),
                subject=str(message.get("subject", "")),
                text=_text(message),
                came_at=datetime.now(UTC),
            )
        )
        return "250 taken"

    def answer(self, path: str) -> Answer:
        """The list, or one letter (`/mail/3`)."""
        if path == PATH:
            return Answer(200, _HTML, self._list().encode())
        mail = next((one for one in self.mails if path == f"{PATH}/{one.number}"), None)
        if mail is None:
            words = f'<p>There is no such letter (any more). <a href="{PATH}">All letters</a></p>'
            return Answer(404, _HTML, plain_page("No such letter", words).encode())
        return Answer(200, _HTML, plain_page(mail.subject or "No subject", _letter(mail)).encode())

    def _list(self) -> str:
        rows = [
            f'<li><a href="{PATH}/{one.number}">{escape(one.subject or "No subject")}</a>'
            f"<small>to {escape(', '.join(one.recipients))}, {one.came_at:%H:%M:%S} UTC</small></li>"
            for one in self.mails
        ]
        words = "Letters that Piepowder sends while the example runs end here, and go nowhere else."
        found = f'<ul class="letters">{"".join(rows)}</ul>' if rows else "<p>No letter has come yet.</p>"
        return plain_page("Mailbox of the example marketplace", f"<p>{words}</p>{found}")


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    try:
        return str(part.get_content()) if part else ""
    except (LookupError, ValueError):
        return ""


def _letter(mail: Mail) -> str:
    head = (
        f"<p>From {escape(mail.sender)} to {escape(', '.join(mail.recipients))}, {mail.came_at:%d %B %Y, %H:%M} UTC</p>"
    )
    return f'{head}<pre>{_linked(mail.text)}</pre><p><a href="{PATH}">All letters</a></p>'


def _linked(text: str) -> str:
    """The text escaped, its web addresses as links."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = escape(found.group())
        parts += [escape(text[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    return "".join([*parts, escape(text[end:])])
