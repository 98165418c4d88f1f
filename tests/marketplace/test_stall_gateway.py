"""The second dialect through a real gateway: database, facts, worker and upstream are all running processes or servers."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import uvicorn

from piepowder.core.kernel import json
from tests.support.stack import Stack
from tests.support.stall_upstream import StallUpstream

SHIPPING = ["buyer.name", "buyer.address", "buyer.phone", "free_text", "order", "seller.identity", "paging"]
OPERATIONS = {name: ["shipping"] for name in ("stall.listSales", "stall.getSale", "stall.dispatchSale")}


class Running:
    """The upstream on a free port, in a thread of its own; up when the constructor returns."""

    def __init__(self, upstream: StallUpstream) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            upstream, log_level="error", lifespan="off", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


class Fair:
    """Stack, upstream and the apps' tokens."""

    def __init__(self, stack: Stack, upstream: StallUpstream) -> None:
        self.stack, self.upstream = stack, upstream

    def call(self, method: str, path: str, app: str = "packer", **options: Any) -> httpx2.Response:
        token = self.stack.made["apps"][app]["access_token"]
        headers = {"authorization": f"Bearer {token}"} | options.pop("headers", {})
        return httpx2.request(method, self.stack.url + path, headers=headers, **options)

    def records(self) -> list[dict[str, Any]]:
        with psycopg.connect(self.stack.settings.database_url) as connection:
            rows = connection.execute("SELECT to_json(ledger_record)::text FROM ledger_record").fetchall()
        return [json.decode(row[0]) for row in rows]


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory, fresh_database: Callable[..., str]) -> Iterator[Fair]:
    """Two shops; `packer` may ship for pottery, `idler` holds no role."""
    upstream = StallUpstream(now=int(time.time()), api_key="upstream-credential-for-tests")
    running = Running(upstream)
    app = {"operations": OPERATIONS, "categories": {"shipping": SHIPPING}, "sellers": ["pottery"]}
    spec = {
        "policy": "data-protection",
        "sellers": ["pottery", "weaver"],
        "apps": [
            {"key": "packer", "roles": ["direct_to_consumer_shipping", "inventory_and_order_tracking"], **app},
            {"key": "idler", "roles": [], **app},
        ],
    }
    folder: Path = tmp_path_factory.mktemp("stall")
    stack = Stack(folder, fresh_database("stall"), upstream_url=running.url, spec=spec, dialect="stall")
    with stack:
        yield Fair(stack, upstream)
    running.stop()


def open_markers(fair: Fair, text: str) -> set[str]:
    """Fields whose made-up values stand in a text."""
    return {marker.split("-")[1] for marker in fair.upstream.markers if marker in text}


def test_a_sale_for_shipping(fair: Fair) -> None:
    """What shipping needs goes out, mail and members that nobody knows do not, and money stays whole cents."""
    answer = fair.call("GET", "/shops/pottery/sales/S-001000")
    assert answer.status_code == 200, answer.text
    sale = answer.json()
    true = fair.upstream.sales["pottery"]["S-001000"]
    assert (sale["shop"], sale["number"], sale["total"]) == ("pottery", "S-001000", true["total"])
    assert sale["buyer"]["full_name"] == true["buyer"]["full_name"]
    assert sale["placed_at"] == true["placed_at"]
    assert open_markers(fair, answer.text) == {
        "full_name",
        "phone",
        "line_one",
        "line_two",
        "postal_code",
        "note",
        "engraving",
    }
    assert answer.headers["stall-request"]
    assert answer.headers["x-piepowder-decision"]
    assert not [name for name in answer.headers if name.startswith("x-amzn")]


def test_pages(fair: Fair) -> None:
    """Pages follow each other by sealed cursors until there is none; old and cancelled sales show no buyer."""
    numbers: list[str] = []
    query: dict[str, str] = {}
    for _ in range(5):
        page = fair.call("GET", "/shops/pottery/sales", params=query)
        assert page.status_code == 200, page.text
        body = page.json()
        numbers += [sale["number"] for sale in body["items"]]
        for sale in body["items"]:
            age = int(sale["number"][-3:])
            fresh = age % 5 < 3
            assert bool(open_markers(fair, json.encode_text(sale))) is fresh, sale
        if not body.get("cursor"):
            break
        assert len(body["cursor"]) > 20
        query = {"cursor": body["cursor"]}
    assert numbers == list(fair.upstream.sales["pottery"])


def test_without_a_role(fair: Fair) -> None:
    """An app without roles gets nothing personal, and a filter on personal data is refused."""
    answer = fair.call("GET", "/shops/pottery/sales", app="idler")
    assert open_markers(fair, answer.text + str(answer.headers)) == set()
    mail = fair.upstream.sales["pottery"]["S-001000"]["buyer"]["mail"]
    refused = fair.call("GET", "/shops/pottery/sales", app="idler", params={"buyer_mail": mail})
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"].startswith("urn:stall:problem:")


def test_another_shop_and_a_missing_sale_look_alike(fair: Fair) -> None:
    """Another seller's shop, another's sale and no sale at all are answered with the same words."""
    answers = [
        fair.call("GET", path)
        for path in ("/shops/weaver/sales/S-002000", "/shops/pottery/sales/S-002000", "/shops/pottery/sales/S-999999")
    ]
    bodies = [answer.json() | {"decision": "", "instance": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert bodies[0] == bodies[1] == bodies[2]
    assert "/shops/weaver" not in str(fair.upstream.received)


def test_tokens(fair: Fair) -> None:
    """No token, a wrong one, two, or one in Amazon's place are refused in this marketplace's own shape."""
    token = fair.stack.made["apps"]["packer"]["access_token"]
    url = fair.stack.url + "/shops/pottery/sales"
    for headers, status in (
        ([], 401),
        ([("authorization", "Bearer wrong")], 401),
        ([("x-amz-access-token", token)], 401),
        ([("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")], 422),
    ):
        answer = httpx2.get(url, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
        assert answer.json()["remedy"]


def test_a_write(fair: Fair) -> None:
    """A dispatch reaches the marketplace without unknown members, and leaves an intention and an outcome."""
    before = len(fair.records())
    answer = fair.call(
        "POST", "/shops/pottery/sales/S-001005/dispatch", json={"carrier": "Post", "tracking": "T1", "spy": "x"}
    )
    assert (answer.status_code, answer.json()["state"]) == (201, "dispatched")
    assert fair.upstream.sales["pottery"]["S-001005"]["carrier"] == "Post"
    assert len(fair.records()) == before + 2


def test_an_upstream_that_lies(fair: Fair) -> None:
    """An answer in another shop's name is not passed on."""
    fair.upstream.lies_as = "weaver"
    try:
        answer = fair.call("GET", "/shops/pottery/sales/S-001000")
    finally:
        fair.upstream.lies_as = ""
    assert answer.status_code == 502
    assert open_markers(fair, answer.text) == set()


def test_every_call_is_recorded_without_personal_data(fair: Fair) -> None:
    """Whatever was asked above, no made-up value stands in ledger or log."""
    text = json.encode_text(fair.records()) + fair.stack.logs().decode()
    assert len(fair.records()) > 10
    assert open_markers(fair, text) == set()
