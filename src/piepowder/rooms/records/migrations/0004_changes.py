"""The newest changes that people made, without reading the calls between them: an index that no call is in."""

from django.db import migrations

INDEX = """
CREATE INDEX ledger_record_changes ON ledger_record (recorded_at)
 WHERE kind NOT LIKE 'gateway.%' AND kind NOT LIKE 'people.%' AND kind NOT LIKE 'notices.%' AND kind <> 'consent.issue_token'
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0003_how_calls_ended")]

    operations = [migrations.RunSQL(INDEX, reverse_sql="DROP INDEX ledger_record_changes")]
