"""Apps, versions with their manifests, and changes of mode."""

from datetime import datetime
from typing import Any, ClassVar

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from piepowder.core.facts.model import AppFact, ManifestFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore.rules import TRANSITIONS, AppKind, ModeStatus
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet


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
    created_at = models.DateTimeField()

    objects = AppQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["developer", "name"], name="appstore_app_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    def manifest(self, version: str | None = None) -> ManifestFact:
        """The manifest of a version (of the current one by default); `appstore_version_unknown` if there is none."""
        return AppVersion.objects.numbered(self, version or self.current_version).manifest

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
            "versions": {version.number: version.body for version in sorted(self.versions.all(), key=_by_id)},
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
            versions={version.number: version.manifest for version in self.versions.all()},
            modes={change.operation: change.mode for change in modes},
            modes_until={change.operation: change.until.timestamp() for change in modes if change.until},
            rates={operation: (rate[0], rate[1]) for operation, rate in self.rates.items()},
        )


class AppVersionQuerySet(models.QuerySet["AppVersion"]):
    def numbered(self, app: App, number: str) -> "AppVersion":
        if version := self.filter(app=app, number=number).first():
            return version
        raise PiepowderError(
            "appstore_version_unknown", f"`{app.name}` has no version `{number}`", kind=ErrorKind.NOT_FOUND
        )


class AppVersion(PrefixedModel):
    """What an app declared at one time. Never changed: a grant names the version its seller saw."""

    id_prefix = "ver"

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="versions")
    number = models.CharField(max_length=20)
    body = models.JSONField()
    created_at = models.DateTimeField()

    objects = AppVersionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app", "number"], name="appstore_appversion_number_once")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def manifest(self) -> ManifestFact:
        return msgspec.convert(self.body, ManifestFact)


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
