"""The history of one grant, without reading the calls that were made under it: an index that only changes are in, never a call."""

from django.db import migrations

INDEX = """
CREATE INDEX ledger_record_consent ON ledger_record ("grant", recorded_at)
 WHERE "grant" <> '' AND kind LIKE 'consent.%' AND kind <> 'consent.issue_token'
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]

    operations = [migrations.RunSQL(INDEX, reverse_sql="DROP INDEX ledger_record_consent")]
