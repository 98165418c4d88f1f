"""What every policy must say about itself: `@id`, `@reason`, and `@substitute` where it permits one. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence

from piepowder.core.policy.cedar import SUBSTITUTE, Fault, Rule
from piepowder.core.policy.taxonomy import SUBSTITUTES

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
_KNOWN = {"id", "reason", "substitute"}
_REASON_CHARACTERS_MIN = 12


def note_faults(rules: Sequence[Rule]) -> list[Fault]:
    """Policies that cannot be named or explained; a pack with any of them is refused."""
    return [*_repeated(rules), *(_fault(rule, message) for rule in rules for message in _wrong(rule))]


def note_warnings(rules: Iterable[Rule]) -> list[Fault]:
    """Annotations that nothing reads: usually a slip of the pen."""
    return [
        _fault(rule, f"nothing reads `@{name}`") for rule in rules for name in sorted(set(rule.annotations) - _KNOWN)
    ]


def _wrong(rule: Rule) -> Iterator[str]:
    if not rule.id:
        yield 'the policy has no name; write `@id("a-few-words")` before it'
    elif not _ID.fullmatch(rule.id):
        yield f"`{rule.id}` cannot be the id of a policy; use small letters, digits, dots and hyphens"
    if len(rule.reason) < _REASON_CHARACTERS_MIN or not rule.reason.endswith("."):
        yield 'the policy has no reason; write `@reason("A sentence that explains it and says what would change it.")`'
    substitutes = rule.permits and SUBSTITUTE in rule.actions
    if substitutes and not rule.substitute:
        yield f'the policy permits a substitute but does not say which; write `@substitute("…")`: {_choices()}'
    elif rule.substitute is not None and not substitutes:
        yield '`@substitute` stands only on a permit of the action `Action::"substitute"`'
    elif rule.substitute and rule.substitute not in SUBSTITUTES:
        yield f"there is no substitute `{rule.substitute}`; it is {_choices()}"


def _repeated(rules: Sequence[Rule]) -> Iterator[Fault]:
    first: dict[str, Rule] = {}
    for rule in rules:
        earlier = first.setdefault(rule.id, rule)
        if rule.id and earlier is not rule:
            yield _fault(rule, f"the id `{rule.id}` is taken by {earlier.file}, line {earlier.line}")


def _fault(rule: Rule, message: str) -> Fault:
    return Fault(file=rule.file, line=rule.line, column=1, message=message, policy=rule.id)


def _choices() -> str:
    return ", ".join(sorted(SUBSTITUTES))
