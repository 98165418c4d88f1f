"""Which database we work with, and whether it keeps what it promises."""

from datetime import datetime

import psycopg

from piepowder.core.kernel.config import Settings
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.postgres import running_dsn

SAFETY = ("fsync", "full_page_writes", "synchronous_commit")


def database_url(settings: Settings) -> str:
    """The configured server's URL, else that of the embedded server which runs in the data folder.

    `kernel_database_not_running` if there is neither.
    """
    found = settings.database_url or running_dsn(settings.data)
    if not found:
        raise PiepowderError(
            "kernel_database_not_running",
            f"no database is running in data folder `{settings.data}`",
            hint="start it with `piepowder up`, name its folder with --data, or set PIEPOWDER_DATABASE_URL",
            kind=ErrorKind.UNAVAILABLE,
        )
    return found


def connect(url: str) -> psycopg.Connection:
    """An autocommit connection for short questions; `kernel_database_unreachable` with the server's own words."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()
        raise PiepowderError(
            "kernel_database_unreachable",
            f"cannot reach the database: {reason[-1] if reason else type(error).__name__}",
            hint="check PIEPOWDER_DATABASE_URL and that the server runs",
            kind=ErrorKind.UNAVAILABLE,
        ) from None


def refuse_unsafe(connection: psycopg.Connection) -> list[str]:
    """Warnings about the server's durability; raises `kernel_database_unsafe` where a commit may be lost for good.

    "Record before release" means that a committed record survives a crash. Without fsync or full pages it may not, and
    nobody would notice; with `synchronous_commit=off` the last moments may be lost.
    """
    shown = {name: _shown(connection, name) for name in SAFETY}
    for name in ("fsync", "full_page_writes"):
        if shown[name] == "off":
            raise PiepowderError(
                "kernel_database_unsafe",
                f"the database runs with `{name}=off`: a crash could lose records that were promised to be durable",
                hint=f"set `{name} = on` in its configuration",
                kind=ErrorKind.UNAVAILABLE,
                setting=name,
            )
    if shown["synchronous_commit"] == "off":
        return [
            "`synchronous_commit=off` by default: sessions that do not set it themselves may lose their last commits"
        ]
    return []


def server_time(connection: psycopg.Connection) -> datetime:
    """The server's clock just now, not when the transaction began."""
    moment: datetime = connection.execute("SELECT clock_timestamp()").fetchall()[0][0]
    return moment


def _shown(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""
