"""`python -m proof.part1.decision`: what a decision costs that was made before, by the gateway's own code. Prints JSON, microseconds.

A process of its own, so that nothing else it has loaded or left behind is measured along.
"""

import gc
import sys
import time
from collections.abc import Callable

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact, PolicyFact, SellerFact
from piepowder.core.kernel import json
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.model import OrderState
from piepowder.core.policy.pack import read_pack
from piepowder.gateway.caller import Caller
from piepowder.gateway.decide import plan_of
from piepowder.gateway.decisions import Decisions
from piepowder.gateway.shape_book import ShapeBook
from piepowder.gateway.tokens import Resource, Restriction, TokenFact

CALLERS = 200
REPEATS = 9
TURNS = 500
OPERATION = "orders.v0.getOrder"
ELEMENTS = ("shippingAddress",)
STANDING = frozenset({"call", "read_personal_data", "new_authorisations"})


def main() -> None:
    pack = read_pack("data-protection")
    decisions = Decisions(PolicyFact(version=pack.version, files=pack.files))
    operation, shapes = load_catalogue("spapi").operations[OPERATION], ShapeBook()
    shape = shapes.of(operation)
    callers = [caller(number) for number in range(CALLERS)]
    began = time.process_time()
    for each in callers:
        plan_of(decisions, each, shape, None, ELEMENTS, each.mode(OPERATION, 0.0)).state(OrderState.UNSHIPPED)
    new = time.process_time() - began

    def plans() -> None:
        for each in callers:
            plan_of(decisions, each, shape, None, ELEMENTS, each.mode(OPERATION, 0.0))

    def verdicts() -> None:
        for each in callers:
            mode = each.mode(OPERATION, 0.0)
            plan_of(decisions, each, shapes.of(operation), None, ELEMENTS, mode).state(OrderState.UNSHIPPED)

    told = {"plan_us": timed(plans), "verdicts_us": timed(verdicts), "new_us": new / CALLERS * 1e6}
    sys.stdout.write(json.encode_text(told) + "\n")


def caller(number: int) -> Caller:
    """One of many apps, as a worker holds them: every fact an object of its own."""
    manifest = ManifestFact(
        operations={OPERATION: ("shipping",)},
        categories={"shipping": ("buyer.name", "buyer.phone", "buyer.address", "buyer.delivery")},
    )
    app = AppFact(
        id=f"app_{number}",
        developer=f"dev_{number}",
        name=f"Made-up app {number}",
        roles=("inventory_and_order_tracking", "direct_to_consumer_shipping"),
        versions={"1": manifest},
    )
    grant = GrantFact(id=f"grt_{number}", app=app.id, seller=f"sel_{number}", version="1", purposes=("shipping",))
    resource = Resource(method="GET", path="/orders/v0/orders/{orderId}", elements=ELEMENTS)
    token = TokenFact(
        kind="restricted",
        app=app.id,
        grant=grant.id,
        seller=grant.seller,
        scope="",
        issued_at=0.0,
        expires_at=1e12,
        restriction=Restriction(resources=(resource,), purposes={"*": ("shipping",)}),
    )
    seller = SellerFact(id=grant.seller, marketplace_id=f"A{number:013d}")
    return Caller(token=token, app=app, grant=grant, seller=seller, manifest=manifest, standing=STANDING)


def timed(work: Callable[[], None]) -> list[float]:
    """Of each repeat, microseconds of CPU a decision; the least is the one that the machine disturbed least."""
    gc.collect()
    gc.disable()
    repeats = []
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(TURNS):
            work()
        repeats.append((time.process_time() - began) / TURNS / CALLERS * 1e6)
    gc.enable()
    return repeats


if __name__ == "__main__":
    main()
