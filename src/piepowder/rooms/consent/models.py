"""Grants, OAuth clients and their secrets, codes and tokens. Of codes, secrets and tokens only SHA-256 digests are stored.

The tables behind the OAuth server extend those of django-oauth-toolkit (its swappable models); `Grant` is the domain's own
word, a seller's authorisation, and has nothing to do with that library's `Grant`, here `AuthorizationCode`.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)

from piepowder.core.facts.model import GrantFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.rules import (
    ASKED,
    REMINDER_DAYS,
    REQUEST_TRANSITIONS,
    TRANSITIONS,
    Choice,
    GrantStatus,
    RequestStatus,
)
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.people.models import Seller


class GrantQuerySet(StateQuerySet["Grant"]):
    def named(self, grant_id: str) -> "Grant":
        """One grant with its app and seller; `consent_grant_unknown` if there is none."""
        if found := self.select_related("app", "seller").filter(pk=grant_id).first():
            return found
        raise PiepowderError("consent_grant_unknown", f"no grant `{grant_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, grant_id: str) -> "Grant":
        """As `named`, locked until the transaction ends."""
        return self.select_for_update(of=("self",)).named(grant_id)

    def active_between(self, app_id: str, seller_id: str) -> "Grant | None":
        """The one active grant of a seller for an app, locked until the transaction ends."""
        return (
            self.select_for_update(of=("self",)).filter(app=app_id, seller=seller_id, status=GrantStatus.ACTIVE).first()
        )

    def of_seller(self, seller_id: str) -> "GrantQuerySet":
        return self.filter(seller=seller_id).select_related("app", "app__developer").order_by("status", "-granted_at")

    def newest(self) -> "GrantQuerySet":
        return self.select_related("app", "seller").order_by("-granted_at")

    def due(self, moment: datetime) -> "GrantQuerySet":
        """Active grants whose time is over."""
        return self.filter(status=GrantStatus.ACTIVE, expires_at__lte=moment)

    def not_current(self) -> "GrantQuerySet":
        """Active grants whose seller may have to be asked about another version; `App.version_for` and `asked` say it exactly."""
        asked = PermissionRequest.objects.filter(
            grant=OuterRef("pk"), version=OuterRef("app__current_version"), status__in=ASKED
        )
        older = ~Q(version=F("app__current_version")) & ~Exists(asked)
        active = self.filter(status=GrantStatus.ACTIVE).exclude(app__current_version="")
        return active.filter(older | ~Q(app__next_version="")).select_related("app").order_by("pk")

    def other_sellers(self, app_id: str, seller_id: str) -> int:
        """How many other sellers have authorised an app."""
        return self.filter(app=app_id, status=GrantStatus.ACTIVE).exclude(seller=seller_id).count()

    def to_remind(self, at: datetime) -> "GrantQuerySet":
        """Active grants for which the time of a reminder has come that was not sent. The few that are near their end."""
        horizon = at + timedelta(days=max(REMINDER_DAYS))
        windows = Q()
        for days in REMINDER_DAYS:
            unsent = Q(reminded_days=None) | Q(reminded_days__gt=days)
            windows |= Q(expires_at__lte=at + timedelta(days=days)) & unsent
        return self.filter(windows, status=GrantStatus.ACTIVE, expires_at__gt=at, expires_at__lte=horizon)


class Grant(PrefixedModel, StatefulModel):
    """A seller's authorisation of an app: for which purposes, and of which data categories."""

    id_prefix = "grt"
    transitions = TRANSITIONS

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="grants")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="grants")
    version = models.CharField(max_length=64)  # the app version whose manifest the seller saw
    purposes = ArrayField(models.CharField(max_length=64))
    narrowed = models.JSONField(null=True, blank=True)  # purpose -> categories left; not in it: all that are declared
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in GrantStatus], default=GrantStatus.ACTIVE
    )
    granted_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=100, blank=True, default="")
    end_reason = models.CharField(max_length=500, blank=True, default="")
    reminded_days = models.SmallIntegerField(
        null=True, blank=True
    )  # the last reminder sent: so many days before the end

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("app", "seller"), condition=Q(status="active"), name="consent_grant_one_active"
            ),
        )
        indexes = (
            models.Index(fields=("expires_at",), condition=Q(status="active"), name="consent_grant_ending"),
            models.Index(fields=("app", "version"), condition=Q(status="active"), name="consent_grant_versions"),
            models.Index(fields=("-granted_at",), name="consent_grant_newest"),
        )

    def __str__(self) -> str:
        return f"{self.app_id} for {self.seller_id}"

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id, "seller": self.seller_id, "grant": self.id}

    @property
    def choice(self) -> Choice:
        narrowed = None if self.narrowed is None else {name: tuple(kept) for name, kept in self.narrowed.items()}
        return Choice(tuple(self.purposes), narrowed)

    def fact(self) -> GrantFact:
        return GrantFact(
            id=self.id,
            app=self.app_id,
            seller=self.seller_id,
            version=self.version,
            purposes=tuple(self.purposes),
            narrowed=self.choice.narrowed,
            expires_at=self.expires_at.timestamp(),
        )


class PermissionRequestQuerySet(StateQuerySet["PermissionRequest"]):
    def asked(self, grant_id: str, version: str) -> bool:
        """Whether a seller is being asked about a version, or has said no. Any other answer was about the time before a roll-back."""
        return self.filter(grant=grant_id, version=version, status__in=ASKED).exists()

    def outdated(self) -> "PermissionRequestQuerySet":
        """Open ones about a version that nobody is asked about any more: its roll-out was stopped, say."""
        gone = ~Q(version=F("grant__app__current_version")) & ~Q(version=F("grant__app__next_version"))
        return self.filter(gone, status=RequestStatus.OPEN).order_by("pk")

    def open_of(self, grant_id: str) -> "PermissionRequest | None":
        return self.filter(grant=grant_id, status=RequestStatus.OPEN).first()

    def of_seller(self, seller_id: str) -> "PermissionRequestQuerySet":
        """Those that wait for the seller's answer."""
        return self.filter(grant__seller=seller_id, status=RequestStatus.OPEN).select_related("grant__app__developer")


class PermissionRequest(PrefixedModel, StatefulModel):
    """An app's new version asks for more than a grant allows. The grant stays as it is until its seller answers."""

    id_prefix = "preq"
    transitions = REQUEST_TRANSITIONS

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="requests")
    version = models.CharField(max_length=64)
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in RequestStatus], default=RequestStatus.OPEN
    )
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = PermissionRequestQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("grant", "version"),
                condition=Q(status__in=["open", "refused"]),
                name="consent_permissionrequest_once",
            ),
            models.UniqueConstraint(
                fields=("grant",), condition=Q(status="open"), name="consent_permissionrequest_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"version {self.version} for {self.grant_id}"

    def ledger_fields(self) -> dict[str, str]:
        return self.grant.ledger_fields()


class ClientQuerySet(models.QuerySet["Client"]):
    def get_by_natural_key(self, client_id: str) -> "Client":
        return self.get(client_id=client_id)

    def known(self, client_id: str) -> "Client | None":
        """The client with its app, or None; a NUL byte cannot be in any id and PostgreSQL would refuse to be asked."""
        if "\0" in client_id:
            return None
        return self.select_related("app").filter(client_id=client_id).first()

    def named(self, client_id: str) -> "Client":
        """One client by its client id; `consent_client_unknown` if there is none."""
        if found := self.known(client_id):
            return found
        raise PiepowderError("consent_client_unknown", f"no client `{client_id}`", kind=ErrorKind.NOT_FOUND)

    def of_app(self, app_id: str) -> "ClientQuerySet":
        return self.filter(app=app_id).select_related("app").order_by("pk")

    def lasting_of(self, app: App) -> "Client | None":
        """The app's client that works as Amazon's libraries do."""
        return self.filter(app=app, lasting=True).order_by("pk").first()

    def lasting_by_app_id(self, app_id: str) -> "Client | None":
        if "\0" in app_id:
            return None
        return self.select_related("app__developer").filter(app=app_id, lasting=True).order_by("pk").first()


class Client(AbstractApplication):  # type: ignore[misc]
    """A program that may ask for tokens in the name of an app.

    `lasting` clients work as Amazon's libraries do: confidential, without PKCE, one refresh token for the life of a grant.
    """

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="clients")
    lasting = models.BooleanField(default=False)
    client_secret = models.CharField(max_length=1, blank=True, default="")  # unused: secrets have a table of their own
    hash_client_secret = models.BooleanField(default=False)

    objects = ClientQuerySet.as_manager()

    def natural_key(self) -> tuple[str]:
        return (self.client_id,)

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Exact comparison with a registered address, byte by byte (RFC 9700 section 2.1)."""
        return uri in self.redirect_uris.split()

    def allows_grant_type(self, *grant_types: str) -> bool:
        """Confidential clients may also ask without a seller; public ones only in a seller's name."""
        wanted = set(grant_types)
        if self.client_type == self.CLIENT_CONFIDENTIAL:
            return bool(wanted & {self.GRANT_AUTHORIZATION_CODE, self.GRANT_CLIENT_CREDENTIALS})
        return self.GRANT_AUTHORIZATION_CODE in wanted

    @property
    def confidential(self) -> bool:
        return bool(self.client_type == self.CLIENT_CONFIDENTIAL)

    def described(self, at: datetime) -> dict[str, object]:
        """What API and command line show; nobody can show a secret."""
        return {
            "client_id": self.client_id,
            "app": self.app_id,
            "confidential": self.confidential,
            "lasting": self.lasting,
            "redirect_uris": self.redirect_uris.split(),
            "secrets": [secret.described() for secret in ClientSecret.objects.valid(self, at).order_by("created_at")],
        }


class ClientSecretQuerySet(models.QuerySet["ClientSecret"]):
    def valid(self, client: "Client", moment: datetime) -> "ClientSecretQuerySet":
        return self.filter(client=client, expires_at__gt=moment)


class ClientSecret(PrefixedModel):
    """One of at most two secrets that are valid at once. 256 random bits, so a plain SHA-256 is enough and fast."""

    id_prefix = "csec"

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="secrets")
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the hour

    objects = ClientSecretQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id

    def described(self) -> dict[str, object]:
        return {
            "id": self.id,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "last_used_at": self.last_used_at,
        }


class AuthorizationCodeQuerySet(models.QuerySet["AuthorizationCode"]):
    def presented(self, digest: str) -> "AuthorizationCode | None":
        """The row of a presented code, locked."""
        found: AuthorizationCode | None = (
            self.select_for_update(of=("self",)).select_related("grant").filter(code=digest).first()
        )
        return found


class AuthorizationCode(AbstractGrant):  # type: ignore[misc]
    """A code on its way from the consent page to the app. `code` holds the hex digest; the row outlives its use."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="+")
    family = models.UUIDField(unique=True)  # of the tokens that come from it
    used_at = models.DateTimeField(null=True, blank=True)

    objects = AuthorizationCodeQuerySet.as_manager()


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def live(self, moment: datetime) -> "AccessTokenQuerySet":
        return self.filter(revoked_at=None, expires__gt=moment)


class AccessToken(AbstractAccessToken):  # type: ignore[misc]
    """Opaque; a refresh adds a row and never overwrites one. `token` stays empty, `token_checksum` is the hex digest."""

    class Kind(models.TextChoices):
        ACCESS = "access"
        GRANTLESS = "grantless"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.CASCADE, related_name="+")
    seller = models.ForeignKey(Seller, null=True, on_delete=models.PROTECT, related_name="+")
    family = models.UUIDField(null=True, db_index=True)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()


class RefreshTokenQuerySet(models.QuerySet["RefreshToken"]):
    def presented(self, digest: str) -> "RefreshToken | None":
        """The row of a presented token, locked: of fifty that refresh at once, one is first."""
        return self.select_for_update(of=("self",)).select_related("grant").filter(token_checksum=digest).first()

    def usable(self, moment: datetime) -> "RefreshTokenQuerySet":
        return self.filter(revoked=None, used_at=None, expires_at__gt=moment, grant__status=GrantStatus.ACTIVE)


class RefreshToken(AbstractRefreshToken):  # type: ignore[misc]
    """Lasting, or one link of a chain (`token_family`) of which only the last is alive."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="+")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)  # when it was exchanged for its child; stays NULL if lasting

    objects = RefreshTokenQuerySet.as_manager()

    class Meta(AbstractRefreshToken.Meta):  # type: ignore[misc]
        unique_together = ()
        constraints = (models.UniqueConstraint(fields=("token_checksum",), name="consent_refreshtoken_checksum"),)


class IDToken(AbstractIDToken):  # type: ignore[misc]
    """Asked for by django-oauth-toolkit; no row is ever made, for the server issues no identity tokens."""


class RestrictedTokenQuerySet(models.QuerySet["RestrictedToken"]):
    def live(self, moment: datetime) -> "RestrictedTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=moment)


class RestrictedToken(models.Model):
    """A restricted data token. Rows are inserted by the gateway with SQL of its own: change the columns on both sides."""

    id = models.CharField(primary_key=True, max_length=64)
    digest = models.BinaryField(max_length=32, unique=True)
    app_id = models.TextField()
    grant_id = models.TextField(db_index=True)
    seller_id = models.TextField()
    restriction = models.TextField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = RestrictedTokenQuerySet.as_manager()

    class Meta:
        db_table = "consent_restricted_token"

    def __str__(self) -> str:
        return self.id
