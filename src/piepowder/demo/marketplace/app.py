"""The marketplace as one plain ASGI application: route, authenticate, scope to a seller, answer."""

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from piepowder.core.kernel.json import encode
from piepowder.demo.marketplace import orders_2026, orders_v0, sales, sellers
from piepowder.demo.marketplace.mailbox import PATH as MAIL_PATH
from piepowder.demo.marketplace.mailbox import Mailbox
from piepowder.demo.marketplace.oidc import SellerSignIn
from piepowder.demo.marketplace.page import returned_page
from piepowder.demo.marketplace.wire import JSON, Answer, Call, Fault, Handler
from piepowder.demo.orders import OrderBook

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RETURNED_PATH = "/app/returned"  # the address that the example apps have registered for a seller's way back
_FORM_BYTES_MAX = 65_536
_ORDER = r"/([^/]+)"
_ROUTES: tuple[tuple[str, Handler], ...] = (
    (r"/orders/v0/orders", orders_v0.get_orders),
    (rf"/orders/v0/orders{_ORDER}", orders_v0.get_order),
    (rf"/orders/v0/orders{_ORDER}/buyerInfo", orders_v0.get_order_buyer_info),
    (rf"/orders/v0/orders{_ORDER}/address", orders_v0.get_order_address),
    (rf"/orders/v0/orders{_ORDER}/orderItems", orders_v0.get_order_items),
    (rf"/orders/v0/orders{_ORDER}/orderItems/buyerInfo", orders_v0.get_order_items_buyer_info),
    (rf"/orders/v0/orders{_ORDER}/regulatedInfo", orders_v0.get_order_regulated_info),
    (r"/orders/2026-01-01/orders", orders_2026.search_orders),
    (rf"/orders/2026-01-01/orders{_ORDER}", orders_2026.get_order),
    (r"/sales/v1/orderMetrics", sales.get_order_metrics),
    (r"/sellers/v1/marketplaceParticipations", sellers.get_marketplace_participations),
    (r"/sellers/v1/account", sellers.get_account),
)


class Marketplace:
    """`credential` is what the gateway sends in `x-amz-access-token`; the seller comes in `x-marketplace-seller`.

    Every answer to an authenticated call says in `x-marketplace-seller` whose data it is.
    """

    def __init__(
        self,
        book: OrderBook,
        *,
        credential: str,
        sign_in: SellerSignIn | None = None,
        mailbox: Mailbox | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book = book
        self._credential = credential.encode()
        self._sign_in = sign_in
        self._mailbox = mailbox
        self._clock = clock
        self._routes = [(re.compile(pattern), handler) for pattern, handler in _ROUTES]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await self._sign_in_answer(scope, receive) or self._answer(scope)
        headers = [
            *answer.headers,
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-amzn-requestid", secrets.token_hex(16).encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _sign_in_answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """What the OpenID provider says, where there is one and the path is its own."""
        if self._sign_in is None or not scope["path"].startswith(("/oidc/", "/.well-known/")):
            return None
        body = await _body(receive)
        if body is None:
            return Answer(413, (JSON,), encode({"error": "invalid_request"}))
        query = scope["query_string"].decode("latin-1")
        return self._sign_in.answer(scope["method"], scope["path"], query, dict(scope["headers"]), body, self._clock())

    def _answer(self, scope: Scope) -> Answer:
        if scope["path"] == "/healthz":
            return Answer(200, (JSON,), encode({"status": "ok", "orders": self._book.label}))
        if self._mailbox is not None and f"{scope['path']}/".startswith(f"{MAIL_PATH}/"):
            return self._mailbox.answer(scope["path"])
        if scope["path"] == RETURNED_PATH:
            sent = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            html = (b"content-type", b"text/html; charset=utf-8")
            page = returned_page(sent.get("spapi_oauth_code") or sent.get("code", ""))
            return Answer(200, (html,), page.encode())
        headers = dict(scope["headers"])
        seller = headers.get(b"x-marketplace-seller", b"")
        try:
            body = encode(self._call(scope, headers, seller.decode("latin-1")))
        except Fault as fault:
            proof = ((b"x-marketplace-seller", seller),) if fault.status != 403 and seller else ()
            return Answer(fault.status, (JSON, *proof), _error_body(fault))
        return Answer(200, (JSON, (b"x-marketplace-seller", seller)), body)

    def _call(self, scope: Scope, headers: dict[bytes, bytes], seller_id: str) -> Any:
        if not hmac.compare_digest(headers.get(b"x-amz-access-token", b""), self._credential):
            raise Fault(
                403,
                "Unauthorized",
                "Access to requested resource is denied.",
                "the upstream credential is wrong or missing",
            )
        seller = self._book.seller(seller_id)
        if seller is None:
            raise Fault(
                403, "Unauthorized", "Access to requested resource is denied.", "no such seller on this marketplace"
            )
        handler, path = self._route(scope["method"], scope["path"])
        query: dict[str, tuple[str, ...]] = {}
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            query[name] = (*query.get(name, ()), value)
        return handler(Call(book=self._book, seller=seller, path=path, query=query, now=int(self._clock())))

    def _route(self, method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
        for pattern, handler in self._routes:
            if found := pattern.fullmatch(path):
                if method != "GET":
                    raise Fault(405, "InvalidInput", "This operation is a GET.", "the method is not allowed here")
                return handler, found.groups()
        raise Fault(404, "NotFound", "The requested resource does not exist.", "no such operation")


async def _body(receive: Receive) -> bytes | None:
    """A small form, or None where it is not small."""
    parts, size = [], 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > _FORM_BYTES_MAX:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _error_body(fault: Fault) -> bytes:
    return encode({"errors": [{"code": fault.word, "message": fault.message, "details": fault.details}]})
