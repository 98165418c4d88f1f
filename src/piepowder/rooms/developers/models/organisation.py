"""Developer organisations and the people who act for them. Names and addresses here are of business contacts, never of buyers."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.rules.names import escaped, peculiarities
from piepowder.rooms.developers.rules.organisation import (
    INVITATION_TRANSITIONS,
    KIND_WORDS,
    ROLE_WORDS,
    TRANSITIONS,
    DeveloperStatus,
    InvitationStatus,
    Kind,
    Role,
)
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.people.models import Account

if TYPE_CHECKING:
    from piepowder.rooms.developers.models.identity import Identity


class DeveloperQuerySet(StateQuerySet["Developer"]):
    def named(self, developer_id: str) -> "Developer":
        """One developer; `developers_unknown` if there is none."""
        if developer := self.filter(pk=developer_id).first():
            return developer
        raise PiepowderError("developers_unknown", f"no developer `{developer_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, developer_id: str) -> "Developer":
        """As `named`, and nobody else changes members or identity of it until the transaction ends."""
        self.select_for_update().filter(pk=developer_id).first()
        return self.named(developer_id)

    def looking_like(self, developer: "Developer") -> "DeveloperQuerySet":
        """Others whose name looks the same to a hurried reader."""
        if not developer.skeleton:
            return self.none()
        return self.filter(skeleton=developer.skeleton).exclude(pk=developer.pk).order_by("id")

    def by_look(self, skeletons: Iterable[str]) -> dict[str, list[str]]:
        """What a name looks like -> ids of those that have such a name, the oldest first."""
        found: dict[str, list[str]] = {}
        rows = self.filter(skeleton__in={one for one in skeletons if one}).order_by("id")
        for look, one in rows.values_list("skeleton", "id"):
            found.setdefault(look, []).append(one)
        return found

    def of_member(self, account: Account) -> "DeveloperQuerySet":
        return self.filter(members__account=account).order_by("id")


class Developer(PrefixedModel, StatefulModel):
    """An organisation (or a person in business) that makes apps. `name` is what sellers see, `legal_name` what a register says."""

    id_prefix = "dev"
    transitions = TRANSITIONS

    name = models.CharField(max_length=200, unique=True)
    legal_name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=list(KIND_WORDS.items()), default=Kind.COMPANY)
    country = models.CharField(max_length=2, blank=True)
    company_number = models.CharField(max_length=100, blank=True)
    address = models.TextField(max_length=500, blank=True)
    website = models.URLField(max_length=500, blank=True)
    contact_email = models.EmailField(max_length=254)
    privacy_email = models.EmailField(max_length=254, blank=True)
    security_email = models.EmailField(max_length=254, blank=True)
    skeleton = models.CharField(max_length=200, blank=True, db_index=True)  # what the name looks like
    status = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in DeveloperStatus], default=DeveloperStatus.OPEN
    )
    identity_due_on = models.DateField(null=True, blank=True)  # for those who were there before the rule
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DeveloperQuerySet.as_manager()

    identity: "Identity"

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["-created_at"], name="developers_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status == DeveloperStatus.OPEN

    @property
    def shown_name(self) -> str:
        """The name with what hides in it written out."""
        return escaped(self.name)

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[Kind(self.kind)]

    def flags(self) -> list[str]:
        """What a reviewer should know about the names, in sentences."""
        alike = [f"`{other.shown_name}` ({other.id})" for other in Developer.objects.looking_like(self)[:5]]
        found = peculiarities(self.name)
        found += [one for one in peculiarities(self.legal_name) if one not in found]
        return [*found, *([f"The name looks like that of {', '.join(alike)}."] if alike else [])]

    def facts(self) -> dict[str, str]:
        """What its identity is made of, as it is now."""
        names = (
            "legal_name",
            "kind",
            "country",
            "company_number",
            "address",
            "website",
            "privacy_email",
            "security_email",
        )
        return {name: str(getattr(self, name)) for name in names}

    def revision(self) -> str:
        """Changes with every change of the profile: a form that was filled from an older one is known by it."""
        return sha256("\0".join([self.name, self.contact_email, *self.facts().values()]).encode()).hexdigest()[:16]

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "name": self.name,
            "legal_name": self.legal_name,
            "kind": self.kind,
            "country": self.country,
            "company_number": self.company_number,
            "address": self.address,
            "website": self.website,
            "contact_email": self.contact_email,
            "privacy_email": self.privacy_email,
            "security_email": self.security_email,
            "status": self.status,
            "identity_due_on": self.identity_due_on,
            "revision": self.revision(),
            "created_at": self.created_at,
            "closed_at": self.closed_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.id}


class MemberQuerySet(models.QuerySet["Member"]):
    def of_account(self, account: Account) -> "MemberQuerySet":
        """For whom somebody acts, the one joined first in front."""
        return self.filter(account=account).select_related("developer").order_by("id")

    def of(self, developer: Developer) -> "MemberQuerySet":
        return self.filter(developer=developer).select_related("account").order_by("id")

    def owners(self) -> "MemberQuerySet":
        """Owners who can sign in."""
        return self.filter(role=Role.OWNER, account__is_active=True)

    def named(self, developer: Developer, member_id: str) -> "Member":
        """By id (`mem_…`) or the person's e-mail address; another organisation's member is as good as none."""
        if member := self.of(developer).filter(Q(pk=member_id) | Q(account__email__iexact=member_id)).first():
            return member
        raise PiepowderError("developers_member_unknown", f"no member `{member_id}`", kind=ErrorKind.NOT_FOUND)

    def addresses(self, developer: Developer, *roles: Role) -> list[str]:
        """Mail addresses of members with these roles who can sign in."""
        rows = self.filter(developer=developer, role__in=roles, account__is_active=True)
        return list(rows.order_by("id").values_list("account__email", flat=True))


class Member(PrefixedModel):
    """An account that acts for a developer."""

    id_prefix = "mem"

    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="members")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Role], default=Role.DEVELOPER)
    created_at = models.DateTimeField()

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["developer", "account"], name="developers_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.developer_id}"

    @property
    def role_words(self) -> str:
        return ROLE_WORDS[Role(self.role)]

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "developer": self.developer_id,
            "account": self.account_id,
            "name": self.account.name,
            "email": self.account.email,
            "role": self.role,
            "created_at": self.created_at,
        }


class InvitationQuerySet(StateQuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        return self.filter(status=InvitationStatus.OPEN)

    def of(self, developer: Developer) -> "InvitationQuerySet":
        return self.filter(developer=developer).order_by("-id")

    def to(self, account: Account) -> "InvitationQuerySet":
        """What waits for somebody's answer."""
        return self.open().filter(email__iexact=account.email).select_related("developer").order_by("-id")

    def over(self, at: datetime) -> "InvitationQuerySet":
        return self.open().filter(expires_at__lte=at)

    def named(self, invitation_id: str, developer: Developer | None = None) -> "Invitation":
        rows = self.select_related("developer") if developer is None else self.filter(developer=developer)
        if invitation := rows.filter(pk=invitation_id).first():
            return invitation
        raise PiepowderError(
            "developers_invitation_unknown", f"no invitation `{invitation_id}`", kind=ErrorKind.NOT_FOUND
        )


class Invitation(PrefixedModel, StatefulModel):
    """An e-mail address that was asked to act for a developer. Only the owner of the address can accept."""

    id_prefix = "inv"
    transitions = INVITATION_TRANSITIONS

    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Role])
    status = models.CharField(max_length=20, choices=[(one.value, one.value) for one in InvitationStatus])
    invited_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["developer", "email"], condition=Q(status="open"), name="developers_invitation_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.developer_id}"

    @property
    def role_words(self) -> str:
        return ROLE_WORDS[Role(self.role)]

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "developer": self.developer_id,
            "email": self.email,
            "role": self.role,
            "status": self.status,
            "invited_by": self.invited_by,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"developer": self.developer_id}
