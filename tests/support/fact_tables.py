"""The tables and the view between the planes, made by hand, and a publisher that writes as the control plane does."""

from typing import Any

import psycopg

from piepowder.core.kernel.json import encode_text

TABLES = """
CREATE TABLE publication_version (id smallint PRIMARY KEY, number bigint NOT NULL);
INSERT INTO publication_version VALUES (1, 0);
CREATE TABLE publication_fact (kind text, key text, body text, number bigint NOT NULL, PRIMARY KEY (kind, key));
CREATE INDEX ON publication_fact (number);
CREATE TABLE token (
    digest bytea PRIMARY KEY, kind text, app text, grant_id text, seller text, scope text,
    issued_at timestamptz, expires_at timestamptz, revoked boolean
);
CREATE TABLE consent_restricted_token (
    id text PRIMARY KEY, digest bytea NOT NULL UNIQUE, app_id text NOT NULL, grant_id text NOT NULL, seller_id text NOT NULL,
    restriction text NOT NULL, issued_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, revoked_at timestamptz
);
CREATE VIEW consent_gate_token AS
SELECT digest, kind, app, grant_id, seller, scope, issued_at, expires_at, revoked, NULL::text AS restriction FROM token
UNION ALL
SELECT digest, 'restricted', app_id, grant_id, seller_id, '', issued_at, expires_at, revoked_at IS NOT NULL, restriction
FROM consent_restricted_token;
"""


class Publisher:
    """Publishes facts, one transaction each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def publish(self, *facts: tuple[str, str, Any], notify: bool = True) -> int:
        """(kind, key, fact or None) under one number; returns it."""
        with self.connection.transaction():
            row = self.connection.execute(
                "UPDATE publication_version SET number = number + 1 WHERE id = 1 RETURNING number"
            ).fetchone()
            assert row is not None
            for kind, key, fact in facts:
                body = fact if fact is None or isinstance(fact, str) else encode_text(fact)
                self.connection.execute(
                    "INSERT INTO publication_fact VALUES (%s, %s, %s, %s) "
                    "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, number = excluded.number",
                    [kind, key, body, row[0]],
                )
            if notify:
                self.connection.execute("SELECT pg_notify('piepowder_facts', %s)", [str(row[0])])
        return int(row[0])

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def backends(self, application: str) -> list[int]:
        """Process ids of the connections of that name in this database."""
        rows = self.run(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()", application
        )
        return [row[0] for row in rows]

    def cut(self, application: str) -> int:
        """Ends those connections, as a restart of the database would; returns how many."""
        return len([self.run("SELECT pg_terminate_backend(%s)", pid) for pid in self.backends(application)])
