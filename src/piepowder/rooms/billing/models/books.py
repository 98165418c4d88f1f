"""The books: what was charged and how it was split, in double entry; and the rates and free amounts that hold from a month on.

Entries and postings are only added. The migration's triggers refuse any change, and an entry whose postings do not balance.
"""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, Sum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing.models.plans import DIGITS
from piepowder.rooms.billing.models.subscriptions import Subscription
from piepowder.rooms.billing.money import ZERO, shown
from piepowder.rooms.billing.rules import EntryKind, FreePeriod
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.models import PrefixedModel
from piepowder.rooms.people.models import Seller

MARKETPLACE = "marketplace"


class MonthRunQuerySet(models.QuerySet["MonthRun"]):
    def newest(self) -> "MonthRun | None":
        return self.order_by("-month").first()


class MonthRun(PrefixedModel):
    """A month whose statements were issued. The row makes a second run impossible, also at the same moment."""

    id_prefix = "mrun"

    month = models.DateField(unique=True)
    run_by = models.CharField(max_length=100)
    run_at = models.DateTimeField()

    objects = MonthRunQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class AppCategory(models.Model):
    """The store category by which an app's commission is found."""

    app = models.OneToOneField(App, on_delete=models.PROTECT, primary_key=True, related_name="billing_category")
    category = models.CharField(max_length=40)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.app_id} in {self.category}"


class CommissionRateQuerySet(models.QuerySet["CommissionRate"]):
    def in_month(self, month: date) -> dict[str, Decimal]:
        """Category -> percent; the empty one holds for all that have none of their own."""
        rows = self.filter(from_month__lte=month).order_by("from_month")
        return {row.category: row.percent for row in rows}


class CommissionRate(PrefixedModel):
    id_prefix = "rate"

    category = models.CharField(max_length=40, blank=True)  # empty: every category without a rate of its own
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    from_month = models.DateField()
    set_by = models.CharField(max_length=100)
    set_at = models.DateTimeField()

    objects = CommissionRateQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["category", "from_month"], name="billing_commissionrate_month_once"),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="billing_commissionrate_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent.normalize():f} %"

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "category": self.category,
            "percent": f"{self.percent.normalize():f}",
            "from": f"{self.from_month:%Y-%m}",
            "set_by": self.set_by,
            "set_at": self.set_at,
        }


class FreeAmountQuerySet(models.QuerySet["FreeAmount"]):
    def in_month(self, month: date) -> "dict[str, FreeAmount]":
        """Currency -> the rule that holds."""
        return {row.currency: row for row in self.filter(from_month__lte=month).order_by("from_month")}


class FreeAmount(PrefixedModel):
    """So much of what a developer's apps bring in, a year or ever, is free of commission."""

    id_prefix = "free"

    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**DIGITS)
    period = models.CharField(max_length=16, choices=[(one.value, one.value) for one in FreePeriod])
    from_month = models.DateField()
    set_by = models.CharField(max_length=100)
    set_at = models.DateTimeField()

    objects = FreeAmountQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["currency", "from_month"], name="billing_freeamount_month_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="billing_freeamount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.described()['amount']} {self.currency} a {self.period}"

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "currency": self.currency,
            "amount": shown(self.amount, self.currency),
            "period": self.period,
            "from": f"{self.from_month:%Y-%m}",
            "set_by": self.set_by,
            "set_at": self.set_at,
        }


class EntryQuerySet(models.QuerySet["Entry"]):
    def named(self, entry_id: str) -> "Entry":
        if found := self.whole().filter(pk=entry_id).first():
            return found
        raise PiepowderError("billing_entry_unknown", f"no entry `{entry_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, entry_id: str) -> "Entry":
        self.select_for_update().filter(pk=entry_id).first()
        return self.named(entry_id)

    def whole(self) -> "EntryQuerySet":
        return self.select_related("subscription__app__developer", "seller")

    def of_month(self, month: date, developer_id: str = "", currency: str = "") -> "EntryQuerySet":
        """Everything booked for a month, in the order of statements; of one developer, in one currency, if named."""
        rows = self.whole().filter(month=month)
        if developer_id:
            rows = rows.filter(developer=developer_id)
        return (rows.filter(currency=currency) if currency else rows).order_by("currency", "developer_id", "id")

    def of_seller(self, seller_id: str) -> "EntryQuerySet":
        return self.whole().filter(seller=seller_id).order_by("-month", "-id")

    def given_back(self, entry: "Entry") -> Decimal:
        """How much of a charge went back, as an amount above zero."""
        total = self.filter(corrects=entry).aggregate(total=Sum("gross"))["total"]
        return -(total or ZERO)

    def earned_before(self, month: date, since: date | None) -> dict[tuple[str, str], Decimal]:
        """(developer, currency) -> what was booked before a month, since another one or ever."""
        rows = self.filter(month__lt=month)
        if since is not None:
            rows = rows.filter(month__gte=since)
        sums = rows.order_by().values_list("developer_id", "currency").annotate(Sum("gross"))
        return {(developer, currency): total for developer, currency, total in sums}


class Entry(PrefixedModel):
    """One charge of a month, or a correction of one. What it says of its month stands, also when rates change."""

    id_prefix = "ent"

    month = models.DateField()
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in EntryKind])
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="entries")
    developer = models.ForeignKey(Developer, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    words = models.CharField(max_length=300)
    currency = models.CharField(max_length=3)
    gross = models.DecimalField(**DIGITS)
    free = models.DecimalField(**DIGITS)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    commission = models.DecimalField(**DIGITS)
    booked_at = models.DateTimeField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription", "month"], condition=Q(kind="charge"), name="billing_entry_charged_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["month", "developer"], name="billing_entry_month"),
            models.Index(fields=["seller", "-month"], name="billing_entry_seller"),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def share(self) -> Decimal:
        return self.gross - self.commission

    def described(self) -> dict[str, Any]:
        """What API, command line and files show; `order` numbers are in no column."""
        money = {name: shown(getattr(self, name), self.currency) for name in ("gross", "free", "commission", "share")}
        return {
            "id": self.id,
            "month": f"{self.month:%Y-%m}",
            "kind": self.kind,
            "app": self.subscription.app_id,
            "subscription": self.subscription_id,
            "developer": self.developer_id,
            "seller": self.seller_id,
            "corrects": self.corrects_id or "",
            "words": self.words,
            "currency": self.currency,
            **money,
            "percent": f"{self.percent.normalize():f}",
            "booked_at": self.booked_at,
        }


class PostingQuerySet(models.QuerySet["Posting"]):
    def balances(self, month: date | None = None) -> dict[tuple[str, str], Decimal]:
        """(account, currency) -> balance, of a month or ever. All balances of a currency add up to nothing."""
        rows = self if month is None else self.filter(entry__month=month)
        sums = rows.order_by().values_list("account", "entry__currency").annotate(Sum("amount"))
        return {(account, currency): total for account, currency, total in sums}


class Posting(PrefixedModel):
    """One side of an entry: above zero, the account owes; below zero, it is owed. The sides of an entry add up to nothing."""

    id_prefix = "post"

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=64)  # `sel_…`, `dev_…` or `marketplace`
    amount = models.DecimalField(**DIGITS)

    objects = PostingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["entry", "account"], name="billing_posting_account_once")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
