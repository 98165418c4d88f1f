"""Manifests, modes and rates: what may be declared, and how firmly it is held. Pure.

A change of mode, `ModeChange`:

    proposed -> declined, in_effect
    in_effect -> ended
    declined -> (final)
    ended -> (final)

While proposed, the move is a second person's; once in effect, it is anybody's who governs, or the clock's at `until`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.model import Mode
from piepowder.core.policy.taxonomy import NO_PURPOSE, PURPOSES, covers, lineage

EVERY_OPERATION = "*"
OBSERVE_MAX = timedelta(days=180)  # long enough for a season; an observation without an end is a hole
RATE_PER_SECOND_MAX = 10_000.0
BURST_MAX = 1_000_000


class AppKind(StrEnum):
    PUBLIC = "public"
    OWN_USE = "own_use"  # for the developer's own shop: exempt from listing, never from the rules


class ModeStatus(StrEnum):
    PROPOSED = "proposed"
    IN_EFFECT = "in_effect"
    DECLINED = "declined"
    ENDED = "ended"


TRANSITIONS: dict[ModeStatus, frozenset[ModeStatus]] = {
    ModeStatus.PROPOSED: frozenset({ModeStatus.DECLINED, ModeStatus.IN_EFFECT}),
    ModeStatus.IN_EFFECT: frozenset({ModeStatus.ENDED}),
    ModeStatus.DECLINED: frozenset(),
    ModeStatus.ENDED: frozenset(),
}


def needs_second_person(mode: Mode) -> bool:
    """Observe mode passes what policy would withhold, so nobody starts it alone."""
    return mode is Mode.OBSERVE


def check_until(mode: Mode, until: datetime | None, at: datetime) -> None:
    """Observe mode has an end date, at most 180 days ahead; another mode may have one."""
    if until is None and mode is Mode.OBSERVE:
        raise PiepowderError(
            "appstore_mode_without_end", "observe mode needs an end date", hint="say until when, at most 180 days ahead"
        )
    if until is None:
        return
    if until <= at:
        raise PiepowderError("appstore_mode_end_past", f"the end date `{until:%Y-%m-%d %H:%M} UTC` is over already")
    if mode is Mode.OBSERVE and until > at + OBSERVE_MAX:
        raise PiepowderError("appstore_mode_end_far", "observe mode ends at most 180 days ahead")


def check_manifest(manifest: ManifestFact, operations: Collection[str]) -> list[str]:
    """What is wrong with a manifest, as sentences; empty if nothing is. `operations` are the catalogue's ids."""
    problems = [] if manifest.operations else ["the manifest names no operation"]
    for operation, purposes in manifest.operations.items():
        if operation not in operations:
            problems.append(f"operation `{operation}` is not in the catalogue")
        if not purposes:
            problems.append(f"operation `{operation}` has no purpose")
        problems += [
            f"unknown purpose `{purpose}` of operation `{operation}`" for purpose in purposes if _strange(purpose)
        ]
    return problems + _check_categories(manifest)


def check_words(manifest: ManifestFact, operations: Collection[str]) -> list[str]:
    """As `check_manifest`, for one that is still being written: unknown words only, not what is missing."""
    problems = [
        f"operation `{operation}` is not in the catalogue"
        for operation in manifest.operations
        if operation not in operations
    ]
    named = {*manifest.categories, *(one for ones in manifest.operations.values() for one in ones)}
    problems += [f"unknown purpose `{purpose}`" for purpose in sorted(named) if _strange(purpose)]
    return problems + [
        f"unknown data category `{word}` for purpose `{purpose}`"
        for purpose, categories in manifest.categories.items()
        for word in categories
        if not _category(word)
    ]


def _check_categories(manifest: ManifestFact) -> list[str]:
    problems = []
    declared = {purpose for purposes in manifest.operations.values() for purpose in purposes}
    for purpose, categories in manifest.categories.items():
        if purpose not in declared:
            problems.append(f"purpose `{purpose}` has data categories, but no operation is called for it")
        problems += [
            f"unknown data category `{word}` for purpose `{purpose}`" for word in categories if not _category(word)
        ]
    return problems


def _category(word: str) -> bool:
    """A category, or a word above categories (`buyer.address`)."""
    return word in CATEGORIES or any(word in lineage(category) for category in CATEGORIES)


def _strange(purpose: str) -> bool:
    return purpose == NO_PURPOSE or not covers(PURPOSES, purpose)


def check_rates(rates: Mapping[str, tuple[float, int]], operations: Collection[str]) -> list[str]:
    """What is wrong with a rate plan (operation id or `*` -> calls a second, burst), as sentences."""
    problems = []
    for operation, (per_second, burst) in rates.items():
        if operation != EVERY_OPERATION and operation not in operations:
            problems.append(f"operation `{operation}` is not in the catalogue")
        if not 0 < per_second <= RATE_PER_SECOND_MAX:
            problems.append(f"rate of `{operation}`: more than 0 and at most {RATE_PER_SECOND_MAX:g} calls a second")
        if not 1 <= burst <= BURST_MAX:
            problems.append(f"burst of `{operation}`: 1 to {BURST_MAX}")
    return problems
