"""Organisations from before: each has an identity to show, and its name is compared with others."""

from django.db import migrations
from django.utils import timezone

from piepowder.core.kernel.ids import new_id
from piepowder.rooms.developers.rules.names import skeleton


def give_identities(apps, schema_editor):
    Developer = apps.get_model("developers", "Developer")
    Identity = apps.get_model("developers", "Identity")
    Member = apps.get_model("developers", "Member")
    now = timezone.now()
    for developer in Developer.objects.filter(identity=None).iterator():
        developer.skeleton = skeleton(developer.name)
        developer.legal_name = developer.legal_name or developer.name
        developer.save(update_fields=["skeleton", "legal_name"])
        Identity.objects.create(id=new_id("idn"), developer=developer, status="draft", changed_at=now)
    Member.objects.filter(role="member").update(role="developer")


class Migration(migrations.Migration):
    dependencies = [("developers", "0002_organisations")]
    operations = [migrations.RunPython(give_identities, migrations.RunPython.noop)]
