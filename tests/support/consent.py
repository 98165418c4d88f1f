"""A shop, an app that asks for it, and the clients of both, for tests of consent and console. All names are made up."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.db import connection
from django.test import Client as Browser

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.ids import new_id
from piepowder.core.policy.pack import read_pack
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import account_for_seller, provision_seller
from piepowder.rooms.people.models import Seller
from piepowder.rooms.publication.actions import publish_policy
from piepowder.rooms.standing.rules import Standing

RETURN_TO = "https://app.example/return"
MANIFEST = ManifestFact(
    {"orders.v0.getOrders": ("shipping", "tax"), "orders.v0.getOrderAddress": ("shipping",)},
    {
        "shipping": ("buyer.name", "buyer.address.street", "buyer.address.postcode", "order.item"),
        "tax": ("buyer.name", "buyer.tax_id", "order.money"),
    },
)
ROLES = ["direct_to_consumer_shipping", "inventory_and_order_tracking", "tax_invoicing"]


def now() -> datetime:
    return datetime.now(UTC)


def make_app(name: str = "Label printer") -> App:
    """An app in good standing, with roles and a manifest for shipping and tax."""
    developer = register_developer(
        name=f"{name} {secrets.token_hex(3)}",
        contact_email="office@example.com",
        by=SYSTEM,
        at=now(),
        standing=Standing.GOOD,
    )
    app = appstore.create_app(developer, name=name, by=SYSTEM, at=now(), standing=Standing.GOOD)
    appstore.add_version(app, MANIFEST, by=SYSTEM, at=now())
    appstore.approve_roles(app, ROLES, by=SYSTEM, at=now())
    return App.objects.named(app.id)


def make_seller(name: str = "Lantern & Loom") -> Seller:
    return provision_seller(marketplace_id=new_id("shop"), name=name, by=SYSTEM, at=now())


def put_policy_into_force(pack: str = "data-protection") -> None:
    read = read_pack(pack)
    publish_policy(read.files, read.version, by=SYSTEM, at=now())


@dataclass(frozen=True, kw_only=True)
class Desk:
    """An app's client with its secret, a seller, and what the client sends to the token endpoint."""

    app: App
    seller: Seller
    client: Client
    secret: str

    @property
    def credentials(self) -> dict[str, str]:
        who = {"client_id": self.client.client_id}
        return {**who, "client_secret": self.secret} if self.secret else who

    def grant(self) -> Grant:
        return actions.grant(self.app, self.seller, by=SYSTEM, at=now())

    def refresh_token(self) -> str:
        return actions.provision_refresh_token(self.grant(), client=self.client, by=SYSTEM, at=now())

    def code(self, *, challenge: str = "", at: datetime | None = None, redirect_uri: str = RETURN_TO) -> str:
        """An authorisation code as the consent page hands it out."""
        text = secrets.token_urlsafe(32)
        actions.save_code(
            text,
            client=self.client,
            grant=self.grant(),
            redirect_uri=redirect_uri,
            challenge=challenge,
            at=at or now(),
        )
        return text


def open_desk(*, lasting: bool = False, confidential: bool = True, app: App | None = None) -> Desk:
    app = app or make_app()
    client, secret = actions.register_client(
        app, redirect_uris=(RETURN_TO,), lasting=lasting, confidential=confidential, by=SYSTEM, at=now()
    )
    return Desk(app=app, seller=make_seller(), client=client, secret=secret)


def pkce(verifier: str = "") -> tuple[str, str]:
    """(verifier, challenge)"""
    verifier = verifier or secrets.token_urlsafe(48)
    return verifier, urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def post_form(path: str, fields: dict[str, str] | list[tuple[str, str]], **headers: str) -> tuple[int, dict[str, Any]]:
    """(status, JSON) of a form sent by a machine."""
    answer = Browser(headers=headers).post(path, urlencode(fields), content_type="application/x-www-form-urlencoded")
    return answer.status_code, answer.json()


def ask_token(**fields: str) -> tuple[int, dict[str, Any]]:
    return post_form("/auth/o2/token", fields)


def refresh(desk: Desk, token: str) -> tuple[int, dict[str, Any]]:
    return ask_token(grant_type="refresh_token", refresh_token=token, **desk.credentials)


def exchange(desk: Desk, code: str, **more: str) -> tuple[int, dict[str, Any]]:
    return ask_token(grant_type="authorization_code", code=code, **desk.credentials, **more)


def gate(token: str) -> dict[str, Any] | None:
    """What the gateway reads of a token."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, app, grant_id, seller, scope, expires_at, revoked, restriction"
            " FROM consent_gate_token WHERE digest = %s",
            [hashlib.sha256(token.encode()).digest()],
        )
        row = cursor.fetchone()
        return dict(zip([column.name for column in cursor.description], row, strict=True)) if row else None


def live_refresh_tokens(desk: Desk) -> int:
    from piepowder.rooms.consent.models import RefreshToken

    return RefreshToken.objects.usable(now()).filter(application=desk.client).count()


def ledger_kinds(**where: str) -> list[str]:
    """Kinds of the records about that app, seller or grant, oldest first."""
    (column, value), *_ = where.items()
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT kind FROM ledger_record WHERE "{column}" = %s ORDER BY id', [value])
        return [kind for (kind,) in cursor.fetchall()]


def sign_in_seller(seller: Seller) -> Browser:
    """A browser in which the seller is signed in."""
    account = account_for_seller(seller, email=f"{seller.id}@sellers.invalid", name="Lena Loom", at=now())
    browser = Browser()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
