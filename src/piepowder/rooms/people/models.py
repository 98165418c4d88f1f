"""Accounts, sellers, keys and sign-in links. Names and e-mail addresses here are of business contacts, never of buyers."""

from datetime import datetime
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

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["name"], name="people_seller_by_name")]

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
    """Django and allauth look for these names; the verbs of this room are in `actions`."""

    def named(self, name: str) -> "Account":
        """By id (`acc_…`) or e-mail address; `people_account_unknown` if there is none."""
        if account := self.filter(Q(pk=name) | Q(email__iexact=name)).first():
            return account
        raise PiepowderError("people_account_unknown", f"no account `{name}`", kind=ErrorKind.NOT_FOUND)

    def by_email(self, email: str) -> "Account | None":
        return self.filter(email__iexact=email).first()

    def staff(self) -> "models.QuerySet[Account]":
        return self.filter(is_staff=True).order_by("email")

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
    closed_at = models.DateTimeField(null=True, blank=True)

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

    @property
    def hat(self) -> str:
        """What kind of account it is, in a word."""
        if self.is_staff:
            return "staff"
        return "seller" if self.seller_id else "developer"

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "kind": self.hat,
            "role": str(self.role) if self.is_staff else "",
            "seller": self.seller_id or "",
            "active": self.is_active,
            "created_at": self.created_at,
            "last_login": self.last_login,
            "closed_at": self.closed_at,
        }


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def by_digest(self, digest: bytes, moment: datetime) -> "ApiKey | None":
        """The key that works at this moment; a shop that is closed has none."""
        rows = self.filter(digest=digest, revoked_at=None).exclude(expires_at__lte=moment)
        return rows.exclude(seller__active=False).first()

    def of(self, holder: str) -> "ApiKeyQuerySet":
        """Keys of a developer (`dev_…`), a seller (`sel_…`) or, for the empty string, of the marketplace; newest first."""
        rows = self.filter(seller=holder) if holder.startswith("sel_") else self.filter(developer=holder, seller=None)
        return rows.order_by("-id")

    def working(self) -> "ApiKeyQuerySet":
        return self.filter(revoked_at=None)

    def named(self, key_id: str) -> "ApiKey":
        if key := self.filter(pk=key_id).first():
            return key
        raise PiepowderError("people_key_unknown", f"no key `{key_id}`", kind=ErrorKind.NOT_FOUND)


class ApiKey(PrefixedModel):
    """A key of a program: of the marketplace's, of one developer's or of one seller's.

    Only the SHA-256 of the key is kept: it has 256 random bits, so it needs no slow hash. `hint` are its last characters.
    """

    id_prefix = "key"

    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in KeyRole])
    developer = models.CharField(max_length=64, blank=True)  # the id; developers are upstairs
    seller = models.ForeignKey(Seller, null=True, blank=True, on_delete=models.PROTECT, related_name="keys")
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=100, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # within five minutes
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["developer", "-id"], name="people_apikey_holder")]

    def __str__(self) -> str:
        return self.name

    @property
    def holder(self) -> str:
        """`dev_…`, `sel_…` or, for the marketplace itself, nothing."""
        return self.developer or self.seller_id or ""

    def state(self, moment: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= moment else "valid"

    def described(self) -> dict[str, Any]:
        """What API and command line show; nobody can show the key."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "holder": self.holder,
            "hint": self.hint,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "expires_at": self.expires_at,
            "last_used_at": self.last_used_at,
            "revoked_at": self.revoked_at,
        }


class SignInLinkQuerySet(models.QuerySet["SignInLink"]):
    def open(self, digest: bytes, moment: datetime) -> "SignInLink | None":
        """A link that can still be used, locked."""
        links = self.select_for_update(of=("self",)).select_related("account")
        return links.filter(digest=digest, used_at=None, expires_at__gt=moment).first()


class SignInLink(PrefixedModel):
    """A way in for one member of staff, once. Only the digest of its secret part is kept."""

    id_prefix = "link"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = SignInLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id
