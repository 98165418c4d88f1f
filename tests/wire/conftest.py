"""A whole installation for real clients: real orders behind the example marketplace, console, two gateway workers.

Everything here is shared by a session; a test that changes an app takes a `spare` one.
"""

import itertools
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from piepowder.demo.orders import OrderBook
from tests.support.control_plane import *  # noqa: F403
from tests.support.market import *  # noqa: F403
from tests.support.market import CREDENTIAL
from tests.support.stack import Stack
from tests.wire.apps import spec
from tests.wire.clients import Account, Community, Official, Wire
from tests.wire.source import Source


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
