import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('recipient', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=60)),
                ('subject', models.CharField(max_length=200)),
                ('body', models.TextField(max_length=20000)),
                ('link', models.CharField(blank=True, max_length=500)),
                ('once', models.CharField(blank=True, max_length=200, null=True, unique=True)),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('read_by', models.CharField(blank=True, max_length=100)),
            ],
            options={
                'indexes': [models.Index(fields=['recipient', '-id'], name='notices_letter_inbox'), models.Index(condition=models.Q(('read_at', None)), fields=['recipient'], name='notices_letter_unread')],
            },
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('address', models.EmailField(max_length=254)),
                ('status', models.CharField(choices=[('waiting', 'waiting'), ('sending', 'sending'), ('undeliverable', 'undeliverable'), ('uncertain', 'uncertain'), ('sent', 'sent')], max_length=20)),
                ('due_at', models.DateTimeField()),
                ('begun_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='notices.letter')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['due_at'], name='notices_mail_due'), models.Index(condition=models.Q(('status', 'sent'), _negated=True), fields=['-id'], name='notices_mail_unsent')],
                'constraints': [models.UniqueConstraint(fields=('letter', 'address'), name='notices_mail_once')],
            },
        ),
    ]
