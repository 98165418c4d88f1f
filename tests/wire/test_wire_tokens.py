"""Access tokens: two processes of one app, each with a library's own cache, live side by side on one refresh token."""

import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from piepowder.core.kernel.json import decode, encode
from tests.support.stack import ROOT
from tests.wire.clients import Account, Wire, access_token
from tests.wire.source import Source

Accounts = Callable[..., Account]
_PROCESS = """
import sys
from piepowder.core.kernel.json import decode, encode
from tests.wire.clients import Account, Community, Official
told = decode(sys.stdin.buffer.readline())
wire = {"Community": Community, "Official": Official}[told.pop("library")](Account(**told["account"]))
for line in sys.stdin.buffer:
    answer = wire.call("orders.v0.getOrder", line.decode().strip())
    sys.stdout.write(answer.json["payload"]["AmazonOrderId"] + "\\n")
    sys.stdout.flush()
"""


class OtherProcess:
    """A process of its own that reads orders with one of the libraries."""

    def __init__(self, library: type[Wire], account: Account) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT
        )
        names = ("app_id", "grant_id", "seller_id", "client_id", "client_secret", "refresh_token")
        told: dict[str, Any] = {
            "api_url": account.api_url,
            "token_url": account.token_url,
            "marketplace": account.marketplace,
            "credentials": {name: getattr(account, name) for name in names},
        }
        self._write(encode({"library": library.__name__, "account": told}))

    def read(self, order_id: str) -> str:
        assert self._process.stdout is not None
        self._write(order_id.encode())
        return self._process.stdout.readline().decode().strip()

    def stop(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(20)

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()


def test_two_processes_of_one_app(library: type[Wire], account: Accounts, source: Source) -> None:
    """Each fetches its own access token with the same refresh token; neither puts the other out."""
    desk, order = account("desk"), source.order("shipped").id
    mine, others = library(desk), [OtherProcess(library, desk) for _ in range(2)]
    for _ in range(2):
        assert [other.read(order) for other in others] == [order, order]
        assert mine.call("orders.v0.getOrder", order).json["payload"]["AmazonOrderId"] == order
    assert [other.stop() for other in others] == [0, 0]


def test_refreshing_again_and_again(account: Accounts, source: Source, library: type[Wire]) -> None:
    """A refresh token of an Amazon-style client lasts: older access tokens live on beside newer ones."""
    desk, order = account("desk"), source.order("shipped").id
    tokens = [access_token(desk) for _ in range(3)]
    assert len(set(tokens)) == 3
    for token in tokens:
        assert library(desk, token).call("orders.v0.getOrder", order).status == 200


@pytest.mark.parametrize("body", ["form", "json"])
def test_token_endpoint_takes_forms_and_json(account: Accounts, body: str) -> None:
    """Both libraries send forms; others send JSON. The answer is the same."""
    desk = account("desk")
    fields = {
        "grant_type": "refresh_token",
        "client_id": desk.client_id,
        "client_secret": desk.client_secret,
        "refresh_token": desk.refresh_token,
    }
    data = encode(fields) if body == "json" else urllib.parse.urlencode(fields).encode()
    kind = "application/json" if body == "json" else "application/x-www-form-urlencoded"
    request = urllib.request.Request(desk.token_url, data, {"content-type": kind})
    with urllib.request.urlopen(request, timeout=30) as answer:
        told = decode(answer.read())
    assert told["token_type"] == "bearer"
    assert told["expires_in"] == 3600
    assert told["refresh_token"] == desk.refresh_token


def test_a_token_is_for_one_seller(library: type[Wire], account: Accounts, source: Source) -> None:
    """An app with two sellers reads with each grant that seller's orders only."""
    pages = [
        library(account("desk", grant)).call(
            "orders.v0.getOrders", MarketplaceIds=[source.book.market.id], CreatedAfter=source.days_ago(60)
        )
        for grant in (0, 1)
    ]
    first, second = ({order["AmazonOrderId"] for order in page.json["payload"]["Orders"]} for page in pages)
    assert first
    assert second
    assert first.isdisjoint(second)
