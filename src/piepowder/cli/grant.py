"""`piepowder grant`: authorisations that an operator provisions, with the credentials an app needs to use them."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime

import django
from cyclopts import App

from piepowder.cli.options import Common, print_json, print_table
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.postgres import running_dsn

app = App(name="grant", help="Sellers' authorisations of apps.")


@app.command
def create(
    app_id: str,
    seller_id: str,
    *,
    purpose: tuple[str, ...] | None = None,
    category: tuple[str, ...] | None = None,
    common: Common = Common(),
) -> None:
    """Authorise an app for a seller and print the credentials that a client library wants; they are shown this once.

    Parameters
    ----------
    app_id
        The app.
    seller_id
        The seller: Piepowder's id or the marketplace's own.
    purpose
        Narrow to this purpose; repeatable. Default: all that the app's manifest declares.
    category
        Narrow to this data category; repeatable.
    """
    _open_control_plane(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.actor import COMMAND_LINE

    answer = provisioning.create(
        app_id,
        seller_id,
        purposes=purpose or None,
        categories=category or None,
        by=COMMAND_LINE,
        at=datetime.now(UTC),
    )
    _print(answer, common)


@app.command(name="list")
def list_grants(*, app_id: str | None = None, seller_id: str | None = None, common: Common = Common()) -> None:
    """Show grants, newest first, of one app or one seller if named."""
    _open_control_plane(common)
    from piepowder.rooms.consent import provisioning

    rows = [provisioning.shown(row) for row in provisioning.found(app_id=app_id, seller_id=seller_id)]
    if common.json:
        print_json(rows)
        return
    columns = ("id", "app", "seller", "status", "purposes", "expires_at")
    print_table(columns, ([_cell(row[column]) for column in columns] for row in rows))


@app.command
def narrow(
    grant_id: str,
    *,
    purpose: tuple[str, ...] | None = None,
    category: tuple[str, ...] | None = None,
    common: Common = Common(),
) -> None:
    """Keep only these purposes or data categories; whatever is not named is taken away at once."""
    _open_control_plane(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.actor import COMMAND_LINE

    row = provisioning.narrow(
        grant_id, purposes=purpose or None, categories=category or None, by=COMMAND_LINE, at=datetime.now(UTC)
    )
    _print(provisioning.shown(row), common)


@app.command
def revoke(grant_id: str, *, common: Common = Common()) -> None:
    """End a grant and every token under it, at once."""
    _open_control_plane(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.actor import COMMAND_LINE

    row = provisioning.revoke(grant_id, by=COMMAND_LINE, at=datetime.now(UTC))
    _print(provisioning.shown(row), common)


def _open_control_plane(common: Common) -> None:
    """Django over the running installation's database. Rooms are imported after it: models need settings."""
    settings = common.settings()
    url = settings.database_url or running_dsn(settings.data)
    if not url:
        raise PiepowderError(
            "cli_database_not_running",
            "no database is running",
            hint="start it with `piepowder up`, or set PIEPOWDER_DATABASE_URL",
            kind=ErrorKind.UNAVAILABLE,
        )
    os.environ.update(settings.variables(), PIEPOWDER_DATABASE_URL=url)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
    django.setup()


def _print(answer: Mapping[str, object], common: Common) -> None:
    if common.json:
        print_json(answer)
        return
    print_table(("", ""), ((name, _cell(value)) for name, value in answer.items()))


def _cell(value: object) -> str:
    if value is None:
        return "all declared"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
