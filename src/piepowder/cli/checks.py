"""What `piepowder doctor` looks at. Each check is one function from settings to findings; it changes nothing.

A check that meets one of our errors fails with its message; the others go on.
"""

import ipaddress
import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from piepowder.core.kernel.config import Settings, config_path, local_address, unknown_variables
from piepowder.core.kernel.database import connect, database_url, refuse_unsafe, server_time
from piepowder.core.kernel.egress import probe
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.folder import explained
from piepowder.core.kernel.keys import ROOT_KEY_VARIABLE, KeyRing
from piepowder.core.kernel.processes import port_is_free
from piepowder.core.marketplace.catalogue import load_catalogue

FREE_MEBIBYTES_LOW, FREE_MEBIBYTES_MIN = 2048, 128
SERVER_VERSION_MIN = 150000
SKEW_SECONDS_MAX = 2.0
SECRET_SETTINGS = ("database_url", "secret_key", "upstream_credential", "oidc_client_secret")


class Outcome(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Finding:
    check: str
    outcome: Outcome
    detail: str
    hint: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def ok(check: str, detail: str) -> Finding:
    return Finding(check=check, outcome=Outcome.OK, detail=detail)


def warning(check: str, detail: str, hint: str = "") -> Finding:
    return Finding(check=check, outcome=Outcome.WARNING, detail=detail, hint=hint)


def failed(check: str, detail: str, hint: str = "") -> Finding:
    return Finding(check=check, outcome=Outcome.FAILED, detail=detail, hint=hint)


def configuration(settings: Settings, *, config: Path | None = None) -> Iterator[Finding]:
    """The file that was read, misspelt variables, secrets that others can read, plain HTTP to the world."""
    path = config_path(config, settings.data)
    yield ok("configuration", f"read from {path}" if path else "no file; environment and defaults")
    for name in unknown_variables():
        yield warning("configuration", f"variable {name} means nothing here", "docs/settings.md lists all settings")
    if path and stat.S_IMODE(path.stat().st_mode) & 0o077:
        text = path.read_text()
        if any(name in text for name in SECRET_SETTINGS):
            yield warning("configuration", f"{path} holds secrets and others may read it", f"chmod 600 {path}")
    if settings.debug:
        yield warning("configuration", "`debug` is on: errors are shown in full to visitors")
    if settings.public_url.startswith("http://") and not _is_loopback(urlsplit(settings.public_url).hostname or ""):
        yield warning("configuration", f"the console is reached by plain HTTP at {settings.public_url}", "use HTTPS")


def data_folder(settings: Settings) -> Iterator[Finding]:
    """Exists, is ours, is closed to others, has room."""
    data = settings.data
    if not data.exists():
        yield warning("data folder", f"{data} does not exist yet", "`piepowder up` creates it")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield failed("data folder", f"{data} cannot be written to by this user", "name another with --data")
        return
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o066:
        yield warning("data folder", f"{data} is open to others (mode {mode:o})", f"chmod go-rw {data}")
    yield disk_space(data)


def disk_space(data: Path) -> Finding:
    free = shutil.disk_usage(data).free >> 20
    if free < FREE_MEBIBYTES_MIN:
        return failed("disk", f"{free} MiB free in {data}", "without room no call can be recorded, so none is answered")
    if free < FREE_MEBIBYTES_LOW:
        return warning("disk", f"{free} MiB free in {data}", "the ledger grows with every call")
    return ok("disk", f"{free >> 10} GiB free in {data}")


def keys(settings: Settings) -> Iterator[Finding]:
    """The key ring opens with the root key there is, and nobody else can read either."""
    if not (settings.keys / "ring.json").exists():
        yield warning("keys", f"no key ring in {settings.keys} yet", "`piepowder up` creates it")
        return
    KeyRing.open(settings.keys)
    source = ROOT_KEY_VARIABLE if os.environ.get(ROOT_KEY_VARIABLE) else f"{settings.keys / 'root.key'}"
    yield ok("keys", f"key ring opens with the root key of {source}; keep a copy of both elsewhere")


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, new enough, durable, and of the same opinion about the time."""
    with connect(database_url(settings)) as connection:
        version = connection.info.server_version
        text = f"PostgreSQL {version // 10000}.{version % 10000}"
        yield ok("database", text) if version >= SERVER_VERSION_MIN else failed("database", f"{text} is too old")
        for detail in refuse_unsafe(connection):
            yield warning("database", detail)
        before = datetime.now(UTC)
        there = server_time(connection)
        after = datetime.now(UTC)
    yield clock_skew(there, before, after)


def clock_skew(there: datetime, before: datetime, after: datetime) -> Finding:
    """The database's time against ours, read within `before` and `after`; the uncertainty is not held against it."""
    seconds = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if seconds > SKEW_SECONDS_MAX:
        hint = "synchronise both; tokens expire and deadlines fall by the database's time"
        return warning("clock", f"this machine and the database differ by {seconds:.1f} s", hint)
    return ok("clock", "agrees with the database's")


def ports(settings: Settings) -> Iterator[Finding]:
    """Free, or taken by a Piepowder that runs already."""
    gateway, console = (
        local_address(settings.gateway_host, settings.gateway_port),
        local_address(settings.console_host, settings.console_port),
    )
    yield _port("gateway", settings.gateway_host, settings.gateway_port, f"{gateway}/healthz", b"alive")
    yield _port("console", settings.console_host, settings.console_port, f"{console}/api/openapi.json", b"Piepowder")


def _port(name: str, host: str, port: int, url: str, sign: bytes) -> Finding:
    if port_is_free(host, port):
        return ok("ports", f"{name} port {port} is free")
    if sign in probe(url).body:
        return ok("ports", f"{name} runs on port {port}")
    return failed("ports", f"{name} port {port} is taken by another program", f"set PIEPOWDER_{name.upper()}_PORT")


def upstream(settings: Settings) -> Iterator[Finding]:
    """The guarded API answers us, and, as far as can be told from here, nobody else without the gateway.

    Two things are tried. One operation of the catalogue is asked without any credential: whoever answers that hands
    out data to every program that can connect. And the address is looked at: what is not bound to loopback alone can
    be connected to from elsewhere, unless a firewall says no, which cannot be seen from this machine.
    """
    if not settings.upstream_url:
        yield warning("upstream", "`upstream_url` is not set", "name the marketplace's own API")
        return
    path = probe_path(settings.dialect)
    heard = probe(settings.upstream_url + path)
    if not heard.reached:
        yield failed("upstream", f"{settings.upstream_url} does not answer: {heard.problem}")
        return
    yield ok("upstream", f"{settings.upstream_url} answers")
    yield unauthenticated(heard.status, path)
    yield exposure(settings.upstream_url)


def probe_path(dialect: str) -> str:
    """The first read of the catalogue whose path names no single order."""
    operations = load_catalogue(dialect).operations.values()
    return next(
        (operation.path for operation in operations if operation.kind == "read" and "{" not in operation.path), "/"
    )


def unauthenticated(status: int, path: str) -> Finding:
    """What an answer to GET `path` without a credential says."""
    if status in (401, 403):
        return ok("past the gateway", f"upstream refuses GET {path} without a credential ({status})")
    if 200 <= status < 300:
        return warning(
            "past the gateway",
            f"upstream answers GET {path} without a credential ({status}): apps can go past the gateway",
            "make it demand a credential that only the gateway has",
        )
    return warning(
        "past the gateway",
        f"upstream answers GET {path} without a credential with {status}, which says neither yes nor no",
        "try by hand whether it hands out data without the gateway's credential",
    )


def exposure(url: str) -> Finding:
    """Whether others than this machine may be able to connect to upstream."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not _is_loopback(host):
        return warning(
            "past the gateway",
            f"upstream `{host}` is not a loopback address: other machines may reach it past the gateway",
            "let only the gateway's machine connect to it",
        )
    own = own_address()
    if own and _connects(own, port):
        return warning(
            "past the gateway",
            f"upstream listens on {own}:{port} as well, where other machines may reach it past the gateway",
            "bind it to 127.0.0.1 only",
        )
    return ok("past the gateway", "upstream listens on loopback only")


def _is_loopback(host: str) -> bool:
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)


def own_address() -> str:
    """This machine's address towards the outside; empty if it has none. Nothing is sent: UDP has no handshake."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        try:
            towards.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address = str(towards.getsockname()[0])
    return "" if ipaddress.ip_address(address).is_loopback else address


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2.0).close()
    except OSError:
        return False
    return True


CHECKS: dict[str, Check] = {
    "data folder": data_folder,
    "keys": keys,
    "database": database,
    "ports": ports,
    "upstream": upstream,
}


def examine(settings: Settings, *, config: Path | None = None) -> list[Finding]:
    """All findings, in the order a reader would ask."""
    found = list(configuration(settings, config=config))
    for name, check in CHECKS.items():
        found += _examined(name, check, settings)
    return found


def _examined(name: str, check: Check, settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(check(settings))
    except PiepowderError as error:
        found.append(_from_error(name, error))
    except OSError as error:
        found.append(_from_error(name, explained(error, settings.data)))
    return found


def _from_error(name: str, error: PiepowderError) -> Finding:
    # An installation that is not started is not an ill one.
    make = warning if error.code == "kernel_database_not_running" else failed
    return make(name, error.message, error.hint)
