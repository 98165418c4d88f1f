"""How an imported row is recognised as untouched: a digest of what somebody could have changed since. Reads only."""

import hashlib

from piepowder.core.kernel.json import encode
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.people.models import Seller


def developer_mark(row: Developer) -> str:
    return _digest(row.name, row.contact_email, row.website)


def seller_mark(row: Seller) -> str:
    return _digest(row.name, row.oidc_subject, row.active)


def app_mark(row: App) -> str:
    return _digest(
        row.name, row.client_id, row.kind, row.description, sorted(row.roles), row.current_version, row.rates
    )


def grant_mark(row: Grant) -> str:
    return _digest(row.version, row.purposes, row.narrowed, row.status, row.expires_at.isoformat())


def _digest(*values: object) -> str:
    return hashlib.sha256(encode(values)).hexdigest()
