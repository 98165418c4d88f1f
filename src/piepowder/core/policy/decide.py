"""The decision: bounds first (standing, consent, purpose, manifest), then Cedar. Pure: the same question has the same answer
at the gate, in a backtest and in a simulator.

    standing ──► consent ──► purpose ──► manifest ──► policy: keep? ──no──► substitute? ──no──► withhold
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.cedar import Answer, Engine, Rule, refused
from piepowder.core.policy.model import Basis, Decision, Effect, Mode, Outcome, Question, Verdict
from piepowder.core.policy.notes import note_faults
from piepowder.core.policy.pack import Pack
from piepowder.core.policy.taxonomy import covers, fits, strictness

#: bases that no mode lifts
BINDING: frozenset[Basis] = frozenset({Basis.STANDING, Basis.CONSENT})

_ORDER = {Effect.WITHHOLD: 2, Effect.SUBSTITUTE: 1, Effect.KEEP: 0}


class Prepared(Struct, frozen=True, kw_only=True, eq=False):
    """A pack, compiled. Make it once with `prepare` and share it."""

    pack: Pack
    engine: Engine

    @property
    def version(self) -> str:
        return self.pack.version

    @property
    def rules(self) -> dict[str, Rule]:
        """The policies by their `@id`."""
        return {rule.id: rule for rule in self.engine.rules}


def prepare(pack: Pack) -> Prepared:
    """Compile a pack; `policy_pack_faulty` names every fault with file, line and column."""
    engine = Engine(pack.policies)
    faults = note_faults(engine.rules)
    if faults:
        raise refused(faults)
    return Prepared(pack=pack, engine=engine)


def decide(question: Question, categories: frozenset[str], prepared: Prepared) -> Decision:
    """One verdict for each category. Nothing outside the question is read."""
    verdicts, open_categories = bounded(question, categories)
    verdicts.update(by_policy(question, open_categories, prepared))
    return Decision(question=question, verdicts=verdicts)


def bounded(question: Question, categories: Iterable[str]) -> tuple[dict[str, Verdict], list[str]]:
    """The verdicts that stand before any policy is asked, and the categories that are left for policies."""
    verdicts: dict[str, Verdict] = {}
    open_categories: list[str] = []
    for category in sorted(categories):
        bound = _bound(question, category)
        if bound is None:
            open_categories.append(category)
        else:
            verdicts[category] = bound
    return verdicts, open_categories


def strictest(decisions: Iterable[Decision]) -> dict[str, Verdict]:
    """The verdict of each category that gives away least. A category that one decision leaves out has none."""
    maps = [decision.verdicts for decision in decisions]
    if not maps:
        return {}
    shared = set(maps[0]).intersection(*maps[1:])
    return {category: max((verdicts[category] for verdicts in maps), key=_severity) for category in sorted(shared)}


def apply_mode(verdicts: Mapping[str, Verdict], mode: Mode) -> tuple[dict[str, Verdict], frozenset[str]]:
    """What is released in a mode, and the categories that `enforce` would have withheld or replaced.

    A lifted verdict keeps its outcome, basis and policies, so that a record still says what the policy thought.
    """
    released = {category: _in_mode(verdict, mode) for category, verdict in verdicts.items()}
    return released, frozenset(name for name, verdict in released.items() if verdict is not verdicts[name])


def _in_mode(verdict: Verdict, mode: Mode) -> Verdict:
    if mode is Mode.ENFORCE or verdict.effect is Effect.KEEP or verdict.basis in BINDING:
        return verdict
    if mode is Mode.SUBSTITUTE and verdict.effect is Effect.SUBSTITUTE:
        return verdict
    return msgspec.structs.replace(verdict, effect=Effect.KEEP, substitute=None)


def _severity(verdict: Verdict) -> tuple[int, int, bool]:
    """Among equals the one that no mode lifts is the stricter."""
    return _ORDER[verdict.effect], strictness(verdict.substitute), verdict.basis in BINDING


def _bound(question: Question, category: str) -> Verdict | None:
    """What withholds a category before any policy is asked, or None."""
    personal = is_personal(category)
    purpose = question.purpose
    if "call" not in question.standing:
        return _withheld(category, Basis.STANDING, _NO_CALLS)
    if personal and "read_personal_data" not in question.standing:
        return _withheld(category, Basis.STANDING, _NO_PERSONAL_DATA)
    if purpose is not None and not covers(question.granted_purposes, purpose):
        return _withheld(category, Basis.CONSENT, _PURPOSE_NOT_GRANTED.format(purpose=purpose))
    if not _granted(question, category, personal):
        return _withheld(category, Basis.CONSENT, _left_out(category, purpose))
    if not personal:
        return None
    if purpose is None:
        return _withheld(category, Basis.PURPOSE, _NO_PURPOSE_STATED)
    if not covers(question.declared, category):
        return _withheld(category, Basis.MANIFEST, _NOT_DECLARED.format(category=category, purpose=purpose))
    return None


def _granted(question: Question, category: str, personal: bool) -> bool:
    """A seller narrows what the manifest declares; order data that no manifest needs to declare cannot be narrowed away."""
    granted = question.granted_categories
    if granted is None or covers(granted, category):
        return True
    return not personal and not covers(question.declared, category)


def _left_out(category: str, purpose: str | None) -> str:
    return _CATEGORY_NOT_GRANTED.format(category=category, purpose=f" for `{purpose}`" if purpose else "")


def by_policy(question: Question, categories: Iterable[str], prepared: Prepared) -> dict[str, Verdict]:
    """What the policies say, for categories that no bound withholds."""
    declared = {category: covers(question.declared, category) for category in categories}
    return {
        category: _verdict(category, keep, substitute)
        for members, keep, substitute in prepared.engine.answers(question, declared)
        for category in members
    }


def _verdict(category: str, keep: Answer, substitute: Answer) -> Verdict:
    if keep.errors or substitute.errors:
        return _failed(category)
    if keep.allowed:
        return _decided(category, Outcome.PERMITTED, Effect.KEEP, keep.rules)
    if substitute.allowed:
        form = _form(category, substitute.rules)
        rules = tuple(rule for rule in substitute.rules if rule.substitute == form)
        return _decided(category, Outcome.PERMITTED, Effect.SUBSTITUTE, rules, form) if form else _failed(category)
    rules = keep.rules or substitute.rules
    return _decided(category, Outcome.REFUSED if rules else Outcome.GAP, Effect.WITHHOLD, rules)


def _form(category: str, rules: Sequence[Rule]) -> str | None:
    """The strictest substitute that fits; None if none does, which a check of the pack reports."""
    forms = {rule.substitute for rule in rules if rule.substitute and fits(rule.substitute, category)}
    return max(forms, key=strictness, default=None)


def _decided(
    category: str, outcome: Outcome, effect: Effect, rules: Sequence[Rule], substitute: str | None = None
) -> Verdict:
    return Verdict(
        category=category,
        outcome=outcome,
        effect=effect,
        substitute=substitute,
        policies=tuple(rule.id for rule in rules),
        sentence=" ".join(dict.fromkeys(rule.reason for rule in rules)) or _GAP.format(category=category),
    )


def _failed(category: str) -> Verdict:
    """Cedar leaves a policy out that it cannot evaluate; a forbid left out would open a door, so everything is withheld."""
    return _withheld(category, Basis.POLICY, _COULD_NOT_EVALUATE)


def _withheld(category: str, basis: Basis, sentence: str) -> Verdict:
    return Verdict(category=category, outcome=Outcome.REFUSED, effect=Effect.WITHHOLD, basis=basis, sentence=sentence)


_NO_CALLS = "This app or its developer may not call the API just now; the case in the developer's console says why and how to answer it."
_NO_PERSONAL_DATA = (
    "Personal data is switched off for this app or its developer; the case in the developer's console says why, how to answer it "
    "and how it is switched on again."
)
_PURPOSE_NOT_GRANTED = (
    "The seller has not agreed to `{purpose}` for this app; the seller can agree to it on the consent page."
)
_CATEGORY_NOT_GRANTED = (
    "The seller has left `{category}` out of what this app may read{purpose}; the seller can add it under “My apps”."
)
_NO_PURPOSE_STATED = (
    "No purpose is known for this call, and personal data needs one; send the header x-piepowder-purpose, ask for a restricted "
    "token with a purpose, or declare one purpose for this operation in the app's manifest."
)
_NOT_DECLARED = (
    "The app's manifest does not declare `{category}` for `{purpose}` in this operation; a new version of the app that declares "
    "it can be submitted for review."
)
_GAP = "No policy speaks about `{category}` for this call, so it is withheld; ask the marketplace's operators to write a rule."
_COULD_NOT_EVALUATE = (
    "A policy could not be evaluated for this call, so nothing it might guard is released; the marketplace's operators can see "
    "which one with `piepowder policy check`."
)
