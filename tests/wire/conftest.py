"""A whole installation for real clients: real orders behind the example marketplace, console, two gateway workers.

The orders are the first lines of UCI's Online Retail; where that file is not at hand, those of *The Complete Journey*. Everything
here is shared by a session; a test that changes an app takes a `spare` one.
"""

import gzip
import itertools
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from piepowder.demo.importer import ensure_orders
from piepowder.demo.orders import OrderBook
from tests.support.control_plane import *  # noqa: F403
from tests.support.stack import ROOT, Stack, free_port
from tests.wire.apps import spec
from tests.wire.clients import Account, Community, Official, Wire
from tests.wire.source import Source

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


@pytest.fixture(scope="session")
def stack(
    postgres_folder: Path, migrated_database: Callable[[], str], orders_path: Path, marketplace_url: str
) -> Iterator[Stack]:
    book = OrderBook(orders_path)
    sellers = [seller.id for seller in book.sellers(2)]
    book.close()
    folder = postgres_folder / "wire"
    folder.mkdir()
    running = Stack(
        folder,
        migrated_database(),
        upstream_url=marketplace_url,
        spec=spec(sellers),
        workers=2,
        console=True,
        migrated=True,
        rates="published",
    )
    with running:
        yield running


@pytest.fixture
def source(orders_path: Path, marketplace_url: str, stack: Stack) -> Iterator[Source]:
    """What the marketplace itself knows of the first seller."""
    book = OrderBook(orders_path)
    yield Source(book, marketplace_url, CREDENTIAL, stack.made["apps"]["desk"]["seller_id"])
    book.close()


@pytest.fixture
def account(stack: Stack, source: Source) -> Callable[..., Account]:
    """`account("desk")`: credentials of an app of `apps.py` for the first seller, `account("desk", 1)` for the second."""

    def of(key: str, grant: int = 0) -> Account:
        app = stack.made["apps"][key]
        return Account(
            api_url=stack.url,
            token_url=f"{stack.settings.public_url}/auth/o2/token",
            marketplace=source.book.market.id,
            credentials=app | app["grants"][grant],
        )

    return of


_taken: Iterator[int] = itertools.count()


@pytest.fixture
def spare(account: Callable[..., Account]) -> Account:
    """An app with every right, which this test alone uses and may change."""
    return account(f"spare_{next(_taken)}")


@pytest.fixture(params=[Community, Official], ids=lambda kind: kind.name)
def library(request: pytest.FixtureRequest) -> type[Wire]:
    """Each of the two libraries in turn."""
    kind: type[Wire] = request.param
    return kind


@pytest.fixture
def operator(stack: Stack) -> Callable[..., Any]:
    """`operator("PUT", "/standing/app_...", {...})`: one call of the JSON API as staff."""
    from piepowder.core.kernel.json import decode, encode

    def call(method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{stack.settings.public_url}/api{path}",
            data=None if body is None else encode(body),
            method=method,
            headers={"authorization": f"Bearer {stack.made['staff_key']}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return decode(answer.read())

    return call
