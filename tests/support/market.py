"""The example marketplace on real orders, a process of its own, for tests that need a whole marketplace.

The orders are the first lines of UCI's Online Retail; where that file is not at hand, those of *The Complete Journey*. A folder's
`conftest.py` takes the fixtures over: `from tests.support.market import *`.
"""

import gzip
import itertools
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from piepowder.demo.importer import ensure_orders
from tests.support.stack import ROOT, free_port

__all__ = ["CREDENTIAL", "marketplace_url", "orders_path"]

REAL_FILE = Path(__file__).parents[3] / "shared" / "data" / "online_retail.csv.gz"
LINES = 80_000  # two months of the shop: enough for every state an order can be in
CREDENTIAL = "upstream-credential-for-tests"
READY_SECONDS_MAX = 60


@pytest.fixture(scope="session")
def orders_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The imported orders."""
    folder = tmp_path_factory.mktemp("wire-orders")
    return ensure_orders(folder, _slice(folder) if REAL_FILE.is_file() else "completejourney", quiet=True).path


def _slice(folder: Path) -> str:
    cut = folder / "orders.csv"
    with gzip.open(REAL_FILE, "rt", encoding="utf-8") as lines, cut.open("w", encoding="utf-8") as file:
        file.writelines(itertools.islice(lines, LINES))
    return str(cut)


@pytest.fixture(scope="session")
def marketplace_url(orders_path: Path) -> Iterator[str]:
    """The example marketplace, a process of its own as in the demonstration."""
    port = free_port()
    words = ["-m", "piepowder.demo.marketplace", "--orders", str(orders_path), "--port", str(port)]
    environment = os.environ | {"PIEPOWDER_UPSTREAM_CREDENTIAL": CREDENTIAL}
    process = subprocess.Popen([sys.executable, *words], env=environment, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/healthz", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < give_up:
        assert process.poll() is None, f"the example marketplace ended with {process.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not become ready")
