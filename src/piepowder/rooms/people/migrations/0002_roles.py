from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='staff_role',
            field=models.CharField(blank=True, choices=[('operator', 'operator'), ('reviewer', 'reviewer'), ('auditor', 'auditor')], default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='staffkey',
            name='role',
            field=models.CharField(choices=[('operator', 'operator'), ('provisioning', 'provisioning'), ('reviewer', 'reviewer'), ('auditor', 'auditor'), ('developer', 'developer'), ('seller', 'seller')], max_length=20),
        ),
    ]
