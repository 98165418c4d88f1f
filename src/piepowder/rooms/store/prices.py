"""What an app costs, in the words of its plans. The plans are those of the room `billing`."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery

from piepowder.rooms.billing.models import Plan as BilledPlan
from piepowder.rooms.billing.models import PlanVersion
from piepowder.rooms.billing.rules import PlanKind, PlanStatus, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`words` is the whole price in a sentence."""

    name: str
    words: str
    free: bool
    order: tuple[int, Decimal, str]

    @property
    def brief(self) -> str:
        """For a card: without what stands after the first comma."""
        return self.words.partition(",")[0]


def plans_of(app_ids: Collection[str]) -> dict[str, tuple[Plan, ...]]:
    """App id -> the plans that can be chosen now, the cheapest kind first; an app without plans is left out."""
    found: dict[str, list[Plan]] = {}
    offered = BilledPlan.objects.filter(app__in=app_ids, status=PlanStatus.OFFERED).prefetch_related("versions")
    for row in offered:
        terms = row.newest.terms
        order = (list(PlanKind).index(terms.kind), terms.amount, row.name)
        free = terms.kind is PlanKind.FREE
        found.setdefault(row.app_id, []).append(Plan(name=row.name, words=words_of(terms), free=free, order=order))
    return {app_id: tuple(sorted(plans, key=lambda one: one.order)) for app_id, plans in found.items()}


def free_app_ids() -> "QuerySet[BilledPlan, str]":
    """Apps with a plan that costs nothing, as a part of a query."""
    newest = PlanVersion.objects.filter(plan=OuterRef("pk")).order_by("-number").values("kind")[:1]
    offered = BilledPlan.objects.filter(status=PlanStatus.OFFERED).annotate(kind_now=Subquery(newest))
    return offered.filter(kind_now=PlanKind.FREE).values_list("app_id", flat=True)
