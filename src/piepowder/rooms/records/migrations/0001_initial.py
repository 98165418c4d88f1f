"""The ledger's tables, in the ledger's own words: `core/ledger/schema.sql`."""

from importlib.resources import files

from django.db import migrations

SCHEMA = files("piepowder.core.ledger").joinpath("schema.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [migrations.RunSQL(SCHEMA, reverse_sql=migrations.RunSQL.noop)]
