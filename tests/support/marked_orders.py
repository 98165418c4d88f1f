"""An upstream on loopback whose every order carries one made-up buyer with the mark `PPWMARK`, and an app that may read it.

Fast and in the test's own event loop, so that thousands of calls a run cost little; for bytes of any kind see `scripted_upstream`.
"""

import asyncio
import itertools
import json
import socket
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

MARK = b"PPWMARK"
CREDENTIAL = "upstream-credential-for-tests"
PAGE_ORDERS = 20
PAGE = "/orders/v0/orders?MarketplaceIds=ATVPDKIKX0DER&CreatedAfter=2026-01-01T00:00:00Z"
_CATEGORIES = ["buyer.name", "buyer.phone", "buyer.email", "buyer.address", "buyer.company", "buyer.delivery"]


def single(number: int) -> str:
    """The path of one order."""
    return f"/orders/v0/orders/{order_id(number)}"


def whole(number: int) -> str:
    """The path of one order in the newer version, whose personal data needs no restricted token."""
    return f"/orders/2026-01-01/orders/{order_id(number)}?includedData=BUYER,RECIPIENT,FULFILLMENT"


def order_id(number: int) -> str:
    return f"902-{number:07d}-{number:07d}"


def specification(sellers: Sequence[str], *, key: str = "label_printer") -> dict[str, Any]:
    """For `Stack`: a label printer with a grant of each seller, under the default policy."""
    app = {
        "key": key,
        "roles": ["inventory_and_order_tracking", "direct_to_consumer_shipping"],
        "operations": {
            "orders.v0.getOrders": ["shipping"],
            "orders.v0.getOrder": ["shipping"],
            "orders.2026-01-01.getOrder": ["shipping"],
            "tokens.2021-03-01.createRestrictedDataToken": ["shipping"],
        },
        "categories": {"shipping": _CATEGORIES},
        "sellers": list(sellers),
    }
    return {"policy": "data-protection", "sellers": list(sellers), "apps": [app]}


def restricted_token(gateway_url: str, access_token: str) -> str:
    """Addresses of any order, asked for as the label printer asks."""
    paths = ("/orders/v0/orders", "/orders/v0/orders/{orderId}")
    resources = [{"method": "GET", "path": path, "dataElements": ["shippingAddress"]} for path in paths]
    request = urllib.request.Request(
        f"{gateway_url}/tokens/2021-03-01/restrictedDataToken",
        data=json.dumps({"restrictedResources": resources}).encode(),
        headers={"x-amz-access-token": access_token, "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        token: str = json.load(answer)["restrictedDataToken"]
        return token


def order(identifier: str) -> dict[str, Any]:
    """Unshipped, bought an hour ago; every personal value is made up and marked."""
    bought = datetime.now(UTC) - timedelta(hours=1)
    return {
        "AmazonOrderId": identifier,
        "PurchaseDate": f"{bought:%Y-%m-%dT%H:%M:%SZ}",
        "LastUpdateDate": f"{bought:%Y-%m-%dT%H:%M:%SZ}",
        "OrderStatus": "Unshipped",
        "FulfillmentChannel": "MFN",
        "OrderTotal": {"CurrencyCode": "USD", "Amount": "12.50"},
        "MarketplaceId": "ATVPDKIKX0DER",
        "ShippingAddress": {
            "Name": "Madeup PPWMARK",
            "AddressLine1": "1 PPWMARK Street",
            "City": "Madeup",
            "PostalCode": "00000",
            "CountryCode": "US",
        },
        "BuyerInfo": {"BuyerEmail": "PPWMARK@example.com", "BuyerName": "Madeup PPWMARK"},
    }


def newer_order(identifier: str) -> dict[str, Any]:
    """The same in the newer version's shape."""
    bought = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    address = {"name": "Madeup PPWMARK", "addressLine1": "1 PPWMARK Street", "city": "Madeup", "countryCode": "US"}
    return {
        "orderId": identifier,
        "createdTime": bought,
        "lastUpdatedTime": bought,
        "buyer": {"buyerName": "Madeup PPWMARK", "buyerEmail": "PPWMARK@example.com"},
        "recipient": {"deliveryAddress": address},
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": [],
    }


class MarkedOrders:
    """`held`: while cleared, answers wait. `delays`: seconds before each answer, in turn."""

    def __init__(self, delays: Sequence[float] = (0.0,)) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0  # requests that have no answer yet
        self._delays = itertools.cycle(delays)
        self._conversations: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._page = {"payload": {"Orders": [order(order_id(number)) for number in range(PAGE_ORDERS)]}}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["MarkedOrders"]:
        server = await asyncio.start_server(self._converse, sock=self._socket)
        try:
            yield self
        finally:
            self.open.set()
            server.close()
            for writer in tuple(self._conversations):
                writer.close()
            await asyncio.gather(*filter(None, self._conversations.values()))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._conversations[writer] = asyncio.current_task()
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.waiting += 1
                try:
                    await asyncio.sleep(next(self._delays))
                    await self.open.wait()
                    writer.write(self._answer(head))
                    await writer.drain()
                finally:
                    self.waiting -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._conversations.pop(writer, None)
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        lines = head.split(b"\r\n")
        path = lines[0].split(b" ")[1].partition(b"?")[0].decode()
        seller = next(
            line.split(b":")[1].strip() for line in lines if line.lower().startswith(b"x-marketplace-seller:")
        )
        body = json.dumps(self._document(path)).encode()
        return (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-marketplace-seller: %s\r\ncontent-length: %d\r\n\r\n"
            % (seller, len(body))
        ) + body

    def _document(self, path: str) -> dict[str, Any]:
        _, _, version, _, *rest = path.split("/")
        if not rest:
            return self._page
        return {"payload": order(rest[0])} if version == "v0" else {"order": newer_order(rest[0])}
