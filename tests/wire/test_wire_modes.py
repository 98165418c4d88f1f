"""The three modes and the live cut of personal data, seen through real clients and read back from the ledger."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.wire.clients import Account, Answer, Wire, plain
from tests.wire.reads import resource, restricted_token, settled
from tests.wire.source import Source

Accounts = Callable[..., Account]
Operator = Callable[..., Any]


def _record(operator: Operator, answer: Answer) -> Any:
    (found,) = operator("GET", f"/records/{answer.headers['x-piepowder-decision']}")
    return found


def test_observe(library: type[Wire], account: Accounts, source: Source, operator: Operator) -> None:
    """In observe mode an advertiser still gets buyers, and the ledger counts what the policy would withhold."""
    app = account("observed")
    token = restricted_token(library, app, resource("orders.v0.getOrders", "buyerInfo", "shippingAddress"))
    answer = library(app, token).call(
        "orders.v0.getOrders", MarketplaceIds=[source.book.market.id], CreatedAfter=source.days_ago(5)
    )
    order = answer.json["payload"]["Orders"][0]
    person = source.book.buyer(_of(source, order["AmazonOrderId"]))
    assert order["BuyerInfo"]["BuyerName"] == person.name
    assert order["ShippingAddress"]["AddressLine1"] == person.line_1
    record = _record(operator, answer)
    assert (record["mode"], record["personal"], record["purpose"]) == ("observe", True, "advertising")
    assert {"buyer.name", "buyer.email", "buyer.address.street"} <= set(record["detail"]["would_withhold"])
    assert len(record["orders"]) == len(answer.json["payload"]["Orders"])


def test_substitute(library: type[Wire], account: Accounts, source: Source, operator: Operator) -> None:
    """In substitute mode what has a substitute gets it, the rest passes and is counted."""
    app, order = account("substituted"), source.order("shipped")
    token = restricted_token(library, app, resource("orders.v0.getOrder", "buyerInfo", "shippingAddress"))
    answer = library(app, token).call("orders.v0.getOrder", order.id)
    person, payload = source.book.buyer(order), answer.json["payload"]
    assert payload["BuyerInfo"]["BuyerEmail"] != person.email
    assert payload["BuyerInfo"]["BuyerName"] != person.name
    assert payload["ShippingAddress"]["AddressLine1"] == person.line_1
    assert person.email not in answer.body.decode()
    assert "buyer.address.street" in _record(operator, answer)["detail"]["would_withhold"]
    assert answer.kept == plain(answer.json)


@pytest.mark.parametrize("app", ["messenger", "supporter"])
def test_substitutes(library: type[Wire], account: Accounts, source: Source, app: str) -> None:
    """Relay addresses, masked names or pseudonyms, shortened postcodes: of the right type, stable for one buyer, never the truth."""
    wire = library(account(app))
    for order in source.samples():
        answer = wire.call("orders.v0.getOrder", order.id)
        assert answer.kept == plain(answer.json)
        person, text = source.book.buyer(order), answer.body.decode()
        assert not {name for name, value in source.secrets(order).items() if value in text}
        if source.state(order) in ("closed", "cancelled"):
            continue
        buyer = answer.json["payload"]["BuyerInfo"]
        assert buyer["BuyerEmail"].count("@") == 1
        assert buyer["BuyerName"]
        assert person.postcode.startswith(answer.json["payload"]["ShippingAddress"]["PostalCode"].rstrip("* "))
        again = wire.call("orders.v0.getOrder", order.id).json["payload"]["BuyerInfo"]
        assert again == buyer


def test_substitutes_differ_between_apps_and_sellers(library: type[Wire], account: Accounts, source: Source) -> None:
    """Two apps cannot join their copies by the addresses that stand in for a buyer's own."""
    order = source.order("shipped")
    first, second = (
        library(account(app)).call("orders.v0.getOrder", order.id).json["payload"]["BuyerInfo"]["BuyerEmail"]
        for app in ("messenger", "supporter")
    )
    assert first != second


def test_enforce(library: type[Wire], account: Accounts, source: Source, operator: Operator) -> None:
    """An enforced advertiser reads its orders and no buyer, and the record says which policy decided."""
    app = account("audience")
    answer = library(app).call(
        "orders.v0.getOrders", MarketplaceIds=[source.book.market.id], CreatedAfter=source.days_ago(5)
    )
    assert answer.json["payload"]["Orders"]
    assert "buyer.email=withheld" in answer.headers["x-piepowder-withheld"]
    record = _record(operator, answer)
    assert (record["mode"], record["personal"], record["outcome"]) == ("enforce", False, "served")
    assert "no-advertising" in str(record["detail"]["verdicts"])


def test_cut_live(library: type[Wire], spare: Account, source: Source, operator: Operator) -> None:
    """Personal data switched off while the app runs: the same client, the same token, the next call; and back on again."""
    order = source.order("unshipped")
    wire = library(spare, restricted_token(library, spare, resource("orders.v0.getOrder", "shippingAddress")))

    def sees() -> bool:
        return "AddressLine1" in wire.call("orders.v0.getOrder", order.id).json["payload"]["ShippingAddress"]

    assert sees()
    for standing, expected in (("personal_data_off", False), ("good", True)):
        operator("PUT", f"/standing/{spare.app_id}", {"standing": standing, "reason": "a test"})
        assert settled(lambda expected=expected: sees() is expected)  # type: ignore[misc]


def _of(source: Source, order_id: str) -> Any:
    found = source.book.order(source.seller, order_id)
    assert found is not None
    return found
