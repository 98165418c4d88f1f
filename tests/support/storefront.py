"""Listings, ratings and calls for tests of the store. All names, words and numbers are made up."""

import os
import struct
import zlib
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client as Browser

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import encode
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import account_for_seller, provision_seller
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.standing.rules import Standing
from piepowder.rooms.store import actions
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.rules import Texts

STAFF = Actor(ActorKind.STAFF, "acc_staff")
MANIFEST = ManifestFact(
    {"orders.v0.getOrders": ("shipping",), "orders.v0.getOrderAddress": ("shipping",)},
    {"shipping": ("buyer.name", "buyer.address", "order.item")},
)
NO_PERSONAL = ManifestFact({"orders.v0.getOrders": ("metrics",)}, {"metrics": ("order.money", "order.item")})
TEXTS = Texts(
    short="Prints parcel labels for every order of the day",
    long="Prints parcel labels for all open orders at once. " * 4,
    features=("Labels of forty carriers", "Prints a hundred at once"),
    categories=("shipping",),
    languages=("en", "de"),
    support_email="help@labels.example",
    privacy_url="https://labels.example/privacy",
)


def texts(**changes: Any) -> Texts:
    values = {name: getattr(TEXTS, name) for name in Texts.__dataclass_fields__}
    return Texts(**{**values, **changes})


def make_developer(name: str, at: datetime) -> Developer:
    return register_developer(name=name, contact_email="office@example.com", by=SYSTEM, at=at, standing=Standing.GOOD)


def make_app(at: datetime, name: str = "Label works", manifest: ManifestFact = MANIFEST, **more: Any) -> App:
    developer = more.pop("developer", None) or make_developer(f"{name} Ltd", at)
    app = appstore.create_app(developer, name=name, by=SYSTEM, at=at, standing=Standing.GOOD, **more)
    appstore.add_version(app, manifest, by=SYSTEM, at=at)
    return App.objects.named(app.id)


def make_listing(at: datetime, app: App | None = None, **changes: Any) -> Listing:
    """A listing that the marketplace accepted."""
    app = app or make_app(at)
    actions.open_listing(app, by=SYSTEM, at=at)
    actions.edit_listing(app.id, texts(**changes), by=SYSTEM, at=at)
    actions.submit(app.id, by=SYSTEM, at=at)
    return actions.accept(app.id, by=STAFF, at=at)


def make_sellers(count: int, at: datetime) -> list[Seller]:
    return [
        provision_seller(marketplace_id=new_id("shop"), name=f"Shop {number}", by=SYSTEM, at=at)
        for number in range(1, count + 1)
    ]


def browser_of(account: Account) -> Browser:
    browser = Browser()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def seller_browser(seller: Seller) -> Browser:
    return browser_of(account_for_seller(seller, email=f"{seller.id}@shops.example", at=seller.created_at))


def staff_browser(role: str = "operator") -> Browser:
    account = Account.objects.create_user(
        f"{new_id('staff')}@market.example", is_staff=True, staff_role=role, name="Ada of the desk"
    )
    return browser_of(account)


def member_browser(developer: Developer, at: datetime) -> Browser:
    account = Account.objects.create_user(f"{new_id('dev')}@labels.example", name="Ben of the labels")
    add_member(developer, account, by=SYSTEM, at=at)
    return browser_of(account)


def call(
    app: App,
    seller: Seller | str,
    at: datetime,
    *,
    kept: tuple[str, ...] = (),
    withheld: tuple[str, ...] = (),
    orders: tuple[bytes, ...] | None = None,
    state: str = "shipped",
    purpose: str = "shipping",
    **more: Any,
) -> Record:
    """Puts one call of an app on the ledger, with the verdicts that the gateway would have written."""
    orders = (os.urandom(16),) if orders is None else orders
    verdicts = {name: ["kept", "permitted", None, "policy", ["one"]] for name in kept}
    verdicts |= {name: ["withheld", "refused", None, "policy", []] for name in withheld}
    detail = {"counts": {"orders": len(orders), "states": {state: len(orders)}}, "verdicts": {state: verdicts}}
    record = Record(
        **{
            "id": new_id("rec"),
            "kind": "gateway.read",
            "recorded_at": at,
            "app": app.id,
            "developer": app.developer_id,
            "seller": seller if isinstance(seller, str) else seller.id,
            "purpose": purpose,
            "outcome": "served",
            "personal": any(name.startswith("buyer") for name in kept),
            "orders": orders,
            "detail": encode(detail),
            **more,
        }
    )
    with connection.cursor() as cursor:
        insert(cursor, record)
    return record


def refused(app: App, seller: Seller, at: datetime) -> Record:
    return call(app, seller, at, orders=(), kind="gateway.refusal", outcome="refused", detail=b"{}")


def days(count: float) -> timedelta:
    return timedelta(days=count)


def png(width: int = 400, height: int = 320, *, extra: bytes = b"", pixel: bytes = b"\x20\x80\x60") -> bytes:
    """A real picture in one colour; `extra` is put in before the end, as chunks."""
    pixels = zlib.compress(b"".join(b"\0" + pixel * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
