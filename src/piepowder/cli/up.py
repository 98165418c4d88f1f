"""`piepowder up`: the whole installation as one process tree.

    database ─► migrations ─► console, gateway-1 … gateway-N, worker (what is due)

All gateway workers bind the same port (SO_REUSEPORT). `installation` builds the stages; the demo adds its own to them.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cyclopts import App

from piepowder.cli.options import Common, print_json_line, printable
from piepowder.cli.services import (
    DatabaseService,
    ProcessService,
    ProcessSpec,
    Service,
    StepService,
    answers_http,
)
from piepowder.cli.supervisor import Event, Supervisor
from piepowder.core.kernel import folder
from piepowder.core.kernel.config import FILE_NAME, Settings, local_address
from piepowder.core.kernel.database import connect, refuse_unsafe
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.keys import KeyRing
from piepowder.core.kernel.postgres import EmbeddedPostgres
from piepowder.core.kernel.processes import port_is_free

app = App(name="up", help="Start database, console and gateway, and keep them running.")

Stages = list[list[Service]]
PORT_PATIENCE_SECONDS = 5.0


@app.default
def up(*, workers: int | None = None, common: Common | None = None) -> None:
    """Start database, console and gateway, and keep them running until Ctrl+C.

    Parameters
    ----------
    workers
        Gateway processes.
    """
    common = common or Common()
    settings = common.settings(workers=workers)
    _require_upstream(settings)
    tell = print_json_line if common.json else _tell_people
    for warning in _warnings(settings):
        tell({"event": "warning", "detail": warning})
    supervisor = Supervisor(installation(settings), lambda event: tell(described(event)))

    def announce() -> None:
        tell({"event": "running", "gateway": settings.gateway_url, "console": settings.public_url})
        supervisor.watch()

    require_ports(settings.gateway_port, settings.console_port)
    supervisor.run(announce)
    tell({"event": "stopped"})


def installation(settings: Settings, *, logs: Path | None = None) -> Stages:
    """The stages of an installation. `logs`: folder for the children's output, None for our standard error."""
    data = folder.prepare(settings.data)
    (data / "run").mkdir(exist_ok=True)
    server = None if settings.database_url else EmbeddedPostgres(data)
    environment = environment_of(settings, KeyRing.open(data / "keys"), server)

    def spec(
        name: str, *words: str, port: int = 0, path: str = "/", address: str = "", within: float = 120
    ) -> ProcessSpec:
        return ProcessSpec(
            name=name,
            command=(sys.executable, "-m", *words),
            environment=environment,
            folder=data,
            ready=answers_http(local_address("127.0.0.1", port) + path, port=port) if port else lambda pid: True,
            ready_within_seconds=within,
            address=address,
            log=logs / f"{name}.log" if logs else None,
        )

    migrations = spec("migrations", "django", "migrate", "--no-input", "--verbosity", "0", within=600)
    console = spec(
        "console",
        *_console(settings),
        port=settings.console_port,
        path="/api/openapi.json",
        address=settings.public_url,
    )
    workers = [
        spec(
            f"gateway-{number}",
            *("piepowder.gateway.main", "--worker", str(number)),
            port=settings.gateway_port,
            path="/readyz",
            address=settings.gateway_url,
        )
        for number in range(1, settings.workers + 1)
    ]
    clerk = spec("worker", "piepowder.web.worker")
    stages: Stages = [
        [StepService(migrations)],
        [ProcessService(console), *(ProcessService(worker) for worker in workers), ProcessService(clerk)],
    ]
    return [[DatabaseService(server)], *stages] if server else stages


def _console(settings: Settings) -> list[str]:
    words = ["uvicorn", "piepowder.web.asgi:application"]
    words += ["--host", settings.console_host, "--port", str(settings.console_port)]
    # Forwarding headers are believed from nobody; access is recorded by the rooms, not by the server.
    return [
        *words,
        "--no-proxy-headers",
        "--no-access-log",
        "--log-level",
        "warning",
        "--timeout-graceful-shutdown",
        "10",
    ]


def environment_of(
    settings: Settings, ring: KeyRing, server: EmbeddedPostgres | None
) -> Callable[[], Mapping[str, str]]:
    """What children find in their environment: our own, the settings, the database's address, the console's key."""

    def environment() -> Mapping[str, str]:
        return {
            **os.environ,
            **settings.variables(),
            "PIEPOWDER_DATABASE_URL": server.dsn() if server else settings.database_url,
            "PIEPOWDER_SECRET_KEY": settings.secret_key or ring.derive("console").hex(),
            "DJANGO_SETTINGS_MODULE": "piepowder.web.settings",
            "PYTHONUNBUFFERED": "1",
        }

    return environment


def require_ports(*ports: int) -> None:
    """`cli_port_taken` if a program listens there; its answers would be taken for ours.

    A run that was just killed needs a moment to let go of its ports, so a taken one is looked at again for a while.
    """
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    for port in ports:
        while not port_is_free("127.0.0.1", port):
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise PiepowderError(
                "cli_port_taken",
                f"port {port} is in use by another program",
                hint="stop it, or choose other ports with PIEPOWDER_GATEWAY_PORT and PIEPOWDER_CONSOLE_PORT",
                kind=ErrorKind.CONFLICT,
                port=port,
            )


def _require_upstream(settings: Settings) -> None:
    if not settings.upstream_url:
        raise PiepowderError(
            "cli_upstream_missing",
            "`upstream_url` is not set: the gateway has nothing to stand in front of",
            hint=f"set it in `{settings.data / FILE_NAME}` or PIEPOWDER_UPSTREAM_URL; `piepowder demo` brings its own",
        )


def _warnings(settings: Settings) -> list[str]:
    if not settings.database_url:
        return []
    with connect(settings.database_url) as connection:
        return refuse_unsafe(connection)


def described(event: Event) -> dict[str, object]:
    """An event as `--json` prints it: only what it has."""
    facts = {"service": event.service, "pid": event.pid, "address": event.address, "detail": event.detail}
    return {"event": event.what, **{name: value for name, value in facts.items() if value}}


def _tell_people(facts: Mapping[str, object]) -> None:
    event = str(facts["event"])
    if event == "running":
        line = f"Piepowder runs. Gateway {facts['gateway']}, console {facts['console']}. Ctrl+C stops it."
    else:
        words = [
            f"{event:<10}",
            f"{facts.get('service', '')!s:<12}",
            *map(str, (facts.get("address"), facts.get("detail"))),
        ]
        line = " ".join(word for word in words if word and word != "None").rstrip()
    sys.stdout.write(printable(line) + "\n")
    sys.stdout.flush()
