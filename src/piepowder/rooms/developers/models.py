"""Developer organisations and the people who act for them."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.models import PrefixedModel


class DeveloperQuerySet(models.QuerySet["Developer"]):
    def named(self, developer_id: str) -> "Developer":
        """One developer; `developers_unknown` if there is none."""
        if developer := self.filter(pk=developer_id).first():
            return developer
        raise PiepowderError("developers_unknown", f"no developer `{developer_id}`", kind=ErrorKind.NOT_FOUND)


class Developer(PrefixedModel):
    """An organisation (or a person in business) that makes apps."""

    id_prefix = "dev"

    name = models.CharField(max_length=200, unique=True)
    contact_email = models.EmailField(max_length=254)
    website = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    objects = DeveloperQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "name": self.name,
            "contact_email": self.contact_email,
            "website": self.website,
            "created_at": self.created_at,
        }


class Member(PrefixedModel):
    """An account that acts for a developer."""

    id_prefix = "mem"

    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="members")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[("owner", "owner"), ("member", "member")], default="member")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["developer", "account"], name="developers_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.developer_id}"
