"""`piepowder staff`: the marketplace's own people and their keys."""

from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.people.rules import KeyRole

app = App(name="staff", help="The marketplace's own people, and API keys.")


@app.command
def create(
    email: str,
    *,
    name: str = "",
    role: KeyRole = KeyRole.OPERATOR,
    password_file: Path | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Make an account of staff. Without a password its owner signs in through the staff's provider, or by a link.

    Parameters
    ----------
    email
        The address, which the staff's provider must vouch for.
    name
        What others see.
    role
        `operator`, `reviewer` or `auditor`.
    password_file
        File with a first password.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import create_staff

    by = acting(key_file, Permission.GOVERN)
    password = _first_line(password_file) if password_file else None
    show(create_staff(email=email, name=name, role=role, password=password, by=by, at=now()).described(), common)


@app.command(name="list")
def list_staff(*, common: Common = Common()) -> None:
    """All accounts of staff."""
    open_rooms(common)
    from piepowder.rooms.people.models import Account

    rows = [account.described() for account in Account.objects.staff()]
    show_list(rows, ("id", "email", "name", "role", "active", "last_login"), common)


@app.command
def role(account: str, role: KeyRole, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Give a member of staff another role, from the next click on.

    Parameters
    ----------
    account
        E-mail address, or id (`acc_…`).
    role
        `operator`, `reviewer` or `auditor`.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import change_role
    from piepowder.rooms.people.models import Account

    by = acting(key_file, Permission.GOVERN)
    show(change_role(Account.objects.named(account), role, by=by, at=now()).described(), common)


@app.command
def key(name: str, *, role: KeyRole = KeyRole.OPERATOR, common: Common = Common()) -> None:
    """Make an API key of the marketplace. It is shown this once; only its digest is kept.

    Parameters
    ----------
    name
        Whose key it is, or what for.
    role
        `operator`, `reviewer`, `provisioning` (sellers only) or `auditor` (reads only).
    """
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import create_staff_key

    row, secret = create_staff_key(name=name, role=role, by=COMMAND_LINE, at=now())
    show({**row.described(), "key": secret}, common)


@app.command
def keys(*, common: Common = Common()) -> None:
    """All API keys of the marketplace, without the keys themselves."""
    open_rooms(common)
    from piepowder.rooms.people.models import ApiKey

    rows = [row.described() for row in ApiKey.objects.of("")]
    show_list(rows, ("id", "name", "role", "created_at", "last_used_at", "revoked_at"), common)


@app.command
def revoke_key(key_id: str, *, common: Common = Common()) -> None:
    """End an API key at once."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import revoke_staff_key

    revoke_staff_key(key_id, by=COMMAND_LINE, at=now())
    show({"id": key_id, "revoked": True}, common)


@app.command
def link(email: str, *, common: Common = Common()) -> None:
    """Make a link that signs a member of staff into the console, once, within 15 minutes.

    Parameters
    ----------
    email
        Whom it signs in; an account is made if there is none.
    """
    settings = open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import make_staff_link

    text = make_staff_link(email, by=COMMAND_LINE, at=now())
    show({"email": email, "link": f"{settings.public_url}/sign-in/staff/{text}"}, common)


@app.command
def sessions(
    account: str,
    *,
    end: int | None = None,
    end_all: bool = False,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Where an account is signed in, of staff or not; ends one session or all of them if asked.

    Parameters
    ----------
    account
        E-mail address, or id (`acc_…`).
    end
        End the session of this number.
    end_all
        End every session.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.people.actions import end_sessions
    from piepowder.rooms.people.models import Account
    from piepowder.rooms.people.sessions import sessions_of

    found = Account.objects.named(account)
    if end is not None or end_all:
        by = acting(key_file, Permission.GOVERN)
        ended = end_sessions(found, session=None if end_all else end, by=by, at=now())
        show({"account": found.id, "ended": ended}, common)
        return
    show_list(sessions_of(found), ("id", "ip", "user_agent", "created_at"), common)


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        raise PiepowderError("cli_password_unreadable", f"there is no password in `{file}`") from None
