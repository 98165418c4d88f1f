"""`piepowder client`: the programs of an app that may ask for tokens, their return addresses and secrets."""

from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

app = App(name="client", help="Programs of apps that ask for tokens: return addresses and secrets.")


@app.command(name="list")
def list_clients(app_id: str, *, common: Common = Common()) -> None:
    """An app's clients, with when each secret runs out and was last used.

    Parameters
    ----------
    app_id
        The app (`app_…`).
    """
    open_rooms(common)
    from piepowder.rooms.consent.models import Client

    rows = [client.described(now()) for client in Client.objects.of_app(app_id)]
    show_list(rows, ("client_id", "confidential", "lasting", "redirect_uris", "secrets"), common)


@app.command
def register(
    app_id: str,
    *,
    redirect: tuple[str, ...] = (),
    public: bool = False,
    lasting: bool = False,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Register a client of an app and print its secret, this once.

    Parameters
    ----------
    app_id
        The app (`app_…`).
    redirect
        An address that a seller may be sent back to; may be repeated.
    public
        It cannot keep a secret: a program on somebody's own machine.
    lasting
        It works as Amazon's libraries do: no PKCE, one refresh token for the life of a grant.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.consent import actions
    from piepowder.rooms.ground.caller import Permission

    found = StoredApp.objects.named(app_id)
    by = acting(key_file, Permission.CONSENT, own=found.developer_id)
    client, secret = actions.register_client(
        found,
        redirect_uris=redirect,
        confidential=not public,
        lasting=lasting,
        by=by,
        at=now(),
    )
    show({"client_id": client.client_id, "client_secret": secret}, common)


@app.command
def set_redirects(
    client_id: str, *, redirect: tuple[str, ...] = (), key_file: Path | None = None, common: Common = Common()
) -> None:
    """Replace the addresses that a seller may be sent back to.

    Parameters
    ----------
    client_id
        The client, as its app sends it to the token endpoint.
    redirect
        An address; may be repeated. None given: no address is left.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import actions
    from piepowder.rooms.consent.models import Client
    from piepowder.rooms.ground.caller import Permission

    found = Client.objects.named(client_id)
    by = acting(key_file, Permission.CONSENT, own=found.app.developer_id)
    client = actions.set_redirects(found, redirect, by=by, at=now())
    show(client.described(now()), common)


@app.command
def rotate_secret(client_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Make a new secret, shown this once. The present one stays valid for seven days.

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

    found = Client.objects.named(client_id)
    by = acting(key_file, Permission.CONSENT, own=found.app.developer_id)
    secret = actions.rotate_secret(found, by=by, at=now())
    show({"client_id": client_id, "client_secret": secret}, common)


@app.command
def end_secret(client_id: str, secret_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """End one of two secrets at once.

    Parameters
    ----------
    client_id
        The client, as its app sends it to the token endpoint.
    secret_id
        The secret's id (`csec_…`), as `client list` names it.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import actions
    from piepowder.rooms.consent.models import Client
    from piepowder.rooms.ground.caller import Permission

    found = Client.objects.named(client_id)
    by = acting(key_file, Permission.CONSENT, own=found.app.developer_id)
    client = actions.end_secret(found, secret_id, by=by, at=now())
    show(client.described(now()), common)
