"""`piepowder demo --serve` as a stranger runs it, on free ports and in a folder of its own, and a person before it.

running   the demonstration: the addresses it says, and those that the tutorial has for them
person    with Chromium and a terminal
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.chromium import FLAGS, PATH
from tests.support.stack import ROOT, free_port
from tests.tutorial.person import Person

DEFAULT = {"gateway": 8400, "console": 8401, "marketplace": 8402, "mailbox": 8403, "relay": 8425}
START_SECONDS_MAX = 300
WAIT_MS = 20_000
_SHOWN = re.compile(r"^ *(\w[\w ]*?)  +(http://\S+)")


class Running(NamedTuple):
    """`shown`: what the terminal shows, by its first word; `here`: addresses of the tutorial -> those of this run."""

    shown: dict[str, str]
    here: dict[str, str]
    environment: dict[str, str]


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="piepowder-tutorial-"))
    folder.chmod(0o755)
    ports = {name: free_port() for name in DEFAULT}
    settings = folder / "piepowder.toml"
    settings.write_text("".join(f"{name}_port = {port}\n" for name, port in ports.items()))
    words = ["demo", "--serve", "--workers", "1", "--data", str(folder / "data"), "--config", str(settings)]
    process = subprocess.Popen(
        [sys.executable, "-m", "piepowder.cli.main", *words],
        env=os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        gateway, console = (f"http://127.0.0.1:{ports[name]}" for name in ("gateway", "console"))
        here = {f"127.0.0.1:{DEFAULT[name]}": f"127.0.0.1:{port}" for name, port in ports.items()}
        environment = {"PIEPOWDER_API_URL": gateway, "PIEPOWDER_TOKEN_URL": f"{console}/auth/o2/token"}
        yield Running(_said(process), here, environment)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _said(process: "subprocess.Popen[str]") -> dict[str, str]:
    """The addresses that the demonstration invites to, once it is up."""
    assert process.stdout is not None
    told, give_up = "", time.monotonic() + START_SECONDS_MAX
    while "stop with Ctrl+C" not in told:
        line = process.stdout.readline()
        assert line, f"the demonstration ended:\n{told}"
        assert time.monotonic() < give_up, f"the demonstration is not up:\n{told}"
        told += line
    return {found[1]: found[2] for found in map(_SHOWN.match, told.splitlines()) if found}


@pytest.fixture
def person(running: Running) -> Iterator[Person]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=FLAGS)

        def open_window() -> Page:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(WAIT_MS)
            return context.new_page()

        yield Person(open_window, shown=running.shown, here=running.here, environment=running.environment)
        browser.close()
