"""A marketplace of full size behind a real console: 10,000 apps, 100,000 active grants, 3,000 developers, 2,000 sellers, a full ledger.

    python -m proof.part2.market FOLDER [--times 100]     fills an installation there, to look at, or to measure again and again

The rooms' own verbs make the hundredth part (`seed`); `clones` multiplies its rows in SQL. Everything is made up.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings, load
from piepowder.core.kernel.egress import probe
from piepowder.core.kernel.postgres import EmbeddedPostgres
from proof.figures import ROOT
from proof.part2 import clones
from tests.support.stack import free_port

TIMES = 100
READY_SECONDS_MAX = 60


def settings_of(folder: Path, url: str) -> Settings:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    return load(data=folder, database_url=url, console_port=port, public_url=address, mail_url="")


def environment_of(settings: Settings) -> dict[str, str]:
    own = {
        "PIEPOWDER_SECRET_KEY": "0" * 64,
        "DJANGO_SETTINGS_MODULE": "piepowder.web.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    return {**os.environ, **settings.variables(), **own}


def run(settings: Settings, *words: str) -> bytes:
    """A program of the installation; what it prints."""
    command, environment = [sys.executable, "-m", *words], environment_of(settings)
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return done.stdout


@contextmanager
def opened(folder: Path, times: int = TIMES) -> Iterator[Settings]:
    """The database runs and is migrated; it is filled if it was empty."""
    with EmbeddedPostgres(folder) as server:
        settings = settings_of(folder, server.dsn())
        run(settings, "django", "migrate", "--no-input", "--verbosity", "0")
        if not (folder / "staff.json").exists():
            fill(settings, times)
        yield settings


def fill(settings: Settings, times: int) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("SELECT ledger_ensure_partitions(current_date - 31, 34)")
    staff = json.decode(run(settings, "proof.part2.seed").splitlines()[-1])
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        clones.multiply(connection, times, keep=sorted(staff.values()))
        clones.read_orders(connection)
        connection.execute("VACUUM ANALYZE")
    (settings.data / "staff.json").write_bytes(json.encode(staff))


@contextmanager
def console(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The console's process, started as `piepowder up` starts it."""
    words = ["uvicorn", "piepowder.web.asgi:application", "--host", "127.0.0.1", "--port", str(settings.console_port)]
    words += ["--no-proxy-headers", "--no-access-log", "--log-level", "warning"]
    with (settings.data / "console.log").open("ab") as log:
        command = [sys.executable, "-m", *words]
        process = subprocess.Popen(command, env=environment_of(settings), cwd=ROOT, stdout=log, stderr=log)
    try:
        _await(f"{settings.public_url}/api/openapi.json", process)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def cookies(settings: Settings) -> dict[str, str]:
    """Role -> session cookie of somebody who has it, the organisation and the shop with the most to see."""
    staff = json.decode((settings.data / "staff.json").read_bytes())
    who = {role: staff[f"{role}1"] for role in ("operator", "reviewer", "auditor")}
    who |= {"developer": "owner0@maker.example", "seller": "shop0@shops.example"}
    made = json.decode(run(settings, "proof.part2.sessions", *who.values()).splitlines()[-1])
    return {role: made[name] for role, name in who.items()}


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < give_up and process.poll() is None:
        if probe(url, deadline_seconds=20.0).status == 200:
            return
        time.sleep(0.1)
    raise RuntimeError("the console did not start; see console.log in its folder")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=TIMES)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with opened(options.folder, options.times):
        print(f"filled: {options.folder}")


if __name__ == "__main__":
    main()
