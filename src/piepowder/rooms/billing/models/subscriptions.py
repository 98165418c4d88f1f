"""Which seller uses an app on which terms, and new terms that wait for an answer."""

from datetime import date, datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing.models.plans import Plan, PlanVersion
from piepowder.rooms.billing.rules import OFFER_TRANSITIONS, TRANSITIONS, OfferStatus, SubscriptionStatus
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.people.models import Seller

_LIVE = ~Q(status="ended")


class SubscriptionQuerySet(StateQuerySet["Subscription"]):
    def named(self, subscription_id: str) -> "Subscription":
        """One with app and seller; `billing_subscription_unknown` if there is none."""
        if found := self.whole().filter(pk=subscription_id).first():
            return found
        raise PiepowderError(
            "billing_subscription_unknown", f"no subscription `{subscription_id}`", kind=ErrorKind.NOT_FOUND
        )

    def locked(self, subscription_id: str) -> "Subscription":
        self.select_for_update().filter(pk=subscription_id).first()
        return self.named(subscription_id)

    def whole(self) -> "SubscriptionQuerySet":
        return self.select_related("app__developer", "seller").prefetch_related("terms__version__plan")

    def of_seller(self, seller_id: str) -> "SubscriptionQuerySet":
        return self.whole().filter(seller=seller_id).order_by("-id")

    def of_app(self, app_id: str) -> "SubscriptionQuerySet":
        return self.whole().filter(app=app_id).order_by("-id")

    def live(self) -> "SubscriptionQuerySet":
        return self.filter(_LIVE)

    def live_between(self, app_id: str, seller_id: str) -> "Subscription | None":
        return self.live().filter(app=app_id, seller=seller_id).first()

    def touching(self, span: tuple[datetime, datetime]) -> "SubscriptionQuerySet":
        """Those that were there at some moment of the span and outside their trial, in an order that never changes."""
        begun = Q(started_at__lt=span[1]) & (Q(trial_ends_at=None) | Q(trial_ends_at__lt=span[1]))
        return (
            self.whole().filter(begun, Q(ends_at=None) | Q(ends_at__gt=span[0])).order_by("app_id", "seller_id", "id")
        )

    def behind(self, version: PlanVersion) -> "SubscriptionQuerySet":
        """Those with an older version of the plan who were not told of this one."""
        asked = TermsOffer.objects.filter(subscription=OuterRef("pk"), version=version)
        have = Term.objects.filter(subscription=OuterRef("pk"), version=version)
        return self.whole().live().filter(~Exists(asked), ~Exists(have), plan=version.plan_id).order_by("id")

    def trials_over(self, at: datetime) -> "SubscriptionQuerySet":
        return self.filter(status=SubscriptionStatus.TRIAL, trial_ends_at__lte=at)

    def trials_near_end(self, at: datetime, horizon: datetime) -> "SubscriptionQuerySet":
        return self.whole().filter(
            status=SubscriptionStatus.TRIAL, trial_ends_at__gt=at, trial_ends_at__lte=horizon, trial_told=False
        )

    def cancelled_over(self, at: datetime) -> "SubscriptionQuerySet":
        return self.filter(status=SubscriptionStatus.CANCELLED, ends_at__lte=at)


class Subscription(PrefixedModel, StatefulModel):
    """A seller's use of an app on some terms. `ends_at` is set when it was cancelled or has ended."""

    id_prefix = "sub"
    transitions = TRANSITIONS

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="subscriptions")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")  # of the newest terms
    status = models.CharField(max_length=16, choices=[(s.value, s.value) for s in SubscriptionStatus])
    started_at = models.DateTimeField()
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    trial_told = models.BooleanField(default=False)  # that its end is near
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app", "seller"], condition=_LIVE, name="billing_subscription_one_live")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["seller", "-id"], name="billing_subscription_seller"),
            models.Index(fields=["status", "trial_ends_at"], name="billing_subscription_trials"),
        ]

    def __str__(self) -> str:
        return f"{self.app_id} for {self.seller_id}"

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id, "seller": self.seller_id, "developer": self.app.developer_id}

    def version_in(self, month: date) -> PlanVersion:
        """The terms of a month: the newest that began by then."""
        begun = [term for term in self.terms.all() if term.from_month <= month]
        return max(begun, key=lambda term: term.from_month).version

    @property
    def version(self) -> PlanVersion:
        """The newest terms, which may begin next month."""
        return max(self.terms.all(), key=lambda term: term.from_month).version

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        terms = sorted(self.terms.all(), key=lambda one: one.from_month)
        return {
            "id": self.id,
            "app": self.app_id,
            "seller": self.seller_id,
            "plan": terms[-1].version.plan_id,
            "version": terms[-1].version.number,
            "price": terms[-1].version.words,
            "status": self.status,
            "started_at": self.started_at,
            "trial_ends_at": self.trial_ends_at,
            "ends_at": self.ends_at,
            "terms": [
                {"from": f"{one.from_month:%Y-%m}", "plan": one.version.plan_id, "version": one.version.number}
                for one in terms
            ],
        }


class Term(PrefixedModel):
    """From which month on a subscription has which terms. One for a month: a later choice for the same month replaces it."""

    id_prefix = "term"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="terms")
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    from_month = models.DateField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subscription", "from_month"], name="billing_term_month_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} from {self.from_month:%Y-%m}"


class TermsOfferQuerySet(StateQuerySet["TermsOffer"]):
    def of(self, subscription_id: str, offer_id: str) -> "TermsOffer":
        """One offer of that subscription; `billing_offer_unknown` if there is none."""
        if found := self._whole().filter(pk=offer_id, subscription=subscription_id).first():
            return found
        raise PiepowderError("billing_offer_unknown", f"no offer `{offer_id}`", kind=ErrorKind.NOT_FOUND)

    def open_of(self, subscription_id: str) -> "TermsOfferQuerySet":
        return self._whole().filter(subscription=subscription_id, status=OfferStatus.OPEN)

    def open_to(self, seller_id: str) -> "TermsOfferQuerySet":
        return self._whole().filter(subscription__seller=seller_id, status=OfferStatus.OPEN).order_by("id")

    def _whole(self) -> "TermsOfferQuerySet":
        return self.select_related("subscription__app__developer", "subscription__seller", "version__plan")


class TermsOffer(PrefixedModel, StatefulModel):
    """A new version of the plan, told to one who has an older one."""

    id_prefix = "toff"
    transitions = OFFER_TRANSITIONS

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="offers")
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in OfferStatus], default=OfferStatus.OPEN
    )
    told_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = TermsOfferQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subscription", "version"], name="billing_termsoffer_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} for {self.subscription_id}"

    def ledger_fields(self) -> dict[str, str]:
        return self.subscription.ledger_fields()

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "subscription": self.subscription_id,
            "app": self.subscription.app_id,
            "plan": self.version.plan_id,
            "version": self.version.number,
            "price": self.version.words,
            "status": self.status,
            "told_at": self.told_at,
        }
