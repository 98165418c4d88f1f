"""Documents and their sealed bytes. What a document says is known to nobody without the key ring."""

from collections.abc import Collection
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Count, Q, Sum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.evidence.kinds import WORDS, Kind
from piepowder.rooms.evidence.rules import NAME_MAX, PURPOSE_MAX
from piepowder.rooms.ground.models import PrefixedModel


class DocumentQuerySet(models.QuerySet["Document"]):
    def named(self, document_id: str, owner: str | None = None) -> "Document":
        """One document; with `owner`, somebody else's is as good as none (`evidence_unknown`)."""
        rows = self if owner is None else self.filter(owner=owner)
        if document := rows.filter(pk=document_id).first():
            return document
        raise PiepowderError("evidence_unknown", f"no document `{document_id}`", kind=ErrorKind.NOT_FOUND)

    def of(self, owner: str) -> "DocumentQuerySet":
        """What an owner handed in, newest first, what was erased included."""
        return self.filter(owner=owner).order_by("-id")

    def kept(self) -> "DocumentQuerySet":
        return self.filter(erased_at=None)

    def by_ids(self, ids: Collection[str]) -> "dict[str, Document]":
        """Documents by id, for a page that shows several."""
        return {one.id: one for one in self.filter(pk__in=ids)}

    def expired(self, today: date) -> "DocumentQuerySet":
        """Kept documents that have run out."""
        return self.kept().filter(expires_on__lt=today)

    def same(self, owner: str, purpose: str, sha256: str) -> "Document | None":
        """The very document, handed in for the same purpose before."""
        return self.kept().filter(owner=owner, purpose=purpose, sha256=sha256).first()

    def elsewhere(self, document: "Document") -> list[str]:
        """Other owners who handed in the very same bytes."""
        rows = self.filter(sha256=document.sha256).exclude(owner=document.owner)
        return sorted(set(rows.values_list("owner", flat=True)[:20]))

    def room_taken(self, owner: str) -> tuple[int, int]:
        """How many documents, and how many bytes, an owner has here."""
        found = self.kept().filter(owner=owner).aggregate(count=Count("id"), size=Sum("size"))
        return found["count"], found["size"] or 0


class Document(PrefixedModel):
    """A document that an owner (a developer, `dev_…`) handed in for a purpose. Never changed; erased at the end."""

    id_prefix = "doc"

    owner = models.CharField(max_length=64)
    purpose = models.CharField(max_length=PURPOSE_MAX)  # in words: "extract from the company register"
    name = models.CharField(max_length=NAME_MAX)
    kind = models.CharField(max_length=40, choices=[(kind.value, words) for kind, words in WORDS.items()])
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.CharField(max_length=100)
    uploaded_at = models.DateTimeField()
    expires_on = models.DateField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-id"], name="evidence_document_owner"),
            models.Index(fields=["sha256"], name="evidence_document_sha256"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["owner", "purpose", "sha256"], condition=Q(erased_at=None), name="evidence_document_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind_words(self) -> str:
        return WORDS[Kind(self.kind)]

    def is_expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "owner": self.owner,
            "purpose": self.purpose,
            "name": self.name,
            "kind": self.kind,
            "size": self.size,
            "sha256": self.sha256,
            "uploaded_by": self.uploaded_by,
            "uploaded_at": self.uploaded_at,
            "expires_on": self.expires_on,
            "erased_at": self.erased_at,
        }


class Content(models.Model):
    """The bytes, sealed under a key of this document's own, which is sealed under the key ring. Erasing deletes this row."""

    document = models.OneToOneField(Document, primary_key=True, on_delete=models.PROTECT, related_name="content")
    sealed_key = models.BinaryField()
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return self.document_id
