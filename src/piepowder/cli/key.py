"""`piepowder key`: API keys of developers and sellers; those of the marketplace are under `staff`."""

from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, moment, now, open_rooms, show, show_list
from piepowder.cli.options import Common

app = App(name="key", help="API keys of developers and sellers.")


@app.command
def create(
    holder: str, name: str, *, expires: str | None = None, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Make an API key of a developer or seller. It is shown this once; only its digest is kept.

    Parameters
    ----------
    holder
        The developer (`dev_…`) or seller (`sel_…`).
    name
        Which program it is for.
    expires
        When it ends: `90d`, or a date.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import create_key, no_longer_than, role_for

    at = now()
    by = acting(key_file, Permission.GOVERN, own=holder)
    seller, developer = (holder, "") if holder.startswith("sel_") else ("", holder)
    ends = no_longer_than(by, moment(expires, at))
    row, secret = create_key(
        name=name, role=role_for(holder), developer=developer, seller=seller, expires_at=ends, by=by, at=at
    )
    show({**row.described(), "key": secret}, common)


@app.command(name="list")
def list_keys(holder: str, *, common: Common = Common()) -> None:
    """Keys of a developer or seller, without the keys themselves.

    Parameters
    ----------
    holder
        The developer (`dev_…`) or seller (`sel_…`).
    """
    open_rooms(common)
    from piepowder.rooms.people.models import ApiKey

    rows = [row.described() for row in ApiKey.objects.of(holder)]
    show_list(rows, ("id", "name", "hint", "created_at", "expires_at", "last_used_at", "revoked_at"), common)


@app.command
def revoke(key_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """End a key at once.

    Parameters
    ----------
    key_id
        The key's id (`key_…`), not the key.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import revoke_key
    from piepowder.rooms.people.models import ApiKey

    key = ApiKey.objects.named(key_id)
    by = acting(key_file, Permission.GOVERN, own=key.holder)
    show(revoke_key(key, by=by, at=now()).described(), common)
