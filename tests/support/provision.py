"""`python -m tests.support.provision < spec.json`: fills a migrated database through the rooms' own actions, prints credentials.

A program of its own, so that a test of the gateway needs no Django in its process. Spec: {"policy": pack name or {file: text},
"sellers": [marketplace id], "apps": [{"key", "roles", "operations": {id: [purposes]}, "categories": {purpose: [...]},
"sellers": [...], "mode": optional, "purposes", "narrowed", "substitutes_everywhere", "rates"}]}.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
django.setup()

from piepowder.core.facts.model import ManifestFact  # noqa: E402
from piepowder.core.kernel import json  # noqa: E402
from piepowder.core.policy.model import Mode  # noqa: E402
from piepowder.core.policy.pack import Pack, read_pack  # noqa: E402
from piepowder.rooms.appstore import actions as appstore  # noqa: E402
from piepowder.rooms.consent import actions as consent  # noqa: E402
from piepowder.rooms.consent import texts  # noqa: E402
from piepowder.rooms.consent.manifests import asked_by  # noqa: E402
from piepowder.rooms.consent.models import Client  # noqa: E402
from piepowder.rooms.consent.rules import only  # noqa: E402
from piepowder.rooms.developers.actions import register_developer  # noqa: E402
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind  # noqa: E402
from piepowder.rooms.people.actions import create_staff_key, provision_seller  # noqa: E402
from piepowder.rooms.people.models import Seller  # noqa: E402
from piepowder.rooms.publication.actions import publish_policy  # noqa: E402
from piepowder.rooms.standing.rules import Standing  # noqa: E402

SECOND = Actor(ActorKind.STAFF, "acc_second")


def provision(spec: dict[str, Any]) -> dict[str, Any]:
    at = datetime.now(UTC)
    with transaction.atomic():
        if "policy" in spec:
            policy = spec["policy"]
            pack = read_pack(policy) if isinstance(policy, str) else Pack.from_files(policy)
            publish_policy(pack.files, pack.version, by=SYSTEM, at=at)
        sellers = {
            name: provision_seller(marketplace_id=name, name=f"Shop {name}", by=SYSTEM, at=at)
            for name in spec.get("sellers", [])
        }
        apps = {each["key"]: provision_app(each, sellers, at) for each in spec.get("apps", [])}
        key = create_staff_key(name=f"test {at.isoformat()}", by=SYSTEM, at=at)[1]
    return {"apps": apps, "staff_key": key, "sellers": {name: seller.id for name, seller in sellers.items()}}


def provision_app(each: dict[str, Any], sellers: dict[str, Seller], at: datetime) -> dict[str, Any]:
    developer = register_developer(
        name=f"Developer of {each['key']}",
        contact_email=f"{each['key']}@example.com",
        by=SYSTEM,
        at=at,
        standing=Standing.GOOD,
    )
    app = appstore.create_app(developer, name=each["key"], by=SYSTEM, at=at, standing=Standing.GOOD)
    manifest = ManifestFact(
        operations={name: tuple(purposes) for name, purposes in each["operations"].items()},
        categories={purpose: tuple(several) for purpose, several in each.get("categories", {}).items()},
        substitutes_everywhere=each.get("substitutes_everywhere", False),
    )
    appstore.add_version(app, manifest, by=SYSTEM, at=at)
    appstore.approve_roles(app, each.get("roles", []), by=SYSTEM, at=at, reason="test")
    if each.get("rates"):
        appstore.set_rates(app, {name: tuple(rate) for name, rate in each["rates"].items()}, by=SYSTEM, at=at)
    if each.get("mode"):
        set_mode(app, Mode(each["mode"]), at)
    app.refresh_from_db()
    client, secret = consent.register_client(app, lasting=True, by=SYSTEM, at=at)
    grants = [authorise(each, app, client, seller, at) for seller in (sellers[name] for name in each["sellers"])]
    return {
        "app_id": app.id,
        "developer_id": developer.id,
        "client_id": client.client_id,
        "client_secret": secret,
        "grants": grants,
        **grants[0],
    }


def set_mode(app: Any, mode: Mode, at: datetime) -> None:
    until = at + timedelta(days=30) if mode is Mode.OBSERVE else None
    change = appstore.set_mode(app, mode, by=SYSTEM, at=at, until=until, reason="test")
    if mode is Mode.OBSERVE:
        appstore.approve_mode(change, by=SECOND, at=at)


def authorise(each: dict[str, Any], app: Any, client: Client, seller: Seller, at: datetime) -> dict[str, Any]:
    narrowed = only(each["narrowed"], asked_by(app).purposes) if "narrowed" in each else None
    row = consent.grant(app, seller, purposes=each.get("purposes"), narrowed=narrowed, by=SYSTEM, at=at)
    refresh = consent.provision_refresh_token(row, client=client, by=SYSTEM, at=at)
    access = texts.access_text()
    parent = consent.take_refresh_token(refresh, client=client, at=at)
    consent.issue(access, refresh_text=refresh, client=client, grant=row, family=None, parent=parent, at=at)
    return {
        "grant_id": row.id,
        "seller_id": seller.marketplace_id,
        "seller": seller.id,
        "refresh_token": refresh,
        "access_token": access,
    }


if __name__ == "__main__":
    sys.stdout.write(json.encode(provision(json.decode(sys.stdin.buffer.read()))).decode() + "\n")
