"""`piepowder grant`: authorisations that an operator provisions, with the credentials an app needs to use them."""

from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

app = App(name="grant", help="Sellers' authorisations of apps, and apps' credentials.")


@app.command
def create(
    app_id: str,
    seller: str,
    *,
    purpose: tuple[str, ...] = (),
    category: tuple[str, ...] = (),
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Authorise an app for a seller and print what a client library wants. Secrets are shown this once.

    Parameters
    ----------
    app_id
        The app (`app_…`).
    seller
        The seller, by Piepowder's id or the marketplace's own.
    purpose
        Narrow to this purpose; may be repeated. All that the app's manifest declares, if none is given.
    category
        Narrow to this data category; may be repeated.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT)
    answer = provisioning.create(app_id, seller, purposes=purpose or None, categories=category or None, by=by, at=now())
    show(answer, common)


@app.command(name="list")
def list_grants(*, app_id: str | None = None, seller: str | None = None, common: Common = Common()) -> None:
    """The newest grants, at most 500, of one app or one seller if named."""
    open_rooms(common)
    from piepowder.rooms.consent import provisioning

    rows = [provisioning.shown(row) for row in provisioning.found(app_id=app_id, seller_id=seller)]
    show_list(rows, ("id", "app", "seller", "status", "purposes", "expires_at"), common)


@app.command
def narrow(
    grant_id: str,
    *,
    purpose: tuple[str, ...] = (),
    category: tuple[str, ...] = (),
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Keep only these purposes or data categories of a grant; what is not named is taken away at once.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    purpose
        A purpose to keep; may be repeated. None given: purposes stay as they are.
    category
        A data category to keep; may be repeated. None given: categories stay as they are.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT)
    row = provisioning.narrow(grant_id, purposes=purpose or None, categories=category or None, by=by, at=now())
    show(provisioning.shown(row), common)


@app.command
def revoke(grant_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """End a grant and every token under it, at once.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    row = provisioning.revoke(grant_id, by=acting(key_file, Permission.CONSENT), at=now())
    show(provisioning.shown(row), common)


@app.command
def rotate_secret(client_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Make a new secret for a client, shown this once. The present one stays valid for seven days.

    Parameters
    ----------
    client_id
        The client, as its app sends it to the token endpoint.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import actions
    from piepowder.rooms.consent.models import Client
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT)
    secret = actions.rotate_secret(Client.objects.named(client_id), by=by, at=now())
    show({"client_id": client_id, "client_secret": secret}, common)
