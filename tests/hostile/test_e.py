"""Hostile inputs, group E: path, query and routing. Cases by their numbers (60 and 61 wait for operations that write)."""

import json
import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.router import Router
from piepowder.gateway.guard import canonical_path
from piepowder.gateway.refused import Refused
from tests.hostile.harness import OTHER_SELLER, Answer, Gate, marker, one, order_number, page

NUMBER = "303-0000000-0000000"
FIRST_PAGE = "/orders/v0/orders?MarketplaceIds=M1&CreatedAfter=2020-01-01T00:00:00Z"
NON_CANONICAL = [
    "/catalog/%2e%2e/orders/v0/orders",  # 54
    "/catalog/../orders/v0/orders",
    "/orders/v0/./orders",
    f"/orders/v0/orders/{NUMBER}%2FbuyerInfo",  # 55
    f"/orders/v0/orders/{NUMBER}%2fbuyerInfo",
    f"/orders/v0/orders/{NUMBER}%252FbuyerInfo",  # 56
    f"/orders/v0/orders/{NUMBER}/%2e",
    f"/orders/v0/orders/{NUMBER}%00",
    f"/orders/v0/orders/{NUMBER}%zz",
    f"/orders/v0/orders/{NUMBER}%c0%ae",
    f"/orders/v0/orders/{NUMBER}%ff",
    f"/orders/v0/orders/{NUMBER};x",
    f"/orders/v0/orders/{NUMBER}%3Bx",
    f"/orders/v0/orders\\{NUMBER}",
    f"/orders/v0/orders%5C{NUMBER}",
    f"//orders/v0/orders/{NUMBER}",
    f"/orders//v0/orders/{NUMBER}",
    f"/orders/v0/orders/{NUMBER}/",
    f"/orders/v0/orders/{NUMBER}#x",
    f"/orders/v0/orders/{NUMBER}%23x",
    f"/orders/v0/orders/{NUMBER}%3Fx=1",
    f"/orders/v0/orders/%33{NUMBER[1:]}",  # a digit that nobody needs to encode
    f"/orders/v0/orders/{NUMBER[:3]}%2D{NUMBER[4:]}",
    f"/orders/v0/orders/{NUMBER}%0d%0ax-buyer:1",
    f"/orders/v0/orders/{NUMBER}\xe4",
    f"http://evil.example/orders/v0/orders/{NUMBER}",  # 57
    f"https://gateway/orders/v0/orders/{NUMBER}",
    "*",
    "orders/v0/orders",
    "evil.example:443",
]


@pytest.mark.parametrize("target", NON_CANONICAL)
def test_e_54_to_57_paths_that_are_not_canonical(gate: Gate, target: str) -> None:
    """Refused before policy, and upstream sees nothing: nobody behind us can read another path in it."""
    before = gate.asked()
    gate.judge(gate.get(target), 400)
    assert gate.asked() == before


@pytest.mark.parametrize(
    "target",
    [f"/orders/v0/orders/{NUMBER}.json", f"/ORDERS/v0/orders/{NUMBER}", f"/orders/v0/orders/{NUMBER}/buyerinfo", "/", "/orders",
     "/orders/v0/orders/123", f"/orders/v0/orders/{NUMBER}x", f"/orders/v0/orders/x{NUMBER}", "/orders/v0/orders/%7BorderId%7D",
     "/orders/v0/orders/%D9%A3%D9%A0%D9%A3-0000000-0000000", f"/orders/v0/orders/{NUMBER}/shipment", "/feeds/2021-06-30/feeds",
     "/admin", "/healthz.txt", "/metrics.json"],
)  # fmt: skip
def test_e_56_paths_that_lead_nowhere(gate: Gate, target: str) -> None:
    """A path that is written well but that no operation has is unknown, and nobody is asked about it."""
    before = gate.asked()
    [record] = gate.judge(gate.get(target), 404, reason="operation_unknown")
    assert record["operation"] == ""
    assert gate.asked() == before


def test_e_55_policy_and_upstream_see_one_path(gate: Gate) -> None:
    """What is asked of upstream is the path that was decided on, without a byte of difference."""
    number = order_number()
    gate.upstream_says(one(number))
    [record] = gate.judge(gate.get(f"/orders/v0/orders/{number}?x=%2F..%2F"), 200)
    assert record["operation"] == "orders.v0.getOrder"
    assert gate.upstream.requests[-1].target == f"/orders/v0/orders/{number}"


PIECES = ["/", "//", ".", "..", "%2e", "%2E%2E", "%2F", "%2f", "%252F", "%5c", "\\", ";x", "%00", "%zz", "%C3%A4", "orders", "ORDERS",
          "v0", NUMBER, "buyerInfo", "address", "%20", "+", ":", "@", "~", "%7e", "%2C", ",", "?x", "#y", "\xe4", ".json", ""]  # fmt: skip


def test_e_56_the_canonical_path_decides(gate: Gate) -> None:
    """For 20,000 made-up paths: refused, or canonical already in the sense that writing it anew changes nothing, and it is then
    routed as its canonical form is.
    """
    chance, router, accepted = random.Random(56), Router(load_catalogue("spapi")), 0
    for _ in range(20_000):
        raw = made_up_path(chance)
        found = canonical_or_refused(raw)
        if isinstance(found, str):
            assert found in ("non_canonical_path", "target_too_long")
            continue
        path, segments = found
        accepted += 1
        assert canonical_path(path.encode("ascii")) == (path, segments)
        assert not re.search(r"//|/\.\.?(/|$)|\\|;|%2[EeFf]|%5[Cc]|%00", path), path
        assert router.match("GET", raw) in (None, router.match("GET", path)) or raw == path
    assert accepted > 500


def canonical_or_refused(raw: str) -> tuple[str, tuple[str, ...]] | str:
    try:
        return canonical_path(raw.encode("latin-1"))
    except Refused as refused:
        return refused.refusal.reason


def made_up_path(chance: random.Random) -> str:
    if chance.random() < 0.3:
        whole = f"/orders/v0/orders/{NUMBER}/buyerInfo"
        at = chance.randrange(len(whole))
        return (
            whole[:at] + chance.choice([*PIECES, quote(whole[at], safe=""), f"%{ord(whole[at]):02x}"]) + whole[at + 1 :]
        )
    return "/" + "/".join(
        chance.choice(PIECES) + chance.choice(("", "", chance.choice(PIECES))) for _ in range(chance.randint(1, 5))
    )


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("MaxResultsPerPage=0", 400, "parameter_invalid"),
        ("MaxResultsPerPage=101", 400, "parameter_invalid"),
        ("MaxResultsPerPage=-1", 400, "parameter_invalid"),
        ("MaxResultsPerPage=1e1", 400, "parameter_invalid"),
        ("MaxResultsPerPage=%D9%A3", 400, "parameter_invalid"),  # an Arabic-Indic three
        ("MaxResultsPerPage=", 400, "parameter_invalid"),
        ("MaxResultsPerPage=5&MaxResultsPerPage=6", 400, "parameter_invalid"),  # 58
        ("MaxResultsPerPage=5&MaxResults%50erPage=5", 400, "parameter_invalid"),
        ("OrderStatuses=Lost", 400, "parameter_invalid"),
        ("OrderStatuses=Shipped,Lost", 400, "parameter_invalid"),
        ("IsISPU=yes", 400, "parameter_invalid"),
        ("AmazonOrderIds=" + ",".join([NUMBER] * 51), 400, "parameter_invalid"),
        ("AmazonOrderIds=..%2F..%2Fx", 400, "parameter_invalid"),
        ("SellerOrderId=" + "y" * 129, 400, "parameter_invalid"),
        ("CreatedAfter=2020-01-01T00:00:00Z", 400, "parameter_invalid"),
        ("LastUpdatedAfter=2020-01-01T00:00:00Z", 400, "parameters_contradict"),
        ("CreatedBefore=2019-01-01T00:00:00Z", 400, "parameters_contradict"),
        ("x=%", 400, "malformed_query"),
        ("x=%zz", 400, "malformed_query"),
        ("x=%ff", 400, "malformed_query"),
        ("x=%00", 400, "malformed_query"),
        ("x=\xe4", 400, None),
        ("&".join(f"x{number}=1" for number in range(300)), 400, "malformed_query"),
        ("NextToken=" + "y" * 6_200, 400, "parameter_invalid"),
    ],
)
def test_e_58_parameters_that_are_not_as_documented(gate: Gate, query: str, status: int, reason: str | None) -> None:
    """Named, refused, and nothing asked of upstream."""
    before = gate.asked()
    gate.judge(gate.get(f"{FIRST_PAGE}&{query}"), status, reason=reason)
    assert gate.asked() == before


def test_e_58_parameters_are_written_anew(gate: Gate) -> None:
    """Upstream hears parsed values in one spelling; lists are joined, strangers dropped and counted, names are what they decode to."""
    gate.upstream_says(page())
    secret = marker("parameter")
    query = (
        "MarketplaceIds=M1&MarketplaceIds=M2,M3&Created%41fter=2020-01-01T00%3A00%3A00Z&marketplaceids=M9&dataElements%5B%5D=buyerInfo"
        f"&stranger={secret}&{secret}=1&OrderStatuses=Shipped&OrderStatuses=Unshipped&&MaxResultsPerPage=5&SellerOrderId="
    )
    [record] = gate.judge(gate.get(f"/orders/v0/orders?{query}"), 200)
    assert gate.upstream.requests[-1].target == (
        "/orders/v0/orders?CreatedAfter=2020-01-01T00%3A00%3A00Z&OrderStatuses=Shipped,Unshipped&MarketplaceIds=M1,M2,M3"
        "&SellerOrderId=&MaxResultsPerPage=5"
    )
    assert record["detail"]["dropped"]["parameters"] == ["marketplaceids", "(not a word)", "stranger", "(not a word)"]


def plain(answer: Answer) -> tuple[Any, ...]:
    """An answer without what differs between any two: its ids."""
    ids = re.compile(rb"(rec|req)_[0-9a-z]{26}")
    headers = tuple(
        (name, value) for name, value in answer.headers if name not in ("x-amzn-requestid", "x-piepowder-decision")
    )
    return answer.status, headers, ids.sub(b"", answer.body)


@pytest.mark.parametrize(
    "part", ["", "/address", "/buyerInfo", "/orderItems", "/orderItems/buyerInfo", "/regulatedInfo"]
)
def test_e_59_another_sellers_order_is_like_none(gate: Gate, part: str) -> None:
    """Whether upstream says so itself, answers in the other seller's name, or is asked about a number that nobody has: the same bytes
    but for ids, and in the body of a restricted token it makes no difference either.
    """
    number, secret = order_number(), marker("theirs")
    theirs = one(number, f'"SellerOrderId": "{secret}"')
    gate.upstream_says('{"errors": []}', status=404)
    missing = gate.get(f"/orders/v0/orders/{order_number()}{part}")
    gate.judge(missing, 404, reason="not_found")
    gate.upstream_says(
        json.dumps({"errors": [{"code": "Unauthorized", "message": secret}]}), status=404, seller=OTHER_SELLER
    )
    hidden = gate.get(f"/orders/v0/orders/{number}{part}")
    gate.judge(hidden, 404, reason="not_found")
    assert plain(missing) == plain(hidden)
    gate.upstream_says(theirs, seller=OTHER_SELLER)
    gate.judge(gate.get(f"/orders/v0/orders/{number}{part}"), 502, reason="upstream_foreign_answer")


def test_e_59_another_sellers_order_in_a_restricted_token(gate: Gate) -> None:
    """A token may be asked for any number; it says nothing about whose it is, and opens nothing."""
    numbers = order_number(), order_number()
    tokens = [
        gate.restricted({"method": "GET", "path": f"/orders/v0/orders/{number}", "dataElements": ["shippingAddress"]})
        for number in numbers
    ]
    answers = [
        gate.get(f"/orders/v0/orders/{number}", token=token) for number, token in zip(numbers, tokens, strict=True)
    ]  # upstream knows neither
    for answer in answers:
        assert answer.status == 404
    assert plain(answers[0]) == plain(answers[1])
    assert len(gate.records()) == 2


@pytest.mark.parametrize(
    "proof",
    [[], [("x-marketplace-seller", "A2HOSTILE")], [("x-marketplace-seller", "A1HOSTILE"), ("x-marketplace-seller", "A1HOSTILE")],
     [("x-marketplace-seller", "a1hostile")], [("x-marketplace-seller", "A1HOSTILE, A2HOSTILE")]],
)  # fmt: skip
def test_e_59_an_answer_that_proves_nothing(gate: Gate, proof: list[tuple[str, str]]) -> None:
    """Upstream must say whose data it is, once and exactly."""
    number = order_number()
    body = one(number, f'"SellerOrderId": "{marker("whose")}"').encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in proof)
    gate.upstream_does(
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{lines}content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    gate.judge(gate.get(f"/orders/v0/orders/{number}"), 502, reason="upstream_foreign_answer")


def test_e_59_an_answer_about_another_order(gate: Gate) -> None:
    """Of the same seller, and still not what was asked for."""
    gate.upstream_says(one(order_number(), f'"SellerOrderId": "{marker("other")}"'))
    gate.judge(gate.get(f"/orders/v0/orders/{order_number()}"), 502, reason="upstream_unparseable")


def test_e_a_filter_by_the_buyer_is_a_read(gate: Gate) -> None:
    """Asking for a buyer's orders by e-mail is refused where the e-mail itself would be; in observe mode it passes and is recorded."""
    before, mail = gate.asked(), marker("buyer") + "@example.com"
    gate.judge(gate.get(f"{FIRST_PAGE}&BuyerEmail={quote(mail)}"), 403, reason="parameter_personal")
    assert gate.asked() == before
    gate.upstream_says(page())
    gate.judge(gate.get(f"{FIRST_PAGE}&BuyerEmail={quote(mail)}", app="watched"), 200)
