"""Accounts, sellers and staff keys. Names and e-mail addresses here are of business contacts, never of buyers."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from piepowder.core.facts.model import SellerFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.models import PrefixedModel
from piepowder.rooms.people.rules import STAFF_ROLES, KeyRole


class SellerQuerySet(models.QuerySet["Seller"]):
    def named(self, seller_id: str) -> "Seller":
        """By our id (`sel_…`) or the marketplace's own; `people_seller_unknown` if there is none."""
        if seller := self.filter(Q(pk=seller_id) | Q(marketplace_id=seller_id)).first():
            return seller
        raise PiepowderError("people_seller_unknown", f"no seller `{seller_id}`", kind=ErrorKind.NOT_FOUND)

    def by_subject(self, subject: str) -> "Seller | None":
        """The active seller whom the marketplace's identity provider calls `subject`."""
        return self.filter(oidc_subject=subject, active=True).first()


class Seller(PrefixedModel):
    """A shop on the marketplace."""

    id_prefix = "sel"

    name = models.CharField(max_length=200)
    marketplace_id = models.CharField(max_length=200, unique=True)  # the marketplace's own id of the seller
    oidc_subject = models.CharField(max_length=255, unique=True, null=True, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = SellerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "marketplace_id": self.marketplace_id,
            "name": self.name,
            "oidc_subject": self.oidc_subject,
            "active": self.active,
            "created_at": self.created_at,
        }

    def fact(self) -> SellerFact:
        return SellerFact(id=self.id, marketplace_id=self.marketplace_id, active=self.active)


class AccountManager(BaseUserManager["Account"]):
    """Django and allauth look for these names; the verbs of this room are in `actions.py`."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Account":
        account: Account = self.model(email=self.normalize_email(email), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(PrefixedModel, AbstractBaseUser):  # type: ignore[django-manager-missing]  # of tables whose bases, in the OAuth library, have no types
    """A person who signs in: of staff, of a developer (see `developers.Member`) or of a seller."""

    id_prefix = "acc"

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    staff_role = models.CharField(
        max_length=20, blank=True, default="", choices=[(role.value, role.value) for role in STAFF_ROLES]
    )
    seller = models.ForeignKey(Seller, null=True, blank=True, on_delete=models.PROTECT, related_name="accounts")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def role(self) -> KeyRole:
        """Of a member of staff; accounts made before there were roles are operators."""
        return KeyRole(self.staff_role or KeyRole.OPERATOR)


class StaffKeyQuerySet(models.QuerySet["StaffKey"]):
    def by_digest(self, digest: bytes) -> "StaffKey | None":
        return self.filter(digest=digest, revoked_at=None).first()


class StaffKey(PrefixedModel):
    """An operator's API key. Only the SHA-256 of the key is kept: it has 256 random bits, so it needs no slow hash."""

    id_prefix = "key"

    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in KeyRole])
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = StaffKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def described(self) -> dict[str, Any]:
        """What the command line shows; nobody can show the key."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "created_at": self.created_at,
            "revoked_at": self.revoked_at,
        }
