"""Multiplies the rows of a small marketplace in SQL: every id in them, wherever it stands, gets the same new form in each copy.

    app_01jd4k2m…  ->  app_01jd<two characters of the copy>2m…

so that references hold without any table of what became what. The third and second last of an id's characters of time (a quarter of an
hour, see `kernel.ids`) are those that change. Names that are unique get a number; times go back a little with each copy.
Constraints and triggers rest meanwhile: the rows are copies of rows that satisfied them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import sql

from piepowder.core.kernel.json import encode_text
from piepowder.core.ledger.detail import Counts, Detail, ShortVerdict

Connection = psycopg.Connection[Any]
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
SHARED = (
    "appstore_deadline",
    "assessments_questionnaireversion",
    "audits_draw",
    "billing_commissionrate",
    "billing_freeamount",
    "billing_monthrun",
    "imports_file",
    "imports_import",
    "imports_line",
    "imports_link",
    "people_signinlink",
    "publication_policy",
    "publication_version",
    "records_place",
    "store_place",
)
NUMBERED = {("appstore_app", "name"), ("people_seller", "name")}
NUMBERS_APART = 1_000_000
READS = 150_000


class Column(Struct, frozen=True):
    """`unique`: alone. `refers`: to a table whose key is a number, or is such a key."""

    table: str
    name: str
    type: str
    unique: bool
    refers: bool


_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary
               AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum])
               AND i.indpred IS NULL AND i.indkey::text = a.attnum::text),
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum]
               AND (k.contype = 'p' OR (k.contype = 'f' AND k.confrelid::regclass::text <> ALL (%s))))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
  AND NOT a.attisdropped AND a.attgenerated = '' AND c.relname !~ '^(django|auth)_' AND c.relname <> ALL (%s)
ORDER BY c.relname, a.attnum
"""


def multiply(connection: Connection, times: int, keep: Sequence[str]) -> None:
    """From one of everything to `times`. `keep`: ids of accounts that stay single."""
    columns = [Column(*row) for row in connection.execute(_COLUMNS, [list(SHARED), list(SHARED)])]
    rename = _renaming(connection, [*keep, *_shared(connection)])
    connection.execute("SET session_replication_role = replica")
    for table in dict.fromkeys(column.table for column in columns):
        own = [column for column in columns if column.table == table]
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in own)
        values = sql.SQL(", ").join(_value(column, rename) for column in own)
        words = "INSERT INTO {0} ({1}) SELECT {2} FROM {0} AS old CROSS JOIN generate_series(1, {3}) AS n WHERE {4}"
        which = _multiplied(table, own, keep)
        connection.execute(sql.SQL(words).format(sql.Identifier(table), names, values, sql.Literal(times - 1), which))
    connection.execute("SET session_replication_role = origin")
    _move_sequences(connection, columns)


Rename = Callable[[sql.Composable], sql.Composable]


def _renaming(connection: Connection, keep: Sequence[str]) -> Rename:
    """SQL that gives every id in a text its form in copy `n`, but those that stay single."""
    query = "SELECT DISTINCT substr(id, 5, 6) FROM ledger_record UNION SELECT substr(id, 5, 6) FROM people_account"
    moments = [moment for (moment,) in connection.execute(query)]

    def rename(value: sql.Composable) -> sql.Composable:
        for moment in moments:
            value = sql.SQL("replace({}, {}, {})").format(value, sql.Literal(f"_{moment}"), sql.SQL(_copied(moment)))
        for name in keep:
            prefix, rest = name.split("_")
            copied = sql.SQL("{} || {} || {}").format(
                sql.Literal(prefix), sql.SQL(_copied(rest[:6])), sql.Literal(rest[6:])
            )
            value = sql.SQL("replace({}, {}, {})").format(value, copied, sql.Literal(name))
        return value

    return rename


def _copied(moment: str) -> str:
    """SQL: underscore and six characters in copy `n`, so many quarters of an hour before; the eight keep it apart from what was."""
    place = ALPHABET.index(moment[4]) * 32 + ALPHABET.index(moment[5]) - 8 + 1024
    first, second = (f"substr('{ALPHABET}', 1 + ({place} - n) % 1024 {part}, 1)" for part in ("/ 32", "% 32"))
    return f"'_{moment[:4]}' || {first} || {second}"


def _shared(connection: Connection) -> list[str]:
    """Ids of what all copies refer to."""
    tables = [
        table
        for table in SHARED
        if table not in ("publication_version", "records_place", "store_place", "imports_line", "imports_link")
    ]
    rows = (connection.execute(sql.SQL("SELECT id FROM {}").format(sql.Identifier(table))) for table in tables)
    return [name for several in rows for (name,) in several]


def _multiplied(table: str, columns: Sequence[Column], keep: Sequence[str]) -> sql.Composable:
    owners = {("people_account", "id"), (table, "user_id"), (table, "account_id")}
    named = [c.name for c in columns if (table, c.name) in owners and c.type == "character varying"]
    conditions: list[sql.Composable] = [
        sql.SQL("coalesce(old.{}, '') <> ALL ({})").format(sql.Identifier(name), sql.Literal(list(keep)))
        for name in named
    ]
    if table == "ledger_record":
        conditions.append(sql.SQL("n % 5 = 0"))  # the gateway's calls come on top
    if table == "publication_fact":
        conditions.append(sql.SQL("old.kind <> 'policy'"))
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


def _value(column: Column, rename: Rename) -> sql.Composable:
    old = sql.SQL("old.{}").format(sql.Identifier(column.name))
    match column.type:
        case "character varying" | "character" | "text":
            return _text(column, rename(old))
        case "json" | "jsonb" | "character varying[]" | "text[]":
            return sql.SQL("({})::{}").format(rename(sql.SQL("{}::text").format(old)), sql.SQL(column.type))
        case "timestamp with time zone":
            return sql.SQL("{} - n * interval '90 minutes'").format(old)
        case "uuid":
            return sql.SQL("md5({}::text || n)::uuid").format(old)
        case "bytea" if column.unique or column.name == "digest":
            return sql.SQL("sha256({} || n::text::bytea)").format(old)
        case "integer" | "bigint" if column.refers:
            return sql.SQL("{} + n * {}").format(old, sql.Literal(NUMBERS_APART))
    return old


def _text(column: Column, value: sql.Composable) -> sql.Composable:
    if column.name == "email" or (column.name == "address" and column.table == "notices_mail"):
        return sql.SQL("replace({}, '@', '+' || n || '@')").format(value)
    if column.name in ("token_checksum", "code"):
        return sql.SQL("encode(sha256(({} || n)::bytea), 'hex')").format(value)
    if column.unique or (column.table, column.name) in NUMBERED:
        return sql.SQL("{} || ' ' || n").format(value)
    return value


def _move_sequences(connection: Connection, columns: Sequence[Column]) -> None:
    for column in columns:
        if column.refers and column.type in ("integer", "bigint"):
            words = "SELECT setval(s, (SELECT max({}) FROM {})) FROM pg_get_serial_sequence({}, {}) AS s WHERE s IS NOT NULL"
            query = sql.SQL(words).format(
                sql.Identifier(column.name),
                sql.Identifier(column.table),
                sql.Literal(column.table),
                sql.Literal(column.name),
            )
            connection.execute(query)


def read_orders(connection: Connection) -> None:
    """Calls of the last 30 days by the apps that sellers authorised, a few of them far busier than the others; some refused."""
    for details, kind, outcome, share in _kinds():
        connection.execute(_READS, {"detail": details, "kind": kind, "outcome": outcome, "calls": int(READS * share)})


_READS = """
INSERT INTO ledger_record (id, kind, recorded_at, request, app, developer, seller, "grant", operation, purpose, mode, policy_version,
                           outcome, reason, status, personal, orders, subjects, bytes_in, bytes_out, detail)
SELECT 'rec_' || left(md5('rec' || k.kind || n), 26), k.kind, now() - random() * interval '30 days',
       'req_' || left(md5(k.kind || n), 26),
       g.app_id, a.developer_id, g.seller_id, g.id, 'orders.v0.getOrders', g.purposes[1], 'enforce', p.version,
       k.outcome, CASE k.outcome WHEN 'served' THEN '' ELSE 'rate_limited' END, CASE k.outcome WHEN 'served' THEN 200 ELSE 429 END,
       k.outcome = 'served',
       CASE k.outcome WHEN 'served' THEN ARRAY[decode(md5('o' || n), 'hex'), decode(md5('p' || n), 'hex')] ELSE '{}' END,
       ARRAY[decode(md5('s' || n), 'hex')], 1400, 900, replace(replace(%(detail)s, 'app_0', g.app_id), 'none@0', p.version)::json
FROM generate_series(1, %(calls)s) AS n
CROSS JOIN (SELECT %(kind)s AS kind, %(outcome)s AS outcome) AS k
CROSS JOIN (SELECT version FROM publication_policy ORDER BY number DESC LIMIT 1) AS p
JOIN (SELECT *, row_number() OVER (ORDER BY md5(id)) AS place FROM consent_grant) AS g
  ON g.place = CASE WHEN n %% 4 = 0 THEN 1 + n %% 40 ELSE 1 + n %% (SELECT count(*) FROM consent_grant) END
JOIN appstore_app AS a ON a.id = g.app_id
"""


def _kinds() -> Iterator[tuple[str, str, str, float]]:
    """(detail, kind, outcome, share of all)"""
    yield encode_text(_read()), "gateway.read", "served", 0.85
    yield encode_text(Detail(message="Too many calls a second.")), "gateway.refusal", "refused", 0.1
    yield encode_text(Detail(counts=Counts(orders=1))), "gateway.write_outcome", "served", 0.05


def _read() -> Detail:
    """As the gateway writes it: two order states, a dozen categories each."""
    states = {"unshipped": 1, "shipped": 1}
    question = {
        "app": "app_0",
        "purpose": "shipping.labels",
        "operation": "orders.v0.getOrders",
        "policy_version": "none@0",
    }
    kept = ("order.item", "order.money", "order.status", "order.time", "seller.commercial", "buyer.name")
    withheld = (
        "buyer.email",
        "buyer.phone",
        "buyer.tax_id",
        "buyer.address.street",
        "buyer.address.postcode",
        "free_text",
    )
    verdicts = {name: ShortVerdict("kept", "permitted", None, "policy", ("ship-1",)) for name in kept}
    verdicts |= {name: ShortVerdict("withheld", "refused", None, "manifest") for name in withheld}
    return Detail(
        questions=tuple({**question, "order_state": state} for state in states),
        verdicts=dict.fromkeys(states, verdicts),
        counts=Counts(orders=2, states=states),
    )
