"""A shop, an app with a plan, and orders that the app read, for tests of billing. All of it is made up."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import connection

from piepowder.core.ledger.append import insert
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions
from piepowder.rooms.billing.models import Plan
from piepowder.rooms.billing.rules import PlanKind, Terms
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.models import Seller
from tests.support.ledger_records import record

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
MIDDLE = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
AFTER = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
OFFICE = Actor(ActorKind.STAFF, "acc_office")


def monthly(amount: str = "9.90", currency: str = "EUR", **more: int) -> Terms:
    return Terms(kind=PlanKind.MONTHLY, currency=currency, amount=Decimal(amount), **more)


def per_order(amount: str = "0.05", currency: str = "EUR", **more: int) -> Terms:
    return Terms(kind=PlanKind.PER_ORDER, currency=currency, amount=Decimal(amount), **more)


FREE = Terms(kind=PlanKind.FREE, currency="EUR", amount=Decimal(0))


def make_plan(app: App, terms: Terms | None = None, name: str = "Small shops") -> Plan:
    return actions.create_plan(app, name=name, terms=terms or monthly(), by=SYSTEM, at=BEGIN)


def read_orders(app: App, seller: Seller, orders: Sequence[bytes], at: datetime, outcome: str = "served") -> None:
    """The ledger's record of one call that carried these orders."""
    with connection.cursor() as cursor:
        insert(cursor, record(app=app.id, seller=seller.id, orders=tuple(orders), recorded_at=at, outcome=outcome))


def made_up_orders(count: int) -> list[bytes]:
    return [os.urandom(16) for _ in range(count)]
