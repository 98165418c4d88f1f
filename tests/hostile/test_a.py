"""Hostile inputs, group A: JSON bodies, from upstream and from apps. Cases by their numbers (23 and 24 are nightly)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.hostile.harness import Answer, Gate, marker, one, order_number

RESTRICTED = "/tokens/2021-03-01/restrictedDataToken"


def get_order(gate: Gate, *members: str, purpose: str = "shipping", **options: Any) -> tuple[Answer, str]:
    """getOrder of an order that upstream has with these members."""
    number = order_number()
    gate.upstream_says(one(number, *members, **options))
    return gate.get(f"/orders/v0/orders/{number}", ("x-piepowder-purpose", purpose)), number


def get_bytes(gate: Gate, body: bytes, number: str | None = None, *headers: tuple[str, str]) -> Answer:
    gate.upstream_says(body, *headers)
    return gate.get(f"/orders/v0/orders/{number or order_number()}")


def rest_is_served(answer: Answer, number: str) -> dict[str, Any]:
    """One bad value does not cost the app the rest of the document."""
    payload: dict[str, Any] = answer.json["payload"]
    assert (payload["AmazonOrderId"], payload["OrderStatus"]) == (number, "Unshipped")
    return payload


@pytest.mark.parametrize("again", ["BuyerEmail", "BuyerEm\\u0061il"])
def test_a_01_02_a_member_twice(gate: Gate, again: str) -> None:
    """The last one counts, typed and projected, however it is spelled; it goes out once, as what the policy says."""
    mail, first = marker("mail"), marker("first")
    answer, number = get_order(gate, f'"BuyerInfo": {{"BuyerEmail": "{first}", "{again}": "{mail}"}}')
    gate.judge(answer, 200)
    relay = rest_is_served(answer, number)["BuyerInfo"]["BuyerEmail"]
    assert relay.endswith("@relay.invalid")
    assert answer.body.count(b"BuyerEmail") == 1


def test_a_01_a_member_twice_in_another_type(gate: Gate) -> None:
    """Neither the first of two members goes out, nor a last one of a wrong type."""
    first, last = marker("first"), marker("last")
    answer, number = get_order(gate, f'"SellerOrderId": "{first}", "SellerOrderId": {{"x": "{last}"}}')
    gate.judge(answer, 200)
    assert rest_is_served(answer, number)["SellerOrderId"] is None


@pytest.mark.parametrize("again", ["dataElements", "dataElement\\u0073"])
def test_a_03_an_app_names_a_member_twice(gate: Gate, again: str) -> None:
    """Nobody may read another one of them than we do, so the request is refused and nothing is asked of upstream."""
    before = gate.asked()
    body = f'{{"restrictedResources": [{{"method": "GET", "path": "/orders/v0/orders", "dataElements": [], "{again}": ["buyerInfo"]}}]}}'
    gate.judge(gate.post(RESTRICTED, body.encode()), 400, reason="duplicate_member")
    assert gate.asked() == before


STRANGERS = {
    "buyeremail": "buyeremail",  # 4
    "BUYEREMAIL": "BUYEREMAIL",
    "BuyerE\\u0301mail": "BuyerE\\u0301mail",  # 5: NFD
    "\\uff22uyerEmail": "\\uff22uyerEmail",  # fullwidth
    "Buyer\\u200bEmail": "Buyer\\u200bEmail",  # 6
    "BuyerEmail\\u202e": "BuyerEmail\\u202e",
    "Buyer\\u00adEmail": "Buyer\\xadEmail",
    "BuyerTaxInfo2": "BuyerTaxInfo2",  # 7
    "__proto__": "__proto__",  # 22
    "constructor": "constructor",
    "stran\\u0000ger": "(not a word)",  # 18
    "jane@x.com": "(not a word)",  # 11
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_04_to_07_and_22_names_nobody_knows(gate: Gate, name: str) -> None:
    """Names are never normalised and then allowed: such members are dropped, the rest is served."""
    answer, number = get_order(
        gate, f'"BuyerInfo": {{"{name}": "{marker("stranger")}", "BuyerEmail": "a@example.com"}}'
    )
    gate.judge(answer, 200)
    assert list(rest_is_served(answer, number)["BuyerInfo"]) == ["BuyerEmail"]


def test_a_04_to_07_names_nobody_knows_are_counted(gate: Gate) -> None:
    """They stand in the record in letters that nobody can mistake; what may be data does not. An answer a second is looked at so."""
    strangers = ", ".join(f'"{name}": "{marker("stranger")}"' for name in STRANGERS)
    counted: dict[str, int] = {}
    while not counted:
        answer, _ = get_order(gate, f'"BuyerInfo": {{{strangers}}}')
        [record] = gate.judge(answer, 200)
        counted = record["detail"].get("dropped", {}).get("unknown", {})
    assert counted == {f"payload.BuyerInfo.{name}": 2 if "(" in name else 1 for name in STRANGERS.values()}


@pytest.mark.parametrize(
    "member",
    [
        '"OrderTotal": {{"CurrencyCode": "EUR", "Amount": "{0}"}}',
        '"OrderTotal": {{"CurrencyCode": "{0}", "Amount": "1.00"}}',
        '"NumberOfItemsShipped": "{0}"',
        '"IsPrime": "{0}"',
        '"EarliestShipDate": "{0}"',
        '"ReplacedOrderId": "{0}"',
        '"FulfillmentChannel": "{0}"',
        '"AmazonOrderId": "{0}"',
    ],
)
def test_a_08_personal_data_under_a_name_of_another_type(gate: Gate, member: str) -> None:
    """What a field may look like is part of its promise: the value is withheld as null and named in the record."""
    answer, _ = get_order(gate, member.format(marker("jane") + "@x.com"))
    [record] = gate.judge(answer, 200)
    assert answer.json["payload"]["OrderStatus"] == "Unshipped"
    assert b":null" in answer.body
    assert len(record["detail"]["mistyped"]) == 1


@pytest.mark.parametrize("value", ['{{"Name": "{0}"}}', '["{0}"]', '[{{"{0}": 1}}]', '{{"{0}": {{}}}}'])
def test_a_09_a_value_becomes_a_container(gate: Gate, value: str) -> None:
    """An object where the city should be is withheld as one value."""
    member = f'"ShippingAddress": {{"City": {value.format(marker("city"))}, "StateOrRegion": "Kent"}}'
    answer, number = get_order(gate, member)
    gate.judge(answer, 200)
    assert rest_is_served(answer, number)["ShippingAddress"] == {"City": None, "StateOrRegion": "Kent"}


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: json.dumps({"to": text}),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: "data:text/plain;base64," + base64.b64encode(text.encode()).decode(),
        lambda text: "data:text/plain," + text.replace("-", "%2D"),
    ],
)
def test_a_10_personal_data_in_free_text(gate: Gate, disguise: Callable[[str], str]) -> None:
    """Words of the buyer are a class of their own, whatever they hold: for taxes they stay, for a parcel they go."""
    number, wish = order_number(), marker("wish")
    item = {"ASIN": "B01", "OrderItemId": "1", "QuantityOrdered": 1, "ConditionNote": disguise(wish)}
    document = json.dumps({"payload": {"AmazonOrderId": number, "OrderItems": [item]}})
    for purpose, allowed in (("tax", []), ("shipping", [wish])):
        if allowed:
            gate.upstream_says(one(number))  # where nothing depends on the order's state, it is not asked for
        gate.upstream_says(document)
        answer = gate.get(f"/orders/v0/orders/{number}/orderItems", ("x-piepowder-purpose", purpose))
        gate.judge(answer, 200, allowed=allowed)
        [released] = answer.json["payload"]["OrderItems"]
        assert released["ASIN"] == "B01"
        assert ("ConditionNote" in released) is bool(allowed)


@pytest.mark.parametrize(
    "member",
    [
        '"byEmail": {{"{0}@x.com": {{"Name": "x"}}}}',
        '"{0}@x.com": {{"Name": "x"}}',
        '"BuyerInfo": {{"{0}": 1}}',
        '"OrderTotal": {{"{0}": 1, "CurrencyCode": "EUR"}}',
    ],
)
def test_a_11_personal_data_as_a_name(gate: Gate, member: str) -> None:
    """Where a name is data, it goes nowhere: not into the answer, and not into the ledger either."""
    answer, number = get_order(gate, member.format(marker("key")))
    gate.judge(answer, 200)
    rest_is_served(answer, number)


def nested(depth: int, inner: str = '"x"') -> str:
    return '{"a":' * depth + inner + "}" * depth


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_a_12_an_app_nests_too_deep(gate: Gate, depth: int) -> None:
    """The decoder stops."""
    body = f'{{"restrictedResources": [{nested(depth)}]}}'
    gate.judge(gate.post(RESTRICTED, body.encode()), 400, reason="json_too_deep")


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_a_12_upstream_nests_too_deep(gate: Gate, depth: int) -> None:
    """In a member that would be dropped anyway, too; memory does not grow with the depth."""
    before = gate.memory_bytes()
    answer, number = get_order(gate, f'"stranger": {nested(depth, chr(34) + marker("deep") + chr(34))}')
    gate.judge(answer, 200 if depth < 1_000 else 502, reason="upstream_unparseable" if depth >= 1_000 else None)
    if answer.status == 200:
        rest_is_served(answer, number)
    assert gate.memory_bytes() - before < 32 << 20


def test_a_12_nesting_in_a_known_member(gate: Gate) -> None:
    """A text that became a tree is withheld, however deep it is."""
    answer, _ = get_order(gate, f'"SellerOrderId": {nested(500, chr(34) + marker("deep") + chr(34))}')
    gate.judge(answer, 200)
    assert answer.json["payload"]["SellerOrderId"] is None


DIGITS = "7" * 5_000


def test_a_13_an_app_sends_a_huge_integer(gate: Gate) -> None:
    """Refused before anybody makes a number of it."""
    gate.judge(gate.post(RESTRICTED, f'{{"x": {DIGITS}}}'.encode()), 400, reason="json_too_large")


@pytest.mark.parametrize(
    ("member", "status"),
    [(f'"NumberOfItemsShipped": {DIGITS}', 502), (f'"OrderStatus": {DIGITS}', 200), (f'"stranger": {DIGITS}', 200)],
)
def test_a_13_upstream_sends_a_huge_integer(gate: Gate, member: str, status: int) -> None:
    """In a known number no answer, in a text null, in an unknown member nothing."""
    answer, _ = get_order(gate, member)
    gate.judge(answer, (status, 502))
    assert DIGITS[:100].encode() not in answer.raw


def test_a_14_an_integer_for_an_order_number(gate: Gate) -> None:
    """Digits are kept byte for byte or withheld, never rounded."""
    answer, _ = get_order(
        gate, '"AmazonOrderId": 12345678901234567890123', '"NumberOfItemsShipped": 12345678901234567890123'
    )
    gate.judge(answer, 200)
    assert answer.json["payload"]["AmazonOrderId"] is None
    assert b'"NumberOfItemsShipped":12345678901234567890123' in answer.body
    assert b"e+" not in answer.body


@pytest.mark.parametrize(
    ("amount", "released"),
    [
        ('"0.10"', '"0.10"'),
        ('"1.0"', '"1.0"'),
        ('"1"', '"1"'),
        ('"0.10000000000000000001"', "null"),
        ("1E400", "null"),
        ("-0", "null"),
        ("0.10000000000000000001", "null"),
        ('"1E400"', "null"),
        ('"Infinity"', "null"),
    ],
)
def test_a_15_money_is_kept_to_the_letter(gate: Gate, amount: str, released: str) -> None:
    """An amount goes out as it came, or not at all."""
    answer, _ = get_order(gate, f'"OrderTotal": {{"CurrencyCode": "EUR", "Amount": {amount}}}')
    gate.judge(answer, (200, 502))
    if answer.status == 200:
        assert f'"Amount":{released}'.encode() in answer.body
    assert b"Infinity" not in answer.body
    assert b"inf" not in answer.body


@pytest.mark.parametrize("number", ["1E400", "-1E400", "1" + "0" * 400])
def test_a_15_a_number_out_of_range(gate: Gate, number: str) -> None:
    """Infinity is never sent on, whatever it is called."""
    order = order_number()
    item = f'{{"ASIN": "B01", "OrderItemId": "1", "QuantityOrdered": 1, "Measurement": {{"Unit": "COUNT", "Value": {number}}}}}'
    gate.upstream_says(one(order))
    gate.upstream_says(f'{{"payload": {{"AmazonOrderId": "{order}", "OrderItems": [{item}]}}}}')
    answer = gate.get(f"/orders/v0/orders/{order}/orderItems")
    gate.judge(answer, (200, 502))
    assert answer.status == 502 or "E" not in number
    assert b"nfinity" not in answer.body


SYNTAX = {
    "NaN": '{{"x": NaN, {0}}}',
    "Infinity": '{{"x": -Infinity, {0}}}',  # 16
    "comment": "{{/* {1} */ {0}}}",  # 22
    "trailing comma": "{{{0},}}",
    "single quotes": "{{'x': 1, {0}}}",
    "trailing data": '{{{0}}} "{1}"',  # 21
    "concatenated": "{{{0}}}{{{0}}}",
    "lines": '{{{0}}}\n{{"payload": "{1}"}}\n',
    "cut": '{{{0}, "x": "{1}',
    "empty": "",
    "blank": " ",
    "not an object": '"{1}"',
    "control character": '{{{0}, "x": "\x01"}}',
}


@pytest.mark.parametrize("kind", SYNTAX)
def test_a_16_21_22_upstream_sends_no_json(gate: Gate, kind: str) -> None:
    """What is not one JSON object by the letter of RFC 8259 gives no answer at all."""
    number, secret = order_number(), marker("syntax")
    body = SYNTAX[kind].format(one(number)[1:-1], secret)
    gate.judge(get_bytes(gate, body.encode(), number), 502, reason="upstream_unparseable")


@pytest.mark.parametrize("kind", SYNTAX)
def test_a_16_21_22_an_app_sends_no_json(gate: Gate, kind: str) -> None:
    """The same from the other side."""
    resources = '"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo"]}]'
    gate.judge(gate.post(RESTRICTED, SYNTAX[kind].format(resources, "x").encode()), 400)


def test_a_17_half_of_a_surrogate_pair(gate: Gate) -> None:
    """No text that a database could not keep: refused from an app, no answer where upstream sends it in a known member."""
    body = '{"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders\\ud800", "dataElements": ["buyerInfo"]}]}'
    gate.judge(gate.post(RESTRICTED, body.encode()), 400)
    answer, _ = get_order(gate, f'"SellerOrderId": "\\ud800{marker("half")}"')
    gate.judge(answer, 502, reason="upstream_unparseable")
    answer, _ = get_order(gate, f'"stranger": "\\ud800{marker("half")}", "\\udc00": 1')
    gate.judge(answer, (200, 502))


def test_a_18_nul(gate: Gate) -> None:
    """A NUL in a value or a name does not keep a record from being written."""
    answer, number = get_order(gate, '"SellerOrderId": "a\\u0000b"', f'"stran\\u0000ger": "{marker("nul")}"')
    gate.judge(answer, 200)
    assert rest_is_served(answer, number)["SellerOrderId"] == "a\x00b"


ENCODINGS = ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_19_other_encodings_from_upstream(gate: Gate, encoding: str) -> None:
    """JSON is UTF-8 without a mark, and nothing is guessed."""
    number = order_number()
    answer = get_bytes(gate, one(number, f'"SellerOrderId": "{marker("wide")}"').encode(encoding), number)
    gate.judge(answer, 502, reason="upstream_unparseable")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_19_other_encodings_from_an_app(gate: Gate, encoding: str) -> None:
    """Nor from an app."""
    gate.judge(gate.post(RESTRICTED, '{"restrictedResources": []}'.encode(encoding)), 400, reason="json_malformed")


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])
@pytest.mark.parametrize("name", [b"SellerOrderId", b"stranger", b"CustomizedURL"])
def test_a_20_bytes_that_are_no_text(gate: Gate, bad: bytes, name: bytes) -> None:
    """Also inside members that would be dropped."""
    number = order_number()
    body = one(number, '"Bad": ""').encode().replace(b'"Bad": "', b'"' + name + b'": "' + bad)
    gate.judge(get_bytes(gate, body, number), 502, reason="upstream_unparseable")


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"])
def test_a_20_bytes_that_are_no_text_from_an_app(gate: Gate, bad: bytes) -> None:
    """Nor from an app."""
    gate.judge(gate.post(RESTRICTED, b'{"x": "' + bad + b'"}'), 400, reason="json_malformed")


@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        ("?format=csv", "*/*", 406),
        ("?format=XML", "*/*", 406),
        ("", "application/xml", 406),
        ("", "text/csv, text/html;q=0.9", 406),
        ("", "application/json;q=0", 406),
        ("?callback=steal", "*/*", 200),  # unknown parameters are ignored: the answer is the JSON it always is
        ("", "application/xml, */*;q=0.1", 200),
    ],
)
def test_a_25_other_formats(gate: Gate, query: str, accept: str, status: int) -> None:
    """There is one format, and nothing passes in another."""
    number = order_number()
    gate.upstream_says(one(number))
    answer = gate.get(f"/orders/v0/orders/{number}{query}", ("accept", accept))
    gate.judge(answer, status)
    assert answer.header("content-type") == "application/json"
    assert answer.body.startswith(b"{")
    assert b"steal" not in answer.raw
