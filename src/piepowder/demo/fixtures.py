"""Sets the stage through the rooms' own actions: the policy, sellers from the imported orders, developers, apps, grants.

Run once per data folder; a second run finds what is there and hands out the same credentials, which are kept in
`<data>/demo/credentials.json` (mode 0600), since the database keeps digests only.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings
from piepowder.core.policy.pack import read_pack
from piepowder.demo.cast import CAST, Part
from piepowder.demo.marketplace.app import RETURNED_PATH
from piepowder.demo.orders import DAY, Filter, Order, OrderBook, Seller, life
from piepowder.demo.shops import shop

PACK = "data-protection"
SAMPLES_PER_SELLER = 40
SELLERS_WITH_GRANTS = 3
_AGES_DAYS = ((0, 2), (3, 6), (10, 30), (60, 300))  # of sample orders: one range for each state class
_STAFF = ("first@staff.example", "second@staff.example")

Since = Callable[[Part, int], datetime]  # when the n-th seller authorised an app of the cast


def open_control_plane(settings: Settings, database_url: str, secret: str) -> None:
    """Makes the rooms usable in this process, and their tables as they should be.

    What this process mails is of the past: it lies in the data folder, and the marketplace's mailbox begins empty.
    """
    own = {"PIEPOWDER_DATABASE_URL": database_url, "PIEPOWDER_SECRET_KEY": secret, "PIEPOWDER_MAIL_URL": ""}
    variables = {**settings.variables(), **own}
    os.environ.update(variables, DJANGO_SETTINGS_MODULE="piepowder.web.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def set_the_stage(settings: Settings, orders: Callable[[], OrderBook], *, market: bool) -> dict[str, Any]:
    """Everything provisioned; the credentials document. Needs `open_control_plane`.

    `orders` waits for them: what needs none of them is done first. `market`: the developers of the cast have come by the rules, and
    can sign in (`people` in the document); else the marketplace brought them in, which is all that clients need.
    """
    kept = settings.data / "demo" / "credentials.json"
    if kept.exists():
        found: dict[str, Any] = json.decode(kept.read_bytes())
        return found
    made = _provision(orders, settings.upstream_url + RETURNED_PATH, market=market)
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_private(kept, json.encode(made))
    return made


def _provision(orders: Callable[[], OrderBook], returned: str, *, market: bool) -> dict[str, Any]:
    from django.db import transaction

    from piepowder.rooms.ground.actor import SYSTEM
    from piepowder.rooms.people.actions import create_staff_key
    from piepowder.rooms.publication.actions import publish_policy

    at = datetime.now(UTC)
    with transaction.atomic():
        pack = read_pack(PACK)
        publish_policy(pack.files, pack.version, by=SYSTEM, at=at)
        keys = [create_staff_key(name=name, by=SYSTEM, at=at)[1] for name in _STAFF]
        made, people, since = _apps(returned, at, market=market)
        book = orders()
        _provision_sellers(book, at)
        sellers = book.sellers(SELLERS_WITH_GRANTS)
        apps = {part.key: _credentials(part, made[part.key], sellers, returned, since) for part in CAST}
    return {"staff_keys": keys, "apps": apps, "people": people}


def _apps(returned: str, at: datetime, *, market: bool) -> tuple[dict[str, Any], dict[str, Any], Since]:
    """The apps of the cast, what their developers sign in with, and when their sellers authorised them."""
    if not market:
        return {part.key: _bring_in(part, at) for part in CAST}, {}, lambda part, seller: at
    from piepowder.demo.market.build import authorised_at, open_market

    apps, people = open_market(returned, at)
    return apps, people, lambda part, seller: authorised_at(part, seller, at)


def _provision_sellers(book: OrderBook, at: datetime) -> None:
    from piepowder.rooms.ground.actor import SYSTEM
    from piepowder.rooms.people import models
    from piepowder.rooms.people.actions import import_sellers

    sellers = [
        models.Seller(
            marketplace_id=seller.id,
            name=shop(book.source, seller.id, book.market.country).store_name,
            oidc_subject=seller.id,
            created_at=at,
        )
        for seller in book.sellers()
    ]
    import_sellers(sellers, by=SYSTEM, at=at)


def _bring_in(part: Part, at: datetime) -> Any:
    from piepowder.rooms.appstore.actions import add_version, approve_roles, create_app
    from piepowder.rooms.developers.actions import register_developer
    from piepowder.rooms.ground.actor import SYSTEM
    from piepowder.rooms.standing.rules import Standing

    developer = register_developer(
        name=part.developer, contact_email=part.contact, by=SYSTEM, at=at, standing=Standing.GOOD
    )
    app = create_app(developer, name=part.name, description=part.says, by=SYSTEM, at=at, standing=Standing.GOOD)
    add_version(app, part.manifest, by=SYSTEM, at=at)
    if part.roles:
        approve_roles(app, part.roles, by=SYSTEM, at=at, reason="part of the demonstration")
    app.refresh_from_db()
    return app


def _credentials(part: Part, app: Any, sellers: list[Seller], returned: str, since: Since) -> dict[str, Any]:
    """A client of the app and a refresh token for each seller."""
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.consent.actions import register_client
    from piepowder.rooms.ground.actor import SYSTEM

    client, secret = register_client(app, redirect_uris=(returned,), lasting=True, by=SYSTEM, at=datetime.now(UTC))
    grants = [
        provisioning.create(app.id, seller.id, by=SYSTEM, at=since(part, place)) for place, seller in enumerate(sellers)
    ]
    first = grants[0]
    return {
        "app_id": app.id,
        "developer_id": app.developer_id,
        "client_id": client.client_id,
        "client_secret": secret,
        "consent_path": f"/apps/authorize/consent?application_id={app.id}&state=demo&redirect_uri={quote(returned, safe='')}",
        "refresh_token": first["refresh_token"],
        "seller_id": sellers[0].id,
        "roles": list(part.roles),
        "purposes": sorted({each for several in part.manifest.operations.values() for each in several}),
        "more_sellers": [
            {"seller_id": seller.id, "refresh_token": grant["refresh_token"]}
            for seller, grant in zip(sellers[1:], grants[1:], strict=True)
        ],
    }


def _write_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def fixtures(settings: Settings, book: OrderBook, made: dict[str, Any]) -> dict[str, Any]:
    """What real clients need to use the running demonstration (`--fixtures FILE`)."""
    shown = ("client_id", "client_secret", "refresh_token", "seller_id", "roles", "purposes", "app_id", "developer_id")
    return {
        "base_url": settings.gateway_url,
        "token_url": f"{settings.public_url}/auth/o2/token",
        "console_url": settings.public_url,
        "marketplace_id": book.market.id,
        "apps": {key: {name: app[name] for name in shown} for key, app in made["apps"].items()},
        "staff_key": made["staff_keys"][0],
        "sample_orders": sample_orders(book),
        "personal_data": "made up, seeded; no real person is meant",
    }


def sample_orders(book: OrderBook) -> list[dict[str, Any]]:
    """Recent and older orders of the sellers with grants, with the made-up truth about their buyers."""
    now = int(datetime.now(UTC).timestamp())
    return [
        {"seller_id": seller.id, "order_id": order.id, "state": state_of(order, now), "buyer": truth(book, order)}
        for seller in book.sellers(SELLERS_WITH_GRANTS)
        for youngest, oldest in _AGES_DAYS
        for order in book.page(seller, _between(now - oldest * DAY, now - youngest * DAY))
    ]


def _between(after: int, before: int) -> Filter:
    return Filter(created_after=after, created_before=before, limit=SAMPLES_PER_SELLER // len(_AGES_DAYS))


def state_of(order: Order, now: int) -> str:
    """The state class that a policy will see."""
    state = life(order, now)
    if state.status == "Canceled":
        return "cancelled"
    if state.status != "Shipped":
        return "unshipped"
    if now < order.promised:
        return "shipped"
    return "delivered" if now <= order.promised + 30 * DAY else "closed"


def truth(book: OrderBook, order: Order) -> dict[str, str]:
    person = book.buyer(order)
    return {
        name: value for name in person.__struct_fields__ if isinstance(value := getattr(person, name), str) and value
    }
