"""The two tables that the gateway reads with SQL of its own (change the columns on both sides), and past policies."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.models import PrefixedModel


class VersionQuerySet(models.QuerySet["Version"]):
    def raise_number(self) -> int:
        """Takes the next number. The row stays locked until the transaction ends, so numbers commit in order.

        A trigger of the migration tells the gateways at the commit: `NOTIFY piepowder_facts, '<number>'`.
        """
        self.filter(pk=1).update(number=F("number") + 1)
        return self.values_list("number", flat=True).get(pk=1)


class Version(models.Model):
    """One row: the number of the newest change."""

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()

    objects = VersionQuerySet.as_manager()

    class Meta:
        db_table = "publication_version"

    def __str__(self) -> str:
        return str(self.number)


class FactQuerySet(models.QuerySet["Fact"]):
    def put(self, facts: "list[Fact]") -> None:
        """Writes each fact over the one of the same kind and key."""
        self.bulk_create(
            facts,
            update_conflicts=True,
            unique_fields=["kind", "key"],
            update_fields=["body", "number"],
            batch_size=2000,
        )


class Fact(models.Model):
    """The newest body of one fact; NULL once it is removed, so that a gateway that was away learns of that as well."""

    pk = models.CompositePrimaryKey("kind", "key")
    kind = models.TextField()
    key = models.TextField()
    body = models.TextField(null=True)
    number = models.BigIntegerField(db_index=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        db_table = "publication_fact"

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class PolicyQuerySet(models.QuerySet["Policy"]):
    def newest(self) -> "PolicyQuerySet":
        return self.order_by("-number")

    def in_force(self) -> "Policy":
        """The policy in force; `publication_no_policy` before the first one."""
        if policy := self.newest().first():
            return policy
        raise PiepowderError(
            "publication_no_policy",
            "no policy was published yet",
            hint="every call is refused until then",
            kind=ErrorKind.NOT_FOUND,
        )

    def named(self, policy_id: str) -> "Policy":
        if policy := self.filter(pk=policy_id).first():
            return policy
        raise PiepowderError("publication_policy_unknown", f"no policy `{policy_id}`", kind=ErrorKind.NOT_FOUND)


class Policy(PrefixedModel):
    """A policy that is or was in force, as the gateways got it. Rows are only added."""

    id_prefix = "pol"

    version = models.CharField(max_length=200)
    files = models.JSONField()
    number = models.BigIntegerField()
    published_by = models.CharField(max_length=100)
    published_at = models.DateTimeField()

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]

    def __str__(self) -> str:
        return self.version

    def described(self) -> dict[str, Any]:
        """What API and command line show; the texts themselves are asked for by id."""
        return {
            "id": self.id,
            "version": self.version,
            "number": self.number,
            "files": sorted(self.files),
            "published_by": self.published_by,
            "published_at": self.published_at,
        }
