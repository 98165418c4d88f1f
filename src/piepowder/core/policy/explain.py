"""Why a field was or was not released: the same sentences for console, API and command line. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.cedar import Rule
from piepowder.core.policy.decide import Prepared
from piepowder.core.policy.model import Basis, Decision, Effect, Outcome, Question, Verdict
from piepowder.core.policy.taxonomy import SUBSTITUTE_WORDS, purpose_words


class PolicyLine(Struct, frozen=True, kw_only=True):
    """A policy that decided, and where it stands."""

    id: str
    reason: str
    file: str
    line: int
    text: str


class Explanation(Struct, frozen=True, kw_only=True):
    """One verdict in words: what happened, on what it rests, why with what would change it, and the policies that decided."""

    category: str
    what: str
    basis: str
    why: str
    policies: tuple[PolicyLine, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The explanation as text, line by line."""
        lines = [f"policy `{line.id}` ({line.file}, line {line.line}): {line.reason}" for line in self.policies]
        return (self.what, self.basis, *(lines or [self.why]))


_BASIS = {
    Basis.STANDING: "This rests on the standing of the app and its developer; it holds in every mode.",
    Basis.CONSENT: "This rests on what the seller has agreed to; it holds in every mode.",
    Basis.PURPOSE: "This rests on the missing purpose of the call.",
    Basis.MANIFEST: "This rests on the manifest of the app version that the seller agreed to.",
}

_OUTCOME = {
    Outcome.PERMITTED: "A policy permits it.",
    Outcome.REFUSED: "A policy refuses it.",
    Outcome.GAP: "No policy speaks about it: a gap, which is withheld and counted apart.",
}


_CHANGE = {
    Basis.STANDING: "The standing of the app or its developer: their case says how to answer it and what restores it.",
    Basis.CONSENT: "The seller: under “My apps”, “Choose again” adds it at once.",
    Basis.PURPOSE: "The app: it names a purpose in `x-piepowder-purpose`, or declares a single one for this operation.",
    Basis.MANIFEST: "The developer: a new version of the app that declares it for this purpose, and the seller's yes to that.",
}
_CHANGE_BY_POLICY = {
    Outcome.PERMITTED: "Another role or purpose where the policy's reason names one; otherwise only another policy.",
    Outcome.REFUSED: "What the policy's reason names; otherwise only another policy.",
    Outcome.GAP: "The marketplace's operators: they can write a rule for it.",
}


def what_would_change(verdict: Verdict) -> str:
    """Who could do what about a category that was not released whole; empty where it was."""
    if verdict.effect is Effect.KEEP and verdict.outcome is Outcome.PERMITTED:
        return ""
    return _CHANGE.get(verdict.basis) or _CHANGE_BY_POLICY[verdict.outcome]


def explain(verdict: Verdict, question: Question, rules: Mapping[str, Rule]) -> Explanation:
    """One verdict in words. `rules` are those of the policy that decided (`prepared.rules`); unknown ids are named only."""
    return Explanation(
        category=verdict.category,
        what=_what(verdict, question),
        basis=_BASIS.get(verdict.basis, _OUTCOME[verdict.outcome]),
        why=verdict.sentence,
        policies=tuple(_line(name, rules) for name in verdict.policies),
    )


def explain_decision(decision: Decision, prepared: Prepared) -> list[Explanation]:
    """Every verdict of a decision in words, by category."""
    rules = prepared.rules
    return [explain(decision.verdicts[name], decision.question, rules) for name in sorted(decision.verdicts)]


def _what(verdict: Verdict, question: Question) -> str:
    words = CATEGORIES.get(verdict.category, "this kind of data")
    subject = f"`{verdict.category}` ({words})"
    purpose = f"to {purpose_words(question.purpose)}" if question.purpose else "without a stated purpose"
    state = "" if question.order_state.value == "none" else f", order {question.order_state.value}"
    if verdict.effect is Effect.KEEP and verdict.outcome is not Outcome.PERMITTED:
        return f"{subject} is released {purpose}{state} only because of the mode; in enforce mode it would not be."
    if verdict.effect is Effect.KEEP:
        return f"{subject} is released {purpose}{state}."
    if verdict.effect is Effect.SUBSTITUTE:
        form = SUBSTITUTE_WORDS.get(verdict.substitute or "", "replaced")
        return f"{subject} is released only {form} {purpose}{state}."
    return f"{subject} is withheld {purpose}{state}."


def _line(name: str, rules: Mapping[str, Rule]) -> PolicyLine:
    rule = rules.get(name)
    if rule is None:
        return PolicyLine(id=name, reason="", file="", line=0, text="")
    return PolicyLine(id=rule.id, reason=rule.reason, file=rule.file, line=rule.line, text=rule.text)
