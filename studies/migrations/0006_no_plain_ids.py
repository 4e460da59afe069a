"""No platform's id stays beside the answers."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("studies", "0005_platform_identities")]
    operations = [
        migrations.RemoveConstraint("participant", "participant_external_once"),
        migrations.RemoveConstraint("participant", "participant_withdrawn_is_erased"),
        migrations.RemoveField("participant", "external_id"),
    ]
