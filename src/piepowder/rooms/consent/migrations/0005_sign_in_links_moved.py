from django.db import migrations


class Migration(migrations.Migration):
    """Links of a quarter of an hour now belong to `people`; those of before have expired when this has run."""

    dependencies = [
        ('consent', '0004_narrowed_requests'),
        ('people', '0003_accounts_and_keys'),
    ]

    operations = [
        migrations.DeleteModel(name='SignInLink'),
    ]
