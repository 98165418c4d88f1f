"""Versions of apps with their manifests, and what reviewers said of them."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models.app import App
from piepowder.rooms.appstore.rules.differences import ManifestDifference, manifest_difference, personal_in
from piepowder.rooms.appstore.rules.versions import (
    MOVES,
    OPEN,
    PUBLISHED,
    STATUS_WORDS,
    TRANSITIONS,
    WAITING,
    WRITABLE,
    VersionStatus,
    Word,
)
from piepowder.rooms.assessments.rules.clocks import PUBLISHED_DAYS, percentile
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet


class AppVersionQuerySet(StateQuerySet["AppVersion"]):
    def numbered(self, app: App, number: str) -> "AppVersion":
        if version := self.filter(app=app, number=number).first():
            return version
        raise PiepowderError(
            "appstore_version_unknown", f"`{app.name}` has no version `{number}`", kind=ErrorKind.NOT_FOUND
        )

    def with_app(self) -> "AppVersionQuerySet":
        return self.select_related("app__developer")

    def named(self, version_id: str) -> "AppVersion":
        """One version with its app; `appstore_version_unknown` if there is none."""
        if version := self.with_app().filter(pk=version_id).first():
            return version
        raise PiepowderError("appstore_version_unknown", f"no version `{version_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, version_id: str) -> "AppVersion":
        """As `named`, and nobody else changes it or its app until the transaction ends."""
        App.objects.select_for_update(of=("self",)).filter(versions=version_id).order_by("pk").first()
        self.select_for_update().filter(pk=version_id).first()
        return self.named(version_id)

    def newest(self, app_id: str) -> "AppVersionQuerySet":
        return self.filter(app=app_id).select_related("app__developer").order_by("-created_at", "-id")

    def open_of(self, app_id: str) -> "AppVersion | None":
        """The version that is under way: at most one."""
        return self.with_app().filter(app=app_id, status__in=OPEN).first()

    def queue(self) -> "AppVersionQuerySet":
        """What waits for the marketplace: what was promised first comes first, whoever handed it in."""
        return self.with_app().filter(status__in=WAITING).order_by("promised_at", "id")

    def place(self, version: "AppVersion") -> int | None:
        """Its place among those that wait for a reviewer, from 1; None once it has one."""
        if version.status != VersionStatus.SUBMITTED:
            return None
        before = Q(promised_at__lt=version.promised_at) | Q(promised_at=version.promised_at, id__lt=version.id)
        return self.filter(before, status=VersionStatus.SUBMITTED).count() + 1

    def late(self, at: datetime) -> "AppVersionQuerySet":
        """Promises that were broken and not yet noted."""
        return self.queue().filter(promised_at__lt=at, breached_at=None)

    def waits(self, at: datetime) -> dict[str, int | None]:
        """What is published of the last 180 days: `count`, and `median` and `p90` of the wait in business days."""
        rows = Review.objects.filter(concludes=True, decided_at__gt=at - timedelta(days=PUBLISHED_DAYS))
        days = list(rows.values_list("wait_days", flat=True))
        return {"count": len(days), "median": percentile(days, 0.5), "p90": percentile(days, 0.9)}


class AppVersion(PrefixedModel, StatefulModel):
    """What an app declares at one time. Once approved it never changes: a grant names the version its seller saw."""

    id_prefix = "ver"
    transitions = TRANSITIONS

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="versions")
    number = models.CharField(max_length=20)
    status = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in VersionStatus], default=VersionStatus.LIVE
    )
    body = models.JSONField()
    roles = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # asked for
    notes = models.TextField(blank=True, default="")  # what is new, in the developer's words
    revision = models.PositiveIntegerField(default=1)  # counts changes while it is written
    reviewed = models.BooleanField(default=False)  # False and live: the marketplace put it live itself
    round = models.PositiveIntegerField(default=0)  # how often it was submitted
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=100, blank=True, default="")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.CharField(max_length=100, blank=True, default="")
    promised_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    checks = models.JSONField(default=list, blank=True)  # results as they were when it was submitted
    details = models.JSONField(default=dict, blank=True)  # the app's addresses as they were then
    reviewer = models.CharField(max_length=100, blank=True, default="")  # an actor, while in review
    first_approval_by = models.CharField(max_length=100, blank=True, default="")  # waits for a second person then
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")  # of the last decision
    live_at = models.DateTimeField(null=True, blank=True)

    objects = AppVersionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["promised_at", "id"],
                condition=Q(status__in=["submitted", "in_review"]),
                name="appstore_appversion_queue",
            ),
            models.Index(fields=["app", "status"], name="appstore_appversion_state"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app", "number"], name="appstore_appversion_number_once"),
            models.UniqueConstraint(
                fields=["app"],
                condition=Q(status__in=[one.value for one in OPEN]),
                name="appstore_appversion_one_open",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def manifest(self) -> ManifestFact:
        return msgspec.convert(self.body, ManifestFact)

    @property
    def state(self) -> VersionStatus:
        return VersionStatus(self.status)

    @property
    def words(self) -> str:
        if self.state is VersionStatus.SUBMITTED and self.first_approval_by:
            return "approved once, waits for a second reviewer"
        return STATUS_WORDS[self.state]

    @property
    def moves(self) -> str:
        """Whose move it is: `developer`, `marketplace` or nobody's."""
        return MOVES[self.state]

    @property
    def writable(self) -> bool:
        return self.state in WRITABLE

    @property
    def waiting(self) -> bool:
        return self.state in WAITING

    @property
    def published(self) -> bool:
        """Whether the gateway knows it."""
        return self.state in PUBLISHED

    @property
    def personal(self) -> tuple[str, ...]:
        """Shoppers' data that it asks for."""
        return personal_in(self.manifest)

    @property
    def rolling_out(self) -> bool:
        return self.state is VersionStatus.LIVE and self.number == self.app.next_version

    def difference_to(self, other: "AppVersion | None") -> ManifestDifference:
        """What it asks beyond another version (None: beyond nothing)."""
        return manifest_difference(other.manifest if other else None, self.manifest)

    def before(self) -> "AppVersion | None":
        """The version that it would replace: the current one, or what was current before it."""
        if self.number != self.app.current_version:
            return self.app.versions.filter(number=self.app.current_version).first()
        older = self.app.versions.filter(status=VersionStatus.SUPERSEDED, live_at__lte=self.live_at or self.created_at)
        return older.exclude(pk=self.pk).order_by("-live_at", "-id").first()

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "app": self.app_id,
            "number": self.number,
            "status": self.status,
            "moves": self.moves,
            "manifest": self.body,
            "roles": sorted(self.roles),
            "notes": self.notes,
            "revision": self.revision,
            "reviewed": self.reviewed,
            "round": self.round,
            "created_at": self.created_at,
            "submitted_at": self.submitted_at,
            "promised_at": self.promised_at,
            "late": self.breached_at is not None,
            "reviewer": self.reviewer,
            "first_approval_by": self.first_approval_by,
            "decided_at": self.decided_at,
            "reason": self.reason,
            "live_at": self.live_at,
        }

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id, "developer": self.app.developer_id}


class VersionReviewQuerySet(models.QuerySet["Review"]):
    def of(self, version: AppVersion) -> "VersionReviewQuerySet":
        return self.filter(version=version).order_by("-id")

    def reviewers_of(self, version: AppVersion) -> set[str]:
        return set(self.filter(version=version, round=version.round).values_list("reviewer", flat=True))


class Review(PrefixedModel):
    """What one reviewer said of a version. Rows are only added. `concludes`: it was the last word of its round."""

    id_prefix = "rev"

    version = models.ForeignKey(AppVersion, on_delete=models.PROTECT, related_name="reviews")
    round = models.PositiveIntegerField()
    word = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Word])
    points = models.JSONField(default=dict)  # point -> {"fine": bool, "reason": text}
    reason = models.TextField(blank=True)
    reviewer = models.CharField(max_length=100)
    decided_at = models.DateTimeField()
    concludes = models.BooleanField()
    wait_days = models.PositiveIntegerField(default=0)  # business days since it was submitted

    objects = VersionReviewQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["decided_at"], condition=Q(concludes=True), name="appstore_review_concluded")
        ]

    def __str__(self) -> str:
        return f"{self.word} of {self.version_id}"

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "version": self.version_id,
            "round": self.round,
            "word": self.word,
            "points": self.points,
            "reason": self.reason,
            "decided_at": self.decided_at,
            "concludes": self.concludes,
            "wait_days": self.wait_days,
        }
