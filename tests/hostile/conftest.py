"""One gateway for all of the hostile suite: deadlines are short, so that slow inputs cost the suite little."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hostile.harness import OTHER_SELLER, SELLER, Gate, says
from tests.support.control_plane import *  # noqa: F403 - fixtures
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.stack import Stack

EVERYTHING = ["buyer", "free_text", "order", "seller", "marketplace", "paging"]
READS = [
    "orders.v0.getOrders", "orders.v0.getOrder", "orders.v0.getOrderItems", "orders.v0.getOrderAddress",
    "orders.v0.getOrderBuyerInfo", "orders.v0.getOrderItemsBuyerInfo", "orders.v0.getOrderRegulatedInfo",
    "orders.2026-01-01.searchOrders", "orders.2026-01-01.getOrder", "sales.v1.getOrderMetrics",
    "tokens.2021-03-01.createRestrictedDataToken",
]  # fmt: skip
ROLES = ["inventory_and_order_tracking", "direct_to_consumer_shipping", "tax_invoicing"]
DEADLINE_SECONDS = 1.5


def app(key: str, **fields: Any) -> dict[str, Any]:
    """An app that ships and issues invoices for both sellers, but for what `fields` say."""
    return {
        "key": key,
        "roles": ROLES,
        "operations": {
            name: ["shipping", "tax"] if name.startswith("orders.v0.getOrders") else ["shipping"] for name in READS
        },
        "categories": {"shipping": EVERYTHING, "tax": EVERYTHING},
        "sellers": [SELLER, OTHER_SELLER],
        **fields,
    }


SPEC = {
    "policy": "data-protection",
    "sellers": [SELLER, OTHER_SELLER],
    "apps": [
        app("full"),
        app("tracker", roles=["inventory_and_order_tracking"]),
        app("slow", rates={"orders.v0.getOrder": [0.001, 1]}),
        app("cut"),
        app("watched", mode="observe"),
        app("figures", operations={"sales.v1.getOrderMetrics": ["metrics"]}, categories={"metrics": EVERYTHING}),
    ],
}


@pytest.fixture(scope="session")
def gate(migrated_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """Whatever upstream is asked without a script of its own is an order nobody knows."""
    with ScriptedUpstream() as upstream:
        upstream.always(says('{"errors": [{"code": "NotFound"}]}', status=404))
        stack = Stack(
            tmp_path_factory.mktemp("hostile"),
            migrated_database(),
            upstream_url=upstream.origin,
            spec=SPEC,
            migrated=True,
            upstream_deadline_seconds=DEADLINE_SECONDS,
            header_deadline_seconds=DEADLINE_SECONDS,
        )
        with stack:
            made = Gate(stack, upstream)
            yield made
            made.close()


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """No script of a case is left for the next one."""
    yield
    if "gate" in request.fixturenames:
        found: Gate = request.getfixturevalue("gate")
        found.upstream.forget()
