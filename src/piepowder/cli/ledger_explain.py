"""The sentences behind a record's verdicts: its own questions, asked again of the policy that decided them."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import django
import msgspec

from piepowder.cli.options import Common
from piepowder.core.kernel.database import database_url
from piepowder.core.ledger.detail import Detail, ShortVerdict
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.explain import explain
from piepowder.core.policy.model import Basis, Decision, Effect, Outcome, Question, Verdict
from piepowder.core.policy.pack import Pack, read_pack, shipped_packs

_EFFECTS = {"kept": Effect.KEEP, "substituted": Effect.SUBSTITUTE, "withheld": Effect.WITHHOLD}


def explained(detail: Detail, policy_version: str, common: Common) -> list[tuple[str, str]]:
    """(data category, sentences) for every different verdict of the record; empty where its policy is not to be found."""
    if not detail.questions:
        return []
    pack = _pack(policy_version, common)
    if pack is None:
        return [("", f"the policy `{policy_version}` is not stored here, so only the ids of its rules can be shown")]
    prepared = prepare(pack)
    return list(dict.fromkeys(_sentences(detail, prepared)))


def _sentences(detail: Detail, prepared: Prepared) -> Iterator[tuple[str, str]]:
    questions = [msgspec.convert(each, Question, strict=False) for each in detail.questions]
    for state, verdicts in detail.verdicts.items():
        asked = [each for each in questions if each.order_state == state.partition("/")[0]]
        decisions = [decide(each, frozenset(verdicts), prepared) for each in asked]
        for category, short in sorted(verdicts.items()):
            decision = _behind(category, short, decisions)
            if decision is not None:
                verdict = _verdict(category, short, decision.verdicts[category].sentence)
                yield category, " ".join(explain(verdict, decision.question, prepared.rules).sentences)


def _behind(category: str, short: ShortVerdict, decisions: list[Decision]) -> Decision | None:
    """The decision that gave this verdict; of several purposes the strictest one was recorded. None: it would be decided otherwise."""
    for decision in decisions:
        again = decision.verdicts.get(category)
        if again and (again.outcome, again.basis, again.policies) == (short.outcome, short.basis, short.policies):
            return decision
    return None


def _verdict(category: str, short: ShortVerdict, sentence: str) -> Verdict:
    return Verdict(
        category=category,
        outcome=Outcome(short.outcome),
        effect=_EFFECTS[short.done],
        substitute=short.substitute,
        basis=Basis(short.basis),
        policies=short.policies,
        sentence=sentence,
    )


def _pack(version: str, common: Common) -> Pack | None:
    """The policy of that version: a shipped one, else one that was published here."""
    for name in shipped_packs():
        pack = read_pack(name)
        if pack.version == version:
            return pack
    files = _published(version, common)
    return Pack.from_files(files) if files else None


def _published(version: str, common: Common) -> Mapping[str, Any] | None:
    settings = common.settings()
    os.environ.update(settings.variables(), PIEPOWDER_DATABASE_URL=database_url(settings))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
    django.setup()
    from piepowder.rooms.publication.models import Policy

    policy = Policy.objects.filter(version=version).first()
    return None if policy is None else policy.files
