"""What is on record of one developer, without reading the calls of everybody: an index in which no read is, so that a read costs no more."""

from django.db import migrations

INDEX = """
CREATE INDEX ledger_record_developer ON ledger_record (developer, recorded_at)
 WHERE developer <> '' AND kind <> 'gateway.read'
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0004_changes")]

    operations = [migrations.RunSQL(INDEX, reverse_sql="DROP INDEX ledger_record_developer")]
