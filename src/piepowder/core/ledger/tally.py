"""What apps did, added up by the database: calls, refusals, what became of each data category, how many orders. Reads only.

A follower goes on from a saved place in the order of commits: `upto = reach(...)`, then `tallies` and `sketches` of the records between
its place and `upto`, in one transaction with its own writing. So each record is counted once.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from msgspec import Struct

from piepowder.core.ledger.read import present_place

Connection = psycopg.Connection[Any]

FIRST_PLACE = "0"
_KINDS = ["gateway.read", "gateway.write_outcome", "gateway.refusal"]
_BETWEEN = "appended_in >= %s::text::xid8 AND appended_in < %s::text::xid8 AND recorded_at > %s"
_CALLS = f"app <> '' AND kind = ANY(%s) AND {_BETWEEN}"
# PostgreSQL takes no member out of JSON that holds the escape of NUL; another escape of the same length harms no number.
_DETAIL = r"replace(detail::text, '\u0000', '\ufffd')::json"


class Tally(Struct, frozen=True, kw_only=True):
    """Calls of one app, seller, day and purpose that ended alike. `verdicts` is JSON as in `detail.py`, empty without any."""

    app: str
    seller: str
    day: date
    purpose: str
    outcome: str
    personal: bool
    verdicts: str
    calls: int
    orders: dict[str, int]  # order state -> orders in these calls; again each time


class Sketch(Struct, frozen=True, kw_only=True):
    """What is kept of the distinct orders of one app, day and purpose: register (0 to 255) -> most leading zeros, plus one."""

    app: str
    day: date
    purpose: str
    registers: dict[int, int]


class Ending(Struct, frozen=True, kw_only=True):
    """Calls of one hour that ended alike, of known apps or not. `newest` is the id of the last of them; `verdicts` as in `Tally`."""

    hour: datetime
    outcome: str
    reason: str
    personal: bool
    verdicts: str
    calls: int
    newest: str


def reach(connection: Connection, place: str, *, records: int, since: datetime) -> str:
    """The place after about `records` more records, or where all is committed that ever will be. Never before `place`."""
    upto = present_place(connection)
    row = connection.execute(
        f"SELECT appended_in::text FROM ledger_record WHERE {_BETWEEN} ORDER BY appended_in OFFSET %s LIMIT 1",  # noqa: S608
        [place, upto, since, records],
    ).fetchone()
    return upto if row is None else str(int(row[0]) + 1)


def tallies(
    connection: Connection, place: str, upto: str, *, since: datetime, states: Sequence[str]
) -> Iterator[Tally]:
    """Calls recorded from `place` on and before `upto`, after `since`; of order states, those named."""
    sums = "".join(", coalesce(sum((states->>%s)::bigint), 0)" for _ in states)
    query = f"""
        SELECT app, seller, day, purpose, outcome, personal, coalesce(verdicts, ''), count(*) {sums}
        FROM (SELECT app, seller, day, purpose, outcome, personal,
                     (detail->'verdicts')::text AS verdicts, detail->'counts'->'states' AS states
              FROM (SELECT app, seller, (recorded_at AT TIME ZONE 'UTC')::date AS day, purpose, outcome, personal,
                           {_DETAIL} AS detail
                    FROM ledger_record WHERE {_CALLS} OFFSET 0) AS call) AS told
        GROUP BY app, seller, day, purpose, outcome, personal, verdicts
        ORDER BY app, day, purpose
    """  # noqa: S608
    for row in connection.execute(query, [*states, _KINDS, place, upto, since]):
        counted = {state: int(number) for state, number in zip(states, row[8:], strict=True) if number}
        yield Tally(
            app=row[0],
            seller=row[1],
            day=row[2],
            purpose=row[3],
            outcome=row[4],
            personal=row[5],
            verdicts=row[6],
            calls=row[7],
            orders=counted,
        )


def endings(connection: Connection, place: str, upto: str, *, since: datetime) -> Iterator[Ending]:
    """How calls ended that were recorded from `place` on and before `upto`, after `since`."""
    query = f"""
        SELECT hour, outcome, reason, personal, verdicts, count(*), max(id COLLATE "C")
        FROM (SELECT date_trunc('hour', recorded_at, 'UTC') AS hour, outcome, reason, personal, id,
                     coalesce(({_DETAIL}->'verdicts')::text, '') AS verdicts
              FROM ledger_record WHERE kind = ANY(%s) AND {_BETWEEN} OFFSET 0) AS call
        GROUP BY hour, outcome, reason, personal, verdicts
        ORDER BY hour
    """  # noqa: S608
    for row in connection.execute(query, [_KINDS, place, upto, since]):
        yield Ending(
            hour=row[0].astimezone(UTC),
            outcome=row[1],
            reason=row[2],
            personal=row[3],
            verdicts=row[4],
            calls=row[5],
            newest=row[6],
        )


def sketches(connection: Connection, place: str, upto: str, *, since: datetime) -> Iterator[Sketch]:
    """Sketches of the orders in the answers of those calls. The hashes are keyed and uniform, so their bits serve as they are."""
    query = f"""
        SELECT app, day, purpose, array_agg(register), array_agg(rank)
        FROM (SELECT app, day, purpose, get_byte(hash, 0) AS register,
                     max(coalesce(nullif(position(B'1' IN bits), 0), 25)) AS rank
              FROM (SELECT app, (recorded_at AT TIME ZONE 'UTC')::date AS day, purpose, hash,
                           (get_byte(hash, 1) * 65536 + get_byte(hash, 2) * 256 + get_byte(hash, 3))::bit(24) AS bits
                    FROM ledger_record, unnest(orders) AS hash WHERE outcome = 'served' AND {_CALLS}) AS seen
              GROUP BY app, day, purpose, get_byte(hash, 0)) AS best
        GROUP BY app, day, purpose
    """  # noqa: S608
    for app, day, purpose, registers, ranks in connection.execute(query, [_KINDS, place, upto, since]):
        yield Sketch(app=app, day=day, purpose=purpose, registers=dict(zip(registers, ranks, strict=True)))
