"""The marketplace behind the `stall` dialect: a plain ASGI application on made-up sales.

Every personal field holds a unique marker `PPW-<field>-<uuid>`, so that a leak can be found in any place it may show.
"""

import random
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from piepowder.core.kernel import json

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

DAY_SECONDS = 86_400
PAGE_SIZE = 3
_PATH = re.compile(r"/shops/(?P<shop>[a-z0-9-]+)/sales(?:/(?P<number>S-[0-9]{6})(?P<dispatch>/dispatch)?)?\Z")


class StallUpstream:
    """`sales` by shop and number, `markers` of all personal values, `received` as (method, path, query) of each request.

    `now` in seconds since 1970 places the sales in time; `seed` makes them the same again. `lies_as` answers every
    request in another shop's name, which the gateway must notice.
    """

    def __init__(
        self,
        shops: tuple[str, ...] = ("pottery", "weaver"),
        *,
        now: int,
        sales_each: int = 8,
        api_key: str = "stall-key",
        seed: int = 1,
    ) -> None:
        self.api_key, self.lies_as = api_key, ""
        self.markers: set[str] = set()
        self.received: list[tuple[str, str, dict[str, str]]] = []
        chance = random.Random(seed)
        self.sales = {
            shop: {
                f"S-{1000 * place + number:06d}": self._sale(chance, f"S-{1000 * place + number:06d}", number, now)
                for number in range(sales_each)
            }
            for place, shop in enumerate(shops, start=1)
        }

    def _sale(self, chance: random.Random, number: str, age: int, now: int) -> dict[str, Any]:
        """Ages and states take turns: waiting, on its way, delivered yesterday, delivered long ago, voided."""
        placed = now - (age + 1) * DAY_SECONDS
        price = {"minor": chance.randrange(100, 20_000), "currency": "EUR"}
        sale: dict[str, Any] = {
            "number": number,
            "state": ("awaiting_dispatch", "dispatched", "delivered", "delivered", "voided")[age % 5],
            "placed_at": placed,
            "total": price,
            "lines": [
                {"article": "bowl-7", "quantity": 1, "price": price, "engraving": self._marked(chance, "engraving")}
            ],
            "buyer": {
                "full_name": self._marked(chance, "full_name"),
                "mail": self._marked(chance, "mail") + "@buyers.example",
                "phone": self._marked(chance, "phone"),
            },
            "ship_to": {
                "line_one": self._marked(chance, "line_one"),
                "line_two": self._marked(chance, "line_two"),
                "postal_code": self._marked(chance, "postal_code"),
                "town": "Ghent",
                "country": "BE",
            },
            "note": self._marked(chance, "note"),
            "loyalty_card": self._marked(chance, "loyalty_card"),  # a member the catalogue does not know
        }
        if sale["state"] == "delivered":
            sale["delivered_at"] = now - (DAY_SECONDS if age % 5 == 2 else 45 * DAY_SECONDS)
        return sale

    def _marked(self, chance: random.Random, field: str) -> str:
        marker = f"PPW-{field}-{uuid.UUID(int=chance.getrandbits(128), version=4)}"
        self.markers.add(marker)
        return marker

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        query = dict(parse_qsl(scope["query_string"].decode()))
        self.received.append((scope["method"], scope["path"], query))
        status, answer = self._answer(scope, query, body)
        kind = b"application/json" if status < 400 else b"application/problem+json"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": json.encode(answer)})

    def _answer(self, scope: Message, query: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if dict(scope["headers"]).get(b"x-api-key") != self.api_key.encode():
            return 401, {"title": "who are you?", "status": 401}
        match = _PATH.match(scope["path"])
        if match is None or match["shop"] not in self.sales:
            return 404, {"title": "no such shop", "status": 404}
        shop = match["shop"]
        if match["number"] is None:
            return 200, {"shop": self.lies_as or shop, **self._page(shop, query)}
        sale = self.sales[shop].get(match["number"])
        if sale is None:
            return 404, {"title": f"no such sale for {shop}", "status": 404}
        if match["dispatch"]:
            sale.update(state="dispatched", dispatched_at=sale["placed_at"] + 60, carrier=json.decode(body)["carrier"])
            return 201, {
                "shop": self.lies_as or shop,
                **{key: sale[key] for key in ("number", "state", "dispatched_at")},
            }
        return 200, {"shop": self.lies_as or shop, **sale}

    def _page(self, shop: str, query: dict[str, str]) -> dict[str, Any]:
        found = [
            sale
            for sale in self.sales[shop].values()
            if sale["placed_at"] >= int(query.get("since", 0))
            and query.get("state", sale["state"]) == sale["state"]
            and query.get("buyer_mail", sale["buyer"]["mail"]) == sale["buyer"]["mail"]
        ]
        start, size = int(query.get("cursor", 0)), int(query.get("limit", PAGE_SIZE))
        more = start + size < len(found)
        return {"items": found[start : start + size], "cursor": str(start + size) if more else None}


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)
