"""An organisation's identity: its state, the documents behind it, and every review with what was answered to each point."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.models.organisation import Developer
from piepowder.rooms.developers.rules.identity import OWN_MOVE, RENEWAL, TRANSITIONS, IdentityStatus, Point, gaps
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet

PUBLISHED_REVIEWS = 100  # of which the published median is made


class IdentityQuerySet(StateQuerySet["Identity"]):
    def named(self, identity_id: str) -> "Identity":
        """By id (`idn_…`) or the developer's; `developers_identity_unknown` if there is none."""
        rows = self.select_related("developer")
        if identity := rows.filter(Q(pk=identity_id) | Q(developer=identity_id)).first():
            return identity
        raise PiepowderError("developers_identity_unknown", f"no identity `{identity_id}`", kind=ErrorKind.NOT_FOUND)

    def of(self, developer: Developer) -> "Identity":
        """The identity of a developer; every one has one, in some state."""
        return self.select_related("developer").get(developer=developer)

    def over(self, at: datetime) -> "IdentityQuerySet":
        """Verified ones whose time is up."""
        return self.filter(status=IdentityStatus.VERIFIED, valid_until__lte=at).select_related("developer")

    def ending(self, before: datetime) -> "IdentityQuerySet":
        return self.filter(status=IdentityStatus.VERIFIED, valid_until__lte=before).select_related("developer")

    def owed(self, before: date) -> "IdentityQuerySet":
        """Not verified so far, though the organisation has a date to have it by, which is near."""
        rows = self.filter(developer__identity_due_on__lte=before, developer__status="open", valid_until=None)
        return rows.exclude(status=IdentityStatus.SUBMITTED).select_related("developer")


class Identity(PrefixedModel, StatefulModel):
    """One for each developer, for as long as it exists. `valid_until` holds while it is looked at anew."""

    id_prefix = "idn"
    transitions = TRANSITIONS

    developer = models.OneToOneField(Developer, on_delete=models.PROTECT, related_name="identity")
    status = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in IdentityStatus], default=IdentityStatus.DRAFT
    )
    representative = models.CharField(max_length=200, blank=True)  # who may sign for the organisation
    representative_office = models.CharField(max_length=200, blank=True)
    note = models.TextField(max_length=2000, blank=True)  # for the reviewer
    valid_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    objects = IdentityQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["valid_until"], condition=Q(status="verified"), name="developers_identity_ending")
        ]

    def __str__(self) -> str:
        return f"identity of {self.developer_id}"

    def is_verified(self, at: datetime) -> bool:
        return self.valid_until is not None and self.valid_until > at

    def holds(self, at: datetime) -> bool:
        """Whether the organisation may go on with what needs an identity: verified, or not due yet."""
        due = self.developer.identity_due_on
        return self.is_verified(at) or (due is not None and at.date() <= due)

    def is_editable(self, at: datetime) -> bool:
        """Whether it is the organisation's turn: documents and answers may change."""
        near = self.valid_until is not None and at >= self.valid_until - RENEWAL
        return self.status in OWN_MOVE or (self.status == IdentityStatus.VERIFIED and near)

    def facts(self) -> dict[str, str]:
        """What a reviewer judges: the organisation's facts and who stands behind them."""
        more = {
            "representative": self.representative,
            "representative_office": self.representative_office,
            "note": self.note,
        }
        return {**self.developer.facts(), **more}

    def gaps(self, today: date) -> dict[Point, str]:
        """What is missing before it can be submitted."""
        held = list(self.documents.select_related("document").filter(document__erased_at=None))
        documented = {one.point for one in held}
        valid = {one.point for one in held if not one.document.is_expired(today)}
        return gaps(self.facts(), documented, documented - valid)

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "developer": self.developer_id,
            "status": self.status,
            "representative": self.representative,
            "representative_office": self.representative_office,
            "note": self.note,
            "valid_until": self.valid_until,
            "due_on": self.developer.identity_due_on,
            "documents": [one.described() for one in self.documents.select_related("document").order_by("id")],
            "reviews": [one.described() for one in self.reviews.order_by("number")],
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.developer_id}


class IdentityDocument(PrefixedModel):
    """A document that is to show one point."""

    id_prefix = "idoc"

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="documents")
    point = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Point])
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["identity", "point", "document"], name="developers_identitydocument_once")
        ]

    def __str__(self) -> str:
        return f"{self.document_id} for {self.point}"

    def described(self) -> dict[str, Any]:
        return {"id": self.id, "point": self.point, "document": self.document.described()}


class IdentityReviewQuerySet(models.QuerySet["Review"]):
    def waiting(self) -> "IdentityReviewQuerySet":
        """The queue, whoever was promised first in front."""
        return self.filter(outcome="").select_related("identity__developer").order_by("due_at", "id")

    def overdue(self, at: datetime) -> "IdentityReviewQuerySet":
        return self.waiting().filter(due_at__lte=at)

    def place(self, review: "Review") -> int:
        """How many are in front, and one."""
        ahead = Q(due_at__lt=review.due_at) | Q(due_at=review.due_at, id__lt=review.id)
        return self.filter(ahead, outcome="").count() + 1

    def waits(self) -> list[tuple[datetime, datetime]]:
        """Submission and decision of the newest decided ones, of which the published median is made."""
        rows = self.filter(outcome__in=("verified", "returned")).order_by("-decided_at")[:PUBLISHED_REVIEWS]
        return [(one.submitted_at, one.decided_at) for one in rows if one.decided_at is not None]

    def newest(self, identity: Identity) -> "Review | None":
        return self.filter(identity=identity).order_by("-number").first()

    def numbered(self, identity: Identity, number: int) -> "Review":
        if review := self.filter(identity=identity, number=number).first():
            return review
        raise PiepowderError("developers_review_unknown", f"no submission {number} here", kind=ErrorKind.NOT_FOUND)


class Review(PrefixedModel):
    """One submission of an identity, with its facts as they were, and what became of it. `outcome` is empty while it waits."""

    id_prefix = "rev"

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="reviews")
    number = models.PositiveIntegerField()
    facts = models.JSONField()
    documents = models.JSONField(default=list, blank=True)  # [point, id of the document], as they were handed in
    submitted_by = models.CharField(max_length=100)
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField()  # promised
    reviewer = models.CharField(max_length=100, blank=True)
    reviewer_since = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)  # verified, returned, taken_back
    answers = models.JSONField(default=dict, blank=True)  # point -> [met, reason]
    reason = models.TextField(max_length=2000, blank=True)
    decided_by = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    late_noted_at = models.DateTimeField(null=True, blank=True)

    objects = IdentityReviewQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["identity", "number"], name="developers_review_number_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(outcome=""), name="developers_review_queue")
        ]

    def __str__(self) -> str:
        return f"submission {self.number} of {self.identity_id}"

    def refusals(self) -> Mapping[str, str]:
        """The points that were not met, with the reason."""
        return {point: reason for point, (met, reason) in self.answers.items() if not met}

    def described(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "submitted_at": self.submitted_at,
            "due_at": self.due_at,
            "reviewer": self.reviewer,
            "outcome": self.outcome,
            "answers": {point: {"met": met, "reason": reason} for point, (met, reason) in self.answers.items()},
            "reason": self.reason,
            "decided_at": self.decided_at,
        }
