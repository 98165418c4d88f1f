"""The cache of decisions: whatever a decision is made of is in its key."""

from collections.abc import Iterator
from itertools import product

import msgspec
import pytest

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact, PolicyFact, SellerFact
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.model import OrderState
from piepowder.core.policy.model import Mode
from piepowder.core.policy.pack import read_pack
from piepowder.gateway.caller import Caller
from piepowder.gateway.decide import plan_of
from piepowder.gateway.decisions import Decisions
from piepowder.gateway.project import Shape
from piepowder.gateway.scope import Elements, scope_of
from piepowder.gateway.tokens import Resource, Restriction, TokenFact

OPERATION = load_catalogue("spapi").operations["orders.v0.getOrder"]
EVERYTHING = frozenset({"call", "read_personal_data", "new_authorisations"})
Case = tuple[Caller, str | None, Elements, Mode]


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    pack = read_pack("data-protection")
    return Decisions(PolicyFact(version=pack.version, files=pack.files))


@pytest.fixture(scope="module")
def shape() -> Shape:
    return Shape(OPERATION)


def caller(
    *,
    roles: tuple[str, ...] = ("inventory_and_order_tracking", "direct_to_consumer_shipping"),
    purposes: tuple[str, ...] = ("shipping", "tax"),
    bound: tuple[str, ...] | None = ("shipping",),
    standing: frozenset[str] = EVERYTHING,
) -> Caller:
    manifest = ManifestFact(
        operations={OPERATION.id: ("shipping", "tax")},
        categories={"shipping": ("buyer.name", "buyer.address"), "tax": ("buyer.tax_id",)},
    )
    app = AppFact(id="app_1", developer="dev_1", name="Made-up app", roles=roles, versions={"1": manifest})
    grant = GrantFact(id="grt_1", app="app_1", seller="sel_1", version="1", purposes=purposes)
    resource = Resource(method="GET", path=OPERATION.path, elements=("shippingAddress",))
    restriction = Restriction(resources=(resource,), purposes={"*": bound}) if bound else None
    token = TokenFact(
        kind="restricted" if bound else "access",
        app="app_1",
        grant="grt_1",
        seller="sel_1",
        scope="",
        issued_at=0.0,
        expires_at=1e12,
        restriction=restriction,
    )
    return Caller(token, app, grant, SellerFact(id="sel_1", marketplace_id="A1"), manifest, standing)


def cases() -> Iterator[Case]:
    """Calls that differ in one thing or several."""
    callers = [
        caller(),
        caller(roles=()),
        caller(purposes=("tax",)),
        caller(bound=("tax",)),
        caller(standing=frozenset({"call"})),
    ]
    yield from product(callers, (None, "shipping", "tax"), ((), ("shippingAddress",), ("buyerInfo",)), Mode)
    yield from product([caller(bound=None)], (None, "shipping", "tax"), [None], Mode)


def test_a_known_plan_is_the_one_that_would_be_made_anew(decisions: Decisions, shape: Shape) -> None:
    """Asked again in any order, every call gets the plan of its own scope, and the verdicts of a fresh one."""
    several = list(cases())
    first = [plan_of(decisions, who, shape, claimed, elements, mode) for who, claimed, elements, mode in several]
    for (who, claimed, elements, mode), plan in reversed(list(zip(several, first, strict=True))):
        assert plan_of(decisions, who, shape, claimed, elements, mode) is plan
        anew = decisions.draft(who, shape, scope_of(who, OPERATION, claimed, elements), mode)
        assert [plan.state(state).codes for state in OrderState] == [anew.state(state).codes for state in OrderState]


def test_a_changed_fact_is_another_key(decisions: Decisions, shape: Shape) -> None:
    """Every change of a fact is a new object, so a plan made before it is not found any more."""
    who = caller()
    before = plan_of(decisions, who, shape, None, ("shippingAddress",), Mode.ENFORCE)
    narrowed = msgspec.structs.replace(who, grant=msgspec.structs.replace(who.grant, purposes=()))
    after = plan_of(decisions, narrowed, shape, None, ("shippingAddress",), Mode.ENFORCE)
    assert before.may_release_personal
    assert not after.may_release_personal


def test_the_cache_is_bounded(decisions: Decisions, shape: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens without end do not fill the memory."""
    monkeypatch.setattr("piepowder.gateway.decisions._CACHE_MAX", 10)
    for _ in range(50):
        plan_of(decisions, caller(), shape, None, ("shippingAddress",), Mode.ENFORCE)
    assert len(decisions.calls) <= 10
