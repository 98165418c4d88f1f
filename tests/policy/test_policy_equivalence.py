"""One meaning, four ways to it: plain Cedar text, the engine's classes and slices, the cache, and the compiled table."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.model import Basis, Question
from piepowder.core.policy.pack import read_pack
from piepowder.core.policy.table import CAPABILITIES, DecisionTable, World, compile_table, world
from tests.support.policy_questions import EVERYTHING, pack, plainly, question, questions

PREPARED = {name: prepare(read_pack(name)) for name in ("data-protection", "strict", "minimal")}

RESOURCES = [
    "resource",
    'resource == DataCategory::"buyer.address"',
    'resource == DataCategory::"buyer.name"',
    'resource in DataCategory::"buyer"',
    'resource in DataCategory::"buyer.address"',
    'resource in DataGroup::"personal"',
    'resource is DataCategory in DataCategory::"order"',
]
WHOLE_CONTEXT = (
    'context == {purpose: Purpose::"tax", operation: "orders.v0.getOrder", orderState: OrderState::"shipped", '
    'standing: ["call", "read_personal_data"], environment: "production", declared: true}'
)
CONDITIONS = [
    "true",
    'context.purpose in Purpose::"shipping"',
    'context.purpose == Purpose::"none"',
    'resource in [DataCategory::"buyer.phone", DataCategory::"order"]',
    '[DataCategory::"buyer.phone", DataCategory::"order.item"].contains(resource)',
    'resource != DataCategory::"buyer.email"',
    'resource in DataCategory::"free_text" || context.declared',
    "context.declared",
    'context.standing.contains("x")',
    'context.operation like "*.getOrders"',
    'context.environment == "sandbox"',
    'context has purpose && context["purpose"] in Purpose::"tax"',
    '[OrderState::"shipped", OrderState::"unshipped"].contains(context.orderState)',
    'principal in RoleGroup::"tax"',
    'context.purpose in [Purpose::"tax", Purpose::"messaging"] && context.declared',
    '(context.purpose == Purpose::"shipping" && context.declared) && resource in DataCategory::"buyer"',
    'context.purpose in Purpose::"support" || context.declared',
    '!(context.purpose in Purpose::"shipping")',
    WHOLE_CONTEXT,
]
conditions = st.one_of(
    st.sampled_from(CONDITIONS),
    st.builds("{} && {}".format, st.sampled_from(CONDITIONS), st.sampled_from(CONDITIONS)).map(
        lambda text: f"({text})"
    ),
    st.builds("({} || {})".format, st.sampled_from(CONDITIONS), st.sampled_from(CONDITIONS)),
)
clauses = st.builds("{} {{ {} }}".format, st.sampled_from(["when", "when", "unless"]), conditions)
policy_texts = st.builds(
    lambda effect, principal, action, resource, several: (
        f"{effect} (principal {principal}, {action}, {resource}) {' '.join(several)};"
    ),
    st.sampled_from(["permit", "permit", "forbid"]),
    st.sampled_from(
        ["", "", 'in Role::"direct_to_consumer_shipping"', 'in RoleGroup::"orders"', '== App::"app_named"']
    ),
    st.sampled_from(
        [
            "action",
            'action == Action::"keep"',
            'action == Action::"substitute"',
            'action in [Action::"keep", Action::"substitute"]',
        ]
    ),
    st.sampled_from(RESOURCES),
    st.lists(clauses, max_size=2),
)


def noted(number: int, text: str) -> str:
    """A generated policy with the notes it needs; `mask` fits every category."""
    substitutes = text.startswith("permit") and 'action == Action::"keep"' not in text
    form = '@substitute("mask")' if substitutes else ""
    return f'@id("p{number}") @reason("Made up for a test.") {form}\n{text}'


def past_the_bounds(asked: Question) -> Question:
    """The same question with everything that stands before the policies out of the way."""
    return msgspec.structs.replace(asked, standing=asked.standing | CAPABILITIES)


ASKED = EVERYTHING | {
    "buyer.address",
    "buyer.name.first",
    "buyer",
    "weather",
}  # parents, children and strangers as well


def written(texts: list[str]) -> str:
    return "\n".join(noted(number, text) for number, text in enumerate(texts))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(policy_texts, min_size=3, max_size=8), asked=questions, data=st.data())
def test_any_policies_mean_what_plain_cedar_says(texts: list[str], asked: Question, data: st.DataObject) -> None:
    """For made-up policies, deciding by classes and slices agrees with one plain Cedar request for each category and action."""
    prepared = prepare(pack(written(texts)))
    asked = past_the_bounds(asked)
    verdicts = decide(asked, ASKED, prepared).verdicts
    ruled = sorted(name for name, verdict in verdicts.items() if verdict.basis is Basis.POLICY)
    for category in data.draw(st.lists(st.sampled_from(ruled), min_size=6, max_size=6, unique=True)):
        verdict = verdicts[category]
        assert (verdict.effect, verdict.outcome, set(verdict.policies)) == plainly(written(texts), asked, category)


ELSE: dict[str, object] = {
    "app": "app_named",
    "roles": frozenset({"tax_invoicing"}),
    "purpose": "tax.invoices",
    "order_state": OrderState.SHIPPED,
    "declared": EVERYTHING - {"order.item", "paging"},
    "operation": "orders.v0.getOrders",
    "environment": "sandbox",
    "standing": CAPABILITIES | {"x"},
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(policy_texts, min_size=1, max_size=5), asked=questions)
def test_what_a_table_remembers_never_answers_another_question(texts: list[str], asked: Question) -> None:
    """Asked a question and all its neighbours, which differ in one thing each, one table answers as if it remembered nothing."""
    prepared = prepare(pack(written(texts)))
    table = DecisionTable(prepared)
    asked = msgspec.structs.replace(past_the_bounds(asked), policy_version=prepared.version)
    for neighbour in [asked, *(msgspec.structs.replace(asked, **{name: value}) for name, value in ELSE.items())]:
        assert table.decide(neighbour, ASKED).verdicts == decide(neighbour, ASKED, prepared).verdicts


def test_a_policy_may_look_at_the_whole_context() -> None:
    """A condition that compares the context as a whole sees all of it, though no attribute is named alone."""
    prepared = prepare(
        pack(noted(0, f'permit (principal, action == Action::"keep", resource) when {{ {WHOLE_CONTEXT} }};'))
    )
    asked = question(purpose="tax", order_state=OrderState.SHIPPED)
    assert decide(asked, EVERYTHING, prepared).verdicts["paging"].effect == "keep"
    elsewhere = msgspec.structs.replace(asked, environment="sandbox")
    assert decide(elsewhere, EVERYTHING, prepared).verdicts["paging"].outcome == "gap"
    table = DecisionTable(prepared)
    for each in (asked, elsewhere):
        each = msgspec.structs.replace(each, policy_version=prepared.version)
        assert table.decide(each, EVERYTHING).verdicts == decide(each, EVERYTHING, prepared).verdicts


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(PREPARED)), asked=questions, category=st.sampled_from(sorted(EVERYTHING)))
def test_shipped_packs_mean_what_plain_cedar_says(name: str, asked: Question, category: str) -> None:
    """For the shipped packs, the decision agrees with one plain Cedar request."""
    prepared = PREPARED[name]
    verdict = decide(asked, EVERYTHING, prepared).verdicts[category]
    if verdict.basis is Basis.POLICY:
        text = "\n".join(prepared.pack.policies.values())
        assert (verdict.effect, verdict.outcome, set(verdict.policies)) == plainly(text, asked, category)


SMALL = World(
    role_sets=(frozenset(), frozenset({"direct_to_consumer_shipping"}), frozenset({"tax_invoicing", "finance"})),
    purposes=(None, "shipping", "tax", "messaging", "advertising"),
    states=(OrderState.UNSHIPPED, OrderState.CLOSED, OrderState.NONE),
)
TABLES = {name: compile_table(prepared, SMALL) for name, prepared in PREPARED.items()}
CELLS = sorted(TABLES["minimal"], key=repr)  # the same for every pack
CACHES = {name: DecisionTable(prepared, questions_max=50) for name, prepared in PREPARED.items()}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(PREPARED)))
def test_cache_compiled_table_and_cedar_agree(data: st.DataObject, name: str) -> None:
    """The three ways to a verdict give the very same value, sentence and policies included."""
    prepared = PREPARED[name]
    roles, purpose, declared, state, category = data.draw(st.sampled_from(CELLS))
    asked = question(
        policy_version=prepared.version,
        app=SMALL.app,
        roles=roles,
        purpose=purpose,
        declared=EVERYTHING if declared else frozenset(),
        order_state=state,
    )
    fresh = decide(asked, EVERYTHING, prepared).verdicts[category]
    assert CACHES[name].decide(asked, EVERYTHING).verdicts[category] == fresh
    assert TABLES[name][roles, purpose, declared, state, category] == fresh


def test_the_cache_answers_the_same_question_with_the_same_object() -> None:
    """An equal question, built anew, is answered from memory."""
    table = DecisionTable(PREPARED["minimal"])
    asked = {"policy_version": PREPARED["minimal"].version}
    first = table.decide(question(**asked), EVERYTHING)
    assert table.decide(question(**asked), frozenset(sorted(EVERYTHING))) is first
    assert table.decide(question(**asked, app="app_other"), EVERYTHING) is not first


def test_what_no_policy_can_tell_apart_is_asked_once() -> None:
    """A second app that looks the same to every policy is answered without Cedar, a named one is not."""
    friend = '@id("friend") @reason("Checked by hand.") forbid (principal == App::"app_friend", action, resource);'
    named = pack(friend + noted(1, 'permit (principal, action == Action::"keep", resource);'))
    prepared = prepare(named)
    sight = prepared.engine.sight
    first, second = question(app="app_1"), question(app="app_2", operation="orders.v0.getOrders")
    assert sight.seen(first) == sight.seen(second)
    assert sight.seen(question(app="app_friend")) != sight.seen(first)
    table = DecisionTable(prepared)
    for app, effect in (("app_1", "keep"), ("app_2", "keep"), ("app_friend", "withhold")):
        asked = question(app=app, policy_version=prepared.version)
        assert table.decide(asked, EVERYTHING).verdicts["buyer.name"].effect == effect


def test_the_cache_is_bounded() -> None:
    """However many questions come, the cache keeps no more than it was told, and still answers rightly."""
    prepared = PREPARED["minimal"]
    table = DecisionTable(prepared, questions_max=10)
    for number in range(35):
        asked = question(policy_version=prepared.version, app=f"app_{number}")
        decision = table.decide(asked, frozenset({"buyer.name"}))
        assert decision.verdicts == decide(asked, frozenset({"buyer.name"}), prepared).verdicts
    assert len(table) <= 10


def test_a_question_for_another_policy_is_not_answered() -> None:
    """A table refuses a question that names another policy version than its own."""
    with pytest.raises(PiepowderError) as refusal:
        DecisionTable(PREPARED["minimal"]).decide(question(policy_version="other@1+000000000000"), EVERYTHING)
    assert refusal.value.code == "policy_version_mismatch"


def test_a_table_has_every_cell_of_its_world() -> None:
    """A compiled table leaves out no combination."""
    cells = len(SMALL.role_sets) * len(SMALL.purposes) * 2 * len(SMALL.states) * len(SMALL.categories)
    assert all(len(table) == cells for table in TABLES.values())


def test_a_world_counts_roles_alone_and_together() -> None:
    """The world of three roles, two at a time, has no role, three single ones and three pairs."""
    assert len(world(["a", "b", "c"], together_max=2).role_sets) == 7


@settings(max_examples=60, deadline=None)
@given(asked=questions)
def test_advertising_and_missing_roles_never_get_personal_data(asked: Question) -> None:
    """Whatever else a question says, the default pack keeps personal data in plain only for shipping and tax with their roles."""
    prepared: Prepared = PREPARED["data-protection"]
    kept = {name for name, verdict in decide(asked, EVERYTHING, prepared).verdicts.items() if verdict.effect == "keep"}
    if any(map(is_personal, kept)):
        purpose = (asked.purpose or "").split(".")[0]
        needed = {"shipping": {"direct_to_consumer_shipping"}, "tax": {"tax_invoicing", "tax_remittance"}}
        assert asked.roles & needed[purpose]
        assert asked.order_state in (OrderState.UNSHIPPED, OrderState.SHIPPED, OrderState.DELIVERED)
        assert "buyer.email" not in kept
