"""Narrowing per purpose instead of one list for all, requests of newer versions, reminders, why a grant ended.

Every published grant is written anew in its new shape: a gateway that meets the old one treats the grant as not there.
"""

import django.db.models.deletion
import piepowder.rooms.consent.rules
from django.db import migrations, models

from piepowder.core.kernel.json import encode_text
from piepowder.core.policy.taxonomy import covers


def _narrowed(declared, purposes, categories):
    """One list for all purposes, as it reads for each of them."""
    if categories is None:
        return None
    left = {purpose: [word for word in declared.get(purpose, ()) if covers(categories, word)] for purpose in purposes}
    return {purpose: kept for purpose, kept in left.items() if kept != list(declared.get(purpose, ()))} or None


def narrow_by_purpose(apps, schema_editor):
    Grant, Version = apps.get_model("consent", "Grant"), apps.get_model("appstore", "AppVersion")
    declared = {(row.app_id, row.number): row.body.get("categories", {}) for row in Version.objects.all()}
    for grant in Grant.objects.exclude(categories=None).iterator(chunk_size=2000):
        grant.narrowed = _narrowed(declared.get((grant.app_id, grant.version), {}), grant.purposes, grant.categories)
        grant.save(update_fields=["narrowed"])


def publish_anew(apps, schema_editor):
    Grant, Fact = apps.get_model("consent", "Grant"), apps.get_model("publication", "Fact")
    Number = apps.get_model("publication", "Version")
    if not Grant.objects.filter(status="active").exists():
        return
    Number.objects.filter(pk=1).update(number=models.F("number") + 1)
    number = Number.objects.get(pk=1).number
    for grant in Grant.objects.filter(status="active").iterator(chunk_size=2000):
        body = {
            "id": grant.id,
            "app": grant.app_id,
            "seller": grant.seller_id,
            "version": grant.version,
            "purposes": grant.purposes,
            "narrowed": grant.narrowed,
            "expires_at": grant.expires_at.timestamp(),
        }
        Fact.objects.filter(kind="grant", key=grant.id).update(body=encode_text(body), number=number)


class Migration(migrations.Migration):

    dependencies = [
        ("appstore", "0001_initial"),
        ("consent", "0003_sign_in_link"),
        ("publication", "0002_notify"),
    ]

    operations = [
        migrations.AddField("grant", "narrowed", models.JSONField(blank=True, null=True)),
        migrations.AddField("grant", "ended_by", models.CharField(blank=True, default="", max_length=100)),
        migrations.AddField("grant", "end_reason", models.CharField(blank=True, default="", max_length=500)),
        migrations.AddField("grant", "reminded_days", models.SmallIntegerField(blank=True, null=True)),
        migrations.AddField("clientsecret", "last_used_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(narrow_by_purpose, migrations.RunPython.noop),
        migrations.RunPython(publish_anew, migrations.RunPython.noop),
        migrations.RemoveField("grant", "categories"),
        migrations.AddIndex(
            "grant",
            models.Index(fields=["expires_at"], condition=models.Q(status="active"), name="consent_grant_ending"),
        ),
        migrations.AddIndex(
            "grant",
            models.Index(fields=["app", "version"], condition=models.Q(status="active"), name="consent_grant_versions"),
        ),
        migrations.CreateModel(
            name="PermissionRequest",
            fields=[
                ("id", models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ("version", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("accepted", "accepted"),
                            ("refused", "refused"),
                            ("overtaken", "overtaken"),
                        ],
                        default=piepowder.rooms.consent.rules.RequestStatus["OPEN"],
                        max_length=16,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="consent.grant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["open", "refused"])),
                        fields=("grant", "version"),
                        name="consent_permissionrequest_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("grant",),
                        name="consent_permissionrequest_one_open",
                    ),
                ],
            },
        ),
    ]
