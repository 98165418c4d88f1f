"""A real SMTP server on loopback for tests: it keeps what it takes, and refuses what it is told to refuse."""

import email
import email.policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller

from piepowder.core.kernel.processes import free_port


class SmtpDoor:
    """`refusals`: address -> the server's answer to it, such as `550 no such person`; `answer` is for what comes after that."""

    def __init__(self) -> None:
        self.port = free_port()
        self.letters: list[tuple[str, EmailMessage]] = []
        self.refusals: dict[str, str] = {}
        self.answer = "250 taken"
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.letters += [(address, message) for address in envelope.rcpt_tos]
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Letters to that address, in the order they came."""
        return [message for recipient, message in self.letters if recipient == address]


def use(settings: Any, door: SmtpDoor) -> None:
    """Points Django's mail at the server; `settings` is pytest-django's fixture."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", door.port
