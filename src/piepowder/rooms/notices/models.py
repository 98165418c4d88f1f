"""Letters and their mails. Addresses are of business contacts, never of buyers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.notices.rules import (
    BODY_MAX,
    LEDGER_FIELDS,
    LINK_MAX,
    SENDING_MAX,
    SUBJECT_MAX,
    TRANSITIONS,
    MailStatus,
)


class LetterQuerySet(models.QuerySet["Letter"]):
    def to(self, recipients: Collection[str]) -> "LetterQuerySet":
        """The inbox of whoever acts for these (`acc_…`, `sel_…`, `dev_…`), newest first."""
        return self.filter(recipient__in=recipients).order_by("-id")

    def unread(self) -> "LetterQuerySet":
        return self.filter(read_at=None)

    def named(self, letter_id: str, recipients: Collection[str] | None = None) -> "Letter":
        """One letter; with `recipients`, somebody else's is as good as none (`notices_unknown`)."""
        rows = self if recipients is None else self.filter(recipient__in=recipients)
        if letter := rows.filter(pk=letter_id).first():
            return letter
        raise PiepowderError("notices_unknown", f"no letter `{letter_id}`", kind=ErrorKind.NOT_FOUND)


class Letter(PrefixedModel):
    """What was told to a developer, a seller or an account, in the words it was told in. Never changed, only read."""

    id_prefix = "let"

    recipient = models.CharField(max_length=64)
    kind = models.CharField(max_length=60)  # `<room>.<what>`, for filters
    subject = models.CharField(max_length=SUBJECT_MAX)
    body = models.TextField(max_length=BODY_MAX)
    link = models.CharField(max_length=LINK_MAX, blank=True)  # a page of the console
    once = models.CharField(max_length=200, unique=True, null=True, blank=True)  # what makes a repetition known
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    read_by = models.CharField(max_length=100, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recipient", "-id"], name="notices_letter_inbox"),
            models.Index(fields=["recipient"], condition=Q(read_at=None), name="notices_letter_unread"),
        ]

    def __str__(self) -> str:
        return self.subject

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "recipient": self.recipient,
            "kind": self.kind,
            "subject": self.subject,
            "body": self.body,
            "link": self.link,
            "created_at": self.created_at,
            "read_at": self.read_at,
        }


class MailQuerySet(StateQuerySet["Mail"]):
    def due(self, at: datetime) -> "MailQuerySet":
        """What is to be sent by now, in the order it fell due."""
        return self.filter(status=MailStatus.WAITING, due_at__lte=at).order_by("due_at", "id")

    def cut_off(self, at: datetime) -> "MailQuerySet":
        """What was begun so long ago that whoever began it is gone."""
        return self.filter(status=MailStatus.SENDING, begun_at__lte=at - SENDING_MAX)

    def newest(self) -> "MailQuerySet":
        return self.select_related("letter").order_by("-id")

    def in_trouble(self) -> "MailQuerySet":
        """Failed at least once, and not sent since."""
        return self.newest().filter(
            Q(status__in=(MailStatus.UNDELIVERABLE, MailStatus.UNCERTAIN)) | Q(status=MailStatus.WAITING, tries__gt=0)
        )

    def named(self, mail_id: str) -> "Mail":
        if mail := self.select_related("letter").filter(pk=mail_id).first():
            return mail
        raise PiepowderError("notices_mail_unknown", f"no mail `{mail_id}`", kind=ErrorKind.NOT_FOUND)


class Mail(PrefixedModel, StatefulModel):
    """A letter on its way to one address: waiting, being sent, sent, or stuck."""

    id_prefix = "mail"
    transitions = TRANSITIONS

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="mails")
    address = models.EmailField(max_length=254)
    status = models.CharField(max_length=20, choices=[(one.value, one.value) for one in MailStatus])
    due_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)  # that ended in an error
    error = models.CharField(max_length=300, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["letter", "address"], name="notices_mail_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="notices_mail_due"),
            models.Index(fields=["-id"], condition=~Q(status="sent"), name="notices_mail_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.letter_id} to {self.address}"

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "letter": self.letter_id,
            "recipient": self.letter.recipient,
            "subject": self.letter.subject,
            "address": self.address,
            "status": self.status,
            "tries": self.tries,
            "error": self.error,
            "due_at": self.due_at,
            "sent_at": self.sent_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        field = LEDGER_FIELDS[self.letter.recipient[:3]]
        return {field: self.letter.recipient} if field else {}
