"""From calls that ended alike to what is counted of them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode_as
from piepowder.core.ledger.detail import ShortVerdict
from piepowder.core.ledger.tally import Ending

NOT_ASKED = ("manifest", "purpose")
"""A field that the app's manifest does not ask for, or asks for under another purpose, is no loss to the app."""

REFUSED, WITHHELD = "refused", "withheld"


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, in how many calls it held, and the id of the newest of them."""

    why: str
    calls: int
    example: str


def column_of(ending: Ending) -> str:
    """Where such calls are counted: whole, reduced, refused or failed."""
    if ending.outcome in ("refused", "failed"):
        return ending.outcome
    return "reduced" if lost(ending.verdicts) else "whole"


def reasons_of(ending: Ending) -> Iterator[tuple[str, str]]:
    """(kind, why): the code of a refusal, or each policy (or other basis) that kept something back from an answer."""
    if ending.outcome == REFUSED:
        yield REFUSED, ending.reason
        return
    for why in sorted(lost(ending.verdicts)):
        yield WITHHELD, why


@lru_cache(maxsize=2_048)
def lost(verdicts: str) -> frozenset[str]:
    """Why something that the app asked for was withheld or replaced: ids of policies, else the basis (`standing`, `consent`) or `gap`."""
    return frozenset(
        why
        for by_category in _read(verdicts).values()
        for verdict in by_category.values()
        if verdict.done != "kept" and verdict.basis not in NOT_ASKED
        for why in _whys(verdict)
    )


def _whys(verdict: ShortVerdict) -> tuple[str, ...]:
    if verdict.policies:
        return verdict.policies
    return ("gap",) if verdict.outcome == "gap" else (verdict.basis or "policy",)


def _read(verdicts: str) -> Mapping[str, Mapping[str, ShortVerdict]]:
    try:
        return decode_as(verdicts, dict[str, dict[str, ShortVerdict]]) if verdicts else {}
    except PiepowderError:
        return {}  # written by another release: the call counts, its verdicts do not
