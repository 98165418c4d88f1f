"""A pack's own example questions (`questions.toml`) and how they turn out. Pure.

    [[question]]
    name = "a label printer gets the street"
    roles = ["direct_to_consumer_shipping"]
    purpose = "shipping"                      # left out: no purpose
    state = "unshipped"                       # left out: none
    categories = ["buyer.address.street"]
    effect = "keep"                           # keep | substitute | withhold
    outcome = "permitted"                     # permitted | refused | gap
    policies = ["shipping-address"]           # ids of those that decide, in any order

and, where they matter: `substitute`, `basis`, `app`, `operation`, `environment`, `standing`, `granted_purposes`,
`granted_categories`, `declared`. What is left out is generous: everything is granted and declared.
"""

import tomllib

import msgspec
from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.policy.decide import Prepared, decide
from piepowder.core.policy.model import Basis, Effect, Outcome, Question, Verdict
from piepowder.core.policy.pack import QUESTIONS_FILE, Pack
from piepowder.core.policy.table import CAPABILITIES


class Example(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One made-up call and what must come of it, for each of its categories."""

    name: str
    categories: tuple[str, ...]
    effect: Effect
    outcome: Outcome
    policies: tuple[str, ...]
    substitute: str | None = None
    basis: Basis = Basis.POLICY
    roles: frozenset[str] = frozenset()
    purpose: str | None = None
    state: OrderState = OrderState.NONE
    app: str = "app_example"
    operation: str = "orders.v0.getOrder"
    environment: str = "production"
    standing: frozenset[str] = CAPABILITIES
    granted_purposes: frozenset[str] | None = None
    granted_categories: frozenset[str] | None = None
    declared: frozenset[str] | None = None


class Result(Struct, frozen=True, kw_only=True):
    """How one category of an example turned out. `differences` is empty where all is as expected."""

    name: str
    category: str
    differences: tuple[str, ...]
    policies: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    question: tuple[Example, ...] = ()


def read_examples(pack: Pack) -> tuple[Example, ...]:
    """The examples of a pack; `policy_questions_unreadable` where the file is not as described above."""
    try:
        return msgspec.convert(tomllib.loads(pack.files.get(QUESTIONS_FILE, "")), _File, strict=False).question
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PiepowderError(
            "policy_questions_unreadable",
            f"`{QUESTIONS_FILE}` cannot be read: {error}",
            hint="docs/policy.md shows how example questions are written",
        ) from None


def run_examples(prepared: Prepared) -> list[Result]:
    """Ask every example question of the pack."""
    return [result for example in read_examples(prepared.pack) for result in _run(example, prepared)]


def ask(example: Example, version: str) -> Question:
    """The question that an example stands for."""
    return Question(
        policy_version=version,
        app=example.app,
        roles=example.roles,
        standing=example.standing,
        granted_purposes=_or(example.granted_purposes, frozenset({example.purpose} if example.purpose else ())),
        granted_categories=example.granted_categories,
        declared=_or(example.declared, frozenset(example.categories)),
        purpose=example.purpose,
        operation=example.operation,
        order_state=example.state,
        environment=example.environment,
    )


def _run(example: Example, prepared: Prepared) -> list[Result]:
    verdicts = decide(ask(example, prepared.version), frozenset(example.categories), prepared).verdicts
    return [
        Result(
            name=example.name,
            category=category,
            differences=_differences(example, verdicts[category]),
            policies=verdicts[category].policies,
        )
        for category in example.categories
    ]


def _differences(example: Example, verdict: Verdict) -> tuple[str, ...]:
    expected, found = _compared(example), _compared(verdict)
    return tuple(
        f"{name} is `{found[name] or 'none'}`, not `{expected[name] or 'none'}`"
        for name in expected
        if expected[name] != found[name]
    )


def _compared(one: Example | Verdict) -> dict[str, str | None]:
    return {
        "effect": one.effect.value,
        "substitute": one.substitute,
        "outcome": one.outcome.value,
        "basis": one.basis.value,
        "policies": ", ".join(sorted(one.policies)),
    }


def _or(given: frozenset[str] | None, otherwise: frozenset[str]) -> frozenset[str]:
    return otherwise if given is None else given
