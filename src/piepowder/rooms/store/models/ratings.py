"""What sellers say about apps that they use, and reports of what should not stand there."""

from collections import Counter
from typing import Any, ClassVar

from django.db import models
from django.db.models import Count, Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.people.models import Seller
from piepowder.rooms.store.rules import RATING_TRANSITIONS, RatingStatus


class RatingQuerySet(StateQuerySet["Rating"]):
    def named(self, rating_id: str) -> "Rating":
        """One rating; `store_rating_unknown` if there is none."""
        if (
            found := self.select_related("app", "app__developer", "seller")
            .filter(pk=rating_id.replace("\0", ""))
            .first()
        ):
            return found
        raise PiepowderError("store_rating_unknown", f"no rating `{rating_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, rating_id: str) -> "Rating":
        self.select_for_update(of=("self",)).filter(pk=rating_id).first()
        return self.named(rating_id)

    def shown_of(self, app_id: str) -> "RatingQuerySet":
        return self.filter(app=app_id, status=RatingStatus.SHOWN).order_by("-changed_at", "-id")

    def by_seller(self, app_id: str, seller_id: str) -> "Rating | None":
        return self.filter(app=app_id, seller=seller_id).first()

    def counts(self, app_id: str) -> Counter[int]:
        """Stars -> how many sellers gave them."""
        rows = self.filter(app=app_id, status=RatingStatus.SHOWN).values_list("stars").annotate(Count("id"))
        return Counter(dict(rows.order_by("stars")))

    def reported(self) -> "RatingQuerySet":
        """With reports that nobody has answered, the most reported first."""
        several = self.select_related("app", "seller").annotate(
            open_reports=Count("reports", filter=Q(reports__answered_at=None))
        )
        return several.filter(open_reports__gt=0).order_by("-open_reports", "id")

    def hidden(self) -> "RatingQuerySet":
        return self.filter(status=RatingStatus.HIDDEN).select_related("app", "seller").order_by("-changed_at")


class Rating(PrefixedModel, StatefulModel):
    """One seller's stars and words for one app. Pages never say which seller."""

    id_prefix = "rat"
    transitions = RATING_TRANSITIONS

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="ratings")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="ratings")
    status = models.CharField(max_length=16, choices=[(s.value, s.value) for s in RatingStatus], default="shown")
    stars = models.PositiveSmallIntegerField()
    words = models.TextField(blank=True)
    reply = models.TextField(blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)  # why the marketplace hid it
    using_since = models.DateTimeField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = RatingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app", "seller"], name="store_rating_once"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="store_rating_stars"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["app", "-changed_at"], name="store_rating_newest")
        ]

    def __str__(self) -> str:
        return f"{self.stars} for {self.app_id}"

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id, "seller": self.seller_id}

    def described(self, *, whole: bool = False) -> dict[str, Any]:
        """What anybody reads; `whole` adds what only staff and the seller itself do."""
        names = ("id", "stars", "words", "reply", "replied_at", "using_since", "changed_at")
        shown = {"app": self.app_id, **{name: getattr(self, name) for name in names}}
        return {**shown, "seller": self.seller_id, "status": self.status, "reason": self.reason} if whole else shown


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self, rating_id: str) -> "ReportQuerySet":
        return self.filter(rating=rating_id, answered_at=None).order_by("id")


class Report(PrefixedModel):
    """Somebody says that a rating should not stand there. One of each account for a rating."""

    id_prefix = "rep"

    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="reports")
    reported_by = models.CharField(max_length=100)
    words = models.TextField()
    reported_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=100, blank=True)
    answer = models.CharField(max_length=16, blank=True)  # hidden | kept

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rating", "reported_by"], name="store_report_once")
        ]

    def __str__(self) -> str:
        return self.words

    def described(self) -> dict[str, Any]:
        names = ("id", "words", "reported_by", "reported_at", "answered_at", "answered_by", "answer")
        return {"rating": self.rating_id, **{name: getattr(self, name) for name in names}}
