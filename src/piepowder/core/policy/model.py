"""Question and decision: small frozen values. Everything a policy can read is in the question, so a cache by question is exact."""

from enum import StrEnum

from msgspec import Struct

from piepowder.core.marketplace.model import OrderState


class Mode(StrEnum):
    """How firmly an (app, operation) is held. Consent, standing and record-before-release bind in every mode."""

    OBSERVE = "observe"  # decide and record; pass what only policy or manifest would withhold
    SUBSTITUTE = "substitute"  # withhold only where a substitute exists
    ENFORCE = "enforce"


class Outcome(StrEnum):
    PERMITTED = "permitted"
    REFUSED = "refused"
    GAP = "gap"  # nobody wrote a rule: refused at the gate, counted apart everywhere


class Effect(StrEnum):
    KEEP = "keep"
    SUBSTITUTE = "substitute"
    WITHHOLD = "withhold"


class Basis(StrEnum):
    """What a verdict rests on. `STANDING` and `CONSENT` bind in every mode; the others are what a policy change changes."""

    STANDING = "standing"
    CONSENT = "consent"
    PURPOSE = "purpose"  # no purpose could be established for the call
    MANIFEST = "manifest"
    POLICY = "policy"


class Question(Struct, frozen=True, kw_only=True):
    """Everything that decides a call, without the data category: one question is answered for every category at once."""

    policy_version: str
    app: str
    roles: frozenset[str]
    standing: frozenset[str]  # capabilities held just now: "call", "read_personal_data", ...
    granted_purposes: frozenset[str]
    granted_categories: (
        frozenset[str] | None
    )  # left by the seller to this purpose; None: all that the manifest declares for it
    declared: frozenset[str]  # categories the manifest declares for this purpose and operation
    purpose: str | None
    operation: str
    order_state: OrderState
    environment: str = "production"


class Verdict(Struct, frozen=True, kw_only=True):
    category: str
    outcome: Outcome
    effect: Effect
    substitute: str | None = None  # "alias" | "pseudonym" | "mask" | "outward" (shortened postcode)
    basis: Basis = Basis.POLICY
    policies: tuple[str, ...] = ()  # ids of the policies that decided
    sentence: str = ""


class Decision(Struct, frozen=True, kw_only=True, eq=False):
    question: Question
    verdicts: dict[str, Verdict]  # by category
