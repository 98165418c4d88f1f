"""Listings with their screenshots, and which seller uses which app."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVectorField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Mod

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.rules.organisation import DeveloperStatus
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.people.models import Seller
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import CAPABILITIES, Capability
from piepowder.rooms.store.rules import MAY_RATE_AFTER_USE, TRANSITIONS, ListingStatus, Texts, stage_of

PERMITTED = [str(standing) for standing, may in CAPABILITIES.items() if Capability.NEW_AUTHORISATIONS in may]
SORTS: dict[str, tuple[str, ...]] = {
    "used": ("-sellers_count", "app__name", "id"),
    "rating": ("-rating_median", "-rating_count", "app__name", "id"),
    "data": ("personal_asked", "-sellers_count", "app__name", "id"),
    "name": ("app__name", "id"),
    "new": ("-listed_at", "id"),
}


class ListingQuerySet(StateQuerySet["Listing"]):
    def full(self) -> "ListingQuerySet":
        return self.select_related("app", "app__developer")

    def of_app(self, app_id: str) -> "Listing":
        """The listing of an app; `store_listing_unknown` if there is none."""
        if found := self.full().filter(app=app_id.replace("\0", "")).first():
            return found
        raise PiepowderError(
            "store_listing_unknown", f"app `{app_id}` has no listing in the store", kind=ErrorKind.NOT_FOUND
        )

    def locked(self, app_id: str) -> "Listing":
        """As `of_app`, and nobody else changes it until the transaction ends."""
        self.select_for_update(of=("self",)).filter(app=app_id).first()
        return self.of_app(app_id)

    def open_to_new(self) -> "ListingQuerySet":
        """On the shelves: listed, neither app nor developer lacks what new authorisations need, the developer is open."""
        permitted = Subject.objects.filter(status__in=PERMITTED)
        return self.filter(
            Exists(permitted.filter(pk=OuterRef("app_id"))),
            Exists(permitted.filter(pk=OuterRef("app__developer_id"))),
            app__developer__status=DeveloperStatus.OPEN,
            status=ListingStatus.LISTED,
        )

    def visible_to(self, seller_id: str) -> "ListingQuerySet":
        """Without listings in a stage that has not reached this seller; an empty id is nobody's, and sees what all see."""
        if not seller_id:
            return self.filter(percent=100)
        stage = Mod(F("stage") + stage_of(seller_id), 100)
        return self.alias(stage_of_seller=stage).filter(
            Q(percent=100) | Q(stage_of_seller__lt=F("percent")) | Q(sellers__contains=[seller_id])
        )

    def containing(self, words: str) -> "ListingQuerySet":
        """Those that a search by words finds, the best first."""
        words = words.replace("\0", "")
        query = SearchQuery(words, search_type="websearch", config="english")
        found = self.filter(Q(search=query) | Q(app__name__icontains=words))
        return found.annotate(rank=SearchRank(F("search"), query)).order_by("-rank", "app__name", "id")

    def waiting(self) -> "ListingQuerySet":
        """Submitted, the longest wait first."""
        return self.full().filter(status=ListingStatus.SUBMITTED).order_by("submitted_at", "id")

    def changed_since_look(self) -> "ListingQuerySet":
        """Listed, and changed after the marketplace last looked."""
        return self.full().filter(status=ListingStatus.LISTED, changed_at__gt=F("looked_at")).order_by("changed_at")

    def behind(self) -> "ListingQuerySet":
        """Whose app has another version or name than the one that was counted and indexed."""
        return self.full().exclude(version=F("app__current_version"), indexed_name=F("app__name"))

    def of_developer(self, developer_id: str) -> dict[str, "Listing"]:
        """App id -> listing."""
        return {one.app_id: one for one in self.full().filter(app__developer=developer_id)}


class Listing(PrefixedModel, StatefulModel):
    """How an app stands in the store. `percent` and `sellers` say who sees it while it is rolled out in stages."""

    id_prefix = "lst"
    transitions = TRANSITIONS

    app = models.OneToOneField(App, on_delete=models.PROTECT, related_name="listing")
    status = models.CharField(max_length=16, choices=[(s.value, s.value) for s in ListingStatus], default="draft")
    short = models.CharField(max_length=140, blank=True)
    long = models.TextField(blank=True)
    features = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    categories = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    support_email = models.CharField(max_length=254, blank=True)
    support_url = models.CharField(max_length=500, blank=True)
    privacy_url = models.CharField(max_length=500, blank=True)
    website = models.CharField(max_length=500, blank=True)
    start_url = models.CharField(max_length=500, blank=True)
    percent = models.PositiveSmallIntegerField(default=100)
    sellers = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    stage = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)  # why it was returned or removed; the developer reads it
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    looked_texts = models.JSONField(default=dict, blank=True)  # the texts as the marketplace last saw them
    # worked out, so that pages need not
    version = models.CharField(max_length=20, blank=True)
    indexed_name = models.CharField(max_length=200, blank=True)
    personal_asked = models.PositiveSmallIntegerField(default=0)  # shoppers' data categories that the manifest names
    sellers_count = models.PositiveIntegerField(default=0)
    rating_median = models.FloatField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    search = SearchVectorField(null=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="store_listing_search"),
            GinIndex(fields=["categories"], name="store_listing_categories"),
            models.Index(fields=["status", "sellers_count"], name="store_listing_used"),
        ]

    def __str__(self) -> str:
        return f"{self.app_id}: {self.status}"

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id, "developer": self.app.developer_id}

    @property
    def texts(self) -> Texts:
        return Texts.of({name: getattr(self, name) for name in Texts.__dataclass_fields__})

    def changes_since_look(self) -> list[tuple[str, str, str]]:
        """Field, as it was when the marketplace last looked, as it is."""
        now = asdict(self.texts)
        pairs = ((name, self.looked_texts.get(name, ""), now[name]) for name in now)
        return [
            (name, _words(old), _words(new))
            for name, old, new in pairs
            if self.looked_texts and _words(old) != _words(new)
        ]

    def described(self) -> dict[str, Any]:
        """What API and command line show to developer and staff."""
        names = ("status", "reason", "percent", "sellers", "sellers_count", "rating_median", "rating_count")
        return {
            "app": self.app_id,
            "name": self.app.name,
            "developer": self.app.developer_id,
            **{name: getattr(self, name) for name in names},
            "texts": asdict(self.texts),
            "screenshots": [one.described() for one in self.screenshots.in_order()],
            "personal_asked": self.personal_asked,
            "created_at": self.created_at,
            "changed_at": self.changed_at,
            "submitted_at": self.submitted_at,
            "listed_at": self.listed_at,
        }


def _words(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class ScreenshotQuerySet(models.QuerySet["Screenshot"]):
    def in_order(self) -> "ScreenshotQuerySet":
        """Without the pictures themselves."""
        return self.defer("data").order_by("place", "id")

    def named(self, screenshot_id: str) -> "Screenshot":
        if found := self.select_related("listing__app").filter(pk=screenshot_id.replace("\0", "")).first():
            return found
        raise PiepowderError("store_screenshot_unknown", f"no screenshot `{screenshot_id}`", kind=ErrorKind.NOT_FOUND)

    def first_of(self, listing_ids: Iterable[str]) -> dict[str, "Screenshot"]:
        """Listing id -> its first screenshot, for lists."""
        found = self.filter(listing__in=list(listing_ids)).defer("data").order_by("listing_id", "place", "id")
        return {one.listing_id: one for one in found.distinct("listing_id")}


class Screenshot(PrefixedModel):
    """A cleaned picture (`pictures.py`) with words for those who do not see it."""

    id_prefix = "shot"

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="screenshots")
    place = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=200)
    media_type = models.CharField(max_length=20)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)
    data = models.BinaryField()
    created_at = models.DateTimeField()

    objects = ScreenshotQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["listing", "digest"], name="store_screenshot_once")
        ]

    def __str__(self) -> str:
        return self.words

    def described(self) -> dict[str, Any]:
        names = ("id", "place", "words", "media_type", "width", "height", "digest")
        return {name: getattr(self, name) for name in names}


class UseQuerySet(models.QuerySet["Use"]):
    def present(self, app_id: str, seller_id: str) -> "Use | None":
        return self.filter(app=app_id, seller=seller_id).first()

    def of_seller(self, seller_id: str, app_ids: Collection[str] | None = None) -> set[str]:
        """Ids of the apps that a seller uses now."""
        rows = self.filter(seller=seller_id, ended_at=None)
        if app_ids is not None:
            rows = rows.filter(app__in=app_ids)
        return set(rows.values_list("app_id", flat=True))

    def may_rate(self, app_id: str, seller_id: str, at: datetime) -> bool:
        """Whether a seller uses the app, or did within the last 90 days."""
        recent = Q(ended_at=None) | Q(ended_at__gt=at - MAY_RATE_AFTER_USE)
        return self.filter(recent, app=app_id, seller=seller_id).exists()


class Use(models.Model):
    """A seller uses an app: told by the room that grants, so that this one need not look up to it."""

    pk = models.CompositePrimaryKey("app_id", "seller_id")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="uses")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="uses")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = UseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["seller"], name="store_use_seller")]

    def __str__(self) -> str:
        return f"{self.seller_id} uses {self.app_id}"
