"""`piepowder account`: accounts of people, whoever they work for."""

from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

app = App(name="account", help="Accounts of people: of staff, developers and sellers.")


@app.command(name="list")
def list_accounts(*, email: str | None = None, common: Common = Common()) -> None:
    """The newest accounts, at most 500.

    Parameters
    ----------
    email
        Only the one with this address.
    """
    open_rooms(common)
    from piepowder.rooms.people.models import Account

    rows = Account.objects.order_by("-id")
    found = (rows.filter(email__iexact=email) if email else rows)[:500]
    show_list([row.described() for row in found], ("id", "email", "name", "kind", "active", "last_login"), common)


@app.command
def rename(account: str, name: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Change the name that others see.

    Parameters
    ----------
    account
        E-mail address, or id (`acc_…`).
    name
        The new name.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import rename as change_name
    from piepowder.rooms.people.models import Account

    by = acting(key_file, Permission.GOVERN)
    show(change_name(Account.objects.named(account), name, by=by, at=now()).described(), common)


@app.command
def close(account: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Close an account: its sessions end, and nobody signs in with it.

    Parameters
    ----------
    account
        E-mail address, or id (`acc_…`).
    reason
        Why, for the record.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import close_account
    from piepowder.rooms.people.models import Account

    by = acting(key_file, Permission.GOVERN)
    show(close_account(Account.objects.named(account), reason=reason, by=by, at=now()).described(), common)


@app.command
def reopen(account: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a closing back.

    Parameters
    ----------
    account
        E-mail address, or id (`acc_…`).
    reason
        Why, for the record.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import reopen_account
    from piepowder.rooms.people.models import Account

    by = acting(key_file, Permission.GOVERN)
    show(reopen_account(Account.objects.named(account), reason=reason, by=by, at=now()).described(), common)


@app.command
def reset_second_factor(account: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take away authenticator app, passkeys and recovery codes of somebody who lost them, and end their sessions.

    Parameters
    ----------
    account
        E-mail address, or id (`acc_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import reset_second_factor as reset
    from piepowder.rooms.people.models import Account

    by = acting(key_file, Permission.GOVERN)
    found = Account.objects.named(account)
    show({"account": found.id, "taken_away": reset(found, by=by, at=now())}, common)
