"""Who may do what in a case: nobody judges their own accusation, decision or organisation. Pure.

A heavy measure waits for a second person. An appeal is heard by somebody who had no hand in the decision. Whoever reported a finding may
serve the notice, and may not decide. A sanction against somebody who complained within the last year is confirmed by a second person.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

RETALIATION_LOOKED_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who had a hand in a case, beside whoever acts now. People by id: whoever made a key acts with it."""

    acting: frozenset[str]
    own: bool = False  # whoever acts is the subject, or belongs to it
    reporters: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()  # proposed, confirmed or rejected any decision of this case


def check_not_own(hands: Hands) -> None:
    _check(hands.own, "enforcement_own_case", "you belong to whom this case is about")


def check_may_decide(hands: Hands) -> None:
    check_not_own(hands)
    _check(bool(hands.acting & hands.reporters), "enforcement_own_report", "you reported what this case is about")


def check_may_confirm(hands: Hands, proposed_by: frozenset[str]) -> None:
    """Four eyes: somebody else than who proposed."""
    check_may_decide(hands)
    _check(bool(hands.acting & proposed_by), "enforcement_second_person", "you proposed this yourself")


def check_may_hear(hands: Hands) -> None:
    """Of an appeal."""
    check_may_decide(hands)
    _check(bool(hands.acting & hands.decided), "enforcement_decided_before", "you decided what this appeal is against")


def may_retaliate(complained_at: Collection[datetime], at: datetime) -> bool:
    """Whether the subject complained so lately that a sanction needs a look by somebody else."""
    return any(at - RETALIATION_LOOKED_BACK <= moment <= at for moment in complained_at)


def _check(wrong: bool, code: str, message: str) -> None:
    if wrong:
        raise PiepowderError(code, message, hint="let a colleague do it", kind=ErrorKind.FORBIDDEN)
