import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from piepowder.core.kernel import json
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.dialect import DialectRefused, Refusal, UpstreamCall
from piepowder.core.marketplace.dialects import load_dialect
from piepowder.core.marketplace.model import Node, OrderState, Rate
from piepowder.core.marketplace.router import Router
from piepowder.core.marketplace.taxonomy import is_personal
from tests.support.stall_upstream import DAY_SECONDS, StallUpstream

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
STALL, CATALOGUE = load_dialect("stall"), load_catalogue("stall")
LIST, GET, DISPATCH = (CATALOGUE.operations[f"stall.{name}"] for name in ("listSales", "getSale", "dispatchSale"))


def ask(upstream: StallUpstream, call: UpstreamCall) -> tuple[int, bytes]:
    """Sends a call to the upstream application without a network."""
    sent: list[dict[str, Any]] = []
    path, _, query = call.target.partition(b"?")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "method": call.method.decode(),
        "path": path.decode(),
        "query_string": query,
        "headers": list(call.headers),
    }
    asyncio.run(upstream(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def upstream() -> StallUpstream:
    return StallUpstream(now=int(NOW.timestamp()))


def call(operation: Any, shop: str = "pottery", body: bytes = b"", **path: str) -> UpstreamCall:
    return STALL.upstream(operation, path=path, query=(), body=body, seller=shop, credential="stall-key")


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([(b"authorization", b"Bearer abc")], "abc"),
        ([(b"authorization", b"bearer  abc ")], "abc"),
        ([(b"authorization", b"Basic abc")], None),
        ([(b"authorization", b"Bearer ")], None),
        ([(b"x-amz-access-token", b"abc")], None),
        ([], None),
    ],
)
def test_token(headers: list[tuple[bytes, bytes]], token: str | None) -> None:
    """A bearer token, and nothing of Amazon's."""
    assert STALL.token(headers) == token


def test_two_tokens() -> None:
    """A repeated header is a contradiction."""
    with pytest.raises(ValueError, match="repeated"):
        STALL.token([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")])


def test_errors_are_problem_documents() -> None:
    """Type, title, status, detail, instance, and what would change it."""
    refusal = Refusal(
        kind="unauthorised", reason="token_expired", message="the token expired", hint="ask for a new one"
    )
    answer = STALL.refuse(refusal, decision="rec_1", request="req_1", operation=LIST)
    assert answer.status == 401
    assert dict(answer.headers) == {
        b"content-type": b"application/problem+json",
        b"stall-request": b"req_1",
        b"cache-control": b"private, no-store",
        b"www-authenticate": b"Bearer",
    }
    assert json.decode(answer.body) == {
        "type": "urn:stall:problem:token_expired",
        "title": "Token needed",
        "status": 401,
        "detail": "the token expired",
        "instance": "urn:stall:request:req_1",
        "remedy": "ask for a new one",
        "decision": "rec_1",
    }


def test_errors_say_methods_and_waiting_time() -> None:
    """Allowed methods and the time to wait are headers, as everywhere on the web."""
    refusals = (
        Refusal(kind="method", reason="r", message="m", allow=("GET",)),
        Refusal(kind="throttled", reason="r", message="m", retry_after_seconds=3),
    )
    headers = [dict(STALL.refuse(each, decision="d", request="r", operation=None).headers) for each in refusals]
    assert (headers[0][b"allow"], headers[1][b"retry-after"]) == (b"GET", b"3")


def test_success_headers() -> None:
    """The rate has another name and another unit than Amazon's."""
    headers = dict(STALL.success_headers(request="req_1", operation=LIST, rate=Rate(2, 10)))
    assert headers[b"stall-allowance"] == b"120 per minute, 10 at once"


def test_the_seller_is_in_the_path() -> None:
    """The shop is the grant's seller, even for a look-up that knows only the sale's number."""
    made = STALL.upstream(
        LIST,
        path={"shop": "pottery"},
        query=[("buyer_mail", "a@b.example")],
        body=b"",
        seller="pottery",
        credential="k",
    )
    assert (made.method, made.target) == (b"GET", b"/shops/pottery/sales?buyer_mail=a%40b.example")
    assert dict(made.headers)[b"x-api-key"] == b"k"
    assert call(GET, number="S-001000").target == b"/shops/pottery/sales/S-001000"


def test_another_shop_looks_like_a_missing_sale() -> None:
    """An app that names another seller's shop learns nothing, not even that the shop exists."""
    with pytest.raises(DialectRefused) as caught:
        STALL.upstream(
            GET,
            path={"shop": "weaver", "number": "S-002000"},
            query=(),
            body=b"",
            seller="pottery",
            credential="stall-key",
        )
    assert (caught.value.refusal.kind, caught.value.refusal.reason) == ("not_found", "not_found")


@pytest.mark.parametrize(
    ("state", "delivered_at", "expected"),
    [
        ("awaiting_dispatch", None, OrderState.UNSHIPPED),
        ("dispatched", None, OrderState.SHIPPED),
        ("delivered", int(NOW.timestamp()) - 5, OrderState.DELIVERED),
        ("delivered", int((NOW - timedelta(days=30)).timestamp()), OrderState.DELIVERED),
        ("delivered", int((NOW - timedelta(days=30)).timestamp()) - 1, OrderState.CLOSED),
        ("voided", None, OrderState.CANCELLED),
        ("delivered", None, OrderState.UNKNOWN),
        ("delivered", "yesterday", OrderState.UNKNOWN),
        ("delivered", 10**18, OrderState.UNKNOWN),
        ("delivered", -1, OrderState.UNKNOWN),
        ("lost", None, OrderState.UNKNOWN),
        (None, None, OrderState.UNKNOWN),
        (["voided"], None, OrderState.UNKNOWN),
    ],
)
def test_order_states(state: object, delivered_at: object, expected: OrderState) -> None:
    """States are said in words; a delivery without its time is unknown."""
    assert STALL.order_state({"state": state, "delivered_at": delivered_at}, NOW) == expected


def test_a_cursor_comes_alone() -> None:
    """A cursor stands for all other filters but the size of the page."""
    assert STALL.check(LIST, {"cursor": ["3"], "limit": ["5"]}, NOW) is None
    assert STALL.check(LIST, {"state": ["voided"]}, NOW) is None
    assert STALL.check(LIST, {"cursor": ["3"], "state": ["voided"]}, NOW) is not None


def test_routes() -> None:
    """Shop and number must look like ones."""
    router = Router(CATALOGUE)
    found = router.match("POST", "/shops/pottery/sales/S-001000/dispatch")
    assert isinstance(found, tuple)
    assert (found[0].id, found[1]) == ("stall.dispatchSale", {"shop": "pottery", "number": "S-001000"})
    assert router.match("GET", "/shops/Pottery/sales") is None
    assert router.match("GET", "/shops/pottery/sales/1") is None


def test_the_test_upstream_keeps_to_its_document() -> None:
    """What the upstream answers is in the catalogue, but for one member that is there to be dropped."""
    server = upstream()
    status, body = ask(server, call(LIST))
    page = json.decode(body)
    assert (status, len(page["items"]), page["cursor"]) == (200, 3, "3")
    assert STALL.proves_seller("pottery", (), body)
    assert not STALL.proves_seller("weaver", (), body)
    assert LIST.answer is not None
    assert unknown(LIST.answer, page) == {"loyalty_card"}
    status, body = ask(server, call(GET, number=page["items"][0]["number"]))
    assert (status, json.decode(body)["state"]) == (200, "awaiting_dispatch")
    assert GET.answer is not None
    assert unknown(GET.answer, json.decode(body)) == {"loyalty_card"}


def unknown(node: Node, value: Any) -> set[str]:
    """Names of members that the tree does not know."""
    if node.kind == "array":
        assert node.item is not None
        return set().union(*(unknown(node.item, item) for item in value))
    if node.kind != "object":
        return set()
    known = [unknown(node.children[name], member) for name, member in value.items() if name in node.children]
    return set(value).difference(node.children).union(*known)


def test_every_personal_value_is_marked() -> None:
    """Each personal field of the made-up sales holds one of the markers, and each marker is there once."""
    server = upstream()
    text = json.encode_text(server.sales)
    assert all(text.count(marker) == 1 for marker in server.markers)
    assert LIST.answer is not None
    sale = LIST.answer.children["items"].item
    assert sale is not None
    personal = [path for path, category in flat(sale) if is_personal(category)]
    assert all(marker.split("-")[1] in {path[-1] for path in personal} | {"loyalty_card"} for marker in server.markers)
    assert len(server.markers) == 2 * 8 * (len(personal) + 1)


def flat(node: Node, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    if node.kind == "leaf":
        return [(path, node.category or "")]
    found = [each for name, child in node.children.items() for each in flat(child, (*path, name))]
    return found + (flat(node.item, path) if node.item else [])


def test_dispatch_changes_the_sale() -> None:
    """The write is a real one, and answers with the document's 201."""
    server = upstream()
    status, body = ask(server, call(DISPATCH, body=b'{"carrier": "Post"}', number="S-001000"))
    assert (status, json.decode(body)["state"]) == (DISPATCH.status, "dispatched")
    assert server.sales["pottery"]["S-001000"]["carrier"] == "Post"


def test_the_upstream_turns_strangers_away() -> None:
    """Without the key, and for unknown shops and sales, there is no data; a lying upstream is not believed."""
    server = upstream()
    assert (
        ask(server, STALL.upstream(LIST, path={}, query=(), body=b"", seller="pottery", credential="other"))[0] == 401
    )
    assert ask(server, call(LIST, "nobody"))[0] == 404
    assert ask(server, call(GET, number="S-002000"))[0] == 404
    server.lies_as = "weaver"
    assert not STALL.proves_seller("pottery", (), ask(server, call(LIST))[1])
    assert not STALL.proves_seller("pottery", (), b"not json")


def test_the_upstream_filters() -> None:
    """State, time and buyer filter the list; the last page has no cursor."""
    server = upstream()
    sale = server.sales["pottery"]["S-001002"]

    def listed(*query: tuple[str, str]) -> list[str]:
        made = STALL.upstream(LIST, path={}, query=query, body=b"", seller="pottery", credential="stall-key")
        return [each["number"] for each in json.decode(ask(server, made)[1])["items"]]

    assert listed(("buyer_mail", sale["buyer"]["mail"])) == ["S-001002"]
    assert listed(("state", "voided")) == ["S-001004"]
    assert listed(("since", str(int(NOW.timestamp()) - 2 * DAY_SECONDS))) == ["S-001000", "S-001001"]
    assert listed(("cursor", "6")) == ["S-001006", "S-001007"]
