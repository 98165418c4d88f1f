"""What ends a measure by itself: conditions that the marketplace can see to be met. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class ConditionKind(StrEnum):
    ASSESSED = "assessed"  # a new assessment was approved after the measure began
    DELETED = "deleted"  # a receipt of deletion was handed in
    CHANGED = "changed"  # the required changes were confirmed by the marketplace
    CLEAN = "clean"  # no new finding for so many days


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`days` counts for `clean` only. `met_at` is set once it is met."""

    kind: ConditionKind
    days: int = 0
    met_at: datetime | None = None


def in_words(condition: Condition) -> str:
    """After "as soon as …"."""
    return {
        ConditionKind.ASSESSED: "a new assessment is approved",
        ConditionKind.DELETED: "a receipt of the deletion of what was read is handed in",
        ConditionKind.CHANGED: "the required changes are confirmed",
        ConditionKind.CLEAN: f"nothing new was found for {condition.days} days",
    }[condition.kind]


def clean_since(condition: Condition, began: datetime, last_finding: datetime | None, at: datetime) -> bool:
    """Whether the days passed without a new finding."""
    since = max(began, last_finding) if last_finding else began
    return condition.kind == ConditionKind.CLEAN and at - since >= timedelta(days=condition.days)


def all_met(conditions: tuple[Condition, ...]) -> bool:
    return bool(conditions) and all(one.met_at for one in conditions)
