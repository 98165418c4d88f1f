"""Whom a measure would touch, before anybody decides on it: sellers, open orders, calls that change, what goes on, where else to turn."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from msgspec import Struct

from piepowder.core.ledger import usage
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.enforcement.models import Case
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.store.models import Day, Listing
from piepowder.rooms.store.released import declared, promises

DAYS = 30
SELLERS_SAMPLED = 50  # whose open orders are counted one by one; beyond, the number is projected from them and says so
ALTERNATIVES = 5


class Kept(Struct, frozen=True, kw_only=True):
    """What remains of one purpose without personal data: `substitutes` are categories that it gets in another form."""

    purpose: str
    words: str
    substitutes: tuple[str, ...]
    lost: tuple[str, ...]


class Blast(Struct, frozen=True, kw_only=True):
    """`open_orders_projected`: counted for some of the sellers only. `calls_a_day`: all and with personal data, average of 30 days."""

    apps: tuple[str, ...] = ()
    sellers: int = 0
    open_orders: int = 0
    open_orders_projected: bool = False
    calls_a_day: float = 0.0
    personal_a_day: float = 0.0
    kept: tuple[Kept, ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()  # app id, name

    def changed_a_day(self, measure: Measure) -> float:
        """Calls a day that go otherwise under this measure."""
        if measure.rung >= Measure.THROTTLED.rung:
            return self.calls_a_day
        return self.personal_a_day if measure.restricts else 0.0


def blast(case: Case, at: datetime) -> Blast:
    apps = apps_of(case)
    if not apps:
        return Blast()
    ids = [app.id for app in apps]
    sellers = list(Grant.objects.filter(app_id__in=ids, status="active").values_list("seller_id", flat=True).distinct())
    orders, projected = _open_orders(ids, sellers, at)
    calls, personal = _calls(ids, at)
    return Blast(
        apps=tuple(ids),
        sellers=len(sellers),
        open_orders=orders,
        open_orders_projected=projected,
        calls_a_day=calls,
        personal_a_day=personal,
        kept=tuple(one for app in apps for one in _kept(app)),
        alternatives=tuple(alternatives(ids)),
    )


def apps_of(case: Case) -> list[App]:
    if case.subject_kind == SubjectKind.APP:
        return list(App.objects.filter(pk=case.subject))
    if case.subject_kind == SubjectKind.DEVELOPER:
        return list(App.objects.filter(developer_id=case.subject).order_by("id"))
    return []


def _open_orders(apps: Sequence[str], sellers: Sequence[str], at: datetime) -> tuple[int, bool]:
    sampled = sorted(sellers)[:SELLERS_SAMPLED]
    connection.ensure_connection()
    since = at - timedelta(days=DAYS)
    counted = sum(
        usage.open_orders(connection.connection, usage.Span(seller=seller, since=since, app=app))
        for seller in sampled
        for app in apps
    )
    projected = len(sellers) > len(sampled)
    return (round(counted * len(sellers) / len(sampled)) if projected else counted), projected


def _calls(apps: Sequence[str], at: datetime) -> tuple[float, float]:
    first = (at - timedelta(days=DAYS)).date()
    sums: dict[str, Any] = Day.objects.filter(app_id__in=apps, day__gte=first).aggregate(Sum("calls"), Sum("personal"))
    return round((sums["calls__sum"] or 0) / DAYS, 1), round((sums["personal__sum"] or 0) / DAYS, 1)


def _kept(app: App) -> list[Kept]:
    """By the policy in force: which shopper's data has a form that is no personal data, and which has none."""
    if not app.current_version:
        return []  # it never was live
    manifest = app.manifest()
    effects = {key: promise.effect for key, promise in promises(app, manifest).items()}
    asked = declared(manifest)
    return [
        Kept(
            purpose=purpose,
            words=purpose_words(purpose),
            substitutes=tuple(one for one in categories if effects.get((purpose, one)) == "substitute"),
            lost=tuple(one for one in categories if is_personal(one) and effects.get((purpose, one)) == "keep"),
        )
        for purpose, categories in asked.items()
    ]


def alternatives(apps: Sequence[str]) -> list[tuple[str, str]]:
    """Listed apps on the same shelves, of other developers."""
    own = list(Listing.objects.full().filter(app_id__in=apps))
    shelves = sorted({shelf for listing in own for shelf in listing.categories})
    if not shelves:
        return []
    others = Listing.objects.full().open_to_new().filter(categories__overlap=shelves)
    others = others.exclude(app__developer_id__in={one.app.developer_id for one in own})
    return [(one.app_id, one.app.shown_name) for one in others.order_by("id")[:ALTERNATIVES]]
