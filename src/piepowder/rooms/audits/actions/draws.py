"""Developers are drawn for an audit: by lot over strata, or by risk. Seed and pool are kept, so that anybody can draw again."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import encode
from piepowder.rooms.audits import rules
from piepowder.rooms.audits.checklist import checklist
from piepowder.rooms.audits.models import Audit, Draw, Item
from piepowder.rooms.audits.pool import pool
from piepowder.rooms.audits.rules import AuditStatus, Method, RiskFacts
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def draw_audits(*, method: Method, size: int, by: Actor, at: datetime, seed: str = "") -> Draw:
    """Draws `size` developers and opens an audit of each. Without a seed Piepowder takes one that nobody could choose."""
    entries = _entries(method, pool(at))
    rules.check_size(size, entries)
    given, seed = bool(seed.strip()), seed.strip() or secrets.token_hex(16)
    picked = _pick(method, entries, seed, size)
    draw = Draw.objects.create(
        method=method,
        size=size,
        seed=seed,
        seed_given=given,
        pool=entries,
        pool_digest=digest(entries),
        pool_size=len(entries),
        picked=picked,
        drawn_by=str(by),
        drawn_at=at,
    )
    detail = {
        "id": draw.id,
        "size": size,
        "seed": seed,
        "seed_given": given,
        "pool": draw.pool_digest,
        "picked": picked,
    }
    record("audits.draw", by=by, at=at, outcome=str(method), detail=detail)
    for developer in picked:
        _open(draw, developer, by=by, at=at)
    return draw


def preview(method: Method, *, at: datetime) -> list[dict[str, Any]]:
    """The pool as it is now, the highest score first. Shows no lots: those exist only once a draw is recorded."""
    found = pool(at)
    rows = [
        {"developer": developer, **_scored(facts), "stratum": rules.stratum(facts)}
        for developer, facts in found.items()
    ]
    key = "score" if method is Method.RISK else "stratum"
    return sorted(rows, key=lambda row: (-row["score"] if key == "score" else 0, row["stratum"], row["developer"]))


def drawn_again(draw: Draw) -> bool:
    """Whether the recorded pool is the one on the ledger, and gives the same developers from the recorded seed."""
    again = _pick(Method(draw.method), draw.pool, draw.seed, draw.size)
    return digest(draw.pool) == draw.pool_digest and again == list(draw.picked)


def digest(entries: Mapping[str, Any]) -> str:
    """Of the pool, in the order of ids: what the ledger keeps of it."""
    return hashlib.sha256(encode(_ordered(entries))).hexdigest()


def _ordered(value: Any) -> Any:
    """With the members of every object sorted: the database keeps them in an order of its own."""
    if isinstance(value, Mapping):
        return [[name, _ordered(value[name])] for name in sorted(value)]
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def _entries(method: Method, found: Mapping[str, RiskFacts]) -> dict[str, dict[str, Any]]:
    if method is Method.RISK:
        return {developer: _scored(facts) for developer, facts in found.items()}
    return {developer: {"stratum": rules.stratum(facts)} for developer, facts in found.items()}


def _scored(facts: RiskFacts) -> dict[str, Any]:
    factors = rules.score(facts)
    return {"factors": [asdict(factor) for factor in factors], "score": rules.total(factors)}


def _pick(method: Method, entries: Mapping[str, Mapping[str, Any]], seed: str, size: int) -> list[str]:
    if method is Method.RISK:
        return rules.draw_by_risk({one: entry["score"] for one, entry in entries.items()}, seed, size)
    return rules.draw_sample({one: entry["stratum"] for one, entry in entries.items()}, seed, size)


def _open(draw: Draw, developer: str, *, by: Actor, at: datetime) -> Audit:
    entry, steps = draw.pool[developer], checklist()
    try:
        with transaction.atomic():
            audit = Audit.objects.create(
                developer_id=developer,
                draw=draw,
                why=_why(draw, entry),
                status=AuditStatus.DRAWN,
                due_at=rules.due(AuditStatus.DRAWN, at),
                checklist_version=f"{steps.name} {steps.version}",
                created_at=at,
            )
    except IntegrityError:  # another draw came first, between reading the pool and now
        raise PiepowderError(
            "audits_open_already",
            f"an audit of `{developer}` was opened meanwhile",
            hint="draw again",
            kind=ErrorKind.CONFLICT,
        ) from None
    for place, one in enumerate(steps.items, start=1):
        Item.objects.create(
            audit=audit,
            place=place,
            key=one.key,
            clause=one.clause,
            section=one.section,
            question=one.question,
            look_at=one.look_at,
        )
    detail = {"id": audit.id, "draw": draw.id}
    record("audits.open", by=by, at=at, developer=developer, outcome=AuditStatus.DRAWN, detail=detail)
    return audit


def _why(draw: Draw, entry: Mapping[str, Any]) -> str:
    among = f"{draw.pool_size} developer{'' if draw.pool_size == 1 else 's'}"
    if draw.method == Method.SAMPLE:
        return f"Drawn by lot: {draw.size} of {among}, in the group “{entry['stratum']}”. It says nothing about how you work."
    factors = "; ".join(f"{one['name']} {one['points']} of {one['most']} ({one['why']})" for one in entry["factors"])
    return f"Drawn by risk: {entry['score']} of 100 points, among {among}. Made up of: {factors}."
