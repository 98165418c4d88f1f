"""What the tests of this room share: questions with generous defaults, packs from one text, and a naive oracle over plain Cedar."""

from functools import cache, lru_cache
from typing import Any

import cedarpy
from hypothesis import strategies as st

from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.cedar import base_schema
from piepowder.core.policy.model import Question
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.taxonomy import PURPOSES, ROLE_GROUPS, ROLES

EVERYTHING = frozenset(CATEGORIES)
OPEN_STATES = (OrderState.UNSHIPPED, OrderState.SHIPPED, OrderState.DELIVERED)


def question(**given: Any) -> Question:
    """A question that passes standing, consent and manifest unless told otherwise."""
    purpose = given.get("purpose", "shipping")
    defaults = {
        "policy_version": "test",
        "app": "app_test",
        "roles": frozenset({"direct_to_consumer_shipping"}),
        "standing": frozenset({"call", "read_personal_data"}),
        "granted_purposes": frozenset({purpose} if purpose else ()),
        "granted_categories": None,
        "declared": EVERYTHING,
        "purpose": "shipping",
        "operation": "orders.v0.getOrder",
        "order_state": OrderState.UNSHIPPED,
    }
    return Question(**{**defaults, **given})


def pack(cedar: str, **files: str) -> Pack:
    """A pack of one Cedar file."""
    head = 'name = "test"\nversion = "1"\ntitle = "Test"\ndescription = "Made up for a test."\n'
    return Pack.from_files({"pack.toml": head, "test.cedar": cedar, **files})


questions = st.builds(
    question,
    app=st.sampled_from(["app_test", "app_named", 'app "quoted"\n']),
    roles=st.frozensets(st.sampled_from([*ROLES, "a_role_nobody_knows"]), max_size=3),
    purpose=st.sampled_from([None, *PURPOSES, "world_domination", "shipping.something_new"]),
    granted_purposes=st.just(frozenset({*PURPOSES, "world_domination"})),
    order_state=st.sampled_from(OrderState),
    declared=st.frozensets(st.sampled_from(sorted(EVERYTHING))),
    standing=st.sampled_from(
        [frozenset({"call", "read_personal_data"})] * 3
        + [frozenset({"call"}), frozenset({"call", "read_personal_data", "x"})]
    ),
    operation=st.sampled_from(["orders.v0.getOrder", "orders.v0.getOrders"]),
    environment=st.sampled_from(["production", "sandbox"]),
)


def plainly(policies: str, asked: Question, category: str) -> tuple[str, str, set[str]]:
    """(effect, outcome, ids of the policies that decided) of one category, from Cedar's own text interface, one request at a time.

    No slices, no classes, no cache; written apart from `piepowder.core.policy.cedar`, for a question that is past standing,
    consent, purpose and manifest.
    """
    keep = _authorised(policies, asked, category, "keep")
    if keep.allowed:
        return "keep", "permitted", _decided(keep)
    substitute = _authorised(policies, asked, category, "substitute")
    if substitute.allowed:
        return "substitute", "permitted", _decided(substitute)
    decided = _decided(keep) or _decided(substitute)
    return "withhold", "refused" if decided else "gap", decided


def _decided(result: cedarpy.AuthzResult) -> set[str]:
    return set(result.diagnostics.id_annotations_by_reason.values())


def _authorised(policies: str, asked: Question, category: str, action: str) -> cedarpy.AuthzResult:
    request = {
        "principal": {"type": "App", "id": asked.app},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "DataCategory", "id": category},
        "context": {
            "purpose": {"__entity": {"type": "Purpose", "id": asked.purpose or "none"}},
            "operation": asked.operation,
            "orderState": {"__entity": {"type": "OrderState", "id": str(asked.order_state)}},
            "standing": sorted(asked.standing),
            "environment": asked.environment,
            "declared": any(category == word or category.startswith(word + ".") for word in asked.declared),
        },
    }
    return cedarpy.is_authorized(request, _parsed(policies), _entities(asked, category), schema=_schema())


_parsed = lru_cache(8)(cedarpy.PolicySet.from_str)


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(base_schema())


def _entities(asked: Question, category: str) -> list[dict[str, Any]]:
    def entity(kind: str, name: str, parents: list[tuple[str, str]]) -> dict[str, Any]:
        return {
            "uid": {"type": kind, "id": name},
            "attrs": {},
            "parents": [{"type": parent[0], "id": parent[1]} for parent in parents],
        }

    def above(kind: str, name: str) -> list[tuple[str, str]]:
        words = name.split(".")
        return [(kind, ".".join(words[:count])) for count in range(1, len(words))]

    purpose = asked.purpose or "none"
    group = [("DataGroup", "personal")] if category.split(".")[0] in ("buyer", "free_text") else []
    roles = [
        entity("Role", role, [("RoleGroup", name) for name, members in ROLE_GROUPS.items() if role in members])
        for role in sorted(asked.roles)
    ]
    return [
        entity("App", asked.app, [("Role", role) for role in sorted(asked.roles)]),
        entity("Purpose", purpose, above("Purpose", purpose)),
        entity("DataCategory", category, above("DataCategory", category) + group),
        *roles,
    ]
