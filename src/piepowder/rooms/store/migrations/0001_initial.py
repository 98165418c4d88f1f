from datetime import datetime, timezone

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


def make_place(apps, schema_editor):
    """Counting begins at the beginning of the ledger."""
    apps.get_model("store", "Place").objects.create(id=1, place="0", counted_at=datetime(2000, 1, 1, tzinfo=timezone.utc))


# Grants that were there before the store was: the facts that the gateway reads know the active ones.
FOLLOW_GRANTS = """
INSERT INTO store_use (app_id, seller_id, since)
SELECT DISTINCT ON (body::json->>'app', body::json->>'seller') body::json->>'app', body::json->>'seller', now()
  FROM publication_fact
 WHERE kind = 'grant' AND body IS NOT NULL
   AND EXISTS (SELECT FROM appstore_app WHERE id = body::json->>'app')
   AND EXISTS (SELECT FROM people_seller WHERE id = body::json->>'seller')
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('appstore', '0001_initial'),
        ('people', '0001_initial'),
        ('publication', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Day',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('app_id', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('purpose', models.CharField(blank=True, max_length=200)),
                ('calls', models.BigIntegerField(default=0)),
                ('personal', models.BigIntegerField(default=0)),
                ('refused', models.BigIntegerField(default=0)),
                ('orders', models.BigIntegerField(default=0)),
                ('seen', models.BinaryField(default=bytes)),
                ('sellers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
            ],
            options={
                'indexes': [models.Index(fields=['day'], name='store_day_day')],
                'constraints': [models.UniqueConstraint(fields=('app_id', 'day', 'purpose'), name='store_day_once')],
            },
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('app_id', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('day', models.DateField(db_index=True)),
                ('body', models.JSONField()),
                ('shares', models.JSONField(default=dict)),
                ('summed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Median',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('shelf', models.CharField(max_length=40)),
                ('category', models.CharField(max_length=64)),
                ('share', models.FloatField()),
                ('apps', models.PositiveIntegerField()),
                ('summed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('shelf', 'category'), name='store_median_once')],
            },
        ),
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.SmallIntegerField(primary_key=True, serialize=False)),
                ('place', models.CharField(max_length=30)),
                ('counted_at', models.DateTimeField()),
                ('took_seconds', models.FloatField(default=0)),
                ('medians_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('app_id', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('purpose', models.CharField(blank=True, max_length=200)),
                ('category', models.CharField(max_length=64)),
                ('read', models.BigIntegerField(default=0)),
                ('replaced', models.BigIntegerField(default=0)),
                ('withheld', models.BigIntegerField(default=0)),
                ('orders_read', models.BigIntegerField(default=0)),
                ('sellers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
            ],
            options={
                'indexes': [models.Index(fields=['day'], name='store_tally_day')],
                'constraints': [models.UniqueConstraint(fields=('app_id', 'day', 'purpose', 'category'), name='store_tally_once')],
            },
        ),
        migrations.CreateModel(
            name='Listing',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('draft', 'draft'), ('submitted', 'submitted'), ('listed', 'listed'), ('unlisted', 'unlisted'), ('removed', 'removed')], default='draft', max_length=16)),
                ('short', models.CharField(blank=True, max_length=140)),
                ('long', models.TextField(blank=True)),
                ('features', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), blank=True, default=list, size=None)),
                ('categories', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), blank=True, default=list, size=None)),
                ('support_email', models.CharField(blank=True, max_length=254)),
                ('support_url', models.CharField(blank=True, max_length=500)),
                ('privacy_url', models.CharField(blank=True, max_length=500)),
                ('website', models.CharField(blank=True, max_length=500)),
                ('start_url', models.CharField(blank=True, max_length=500)),
                ('percent', models.PositiveSmallIntegerField(default=100)),
                ('sellers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('stage', models.PositiveSmallIntegerField(default=0)),
                ('reason', models.TextField(blank=True)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('listed_at', models.DateTimeField(blank=True, null=True)),
                ('looked_at', models.DateTimeField(blank=True, null=True)),
                ('looked_texts', models.JSONField(blank=True, default=dict)),
                ('version', models.CharField(blank=True, max_length=20)),
                ('indexed_name', models.CharField(blank=True, max_length=200)),
                ('personal_asked', models.PositiveSmallIntegerField(default=0)),
                ('sellers_count', models.PositiveIntegerField(default=0)),
                ('rating_median', models.FloatField(default=0)),
                ('rating_count', models.PositiveIntegerField(default=0)),
                ('search', django.contrib.postgres.search.SearchVectorField(null=True)),
                ('app', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='listing', to='appstore.app')),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['search'], name='store_listing_search'), django.contrib.postgres.indexes.GinIndex(fields=['categories'], name='store_listing_categories'), models.Index(fields=['status', 'sellers_count'], name='store_listing_used')],
            },
        ),
        migrations.CreateModel(
            name='Screenshot',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('place', models.PositiveSmallIntegerField()),
                ('words', models.CharField(max_length=200)),
                ('media_type', models.CharField(max_length=20)),
                ('width', models.PositiveSmallIntegerField()),
                ('height', models.PositiveSmallIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('data', models.BinaryField()),
                ('created_at', models.DateTimeField()),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='screenshots', to='store.listing')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('listing', 'digest'), name='store_screenshot_once')],
            },
        ),
        migrations.CreateModel(
            name='Rating',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('shown', 'shown'), ('hidden', 'hidden'), ('withdrawn', 'withdrawn')], default='shown', max_length=16)),
                ('stars', models.PositiveSmallIntegerField()),
                ('words', models.TextField(blank=True)),
                ('reply', models.TextField(blank=True)),
                ('replied_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.TextField(blank=True)),
                ('using_since', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='appstore.app')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='people.seller')),
            ],
            options={
                'indexes': [models.Index(fields=['app', '-changed_at'], name='store_rating_newest')],
                'constraints': [models.UniqueConstraint(fields=('app', 'seller'), name='store_rating_once'), models.CheckConstraint(condition=models.Q(('stars__gte', 1), ('stars__lte', 5)), name='store_rating_stars')],
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('reported_by', models.CharField(max_length=100)),
                ('words', models.TextField()),
                ('reported_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answered_by', models.CharField(blank=True, max_length=100)),
                ('answer', models.CharField(blank=True, max_length=16)),
                ('rating', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='store.rating')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('rating', 'reported_by'), name='store_report_once')],
            },
        ),
        migrations.CreateModel(
            name='Use',
            fields=[
                ('pk', models.CompositePrimaryKey('app_id', 'seller_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('since', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='appstore.app')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='people.seller')),
            ],
            options={
                'indexes': [models.Index(fields=['seller'], name='store_use_seller')],
            },
        ),
        migrations.RunPython(make_place, migrations.RunPython.noop),
        migrations.RunSQL(FOLLOW_GRANTS, migrations.RunSQL.noop),
    ]
