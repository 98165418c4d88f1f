"""Opens the rooms for a command: Django's settings from the command's own, then the database that runs.

A command imports what it needs of the rooms after that, within its function: Django wants its settings first.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from piepowder.cli.options import Common, print_json, print_table, printable
from piepowder.core.kernel.clock import SystemClock
from piepowder.core.kernel.config import Settings
from piepowder.core.kernel.database import database_url
from piepowder.core.kernel.errors import ErrorKind, PiepowderError

if TYPE_CHECKING:
    from piepowder.rooms.ground.actor import Actor
    from piepowder.rooms.ground.caller import Permission


def open_rooms(common: Common) -> Settings:
    """After this a command may import and call the rooms. `kernel_database_not_running` if there is no database."""
    settings = common.settings()
    os.environ.update(settings.variables())
    os.environ["PIEPOWDER_DATABASE_URL"] = database_url(settings)
    os.environ["DJANGO_SETTINGS_MODULE"] = "piepowder.web.settings"
    django.setup()
    return settings


def now() -> datetime:
    return SystemClock().now()


def acting(key_file: Path | None, permission: "Permission", *, own: str = "") -> "Actor":
    """Who acts: the owner of the key in the file (`-`: standard input), else whoever may run commands on this machine.

    The key needs the permission, or is one of the developer or seller `own` that the command is about. It never stands on the
    command line, where every process of the machine could read it.
    """
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.doors import caller_of

    if key_file is None:
        return COMMAND_LINE
    secret = sys.stdin.readline() if str(key_file) == "-" else key_file.read_text(encoding="utf-8")
    caller = caller_of(secret.strip())
    if caller is not None and own and own in (caller.developer, caller.seller):
        return caller.actor
    if caller is None or permission not in caller.permissions:
        raise PiepowderError(
            "cli_key_refused",
            f"the key in `{key_file}` is not valid, or has no permission `{permission}`",
            hint="`piepowder staff key` makes one",
            kind=ErrorKind.FORBIDDEN,
        )
    return caller.actor


def moment(text: str | None, at: datetime) -> datetime | None:
    """`30d`, `12h` (from now on) or an ISO date or time, which is UTC where it names no zone."""
    if text is None:
        return None
    if text[:-1].isdigit() and text[-1] in "dh":
        return at + timedelta(**{{"d": "days", "h": "hours"}[text[-1]]: int(text[:-1])})
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise PiepowderError(
            "cli_moment_malformed", f"`{text}` is no moment", hint="`30d`, `12h`, `2027-01-31` or `2027-01-31T12:00Z`"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def show(values: dict[str, Any], common: Common) -> None:
    """One thing, as lines `name  value` or as JSON."""
    if common.json:
        print_json(values)
    else:
        width = max(map(len, values)) + 2
        print("\n".join(f"{name:{width}}{printable(_cell(value))}" for name, value in values.items()))


def show_list(rows: list[dict[str, Any]], columns: tuple[str, ...], common: Common) -> None:
    """Several things, as a table of some columns or as JSON with all of them."""
    if common.json:
        print_json(rows)
    else:
        print_table(columns, [tuple(_cell(row.get(name)) for name in columns) for row in rows])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_cell(inner)}" for name, inner in value.items())
    return str(value)
