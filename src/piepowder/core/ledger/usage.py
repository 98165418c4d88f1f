"""What an app did for a seller, counted in the ledger. Every question has a span of time and a bound on the calls that are looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import Filter, tail

Connection = psycopg.Connection[Any]

_CALLS = """
SELECT app, purpose, operation, personal, orders, recorded_at, detail
  FROM ledger_record
 WHERE seller = %(seller)s AND seller <> '' AND (%(app)s = '' OR (app = %(app)s AND app <> ''))
   AND recorded_at >= %(since)s AND kind IN ('gateway.read', 'gateway.write_outcome') AND outcome = 'served'
 ORDER BY recorded_at DESC
 LIMIT %(calls_max)s
"""
# Verdicts are kept per order state: of a category's several in one call, the one that gave most away counts.
_BY_CATEGORY = f"""
WITH call AS MATERIALIZED (SELECT row_number() OVER () AS number, * FROM ({_CALLS}) AS newest),
told AS (
    SELECT call.number, call.purpose, verdict.key AS category,
           max(CASE verdict.value ->> 0 WHEN 'kept' THEN 3 WHEN 'substituted' THEN 2 ELSE 1 END) AS done
      FROM call, json_each(call.detail -> 'verdicts') AS state, json_each(state.value) AS verdict
     WHERE verdict.value ->> 3 NOT IN ('manifest', 'purpose')
     GROUP BY call.number, call.purpose, verdict.key
)
SELECT purpose, category, count(*) FILTER (WHERE done = 3), count(*) FILTER (WHERE done = 2), count(*) FILTER (WHERE done = 1)
  FROM told GROUP BY purpose, category ORDER BY purpose, category
"""  # noqa: S608 - of words from this file only
_BY_APP = f"""
SELECT app, count(*), count(*) FILTER (WHERE personal), coalesce(sum(cardinality(orders)), 0), max(recorded_at)
  FROM ({_CALLS}) AS call GROUP BY app
"""  # noqa: S608 - of words from this file only
_BY_PURPOSE = f"""
SELECT purpose, count(*), count(*) FILTER (WHERE personal), coalesce(sum(cardinality(orders)), 0), max(recorded_at)
  FROM ({_CALLS}) AS call GROUP BY purpose ORDER BY purpose
"""  # noqa: S608 - of words from this file only
# Orders in a call that were not delivered yet: of the newest call of each order, as far as calls say it.
_OPEN_ORDERS = f"""
WITH call AS MATERIALIZED ({_CALLS}),
seen AS (
    SELECT DISTINCT ON (one) one,
           coalesce((call.detail #>> '{{counts,states,unshipped}}')::int, 0)
           + coalesce((call.detail #>> '{{counts,states,shipped}}')::int, 0) AS open
      FROM call, unnest(call.orders) AS one
     WHERE call.purpose LIKE '%%shipping%%'
     ORDER BY one, call.recorded_at DESC
)
SELECT count(*) FROM seen WHERE open > 0
"""  # noqa: S608 - of words from this file only
# PostgreSQL takes no member out of JSON that holds the escape of NUL; another escape of the same length harms no word.
_CAME_OUT = r"""
WITH call AS MATERIALIZED (
    SELECT purpose, replace(detail::text, '\u0000', '\ufffd')::json AS detail FROM ledger_record
     WHERE app = %(app)s AND app <> '' AND recorded_at >= %(since)s AND kind = 'gateway.read' AND outcome = 'served'
     ORDER BY recorded_at DESC LIMIT %(calls_max)s
)
SELECT call.purpose, verdict.key, count(*)
  FROM call, json_each(call.detail -> 'verdicts') AS state, json_each(state.value) AS verdict
 WHERE verdict.value ->> 0 IN ('kept', 'substituted')
 GROUP BY call.purpose, verdict.key
 UNION ALL SELECT '', '', count(*) FROM call
"""


class Use(Struct, frozen=True, kw_only=True):
    """Calls by one app, or for one purpose. `order_reads` counts an order once for each call that read it."""

    name: str
    calls: int
    personal_calls: int
    order_reads: int
    newest: datetime


class CategoryUse(Struct, frozen=True, kw_only=True):
    """In how many calls a category went out plain, as a substitute, or was withheld; for one purpose (or several, `a+b`)."""

    purpose: str
    category: str
    kept: int
    substituted: int
    withheld: int


class Span(Struct, frozen=True, kw_only=True):
    """Which calls: a seller's since a moment, of one app or (empty) of all, the newest `calls_max` of them."""

    seller: str
    since: datetime
    app: str = ""
    calls_max: int = 2_000

    def values(self) -> dict[str, Any]:
        return {"seller": self.seller, "since": self.since, "app": self.app, "calls_max": self.calls_max}


def by_app(connection: Connection, span: Span) -> list[Use]:
    return _uses(connection.execute(_BY_APP, span.values()).fetchall())


def by_purpose(connection: Connection, span: Span) -> list[Use]:
    return _uses(connection.execute(_BY_PURPOSE, span.values()).fetchall())


def by_category(connection: Connection, span: Span) -> list[CategoryUse]:
    rows = connection.execute(_BY_CATEGORY, span.values()).fetchall()
    names = CategoryUse.__struct_fields__
    return [CategoryUse(**dict(zip(names, row, strict=True))) for row in rows]


def open_orders(connection: Connection, span: Span) -> int:
    """How many orders were read for shipping in calls that were about orders not delivered yet: as many as could be affected."""
    row = connection.execute(_OPEN_ORDERS, span.values()).fetchone()
    return int(row[0]) if row else 0


def history(connection: Connection, grant: str, *, limit: int) -> list[Record]:
    """What happened to a grant, newest first."""
    narrow = Filter(grant=grant, changes="consent")
    return tail(connection, narrow, limit=limit)[::-1]


def came_out(
    connection: Connection, app: str, *, since: datetime, calls_max: int
) -> tuple[int, frozenset[tuple[str, str]]]:
    """Of an app's newest calls for any seller: how many, and each (purpose, category) that came out, plain or as a substitute."""
    rows = connection.execute(_CAME_OUT, {"app": app, "since": since, "calls_max": calls_max}).fetchall()
    calls = sum(number for purpose, category, number in rows if not category)
    came = {(one, category) for purpose, category, _ in rows if category for one in purpose.split("+")}
    return calls, frozenset(came)


def _uses(rows: Sequence[Sequence[Any]]) -> list[Use]:
    names = Use.__struct_fields__
    return [Use(**dict(zip(names, row, strict=True))) for row in rows]
