"""Files of a made-up marketplace, for tests of imports."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from piepowder.core.kernel.json import encode, encode_text
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.imports import actions
from piepowder.rooms.imports.models import Import

OFFICE, SECOND = Actor(ActorKind.STAFF, "acc_office"), Actor(ActorKind.STAFF, "acc_second")
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MANIFEST = {
    "operations": {"orders.v0.getOrders": ["shipping", "tax"]},
    "categories": {"shipping": ["buyer.name"], "tax": ["buyer.tax_id"]},
}
Rows = Sequence[Mapping[str, Any]]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_json(rows: Rows) -> bytes:
    return encode(rows)


def developer(key: str = "label-works", **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": f"Developer {key}",
        "contact_email": "office@label-works.example",
        "website": "",
        **more,
    }


def seller(key: str = "A1", **more: Any) -> dict[str, Any]:
    return {"key": key, "name": f"Shop {key}", "oidc_subject": "", "active": "yes", **more}


def app(key: str = "printer", **more: Any) -> dict[str, Any]:
    plain = {
        "key": key,
        "developer": "label-works",
        "name": f"App {key}",
        "client_id": f"client-of-{key}",
        "client_secret_sha256": digest(f"secret of {key}"),
        "redirect_uris": "https://label-works.example/return",
        "roles": "direct_to_consumer_shipping",
        "manifest": encode_text(MANIFEST),
    }
    return {**plain, **more}


def grant(app: str = "printer", seller: str = "A1", **more: Any) -> dict[str, Any]:
    return {"app": app, "seller": seller, "purposes": "shipping", "expires_at": "2027-06-30T00:00:00Z", **more}


def token(app: str = "printer", seller: str = "A1", text: str = "Atzr|made up") -> dict[str, Any]:
    return {"app": app, "seller": seller, "refresh_token_sha256": digest(text)}


def a_market() -> dict[str, bytes]:
    """One of everything."""
    return {
        "developers.csv": as_csv([developer()]),
        "sellers.csv": as_csv([seller(), seller("A2")]),
        "apps.csv": as_csv([app()]),
        "grants.csv": as_csv([grant(), grant(seller="A2")]),
        "tokens.csv": as_csv([token()]),
    }


def load(files: Mapping[str, bytes], at: datetime = AT, **more: Any) -> Import:
    """Checked, started and carried out."""
    run = actions.check(files, by=OFFICE, at=at, **more)
    actions.start(run, by=OFFICE, at=at)
    return actions.carry_out(run.id, now=lambda: at)


def lines(run: Import, verdict: str = "") -> list[tuple[str, int, str, str]]:
    """Kind, row, column and verdict of each line."""
    rows = run.lines.order_by("id")
    rows = rows.filter(verdict=verdict) if verdict else rows
    return [(one.kind, one.row, one.column, one.verdict) for one in rows]
