"""How many different orders apps read, for those who count use and nothing else: numbers go out, never the orders' hashes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

Connection = psycopg.Connection[Any]

# One call can carry a thousand orders, and one order comes in many calls: each counts once in a span.
_DISTINCT = """
WITH span AS (
    SELECT * FROM unnest(%(numbers)s::int[], %(apps)s::text[], %(sellers)s::text[], %(since)s::timestamptz[],
                         %(until)s::timestamptz[]) AS span (number, app, seller, since, until)
)
SELECT span.number, count(DISTINCT one)
  FROM span
  JOIN ledger_record AS call
    ON call.seller = span.seller AND call.seller <> '' AND call.app = span.app AND call.app <> ''
   AND call.recorded_at >= span.since AND call.recorded_at < span.until
   AND call.kind IN ('gateway.read', 'gateway.write_outcome') AND call.outcome = 'served'
 CROSS JOIN unnest(call.orders) AS one
 GROUP BY span.number
"""


class OrderSpan(Struct, frozen=True, kw_only=True):
    """Of one app and one seller, from a moment up to but not including another."""

    app: str
    seller: str
    since: datetime
    until: datetime


def distinct_orders(connection: Connection, spans: Sequence[OrderSpan]) -> list[int]:
    """How many different orders an app was given in each span; refused calls and orders that were withheld whole do not count."""
    if not spans:
        return []
    values = {
        "numbers": list(range(len(spans))),
        "apps": [span.app for span in spans],
        "sellers": [span.seller for span in spans],
        "since": [span.since for span in spans],
        "until": [span.until for span in spans],
    }
    counted = dict(connection.execute(_DISTINCT, values).fetchall())
    return [counted.get(number, 0) for number in range(len(spans))]
