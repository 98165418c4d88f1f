"""Apps, and changes of mode."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from piepowder.core.facts.model import AppFact, ManifestFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore.rules import TRANSITIONS, AppKind, ModeStatus
from piepowder.rooms.appstore.rules.caps import Reach, check_room, sellers_max
from piepowder.rooms.appstore.rules.versions import OPEN, PUBLISHED, VersionStatus, place_of
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.developers.rules.names import escaped
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.standing.models import Subject

if TYPE_CHECKING:
    from piepowder.rooms.appstore.models.versions import AppVersion


def _by_id(row: PrefixedModel) -> str:
    return row.id


class AppQuerySet(models.QuerySet["App"]):
    def named(self, app_id: str) -> "App":
        """One app with its developer; `appstore_app_unknown` if there is none."""
        if app := self.select_related("developer").filter(pk=app_id).first():
            return app
        raise PiepowderError("appstore_app_unknown", f"no app `{app_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, app_id: str) -> "App":
        """As `named`, and nobody else changes it until the transaction ends: facts are composed of the whole app."""
        self.select_for_update().filter(pk=app_id).first()
        return self.named(app_id)

    def by_client_id(self, client_id: str) -> "App | None":
        return self.select_related("developer").filter(client_id=client_id).first()

    def listed(self) -> "AppQuerySet":
        return self.select_related("developer").prefetch_related("versions", "mode_changes").order_by("id")

    def of(self, developer_id: str) -> "AppQuerySet":
        """A developer's apps by name."""
        return self.filter(developer=developer_id).order_by("name", "id")

    def of_developer(self, app_id: str, developer_id: str) -> "App":
        """As `named`, but another developer's app is as good as none."""
        app = self.named(app_id)
        if app.developer_id != developer_id:
            raise PiepowderError("appstore_app_unknown", f"no app `{app_id}`", kind=ErrorKind.NOT_FOUND)
        return app

    def for_table(self) -> "AppQuerySet":
        """With `standing` and `open_status` (of the version under way), each by one look-up per row shown."""
        standing = Subject.objects.filter(pk=OuterRef("pk")).values("status")
        under_way = _versions().filter(app=OuterRef("pk"), status__in=OPEN).values("status")
        return self.select_related("developer").annotate(
            standing=Subquery(standing[:1]), open_status=Subquery(under_way[:1])
        )

    def unapproved(self) -> "AppQuerySet":
        """Apps without any version that was reviewed and approved."""
        approved = _versions().filter(app=OuterRef("pk"), status__in=PUBLISHED, reviewed=True)
        return self.filter(~Exists(approved))

    def approved(self) -> "AppQuerySet":
        """Apps with a version that was reviewed and approved."""
        return self.exclude(pk__in=self.model._default_manager.unapproved().values("pk"))

    def with_version(self, status: str) -> "AppQuerySet":
        """Apps that have a version in this state."""
        return self.filter(Exists(_versions().filter(app=OuterRef("pk"), status=status)))

    def alike(self, likeness: str, developer_id: str) -> list[str]:
        """Names of other developers' apps that look the same."""
        rows = self.filter(likeness=likeness).exclude(likeness="").exclude(developer=developer_id)
        return list(rows.order_by("id").values_list("name", flat=True)[:5])


def _versions() -> "QuerySet[AppVersion]":
    model: type[AppVersion] = App._meta.get_field("versions").related_model  # type: ignore[assignment]
    return model._default_manager.all()


class App(PrefixedModel):  # type: ignore[django-manager-missing]  # as in `people`
    """A third-party app. `roles`, `rates` and `current_version` change by actions only, which publish them."""

    id_prefix = "app"

    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="apps")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in AppKind])
    client_id = models.CharField(max_length=100, unique=True)
    environment = models.CharField(max_length=20, default="production")
    description = models.TextField(blank=True)
    roles = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    rates = models.JSONField(default=dict, blank=True)  # operation id or "*" -> [calls a second, burst]
    current_version = models.CharField(max_length=20, blank=True)  # empty: none yet, every call is refused
    # While a newer version is rolled out in stages: its number, and for how many of a hundred sellers it counts already.
    next_version = models.CharField(max_length=20, blank=True, default="")
    rollout_percent = models.PositiveSmallIntegerField(default=0)
    reach = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Reach], default=Reach.OPEN)
    likeness = models.CharField(max_length=200, blank=True, default="", db_index=True)  # of the name: `rules.names`
    redirect_uris = ArrayField(models.CharField(max_length=2000), default=list, blank=True)
    login_uri = models.CharField(max_length=2000, blank=True, default="")
    webhook_urls = ArrayField(models.CharField(max_length=2000), default=list, blank=True)
    privacy_policy_url = models.CharField(max_length=2000, blank=True, default="")
    support_email = models.CharField(max_length=254, blank=True, default="")
    support_url = models.CharField(max_length=2000, blank=True, default="")
    revision = models.PositiveIntegerField(default=1)  # counts changes of these words, so that a stale form is noticed
    created_at = models.DateTimeField()

    objects = AppQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["developer", "name"], name="appstore_app_name_once")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["name"], name="appstore_app_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """For pages: with whatever is hidden in the name spelt out."""
        return escaped(self.name)

    def manifest(self, version: str | None = None) -> ManifestFact:
        """The manifest of a version (of the current one by default); `appstore_version_unknown` if there is none."""
        number = version or self.current_version
        fetched = getattr(self, "_prefetched_objects_cache", {}).get("versions", ())
        found: AppVersion = next((one for one in fetched if one.number == number), None) or self.versions.numbered(
            self, number
        )
        return found.manifest

    def version_for(self, seller_id: str) -> str:
        """The version that a seller is asked about: the newer one where a roll-out has reached them, else the current one."""
        if self.next_version and place_of(self.id, self.next_version, seller_id) < self.rollout_percent:
            return self.next_version
        return self.current_version

    @property
    def sellers_max(self) -> int | None:
        """How many sellers may authorise it; None for any number."""
        caps = settings.PIEPOWDER
        return sellers_max(
            AppKind(self.kind), Reach(self.reach), own_use=caps.own_use_sellers_max, unlisted=caps.unlisted_sellers_max
        )

    def check_room(self, others: int) -> None:
        """`appstore_sellers_full` where one more seller would be too many; `others` have an active grant already."""
        check_room(self.name, AppKind(self.kind), self.sellers_max, others)

    def details(self) -> dict[str, Any]:
        """What a developer says of the app beside its manifest."""
        return {
            "redirect_uris": list(self.redirect_uris),
            "login_uri": self.login_uri,
            "webhook_urls": list(self.webhook_urls),
            "privacy_policy_url": self.privacy_policy_url,
            "support_email": self.support_email,
            "support_url": self.support_url,
        }

    def _published(self) -> "list[AppVersion]":
        return [version for version in self.versions.all() if VersionStatus(version.status) in PUBLISHED]

    def modes_in_effect(self) -> dict[str, str]:
        """Operation or `*` -> mode."""
        return {change.operation: change.mode for change in self._in_effect()}

    def _in_effect(self) -> list["ModeChange"]:
        return [change for change in self.mode_changes.all() if change.status == ModeStatus.IN_EFFECT]

    def described(self) -> dict[str, Any]:
        """What API and command line show of an app; `modes` are those in effect."""
        return {
            "id": self.id,
            "developer": self.developer_id,
            "name": self.name,
            "kind": self.kind,
            "client_id": self.client_id,
            "environment": self.environment,
            "description": self.description,
            "roles": sorted(self.roles),
            "rates": self.rates,
            "current_version": self.current_version,
            "next_version": self.next_version,
            "rollout_percent": self.rollout_percent,
            "reach": self.reach,
            "sellers_max": self.sellers_max,
            **self.details(),
            "revision": self.revision,
            "versions": {version.number: version.body for version in sorted(self._published(), key=_by_id)},
            "modes": [change.described() for change in sorted(self._in_effect(), key=_by_id)],
            "created_at": self.created_at,
        }

    def fact(self) -> AppFact:
        """Everything the gateway knows of this app, from the tables as they are."""
        modes = self._in_effect()
        return AppFact(
            id=self.id,
            developer=self.developer_id,
            name=self.name,
            environment=self.environment,
            roles=tuple(sorted(self.roles)),
            current_version=self.current_version,
            versions={version.number: version.manifest for version in self._published()},
            modes=self.modes_in_effect(),
            modes_until={change.operation: change.until.timestamp() for change in modes if change.until},
            rates={operation: (rate[0], rate[1]) for operation, rate in self.rates.items()},
        )


class ModeChangeQuerySet(StateQuerySet["ModeChange"]):
    def in_effect(self, app: App) -> "ModeChangeQuerySet":
        return self.filter(app=app, status=ModeStatus.IN_EFFECT)

    def over(self, at: datetime) -> "ModeChangeQuerySet":
        """Those in effect whose end date has passed."""
        return self.filter(status=ModeStatus.IN_EFFECT, until__lte=at).select_related("app")

    def named(self, change_id: str) -> "ModeChange":
        if change := self.select_related("app").filter(pk=change_id).first():
            return change
        raise PiepowderError("appstore_mode_unknown", f"no change of mode `{change_id}`", kind=ErrorKind.NOT_FOUND)

    def newest(self, app: App) -> "ModeChangeQuerySet":
        return self.filter(app=app).order_by("-id")


class ModeChange(PrefixedModel, StatefulModel):
    """A mode for one operation of an app (or for all, `*`): proposed, approved, in effect, ended."""

    id_prefix = "mode"
    transitions = TRANSITIONS

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="mode_changes")
    operation = models.CharField(max_length=100)
    mode = models.CharField(max_length=20, choices=[(mode.value, mode.value) for mode in Mode])
    status = models.CharField(max_length=20, choices=[(status.value, status.value) for status in ModeStatus])
    until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    proposed_by = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ModeChangeQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["app", "operation"], condition=Q(status="in_effect"), name="appstore_modechange_one_in_effect"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mode} for {self.operation}"

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "app": self.app_id,
            "operation": self.operation,
            "mode": self.mode,
            "status": self.status,
            "until": self.until,
            "reason": self.reason,
            "proposed_by": self.proposed_by,
            "proposed_at": self.proposed_at,
            "decided_by": self.decided_by,
            "ended_at": self.ended_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id}
