"""Plans of apps, and their versions."""

from typing import Any, ClassVar

from django.db import models

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing.money import shown
from piepowder.rooms.billing.rules import PLAN_TRANSITIONS, PlanKind, PlanStatus, Terms, words_of
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet

DIGITS: dict[str, Any] = {"max_digits": 24, "decimal_places": 4}


class PlanQuerySet(StateQuerySet["Plan"]):
    def named(self, plan_id: str) -> "Plan":
        """One plan with its app; `billing_plan_unknown` if there is none."""
        if found := self.select_related("app__developer").filter(pk=plan_id).first():
            return found
        raise PiepowderError("billing_plan_unknown", f"no plan `{plan_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, plan_id: str) -> "Plan":
        self.select_for_update().filter(pk=plan_id).first()
        return self.named(plan_id)

    def of_app(self, app_id: str) -> "PlanQuerySet":
        return self.filter(app=app_id).prefetch_related("versions").order_by("status", "id")

    def of_developer(self, developer_id: str) -> "PlanQuerySet":
        rows = self.filter(app__developer=developer_id).select_related("app")
        return rows.prefetch_related("versions").order_by("app__name", "status", "id")


class Plan(PrefixedModel, StatefulModel):
    """An offer by name; what it costs is in its versions."""

    id_prefix = "plan"
    transitions = PLAN_TRANSITIONS

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="plans")
    name = models.CharField(max_length=100)
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in PlanStatus], default=PlanStatus.OFFERED
    )
    created_at = models.DateTimeField()

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app", "name"], name="billing_plan_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    def ledger_fields(self) -> dict[str, str]:
        return {"app": self.app_id, "developer": self.app.developer_id}

    @property
    def newest(self) -> "PlanVersion":
        return max(self.versions.all(), key=lambda one: one.number)

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        versions = sorted(self.versions.all(), key=lambda one: one.number)
        return {
            "id": self.id,
            "app": self.app_id,
            "name": self.name,
            "status": self.status,
            "price": versions[-1].words,
            **versions[-1].described(),
            "versions": [one.described() for one in versions],
            "created_at": self.created_at,
        }


class PlanVersionQuerySet(models.QuerySet["PlanVersion"]):
    def untold(self) -> "PlanVersionQuerySet":
        return self.filter(told=False).select_related("plan__app__developer").order_by("id")


class PlanVersion(PrefixedModel):
    """The terms of a plan at one time. Never changed: whoever subscribed to it keeps it."""

    id_prefix = "pver"

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in PlanKind])
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**DIGITS)
    trial_days = models.PositiveSmallIntegerField(default=0)
    included_orders = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    told = models.BooleanField(default=True)  # to everybody with an older version; see `actions.tell_new_terms`

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=models.Q(told=False), name="billing_planversion_untold")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["plan", "number"], name="billing_planversion_number_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="billing_planversion_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.number}"

    @property
    def terms(self) -> Terms:
        return Terms(
            kind=PlanKind(self.kind),
            currency=self.currency,
            amount=self.amount,
            trial_days=self.trial_days,
            included_orders=self.included_orders,
        )

    @property
    def words(self) -> str:
        return words_of(self.terms)

    def described(self) -> dict[str, Any]:
        return {
            "version": self.number,
            "kind": self.kind,
            "currency": self.currency,
            "amount": shown(self.amount, self.currency),
            "trial_days": self.trial_days,
            "included_orders": self.included_orders,
        }
