"""Statements of a month, and the settlement of what they say."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.billing.models.plans import DIGITS
from piepowder.rooms.billing.money import shown
from piepowder.rooms.billing.rules import SETTLEMENT_TRANSITIONS, SettlementStatus
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.people.models import Seller


class StatementQuerySet(models.QuerySet["Statement"]):
    def named(self, statement_id: str) -> "Statement":
        if found := self.select_related("developer").filter(pk=statement_id).first():
            return found
        raise PiepowderError("billing_statement_unknown", f"no statement `{statement_id}`", kind=ErrorKind.NOT_FOUND)

    def of_developer(self, developer_id: str) -> "StatementQuerySet":
        return self.filter(developer=developer_id).order_by("-month", "currency")

    def of_marketplace(self) -> "StatementQuerySet":
        return self.filter(developer=None).order_by("-month", "currency")

    def newest(self) -> "StatementQuerySet":
        return self.select_related("developer").order_by("-month", "currency", "developer__name", "id")


class Statement(PrefixedModel):
    """What a month came to for a developer, or (`developer` None) for the marketplace, in one currency. Never changed."""

    id_prefix = "stm"

    month = models.DateField()
    developer = models.ForeignKey(Developer, null=True, blank=True, on_delete=models.PROTECT, related_name="statements")
    currency = models.CharField(max_length=3)
    entries = models.PositiveIntegerField()
    gross = models.DecimalField(**DIGITS)
    commission = models.DecimalField(**DIGITS)
    issued_at = models.DateTimeField()

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["month", "developer", "currency"], nulls_distinct=False, name="billing_statement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.currency}"

    @property
    def share(self) -> Decimal:
        return self.gross - self.commission

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        money = {name: shown(getattr(self, name), self.currency) for name in ("gross", "commission", "share")}
        return {
            "id": self.id,
            "month": f"{self.month:%Y-%m}",
            "developer": self.developer_id or "",
            "currency": self.currency,
            "entries": self.entries,
            **money,
            "issued_at": self.issued_at,
        }


class SettlementQuerySet(StateQuerySet["Settlement"]):
    def named(self, settlement_id: str) -> "Settlement":
        if found := self.filter(pk=settlement_id).first():
            return found
        raise PiepowderError("billing_settlement_unknown", f"no settlement `{settlement_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, settlement_id: str) -> "Settlement":
        self.select_for_update().filter(pk=settlement_id).first()
        return self.named(settlement_id)

    def to_send(self, at: datetime) -> "SettlementQuerySet":
        return self.filter(status=SettlementStatus.DUE, due_at__lte=at).order_by("due_at", "id")

    def to_look_at(self, at: datetime) -> "SettlementQuerySet":
        return self.filter(status=SettlementStatus.SENT, due_at__lte=at).order_by("due_at", "id")

    def newest(self) -> "SettlementQuerySet":
        return self.order_by("-month", "-id")

    def with_names(self) -> "SettlementQuerySet":
        """With `party_name`."""
        names = (
            model._default_manager.filter(pk=OuterRef("party")).values("name")[:1] for model in (Seller, Developer)
        )
        return self.annotate(party_name=Coalesce(*(Subquery(one) for one in names)))

    def of_party(self, party: str, month: date | None = None) -> "SettlementQuerySet":
        rows = self.filter(party=party)
        return (rows if month is None else rows.filter(month=month)).order_by("-month", "-id")


class Settlement(PrefixedModel, StatefulModel):
    """What a seller owes for a month (above zero: collected), or is owed to a developer or back to a seller (below: paid out).

    Its id is what the provider knows it by; of bank and card details there is nothing here.
    """

    id_prefix = "setl"
    transitions = SETTLEMENT_TRANSITIONS

    month = models.DateField()
    party = models.CharField(max_length=64)  # `sel_…` or `dev_…`
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**DIGITS)
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in SettlementStatus], default=SettlementStatus.DUE
    )
    due_at = models.DateTimeField()  # when the clock hands it over, or looks again
    tries = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=200, blank=True, default="")  # of the provider
    problem = models.CharField(max_length=300, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = SettlementQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["month", "party", "currency"], name="billing_settlement_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "due_at"], name="billing_settlement_due")
        ]

    def __str__(self) -> str:
        return f"{self.party} {self.month:%Y-%m} {self.currency}"

    def ledger_fields(self) -> dict[str, str]:
        return {"seller" if self.party.startswith("sel_") else "developer": self.party}

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "month": f"{self.month:%Y-%m}",
            "party": self.party,
            "currency": self.currency,
            "amount": shown(self.amount, self.currency),
            "status": self.status,
            "reference": self.reference,
            "problem": self.problem,
            "settled_at": self.settled_at,
        }
