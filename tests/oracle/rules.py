"""Policies twice: as Cedar text for the gateway, and as plain values that a few lines of Python evaluate.

A rule is a row; the interpreter below knows nothing of Cedar. The shipped packs stand here once more, re-expressed by hand.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

PURPOSES = (
    "shipping", "shipping.labels", "shipping.customs", "tax", "tax.invoices", "messaging", "metrics", "repricing", "advertising",
    "support", "accounting",
)  # fmt: skip
ROLES = (
    "inventory_and_order_tracking", "direct_to_consumer_shipping", "tax_invoicing", "tax_remittance", "buyer_communication", "finance",
    "brand_analytics", "selling_partner_insights",
)  # fmt: skip
GROUPS = {"orders": ROLES[:6], "tax": ROLES[2:4]}
STATES = ("none", "unshipped", "shipped", "delivered", "closed", "cancelled", "unknown")
OPEN = ("unshipped", "shipped", "delivered")
STRICTNESS = {"outward": 1, "alias": 2, "pseudonym": 3, "mask": 4}
CATEGORIES = (
    "buyer.name", "buyer.email", "buyer.phone", "buyer.company", "buyer.tax_id", "buyer.purchase_order", "buyer.address.street",
    "buyer.address.postcode", "buyer.address.type", "buyer.address.geo", "buyer.delivery", "buyer.regulated", "free_text",
    "order.reference", "order.status", "order.time", "order.money", "order.payment", "order.item", "order.fulfilment", "order.place",
    "order.programme", "order.tax", "seller.commercial", "seller.identity", "seller.address", "seller.contact", "marketplace.reference",
    "paging",
)  # fmt: skip
PERSONAL = CATEGORIES[:13]


@dataclass(frozen=True)
class Asked:
    """Everything a rule can read."""

    roles: frozenset[str]
    purpose: str | None
    state: str
    operation: str
    environment: str
    declared: bool


@dataclass(frozen=True)
class Rule:
    """`when` and `unless` are lists of (kind, value) that must all hold; the scope is `role`, `group` and `resource`."""

    id: str
    permit: bool
    actions: tuple[str, ...] = ("keep", "substitute")
    role: str | None = None
    group: str | None = None
    resource: str | None = None  # a category with all below it; "personal" for the group
    when: tuple[tuple[str, Any], ...] = ()
    unless: tuple[tuple[str, Any], ...] = ()
    substitute: str | None = None


def under(words: Iterable[str], word: str | None) -> bool:
    """Whether `word` is one of `words` or stands below one."""
    return word is not None and any(word == each or word.startswith(each + ".") for each in words)


def applies(rule: Rule, action: str, category: str, asked: Asked) -> bool:
    if action not in rule.actions:
        return False
    if rule.role is not None and rule.role not in asked.roles:
        return False
    if rule.group is not None and not asked.roles.intersection(GROUPS[rule.group]):
        return False
    if rule.resource is not None and not _is(category, rule.resource):
        return False
    if not all(_holds(each, category, asked) for each in rule.when):
        return False
    return not rule.unless or not all(_holds(each, category, asked) for each in rule.unless)


def verdict(rules: Iterable[Rule], category: str, asked: Asked) -> str | None:
    """ "keep", the name of a substitute, or None. A forbid beats every permit; of several substitutes the strictest that fits counts."""
    keep = [rule.permit for rule in rules if applies(rule, "keep", category, asked)]
    if keep and all(keep):
        return "keep"
    found = [rule for rule in rules if applies(rule, "substitute", category, asked)]
    if not found or not all(rule.permit for rule in found):
        return None
    fitting = [rule.substitute for rule in found if rule.substitute and _fits(rule.substitute, category)]
    return max(fitting, key=STRICTNESS.__getitem__, default=None)


def _fits(substitute: str, category: str) -> bool:
    return {"outward": category == "buyer.address.postcode", "alias": category == "buyer.email"}.get(substitute, True)


def _is(category: str, resource: str) -> bool:
    return category in PERSONAL if resource == "personal" else under((resource,), category)


def _holds(condition: tuple[str, Any], category: str, asked: Asked) -> bool:
    kind, value = condition
    if kind == "not":
        return not _holds(value, category, asked)
    if kind == "any":
        return any(_holds(each, category, asked) for each in value)
    found: dict[str, Callable[[], bool]] = {
        "purpose in": lambda: under(value, asked.purpose),
        "purpose is": lambda: (asked.purpose or "none") == value,
        "state": lambda: asked.state in value,
        "resource in": lambda: any(_is(category, each) for each in value),
        "role": lambda: value in asked.roles,
        "operation": lambda: asked.operation == value,
        "version": lambda: asked.operation.startswith(value),
        "environment": lambda: asked.environment == value,
        "declared": lambda: asked.declared,
    }
    return found[kind]()


# The same in Cedar


def cedar(rules: Iterable[Rule]) -> str:
    return "\n\n".join(map(_written, rules))


def _written(rule: Rule) -> str:
    notes = f'@id("{rule.id}")\n@reason("Made up for a test.")\n'
    notes += f'@substitute("{rule.substitute}")\n' if rule.substitute else ""
    principal = f'principal in Role::"{rule.role}"' if rule.role else "principal"
    principal = f'principal in RoleGroup::"{rule.group}"' if rule.group else principal
    action = f'action == Action::"{rule.actions[0]}"' if len(rule.actions) == 1 else "action"
    resource = f"resource in {_resource(rule.resource)}" if rule.resource else "resource"
    clauses = "".join(
        f"\n{word} {{ {' && '.join(map(_condition, conditions))} }}"
        for word, conditions in (("when", rule.when), ("unless", rule.unless))
        if conditions
    )
    return f"{notes}{'permit' if rule.permit else 'forbid'} ({principal}, {action}, {resource}){clauses};"


def _resource(name: str) -> str:
    return 'DataGroup::"personal"' if name == "personal" else f'DataCategory::"{name}"'


def _condition(condition: tuple[str, Any]) -> str:
    kind, value = condition
    if kind == "not":
        return f"!({_condition(value)})"
    if kind == "any":
        return "(" + " || ".join(map(_condition, value)) + ")"
    found: dict[str, Callable[[], str]] = {
        "purpose in": lambda: f"context.purpose in [{_listed('Purpose', value)}]",
        "purpose is": lambda: f'context.purpose == Purpose::"{value}"',
        "state": lambda: f"[{_listed('OrderState', value)}].contains(context.orderState)",
        "resource in": lambda: f"resource in [{', '.join(map(_resource, value))}]",
        "role": lambda: f'principal in Role::"{value}"',
        "operation": lambda: f'context.operation == "{value}"',
        "version": lambda: f'context.operation like "{value}*"',
        "environment": lambda: f'context.environment == "{value}"',
        "declared": lambda: "context.declared",
    }
    return found[kind]()


def _listed(kind: str, names: Iterable[str]) -> str:
    return ", ".join(f'{kind}::"{name}"' for name in names)


# Made-up packs


def made_up(chance: random.Random, operations: tuple[str, ...]) -> tuple[Rule, ...]:
    """A small pack: a broad permit most of the time, then a handful of anything."""
    rules = [Rule("r0", True, ("keep",), resource=chance.choice((None, None, None, "buyer", "order")))]
    rules += [_rule(chance, f"r{number}", operations) for number in range(1, chance.randint(2, 9))]
    return tuple(rules[chance.random() < 0.15 :])


def _rule(chance: random.Random, name: str, operations: tuple[str, ...]) -> Rule:
    permit = chance.random() < 0.7
    actions: tuple[str, ...] = chance.choice((("keep",), ("substitute",), ("keep", "substitute")))
    substitutes = permit and "substitute" in actions
    scope: dict[str, Any] = chance.choice(
        ({}, {}, {"role": chance.choice(ROLES)}, {"group": chance.choice(tuple(GROUPS))})
    )
    resource = chance.choice(
        ("personal", None, "buyer", "order", "seller", "buyer.address", *chance.sample(CATEGORIES, 4))
    )
    return Rule(
        name,
        permit,
        actions,
        resource=resource,
        when=tuple(_conditions(chance, operations, (0, 0, 1, 1, 2))),
        unless=tuple(_conditions(chance, operations, (0, 0, 0, 1, 2))),
        substitute=chance.choice(("mask", "mask", "pseudonym", "alias", "outward")) if substitutes else None,
        **scope,
    )


def _conditions(
    chance: random.Random, operations: tuple[str, ...], numbers: tuple[int, ...]
) -> Iterator[tuple[str, Any]]:
    for _ in range(chance.choice(numbers)):
        plain = _plain(chance, operations)
        other = _plain(chance, operations)
        yield chance.choice((plain, plain, plain, ("not", plain), ("any", (plain, other))))


def _plain(chance: random.Random, operations: tuple[str, ...]) -> tuple[str, Any]:
    several = tuple(chance.sample(STATES, chance.randint(1, 4)))
    operation = chance.choice(operations)
    return chance.choice((
        ("purpose in", tuple(chance.sample(PURPOSES, chance.randint(1, 3)))),
        ("purpose in", (chance.choice(("shipping", "tax")),)),
        ("purpose is", chance.choice((*PURPOSES, "none"))),
        ("state", several),
        ("state", OPEN),
        ("resource in", tuple(chance.sample(("buyer", "buyer.address", *CATEGORIES), 3))),
        ("role", chance.choice(ROLES)),
        ("operation", operation),
        ("version", operation.rpartition(".")[0]),
        ("environment", chance.choice(("production", "sandbox"))),
        ("declared", True),
    ))  # fmt: skip


# The shipped packs, re-expressed

_FIGURES = ("metrics", "repricing", "accounting")
_TALKING = ("messaging", "support")


def _for(purpose: str, *, role: str | None = None, group: str | None = None, kept: tuple[str, ...]) -> list[Rule]:
    when = (("purpose in", (purpose,)),)
    return [Rule(f"{purpose}-{each}", True, ("keep",), role, group, each, when) for each in kept]


_SHIPPED_TO = ("buyer.name", "buyer.company", "buyer.address", "buyer.delivery", "free_text", "buyer.regulated")
_NO_ROLE_NO_SHIPPING = Rule(
    "shipping-role", False, ("keep",), resource="personal", when=(("purpose in", ("shipping",)),),
    unless=(("role", "direct_to_consumer_shipping"),),
)  # fmt: skip
_NO_TAX_IN_PARCELS = Rule(
    "shipping-no-tax", False, ("keep",), resource="personal",
    when=(("purpose in", ("shipping",)), ("resource in", ("buyer.tax_id", "buyer.purchase_order"))),
)  # fmt: skip
_ORDERS_AND_SELLERS = [
    Rule("orders", True, ("keep",), group="orders", resource="order"),
    Rule("orders-role", False, resource="order", unless=(("any", tuple(("role", role) for role in GROUPS["orders"])),)),
    Rule("figures", True, ("keep",), resource="seller.commercial", when=(("purpose in", _FIGURES),)),
    Rule("figures-only", False, resource="seller.commercial", unless=(("purpose in", _FIGURES),)),
    Rule("seller", True, ("keep",), resource="seller", unless=(("resource in", ("seller.commercial",)),)),
    Rule("seller-no-ads", False, resource="seller",
         when=(("purpose in", ("advertising",)), ("resource in", ("seller.address", "seller.contact")))),
    Rule("marketplace", True, ("keep",), resource="marketplace"),
    Rule("paging", True, ("keep",), resource="paging"),
]  # fmt: skip
_BUYERS = [
    Rule("open", False, resource="personal", unless=(("state", OPEN),)),
    Rule("no-ads", False, resource="personal", when=(("purpose in", ("advertising",)),)),
    Rule("no-figures", False, resource="personal", when=(("purpose in", _FIGURES),)),
    Rule("no-mail", False, ("keep",), resource="buyer.email"),
    Rule("relay", True, ("substitute",), group="orders", resource="buyer.email",
         when=(("purpose in", ("messaging", "shipping", "support")),), substitute="alias"),
]  # fmt: skip
_TALK = [
    Rule("talk-plain", False, ("keep",), resource="personal", when=(("purpose in", _TALKING),)),
    Rule("talk-name", True, ("substitute",), group="orders", resource="buyer.name",
         when=(("purpose in", ("messaging",)),), substitute="mask"),
    Rule("talk-pseudonym", True, ("substitute",), group="orders", resource="buyer.name",
         when=(("purpose in", ("support",)),), substitute="pseudonym"),
    Rule("talk-district", True, ("substitute",), group="orders", resource="buyer.address.postcode",
         when=(("purpose in", _TALKING),), substitute="outward"),
]  # fmt: skip
_TAX = [
    Rule("tax-role", False, resource="personal", when=(("purpose in", ("tax",)),),
         unless=(("any", (("role", "tax_invoicing"), ("role", "tax_remittance"))),)),
    *_for("tax", group="tax", kept=("buyer.name", "buyer.company", "buyer.tax_id", "buyer.purchase_order", "buyer.address")),
    Rule("tax-no-more", False, resource="personal", when=(("purpose in", ("tax",)), ("resource in", (
        "buyer.phone", "buyer.email", "buyer.address.geo", "buyer.delivery", "buyer.regulated", "free_text")))),
]  # fmt: skip
_SHIPPING = (("purpose in", ("shipping",)),)
SHIPPED: dict[str, tuple[Rule, ...]] = {
    "data-protection": (
        *_ORDERS_AND_SELLERS, *_BUYERS, *_TALK, *_TAX, _NO_ROLE_NO_SHIPPING, _NO_TAX_IN_PARCELS,
        *_for("shipping", role="direct_to_consumer_shipping", kept=(*_SHIPPED_TO, "buyer.phone")),
    ),
    "strict": (
        *_ORDERS_AND_SELLERS, *_BUYERS, *_TALK, *_TAX, _NO_ROLE_NO_SHIPPING, _NO_TAX_IN_PARCELS,
        *_for("shipping", role="direct_to_consumer_shipping", kept=_SHIPPED_TO),
        Rule("whole-address", False, ("keep",), resource="buyer.address",
             when=(*_SHIPPING, ("resource in", ("buyer.address.postcode", "buyer.address.geo")))),
        Rule("district", True, ("substitute",), role="direct_to_consumer_shipping", resource="buyer.address.postcode",
             when=_SHIPPING, substitute="outward"),
        Rule("no-phone", False, resource="buyer.phone", when=_SHIPPING),
    ),
    "minimal": (
        Rule("orders", True, ("keep",), group="orders", resource="order"),
        Rule("parcels", True, ("keep",), role="direct_to_consumer_shipping", resource="personal", when=(
            *_SHIPPING, ("state", ("unshipped", "shipped")), ("resource in", ("buyer.name", "buyer.address")))),
        Rule("relay", True, ("substitute",), group="orders", resource="buyer.email", substitute="alias"),
        Rule("no-ads", False, resource="personal", when=(("purpose in", ("advertising",)),)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """A pack as the gateway gets it (`files`), and what it means (`rules`)."""

    name: str
    rules: tuple[Rule, ...] = field(repr=False)
    files: dict[str, str] = field(repr=False)


def as_pack(name: str, rules: tuple[Rule, ...]) -> Policy:
    head = f'name = "{name}"\nversion = "1"\ntitle = "Test"\ndescription = "Made up for a test."\n'
    return Policy(name, rules, {"pack.toml": head, "test.cedar": cedar(rules)})
