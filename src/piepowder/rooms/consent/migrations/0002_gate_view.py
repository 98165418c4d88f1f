"""The one view of tokens that the gateway reads (docs/architecture.md), and the index that answers it."""

from typing import ClassVar

from django.db import migrations

INDEX = """
CREATE UNIQUE INDEX consent_accesstoken_digest ON consent_accesstoken (decode(token_checksum, 'hex'))
"""

# A token whose grant has ended reads as revoked even if it was issued while the grant was being revoked.
VIEW = """
CREATE VIEW consent_gate_token AS
SELECT decode(t.token_checksum, 'hex') AS digest,
       t.kind::text AS kind,
       t.app_id::text AS app,
       t.grant_id::text AS grant_id,
       t.seller_id::text AS seller,
       t.scope AS scope,
       t.issued_at,
       t.expires AS expires_at,
       t.revoked_at IS NOT NULL OR coalesce(g.status <> 'active', false) AS revoked,
       NULL::text AS restriction
  FROM consent_accesstoken t
  LEFT JOIN consent_grant g ON g.id = t.grant_id
UNION ALL
SELECT r.digest,
       'restricted',
       r.app_id,
       r.grant_id,
       r.seller_id,
       '',
       r.issued_at,
       r.expires_at,
       r.revoked_at IS NOT NULL OR coalesce(g.status <> 'active', true),
       r.restriction
  FROM consent_restricted_token r
  LEFT JOIN consent_grant g ON g.id = r.grant_id
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("consent", "0001_initial")]

    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(INDEX, "DROP INDEX consent_accesstoken_digest"),
        migrations.RunSQL(VIEW, "DROP VIEW consent_gate_token"),
    ]
