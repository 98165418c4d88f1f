"""What the oracle and the hostile suite found, each in the smallest form that shows it: one policy, one document, one call."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from piepowder.core.ledger.model import Record
from piepowder.core.marketplace.dialect import WireAnswer
from piepowder.gateway import call
from tests.oracle.judge import Who
from tests.oracle.memory import InMemory
from tests.oracle.raw import guarded
from tests.oracle.rules import Rule, as_pack
from tests.oracle.world import CAPABILITIES, Caller, World, _amazon, _scope

SECRET = "PPW-secret-0123456789abcdef0123456789abcdef"
KEEP = Rule("keep", True, ("keep",))
EVERYTHING = ("buyer", "free_text", "order", "seller", "marketplace", "paging")
PAGE = "/orders/v0/orders?MarketplaceIds=M1&CreatedAfter=2020-01-01T00:00:00Z"
NUMBER = "303-0000000-0000000"
ORDER = f"/orders/v0/orders/{NUMBER}"
Ask = Callable[..., tuple[WireAnswer, Record]]


def caller(published: str = "enforce", over: bool = False, **given: Any) -> Caller:
    who = Who(
        roles=frozenset({"direct_to_consumer_shipping"}),
        operations=dict.fromkeys(guarded("spapi"), ("shipping",)),
        categories={"shipping": EVERYTHING},
        everywhere=False,
        purposes=("shipping",),
        narrowed=None,
        standing=frozenset(CAPABILITIES),
        mode="enforce",
        environment="production",
    )
    return Caller("app_found", "A1", replace(who, **given), published, "*", over)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """One call under these rules, of an app that may have everything; upstream answers with `document`."""
    memory = InMemory("spapi", tmp_path)

    def asked(
        target: str, document: Any, *rules: Rule, elements: tuple[str, ...] = (), live: bool = True, **given: Any
    ) -> tuple[WireAnswer, Record]:
        memory.feed.live = live
        who = caller(**given)
        memory.publish(World("spapi", as_pack("found", rules or (KEEP,)), [who], guarded("spapi")).facts())
        path, _, query = target.partition("?")
        memory.upstream.answers = {
            ORDER.encode(): json.dumps({"payload": order(NUMBER)}).encode(),
            path.encode(): document if isinstance(document, bytes) else json.dumps(document).encode(),
        }
        restriction = {
            "resources": [{"method": "GET", "path": path, "elements": elements}],
            "purposes": {"*": ["shipping"]},
        }
        token = memory.token(who.row("restricted", restriction) if elements else who.row("access"))
        answer, [record] = asyncio.run(memory.call(_scope("GET", path, query, [_amazon(token)])))
        assert SECRET not in answer.body.decode() + repr(record)
        return answer, record

    yield asked
    memory.limits.close()


def order(number: Any, status: Any = "Unshipped", **members: Any) -> dict[str, Any]:
    return {"AmazonOrderId": number, "OrderStatus": status, **members}


def payload(answer: WireAnswer) -> Any:
    assert answer.status == 200, answer
    return json.loads(answer.body)["payload"]


@pytest.mark.parametrize("target", [ORDER, ORDER + "/address", ORDER + "/orderItems"])
def test_a_number_of_a_wrong_form_in_an_answer_about_one_order(ask: Ask, target: str) -> None:
    """The order that was asked for lends its number, but not to the text that stands in its place."""
    answer, _ = ask(target, {"payload": order(SECRET)})
    assert payload(answer)["AmazonOrderId"] is None


def test_a_number_of_a_wrong_form_beside_a_missing_one(ask: Ask) -> None:
    """On a page of orders in different states, a missing number does not keep the others from being looked at."""
    unshipped = Rule("unshipped", False, resource="order.money", when=(("state", ("unshipped",)),))
    orders = [order(SECRET), {"OrderStatus": "Canceled"}, order(NUMBER, "Canceled")]
    answer, _ = ask(PAGE, {"payload": {"Orders": orders}}, KEEP, unshipped)
    assert [each.get("AmazonOrderId") for each in payload(answer)["Orders"]] == [None, None, NUMBER]


def test_an_order_whose_buyer_cannot_be_read(ask: Ask) -> None:
    """Its number is on the ledger all the same; and if it is another order than the one asked for, there is no answer."""
    _, record = ask(PAGE, {"payload": {"Orders": [order(NUMBER, BuyerInfo=SECRET), order("303-1111111-1111111")]}})
    assert len(record.orders) == 2
    answer, record = ask(ORDER, {"payload": order("303-1111111-1111111", BuyerInfo=SECRET)})
    assert (answer.status, record.reason) == (502, "upstream_unparseable")


def test_lists_of_what_is_withheld(ask: Ask) -> None:
    """In a document with one value of a wrong type, too, a withheld list does not show how long it is."""
    forbid = Rule("forbid", False, resource="order.tax")
    taxes = {"TaxClassifications": [{"Name": "a"}, {"Name": "b"}]}
    answer, _ = ask(ORDER, {"payload": order(NUMBER, IsPrime="no", MarketplaceTaxInfo=taxes)}, KEEP, forbid)
    assert payload(answer) == {"AmazonOrderId": NUMBER, "OrderStatus": "Unshipped", "IsPrime": None}


def test_a_page_of_which_nothing_goes_out(ask: Ask) -> None:
    """Where every category of an order is withheld, the page is empty and no mistake."""
    answer, record = ask(
        PAGE,
        {"payload": {"Orders": [order(NUMBER), order(NUMBER)]}},
        Rule("paging", True, ("keep",), resource="paging"),
    )
    assert payload(answer).get("Orders", []) in ([], [{}, {}])
    assert not record.personal


def test_names_that_are_data(ask: Ask) -> None:
    """A stranger's name is not kept in the ledger, unless it is a plain word."""
    _, record = ask(ORDER, {"payload": order(NUMBER, **dict.fromkeys((SECRET, "Straße", "Strange"), 1))})
    dropped = json.loads(record.detail)["dropped"]["unknown"]
    assert dropped == {"payload.(not a word)": 1, "payload.Stra\\xdfe": 1, "payload.Strange": 1}


def test_names_of_parameters_that_are_data(ask: Ask) -> None:
    """The same for a request's."""
    _, record = ask(f"{ORDER}?{SECRET}=1&strange=1", {"payload": order(NUMBER)})
    assert json.loads(record.detail)["dropped"]["parameters"] == ["(not a word)", "strange"]


def test_substitutes_around_the_orders_of_a_page(ask: Ask) -> None:
    """What stands beside the orders is replaced, too: a value on its way to be replaced must not be left where it is."""
    mask = Rule("mask", True, ("substitute",), resource="order.time", substitute="mask")
    keep = Rule("keep", True, ("keep",), resource="order.reference")
    for orders in ([], [order(NUMBER, PurchaseDate=SECRET)]):
        answer, _ = ask(PAGE, {"payload": {"Orders": orders, "CreatedBefore": SECRET}}, keep, mask)
        assert payload(answer)["CreatedBefore"] == "*****"


@pytest.mark.parametrize("preferences", [{}, {"OtherAttributes": None}, {"OtherAttributes": ["PALLET_ENABLED"]}])
def test_substitutes_in_lists(ask: Ask, preferences: dict[str, Any]) -> None:
    """A list of values to be replaced may be absent or null."""
    mask = Rule("mask", True, ("substitute",), resource="buyer.delivery", substitute="mask")
    keep = Rule("keep", True, ("keep",), resource="order")
    document = {"payload": {"AmazonOrderId": NUMBER, "DeliveryPreferences": {"DropOffLocation": SECRET, **preferences}}}
    answer, _ = ask(ORDER + "/address", document, keep, mask, elements=("shippingAddress",))
    expected = {**preferences, **({"OtherAttributes": ["*****"]} if preferences.get("OtherAttributes") else {})}
    assert payload(answer)["DeliveryPreferences"] == {"DropOffLocation": "*****", **expected}


@pytest.mark.parametrize("document", [b'"%b"' % SECRET.encode(), b"null", b"7", b"[]", b'[{"payload": {}}]'])
@pytest.mark.parametrize("target", [ORDER, PAGE, "/sellers/v1/account"])
def test_documents_that_are_no_object(ask: Ask, document: bytes, target: str) -> None:
    """They are no answer of this API, and not even their kind goes out."""
    answer, record = ask(target, document, roles=frozenset({"direct_to_consumer_shipping", "selling_partner_insights"}))
    assert (answer.status, record.reason) == (502, "upstream_unparseable")


@pytest.mark.parametrize("over", [False, True])
def test_a_mode_that_is_over(ask: Ask, over: bool) -> None:
    """Observe mode passes what policy would withhold until its end, and not a second longer."""
    answer, record = ask(ORDER, {"payload": order(NUMBER)}, Rule("nothing", False), published="observe", over=over)
    assert json.loads(answer.body) == (
        {} if over else {"payload": {"AmazonOrderId": NUMBER, "OrderStatus": "Unshipped"}}
    )
    assert record.mode == ("enforce" if over else "observe")


@pytest.mark.parametrize("elements", [(), ("shippingAddress",)])
def test_a_worker_that_has_lost_its_feed(ask: Ask, elements: tuple[str, ...]) -> None:
    """It releases nothing personal and says so; what is not personal may go on."""
    orders_only = Rule("orders", True, ("keep",), resource="order")
    document = {"payload": order(NUMBER, ShippingAddress={"City": "Ghent", "Name": SECRET})}
    answer, record = ask(ORDER, document, KEEP, live=False, elements=elements)
    assert (answer.status, record.reason) == (503, "facts_stale")
    answer, _ = ask(ORDER, document, orders_only, live=False, elements=elements)
    assert payload(answer)["ShippingAddress"] == {"City": "Ghent"}


def test_mistakes_of_ours(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is an answer in Amazon's shape and one record. Its text may quote what was read, so it shows nowhere."""

    def fail(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(call, "release", fail)
    with structlog.testing.capture_logs() as lines:
        answer, record = ask(ORDER, {"payload": order(NUMBER)})
    assert (answer.status, record.reason, record.outcome) == (500, "unforeseen", "failed")
    assert json.loads(answer.body)["errors"][0]["code"] == "InternalFailure"
    assert SECRET not in repr(lines)
    assert lines[0]["error"] == "ValueError"
