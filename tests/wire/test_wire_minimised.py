"""What policy leaves of each answer, judged by a table written by hand (`personal.py`), and by the raw bytes.

A withheld field is absent, a substitute has the type of what it stands for, required members and enumerations hold: the strict
models of amzn-sp-api accept every answer here.
"""

from collections.abc import Callable
from typing import Any

import pytest

from piepowder.core.kernel.json import encode
from piepowder.demo.orders import Order
from tests.support.stack import Stack
from tests.wire.clients import Account, Answer, Community, Problem, Wire, plain
from tests.wire.personal import PERSONAL, leaves, readable
from tests.wire.reads import ELEMENTS, IMPLIED, OF_ORDER, everything, resource, restricted_token
from tests.wire.source import Source

Accounts = Callable[..., Account]
#: personal members without which the API's own models reject an answer: left empty where they are withheld
REQUIRED = frozenset({"payload.RegulatedInformation.Fields[].FieldValue"})
ALL_DATA = ["BUYER", "RECIPIENT", "TAX", "FULFILLMENT", "CANCELLATION", "PACKAGES", "PROCEEDS"]


def _judge(operation: str, truth: Any, answer: Answer, allowed: set[str]) -> None:
    """Personal leaves in plain are exactly those allowed; all others are as the marketplace said."""
    told = set(leaves(answer.json))
    for path, value in leaves(truth):
        if path not in PERSONAL[operation] or path in allowed:
            assert (path, value) in told or path == "payload.NextToken", f"{path} was lost"
        else:
            assert (path, value) not in told, f"{path} was told"
            assert path not in REQUIRED or (path, "") in told, f"{path} is required"
    assert answer.kept == plain(answer.json)


def _token(library: type[Wire], account: Account, operation: str, elements: tuple[str, ...]) -> str | None:
    """A restricted token for these elements; an ordinary one where there are none."""
    if not elements:
        return None
    named = elements if operation in ELEMENTS else ()
    return restricted_token(library, account, resource(operation, *named))


def _with_elements() -> list[tuple[str, tuple[str, ...]]]:
    """Each read with no element, with each of its elements, and with all of them."""
    pairs: list[tuple[str, tuple[str, ...]]] = []
    for operation in OF_ORDER:
        every = ELEMENTS.get(operation) or (IMPLIED[operation],)
        pairs += [(operation, elements) for elements in dict.fromkeys([(), *((each,) for each in every), every])]
    return pairs


@pytest.mark.parametrize("app", ["shipper", "invoicer"])
@pytest.mark.parametrize(("operation", "elements"), _with_elements(), ids=lambda value: str(value).split(".")[-1][:60])
def test_one_order(
    library: type[Wire], account: Accounts, source: Source, operation: str, elements: tuple[str, ...], app: str
) -> None:
    """With each data element an app reads just the fields that the element and its purpose open, while the order is open."""
    purpose = "shipping" if app == "shipper" else "tax"
    wire = library(account(app), _token(library, account(app), operation, elements))
    for order in source.samples():
        state = source.state(order)
        answer = wire.call(operation, order.id)
        truth = source.says(f"/orders/v0/orders/{order.id}{OF_ORDER[operation]}")
        _judge(operation, truth, answer, readable(operation, purpose=purpose, elements=elements, state=state))


@pytest.mark.parametrize("app", ["shipper", "invoicer"])
def test_one_order_of_2026(library: type[Wire], account: Accounts, source: Source, app: str) -> None:
    """Orders 2026-01-01 knows no elements: the data sets asked for are cut to what the purpose may read."""
    operation, purpose = "orders.2026-01-01.getOrder", "shipping" if app == "shipper" else "tax"
    wire = library(account(app))
    for order in source.samples():
        answer = wire.call(operation, order.id, includedData=ALL_DATA)
        truth = source.says(f"/orders/2026-01-01/orders/{order.id}", {"includedData": ",".join(ALL_DATA)})
        state = source.state(order)
        _judge(operation, truth, answer, readable(operation, purpose=purpose, elements=(), state=state))


@pytest.mark.parametrize("app", ["shipper", "invoicer", "printer", "audience", "metrics", "messenger", "supporter"])
def test_pages(library: type[Wire], account: Accounts, source: Source, app: str) -> None:
    """On a page each order is cut by its own state: what is closed or cancelled names nobody."""
    wanted = {"MarketplaceIds": [source.book.market.id], "CreatedAfter": source.days_ago(60)}
    truth = {order.id: order for order in source.orders()}
    token = None
    if app in ("shipper", "invoicer", "printer"):
        elements = ("shippingAddress",) if app == "printer" else ELEMENTS["orders.v0.getOrders"]
        token = restricted_token(library, account(app), resource("orders.v0.getOrders", *elements))
    answer = library(account(app), token).call("orders.v0.getOrders", **wanted)
    assert answer.kept == plain(answer.json)
    told = answer.json["payload"]["Orders"]
    assert len(told) == 100
    for order in told:
        real = truth[order["AmazonOrderId"]]
        if source.state(real) in ("closed", "cancelled") or token is None:
            assert not _found(source, real, encode(order).decode())


def _found(source: Source, order: Order, text: str) -> dict[str, str]:
    return {name: value for name, value in source.secrets(order).items() if value in text}


@pytest.mark.parametrize("app", ["audience", "metrics", "newcomer"])
@pytest.mark.parametrize("operation", ["orders.v0.getOrder", "orders.v0.getOrderItems", "orders.v0.getOrders"])
def test_apps_without_a_right_see_nobody(
    library: type[Wire], account: Accounts, source: Source, operation: str, app: str
) -> None:
    """Nothing of the made-up truth about a buyer is in what an app without the right gets: neither in the body nor in a header."""
    wire = library(account(app))
    for order in source.samples():
        path, wanted = ((), _only(source, order)) if operation == "orders.v0.getOrders" else ((order.id,), {})
        seen = _everything_said(wire, operation, *path, **wanted)
        assert not _found(source, order, seen)
        assert source.book.buyer(order).postcode not in seen


def _only(source: Source, order: Order) -> dict[str, Any]:
    return {"MarketplaceIds": [source.book.market.id], "AmazonOrderIds": [order.id]}


def _everything_said(wire: Wire, operation: str, *path: str, **wanted: Any) -> str:
    """Body and headers of the answer, be it a success or an error."""
    try:
        said: Answer | Problem = wire.call(operation, *path, **wanted)
    except Problem as problem:
        said = problem
    return said.body.decode() + "\n" + "\n".join(said.headers.values())


def test_logs_and_ledger_name_nobody(
    account: Accounts, source: Source, stack: Stack, operator: Callable[..., Any]
) -> None:
    """What operators keep of all these calls, log files and the ledger's records, holds nothing of the truth about a buyer."""
    shipper = account("shipper")
    wire = Community(shipper, everything(Community, shipper))
    for order in source.samples():
        for operation in OF_ORDER:
            wire.call(operation, order.id)
        _everything_said(
            wire, "orders.v0.getOrders", BuyerEmail=source.book.buyer(order).email, CreatedAfter="2026-01-01"
        )
    kept = stack.logs().decode() + str(operator("GET", "/records?limit=500"))
    assert "orders.v0.getOrderBuyerInfo" in kept
    for order in source.samples():
        assert not _found(source, order, kept)
        assert order.id not in str(operator("GET", "/records?limit=500"))
