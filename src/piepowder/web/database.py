"""Reads a PostgreSQL URL into what Django's settings want. Pure."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

#: what stands in the settings while no database is known: a port where nobody listens, so that every question fails
NO_DATABASE = "postgresql://none@127.0.0.1:1/none"


def database_from_url(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:5432/name?sslmode=require` -> one entry of `DATABASES`.

    A `host` in the query names a folder of a Unix socket, as libpq has it. Other query members become options.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"not a PostgreSQL URL: scheme `{parts.scheme}`")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    port = options.pop("port", "") or str(parts.port or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")) or options.pop("dbname", ""),
        "USER": options.pop("user", "") or unquote(parts.username or ""),
        "PASSWORD": options.pop("password", "") or unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
        "CONN_MAX_AGE": 0,  # under ASGI each request has a thread of its own, and would keep a connection of its own
    }
