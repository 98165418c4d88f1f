"""Hostile inputs, group F: tokens and authorisation. Cases by their numbers.

64 and 65 (codes, PKCE, refresh tokens) are in tests/consent, 69 in test_revocation.py; 66 to 68 wait for the hardening part.
"""

import json
import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import psycopg
import pytest

from tests.hostile.harness import OTHER_SELLER, SELLER, Answer, Gate, marker, one, order, order_number, page
from tests.support.stack import ROOT

RESTRICTED = "/tokens/2021-03-01/restrictedDataToken"
FIRST_PAGE = "/orders/v0/orders?MarketplaceIds=M1&CreatedAfter=2020-01-01T00:00:00Z"
ORDER = "/orders/v0/orders/{orderId}"
PATIENCE_SECONDS = 10.0


def buyer(**given: str) -> str:
    """Members of an order with a buyer, whose values are the markers given."""
    address = {
        "Name": given.get("name", ""), "AddressLine1": given.get("street", ""), "City": "Ghent", "Phone": given.get("phone", ""),
    }  # fmt: skip
    person = {"BuyerName": given.get("buyer", ""), "BuyerEmail": given.get("mail", "")}
    return f'"ShippingAddress": {json.dumps(address)}, "BuyerInfo": {json.dumps(person)}'


def resource(path: str, *elements: str, method: str = "GET") -> dict[str, Any]:
    return {"method": method, "path": path, "dataElements": list(elements)}


def read(gate: Gate, number: str, token: str, *headers: tuple[str, str], **markers: str) -> Answer:
    """getOrder, of which upstream says all that is asked for and more."""
    gate.upstream_says(one(number, buyer(**markers)))
    return gate.get(f"/orders/v0/orders/{number}", *headers, token=token)


def test_f_62_a_restricted_token_opens_what_it_names(gate: Gate) -> None:
    """The address for shipping goes out; the buyer's name and e-mail, which it does not name, stay."""
    number, name, phone = order_number(), marker("name"), marker("phone")
    token = gate.restricted(resource(f"/orders/v0/orders/{number}", "shippingAddress"))
    answer = read(gate, number, token, name=name, phone=phone, buyer=marker("buyer"), mail=marker("mail"))
    [record] = gate.judge(answer, 200, allowed=[name, phone])
    payload = answer.json["payload"]
    assert (payload["ShippingAddress"]["Name"], payload["ShippingAddress"]["Phone"]) == (name, phone)
    assert "BuyerName" not in payload["BuyerInfo"]
    assert payload["BuyerInfo"]["BuyerEmail"].endswith("@relay.invalid")
    assert record["personal"]


def test_f_62_without_a_restricted_token(gate: Gate) -> None:
    """The same call with the access token: the members are absent, and the answer is as good as ever."""
    number = order_number()
    answer = read(gate, number, gate.token(), name=marker("name"), street=marker("street"), buyer=marker("buyer"))
    gate.judge(answer, 200)
    assert answer.json["payload"]["ShippingAddress"] == {"City": "Ghent"}


MISUSES: dict[str, Callable[[str], str]] = {
    "restricted_token_other_path": lambda number: f"/orders/v0/orders/{order_number()}",
    "restricted_token_other_path ": lambda number: f"/orders/v0/orders/{number}/address",
    "restricted_token_other_path  ": lambda number: FIRST_PAGE,
    "restricted_token_other_path   ": lambda number: f"/orders/2026-01-01/orders/{number}",
    "restricted_token_other_path    ": lambda number: (
        "/sales/v1/orderMetrics?marketplaceIds=M1&interval=2026-01-01T00:00:00Z--2026-02-01T00:00:00Z&granularity=Total"
    ),
}


@pytest.mark.parametrize("reason", MISUSES)
def test_f_62_used_on_something_else(gate: Gate, reason: str) -> None:
    """Another order, another part of it, another operation: 403, and nothing asked of upstream."""
    number = order_number()
    token = gate.restricted(resource(f"/orders/v0/orders/{number}", "shippingAddress", "buyerInfo"))
    before = gate.asked()
    answer = gate.get(MISUSES[reason](number), token=token)
    gate.judge(answer, 403, reason=reason.strip())
    assert gate.asked() == before


def stored(gate: Gate, restriction: str, *, seconds: int = 3600, app: str = "full") -> str:
    """A restricted token that stands in the database, whoever put it there; it expires by the database's clock."""
    made, token = gate.stack.made["apps"][app], f"Atz.sprdt|{marker('token')}"
    with psycopg.connect(gate.stack.settings.database_url) as connection:
        connection.execute(
            "INSERT INTO consent_restricted_token (id, digest, app_id, grant_id, seller_id, restriction, issued_at, expires_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, now(), now() + make_interval(secs => %s))",
            [
                f"rdt_{token[-20:]}", sha256(token.encode()).digest(), made["app_id"], made["grants"][0]["grant_id"],
                made["grants"][0]["seller"], restriction, seconds,
            ],
        )  # fmt: skip
    return token


def restriction(*resources: dict[str, Any], **purposes: list[str]) -> str:
    return json.dumps({"resources": resources, "purposes": purposes})


TOKENS = {
    "restricted_token_other_method": restriction({"method": "PUT", "path": ORDER, "elements": ["shippingAddress"]}),
    "restricted_token_other_path": restriction(
        {"method": "GET", "path": "/orders/v0/orders/", "elements": ["shippingAddress"]}
    ),
    "token_revoked": '{"resources": "all of them"}',  # what cannot be read opens nothing
    "token_revoked ": "",
}


@pytest.mark.parametrize("reason", TOKENS)
def test_f_62_tokens_of_any_kind(gate: Gate, reason: str) -> None:
    """Each has its own reason in the ledger."""
    answer = gate.get(f"/orders/v0/orders/{order_number()}", token=stored(gate, TOKENS[reason]))
    gate.judge(answer, 403, reason=reason.strip())


def test_f_62_71_after_its_time(gate: Gate) -> None:
    """Expiry is by the database's clock, also for a token that this worker has served before."""
    whole = restriction({"method": "GET", "path": ORDER, "elements": ["shippingAddress"]}, shippingAddress=["shipping"])
    gate.judge(
        gate.get(f"/orders/v0/orders/{order_number()}", token=stored(gate, whole, seconds=-1)),
        403,
        reason="token_expired",
    )
    token, name, number = stored(gate, whole, seconds=2), marker("name"), order_number()
    gate.judge(read(gate, number, token, name=name), 200, allowed=[name])
    give_up, status = time.monotonic() + PATIENCE_SECONDS, 200
    while status == 200:
        assert time.monotonic() < give_up
        status = (answer := read(gate, number, token, name=name)).status
        gate.judge(answer, (200, 403), allowed=[name] if status == 200 else [])
    assert answer.reason == "token_expired"
    gate.upstream.forget()


def test_f_62_for_another_seller(gate: Gate) -> None:
    """A token is one seller's: upstream is asked in that seller's name, whatever number stands in the path."""
    number = order_number()
    token = gate.restricted(resource(ORDER, "shippingAddress"))
    gate.upstream_says(one(number, buyer(name=marker("theirs"))), seller=OTHER_SELLER)
    gate.judge(gate.get(f"/orders/v0/orders/{number}", token=token), 502, reason="upstream_foreign_answer")
    assert gate.upstream.requests[-1].header("x-marketplace-seller") == SELLER


def test_f_62_asking_for_another_one(gate: Gate) -> None:
    """A restricted token does not beget others."""
    token = gate.restricted(resource(ORDER, "shippingAddress"))
    body = json.dumps({"restrictedResources": [resource(ORDER, "buyerInfo")]}).encode()
    answer = gate.ask("POST", RESTRICTED, ("content-type", "application/json"), token=token, body=body)
    gate.judge(answer, 403, reason="token_kind")


@pytest.mark.parametrize("purpose", ["tax", "shipping"])
def test_f_62_for_another_purpose(gate: Gate, purpose: str) -> None:
    """A header may narrow what the token was issued for, never change it."""
    number, name = order_number(), marker("name")
    token = gate.restricted(resource(ORDER, "shippingAddress"), purpose="shipping")
    answer = read(gate, number, token, ("x-piepowder-purpose", purpose), name=name)
    gate.judge(answer, 200, allowed=[name] if purpose == "shipping" else [])
    assert ("Name" in answer.json["payload"]["ShippingAddress"]) is (purpose == "shipping")


ASKED: dict[str, tuple[Any, str]] = {
    "no list": ({"restrictedResources": {}}, "resources_malformed"),
    "nothing": ({}, "resources_malformed"),
    "an array": ([], "resources_malformed"),
    "none": ({"restrictedResources": []}, "resources_malformed"),
    "fifty-one": ({"restrictedResources": [resource(ORDER, "buyerInfo")] * 51}, "resources_malformed"),
    "no object": ({"restrictedResources": ["GET"]}, "resource_malformed"),
    "no path": ({"restrictedResources": [{"method": "GET"}]}, "resource_malformed"),
    "a number": ({"restrictedResources": [{"method": 1, "path": 2}]}, "resource_malformed"),
    "a slash behind": ({"restrictedResources": [resource("/orders/v0/orders/", "buyerInfo")]}, "resource_unknown"),
    "no slash before": ({"restrictedResources": [resource("orders/v0/orders", "buyerInfo")]}, "resource_unknown"),
    "an unknown path": ({"restrictedResources": [resource("/orders/v0/PPW-path-0123456789abcdef", "buyerInfo")]}, "resource_unknown"),
    "an unknown method": ({"restrictedResources": [resource(ORDER, "buyerInfo", method="PPW-verb-0123456789abcdef")]}, "resource_unknown"),
    "a HEAD": ({"restrictedResources": [resource("/orders/v0/orders", "buyerInfo", method="HEAD")]}, "resource_unknown"),
    "small letters": ({"restrictedResources": [resource(ORDER, "buyerInfo", method="get")]}, "resource_unknown"),
    "the wrong method": ({"restrictedResources": [resource(ORDER, "buyerInfo", method="DELETE")]}, "resource_unknown"),
    "nothing restricted": ({"restrictedResources": [resource("/sellers/v1/account", "buyerInfo")]}, "resource_unrestricted"),
    "no elements": ({"restrictedResources": [resource(ORDER)]}, "elements_missing"),
    "elements no list": ({"restrictedResources": [{"method": "GET", "path": ORDER, "dataElements": "buyerInfo"}]}, "elements_malformed"),
    "elements no words": ({"restrictedResources": [{"method": "GET", "path": ORDER, "dataElements": [1]}]}, "elements_malformed"),
    "an unknown element": ({"restrictedResources": [resource(ORDER, "PPW-element-0123456789abcdef")]}, "element_unknown"),
    "a long element": ({"restrictedResources": [resource(ORDER, "x" * 1_000_000)]}, "element_unknown"),
    "an element of another": ({"restrictedResources": [resource(ORDER + "/orderItems", "shippingAddress")]}, "element_unknown"),
    "for another app": ({"targetApplication": "app_other", "restrictedResources": [resource(ORDER, "buyerInfo")]}, "target_unknown"),
    "for no app": ({"targetApplication": [], "restrictedResources": [resource(ORDER, "buyerInfo")]}, "target_unknown"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASKED)
def test_f_62_asked_for_wrongly(gate: Gate, kind: str) -> None:
    """400 with a reason of its own; what the app wrote is told back to the app at most, and not kept in the ledger."""
    body, reason = ASKED[kind]
    answer = gate.post(RESTRICTED, json.dumps(body).encode())
    own = [f"PPW-{word}-0123456789abcdef" for word in ("path", "verb")]
    [record] = gate.judge(answer, 400, reason=reason, allowed=own)
    assert len(json.dumps(record)) < 2_000
    assert len(answer.body) < 2_000


def test_f_62_asked_for_without_the_role(gate: Gate) -> None:
    """400 in Amazon's words, not 403; the reason says what is missing."""
    body = json.dumps({"restrictedResources": [resource(ORDER, "shippingAddress", "buyerInfo")]}).encode()
    answer = gate.post(RESTRICTED, body, app="tracker")
    gate.judge(answer, 400, reason="element_refused")
    assert answer.json["errors"][0]["message"].startswith(
        "Application does not have access to one or more requested data elements: ["
    )


@pytest.mark.parametrize(
    ("lines", "status", "reason"),
    [
        ([("x-piepowder-purpose", "advertising")], 400, "purpose_undeclared"),
        ([("x-piepowder-purpose", "none")], 400, "purpose_undeclared"),
        ([("x-piepowder-purpose", "Shipping")], 400, "purpose_malformed"),
        ([("x-piepowder-purpose", "")], 400, "purpose_malformed"),
        ([("x-piepowder-purpose", "shipping,tax")], 400, "purpose_malformed"),
        ([("x-piepowder-purpose", "x" * 65)], 400, "purpose_malformed"),
        ([("x-piepowder-purpose", "shipping\xe9")], 400, "purpose_malformed"),
        ([("x-piepowder-purpose", "shipping"), ("x-piepowder-purpose", "shipping")], 400, "purpose_malformed"),
        ([("X-Piepowder-Purpose", "shipping")], 200, None),
    ],
)
def test_f_purposes_in_the_header(gate: Gate, lines: list[tuple[str, str]], status: int, reason: str | None) -> None:
    """One word that the manifest declares."""
    number = order_number()
    gate.upstream_says(one(number))
    gate.judge(gate.get(f"/orders/v0/orders/{number}", *lines), status, reason=reason)


def test_f_several_purposes_without_a_header(gate: Gate) -> None:
    """Where the manifest declares two for an operation, the strictest result of them counts: a telephone number is not for taxes."""
    name, phone = marker("name"), marker("phone")
    whole = restriction({"method": "GET", "path": "/orders/v0/orders", "elements": ["shippingAddress"]})
    token = stored(gate, whole)
    for lines, allowed in (([], [name]), ([("x-piepowder-purpose", "shipping")], [name, phone])):
        gate.upstream_says(page(order(order_number(), buyer(name=name, phone=phone))))
        answer = gate.get(FIRST_PAGE, *lines, token=token)
        gate.judge(answer, 200, allowed=allowed)
        assert answer.json["payload"]["Orders"][0]["ShippingAddress"]["Name"] == name
        assert ("Phone" in answer.json["payload"]["Orders"][0]["ShippingAddress"]) is (phone in allowed)


@pytest.mark.parametrize("target", [f"/orders/v0/orders/{order_number()}", FIRST_PAGE, RESTRICTED])
def test_f_operations_that_a_manifest_does_not_name(gate: Gate, target: str) -> None:
    """Refused, with what would change it."""
    method = "POST" if target == RESTRICTED else "GET"
    answer = gate.ask(
        method, target, ("content-type", "application/json"), app="figures", body=b"{}" if method == "POST" else b""
    )
    gate.judge(answer, 403, reason="operation_undeclared")


def test_f_an_operation_without_its_role(gate: Gate) -> None:
    """`getAccount` needs a role that no shipper holds."""
    gate.judge(gate.get("/sellers/v1/account"), 403, reason="operation_undeclared")


def test_f_too_many_calls(gate: Gate) -> None:
    """The second call at a rate of one: 429 with a time to wait, in Amazon's shape, and a record."""
    number = order_number()
    gate.upstream_says(one(number))
    gate.judge(gate.get(f"/orders/v0/orders/{number}", app="slow"), 200)
    answer = gate.get(f"/orders/v0/orders/{number}", app="slow")
    gate.judge(answer, 429, reason="quota_exceeded")
    assert answer.json["errors"][0]["code"] == "QuotaExceeded"
    assert int(answer.header("x-piepowder-retry-after") or 0) > 100


def test_f_errors_name_the_rate_that_holds(gate: Gate) -> None:
    """The app's own, as a success does; not after a 429, and not after a fault of upstream's."""
    number, targets = order_number(), ("/orders/v0/orders/", "/orders/v0/orders?NextToken=x&y=")
    gate.upstream_says(one(number))
    found = [gate.get(f"{targets[0]}{number}"), gate.get(f"{targets[0]}{number}"), gate.get(targets[1])]
    assert [answer.status for answer in found] == [200, 404, 400]
    assert {answer.header("x-amzn-ratelimit-limit") for answer in found} == {"10000.0"}
    throttled = gate.get(f"{targets[0]}{number}", app="slow"), gate.get(f"{targets[0]}{number}", app="slow")
    assert throttled[1].status == 429
    assert throttled[1].header("x-amzn-ratelimit-limit") is None
    gate.records()


def test_f_71_no_worker_asks_its_own_clock() -> None:
    """Whatever the time of day is on a worker's machine: the data plane knows the database's time only."""
    clocks = re.compile(r"datetime\.(now|utcnow|today)|date\.today|time\.time\b|time\.time_ns|clock\.now")
    for path in (ROOT / "src/piepowder/gateway").glob("*.py"):
        assert not clocks.search(path.read_text()), path


def test_f_62_70_personal_data_is_cut_between_two_pages(gate: Gate) -> None:
    """An old restricted token and an old page token go on working, without personal data."""
    name, subject = marker("name"), gate.stack.made["apps"]["cut"]["app_id"]
    token = gate.restricted(resource("/orders/v0/orders", "shippingAddress"), app="cut", purpose="shipping")
    document = page(order(order_number(), buyer(name=name)), more=', "NextToken": "t4"')
    gate.upstream_says(document)
    answer = gate.get(FIRST_PAGE, token=token)
    gate.judge(answer, 200, allowed=[name])
    gate.change("set_standing", subject=subject, standing="personal_data_off")
    following = f"/orders/v0/orders?NextToken={answer.json['payload']['NextToken']}"
    give_up, personal = time.monotonic() + PATIENCE_SECONDS, True
    while personal:  # half a second at most, says the promise that test_revocation.py holds it to
        assert time.monotonic() < give_up
        gate.upstream_says(document)
        answer = gate.get(following, token=token)
        personal = name.encode() in answer.body
        [record] = gate.judge(answer, 200, allowed=[name])
        assert record["personal"] is personal
    body = json.dumps({"restrictedResources": [resource(ORDER, "shippingAddress")]}).encode()
    gate.judge(gate.post(RESTRICTED, body, app="cut"), 400, reason="element_refused")
    gate.change("set_standing", subject=subject, standing="good")


def test_f_63_a_policy_tightened_after_a_token_was_issued(gate: Gate) -> None:
    """The policy of the moment counts: what the new one withholds stays, though the token names it."""
    number, name, phone = order_number(), marker("name"), marker("phone")
    token = gate.restricted(resource(ORDER, "shippingAddress"))
    gate.judge(read(gate, number, token, name=name, phone=phone), 200, allowed=[name, phone])
    gate.change("publish_policy", pack="strict")
    try:
        give_up, version = time.monotonic() + PATIENCE_SECONDS, ""
        while not version.startswith("strict@"):
            assert time.monotonic() < give_up
            answer = read(gate, number, token, name=name, phone=phone)
            [record] = gate.records()
            version = record["policy_version"]
        assert answer.json["payload"]["ShippingAddress"]["Name"] == name
        assert phone.encode() not in answer.raw
    finally:
        gate.change("publish_policy", pack="data-protection")
