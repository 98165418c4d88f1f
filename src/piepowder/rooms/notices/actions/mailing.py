"""Letters go out by mail. A mail is marked before it is sent, so whoever dies in the middle leaves it `uncertain`, not sent twice."""

import logging
import smtplib
import time
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.notices.models import Mail
from piepowder.rooms.notices.rules import MailStatus, next_try, one_line

AT_ONCE, ROUND_SECONDS = 100, 60.0  # the other jobs of the clock wait for this one

logger = logging.getLogger("piepowder.notices")


def mail_due(*, at: datetime) -> int:
    """Sends what is due, at most 100 mails or a minute; how many a server took. Safe to run in two processes at once.

    A server that cannot be reached ends the round: what was not tried stays due.
    """
    for mail in Mail.objects.cut_off(at).select_related("letter")[:AT_ONCE]:
        _lost(mail, at=at)
    due = list(Mail.objects.due(at).select_related("letter")[:AT_ONCE])
    if not due:
        return 0
    connection = get_connection()
    sent, end = 0, time.monotonic() + ROUND_SECONDS
    try:
        for mail in due:
            outcome = _mail(mail, connection, at=at)
            sent += outcome is MailStatus.SENT
            if outcome is None or time.monotonic() > end:
                break
    finally:
        _close(connection)
    return sent


def _mail(mail: Mail, connection: BaseEmailBackend, *, at: datetime) -> MailStatus | None:
    """One mail; its new status, or None where the server cannot be reached at all."""
    taken = _begin(mail, at=at)
    if taken is None:
        return MailStatus.SENDING  # another process has it
    try:
        connection.open()
        _message(taken, connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        code, _ = next(iter(error.recipients.values()))
        return _failed(taken, error, at=at, final=code >= 500)
    except smtplib.SMTPSenderRefused as error:
        return _failed(taken, error, at=at)  # of our own address: somebody corrects the settings
    except smtplib.SMTPDataError as error:
        return _failed(taken, error, at=at, final=error.smtp_code >= 500)
    except ValueError as error:
        return _failed(taken, error, at=at, final=True)  # an address that no mail can carry
    except (OSError, smtplib.SMTPException) as error:
        _failed(taken, error, at=at)
        return None
    return _done(taken, at=at)


def _message(mail: Mail, connection: BaseEmailBackend) -> EmailMessage:
    letter = mail.letter
    link = f"\n\n{settings.PUBLIC_URL}{letter.link}" if letter.link else ""
    foot = f"\n\n-- \nThis letter is also in your inbox: {settings.PUBLIC_URL}/letters/{letter.id}/"
    # The same Message-ID at every try, so that a server or reader that got it twice after all can tell.
    headers = {"Message-ID": f"<{mail.id}@{settings.MAIL_DOMAIN}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(
        letter.subject, letter.body + link + foot, to=[mail.address], connection=connection, headers=headers
    )


def _begin(mail: Mail, *, at: datetime) -> Mail | None:
    try:
        with transaction.atomic():
            return Mail.objects.advance(mail, MailStatus.SENDING, verb="begin_mail", by=SYSTEM, at=at, begun_at=at)
    except PiepowderError as error:
        if error.kind is ErrorKind.CONFLICT:
            return None
        raise


@transaction.atomic
def _done(mail: Mail, *, at: datetime) -> MailStatus:
    Mail.objects.advance(mail, MailStatus.SENT, verb="mail", by=SYSTEM, at=at, sent_at=at, error="")
    return MailStatus.SENT


@transaction.atomic
def _failed(mail: Mail, error: Exception, *, at: datetime, final: bool = False) -> MailStatus:
    words = _said(error)
    logger.warning("notices_mail_failed %s %s", mail.id, words)
    again = None if final else next_try(mail.tries + 1, at)
    if again is None:
        Mail.objects.advance(
            mail,
            MailStatus.UNDELIVERABLE,
            verb="give_up_mail",
            by=SYSTEM,
            at=at,
            tries=mail.tries + 1,
            error=words,
        )
        return MailStatus.UNDELIVERABLE
    Mail.objects.advance(
        mail,
        MailStatus.WAITING,
        verb="postpone_mail",
        by=SYSTEM,
        at=at,
        tries=mail.tries + 1,
        error=words,
        due_at=again,
    )
    return MailStatus.WAITING


def _said(error: Exception) -> str:
    """What the server answered, or what happened instead, in a line."""
    answer: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, answer = error.smtp_code, error.smtp_error
    else:
        return one_line(f"{type(error).__name__}: {error}")
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
    return one_line(f"{code} {text}")


def _lost(mail: Mail, *, at: datetime) -> None:
    words = "cut off while it was being sent: it may have arrived or not"
    try:
        with transaction.atomic():
            Mail.objects.advance(mail, MailStatus.UNCERTAIN, verb="lose_mail", by=SYSTEM, at=at, error=words)
    except PiepowderError as error:
        logger.info("notices_mail_settled_meanwhile %s %s", mail.id, error.code)


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        logger.info("notices_mail_goodbye_failed %s", error)


@transaction.atomic
def send_again(mail: Mail, *, by: Actor, at: datetime) -> Mail:
    """A person has a stuck mail sent again, from the first try on."""
    return Mail.objects.advance(mail, MailStatus.WAITING, verb="resend_mail", by=by, at=at, due_at=at, tries=0)
