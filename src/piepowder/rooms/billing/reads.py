"""What other rooms, doors and files ask of billing. Nothing here writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import months, rules
from piepowder.rooms.billing.models import Entry, Plan, Statement, Subscription
from piepowder.rooms.billing.money import shown
from piepowder.rooms.billing.rules import PlanKind, PlanStatus
from piepowder.rooms.billing.usage import uses
from piepowder.rooms.billing.zone import zone

COLUMNS = (
    "month",
    "entry",
    "kind",
    "app",
    "seller",
    "words",
    "currency",
    "gross",
    "free",
    "percent",
    "commission",
    "share",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOffer:
    """A plan as a store shows it; `words` is the whole price in a sentence."""

    id: str
    name: str
    kind: PlanKind
    currency: str
    amount: Decimal
    words: str


def plans_of(app: App | str) -> list[PlanOffer]:
    """The plans that can be chosen now, the cheapest kind first; none: the developer named no price."""
    app_id = app if isinstance(app, str) else app.id
    found = [_offer(plan) for plan in Plan.objects.of_app(app_id).filter(status=PlanStatus.OFFERED)]
    return sorted(found, key=lambda one: (list(PlanKind).index(one.kind), one.amount, one.name))


def _offer(plan: Plan) -> PlanOffer:
    terms = plan.newest.terms
    return PlanOffer(
        id=plan.id,
        name=plan.name,
        kind=terms.kind,
        currency=terms.currency,
        amount=terms.amount,
        words=rules.words_of(terms),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A subscription, the terms it has now, and what this month comes to so far."""

    row: Subscription
    plan_name: str
    words: str
    per_order: bool
    orders: int
    so_far: str
    next_words: str  # what holds from next month on, where that is something else


def running(rows: Iterable[Subscription], *, at: datetime) -> list[Running]:
    """What each subscription costs this month up to now: of a monthly plan the whole month, of a plan per order what was read."""
    several = list(rows)
    month = months.month_of(at, zone())
    return [_running(row, use, month=month) for row, use in zip(several, uses(several, month, upto=at), strict=True)]


def _running(row: Subscription, use: rules.Use, *, month: date) -> Running:
    version = row.version_in(max(month, months.month_of(row.started_at, zone())))
    gross = rules.owed(version.terms, use) if use.days else Decimal(0)
    later = row.version
    return Running(
        row=row,
        plan_name=version.plan.name,
        words=version.words,
        per_order=version.kind == PlanKind.PER_ORDER,
        orders=use.orders,
        so_far=f"{shown(gross, version.currency)} {version.currency}",
        next_words="" if later == version else f"{later.plan.name}: {later.words}",
    )


def cancelling(row: Subscription, *, at: datetime) -> datetime | None:
    """Until when it would go on if it were cancelled now; None: it would end at once."""
    month = months.month_of(at, zone())
    if row.version_in(max(month, months.month_of(row.started_at, zone()))).kind == PlanKind.FREE:
        return None
    if row.trial_ends_at is not None and row.trial_ends_at > at:
        return row.trial_ends_at
    return months.bounds(month, zone())[1]


def entries_of(statement: Statement) -> list[Entry]:
    """What a statement is made of, in its own order; the sums are the statement's."""
    return list(Entry.objects.of_month(statement.month, statement.developer_id or "", statement.currency))


def file_rows(statement: Statement) -> Iterator[tuple[str, ...]]:
    """A statement as rows of a file: a header, each entry, the sums."""
    yield COLUMNS
    for entry in entries_of(statement):
        told = {**entry.described(), "entry": entry.id}
        yield tuple(str(told[name]) for name in COLUMNS)
    sums = {
        **statement.described(),
        "entry": "",
        "kind": "total",
        "app": "",
        "seller": "",
        "words": "",
        "free": "",
        "percent": "",
    }
    yield tuple(str(sums[name]) for name in COLUMNS)
