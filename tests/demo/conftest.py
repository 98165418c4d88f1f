"""The example marketplace on a free port, and in front of it a passage as thin as can be, for clients that speak only Amazon.

The passage stands where the gateway stands: it answers the token endpoint and restricted data tokens with the upstream
credential, and adds the seller. It decides nothing, so a client behind it sees what the marketplace says.
"""

import asyncio
import fcntl
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from piepowder.core.kernel.json import encode
from piepowder.demo.importer import ensure_orders
from piepowder.demo.marketplace.app import Marketplace
from piepowder.demo.marketplace.oidc import SellerSignIn
from piepowder.demo.orders import OrderBook, Seller

CREDENTIAL = "upstream-credential-of-the-tests"
REAL_FILE = Path(__file__).parents[3] / "shared" / "data" / "online_retail.csv.gz"

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Passage:
    def __init__(self, inner: Marketplace, seller: str) -> None:
        self.inner, self.seller = inner, seller

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"] == "/auth/o2/token":
            answer = {"access_token": CREDENTIAL, "token_type": "bearer", "expires_in": 3600, "refresh_token": "r"}
            return await _answer(send, answer)
        if scope["path"] == "/tokens/2021-03-01/restrictedDataToken":
            return await _answer(send, {"restrictedDataToken": CREDENTIAL, "expiresIn": 3600})
        headers = [*scope["headers"], (b"x-marketplace-seller", self.seller.encode())]
        await self.inner({**scope, "headers": headers}, receive, send)


async def _answer(send: Send, value: object) -> None:
    body = encode(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Running:
    """A server in a thread of its own, up when the constructor returns."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(make, ready), daemon=True)
        self._thread.start()
        assert ready.wait(30)

    def _run(self, make: Callable[[str], Any], ready: threading.Event) -> None:
        """The application is made here: SQLite connections stay in their thread."""
        application = make(self.url)
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off", access_log=False))
        self._server = server

        async def serve() -> None:
            self._socket.listen()
            asyncio.get_running_loop().call_soon(ready.set)
            await server.serve(sockets=[self._socket])

        asyncio.run(serve())

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="session")
def orders_data(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The default source, imported once for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "orders-completejourney"
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker imports, the others wait and use it
        ensure_orders(folder, "completejourney", quiet=True)
    return folder


@pytest.fixture
def book(orders_data: Path) -> Iterator[OrderBook]:
    opened = OrderBook(orders_data / "marketplace" / "orders.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def seller(book: OrderBook) -> Seller:
    """The largest."""
    return book.sellers(1)[0]


@pytest.fixture(scope="session")
def marketplace_url(orders_data: Path) -> Iterator[str]:
    """The marketplace itself, with its sign-in."""

    def make(url: str) -> Marketplace:
        opened = OrderBook(orders_data / "marketplace" / "orders.sqlite")
        return Marketplace(opened, credential=CREDENTIAL, sign_in=SellerSignIn(opened, issuer=url))

    running = Running(make)
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def passage_url(orders_data: Path) -> Iterator[str]:
    """The marketplace behind the passage, for the largest seller."""

    def make(url: str) -> Passage:
        opened = OrderBook(orders_data / "marketplace" / "orders.sqlite")
        return Passage(Marketplace(opened, credential=CREDENTIAL), opened.sellers(1)[0].id)

    running = Running(make)
    yield running.url
    running.stop()
