"""Ids of platforms move into a table of their own, encrypted; a study names who recruits and a code for each outcome."""

import json

import django.db.models.deletion
from django.db import migrations, models

from polyannot.kernel.sealing import marks_of, seal


def move_ids(apps, schema_editor):
    Participant = apps.get_model("studies", "Participant")
    PlatformIdentity = apps.get_model("studies", "PlatformIdentity")
    for person in Participant.objects.exclude(external_id=None):
        PlatformIdentity.objects.create(
            participant=person,
            mark=marks_of(f"platform:{person.study_id}:{person.external_id}")[0],
            sealed=seal(json.dumps({"person": person.external_id, "study": "", "session": ""})),
        )


def name_recruiting(apps, schema_editor):
    Study = apps.get_model("studies", "Study")
    Study.objects.filter(id_parameter="PROLIFIC_PID").update(recruiting="prolific")
    Study.objects.exclude(id_parameter__in=["", "PROLIFIC_PID"]).update(recruiting="other")


class Migration(migrations.Migration):
    dependencies = [("studies", "0004_drawn_figures")]
    operations = [
        migrations.CreateModel(
            name="PlatformIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=64, unique=True)),
                ("sealed", models.TextField()),
                ("kept_at", models.DateTimeField(auto_now_add=True)),
                (
                    "participant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="platform_identity",
                        to="studies.participant",
                    ),
                ),
            ],
            options={"verbose_name_plural": "platform identities", "ordering": ["pk"]},
        ),
        migrations.AddField(
            "study",
            "recruiting",
            models.CharField(
                choices=[("open", "Open link"), ("prolific", "Prolific"), ("other", "Another platform")],
                default="open",
                max_length=8,
                verbose_name="who sends participants",
            ),
        ),
        migrations.AddField(
            "study",
            "study_parameter",
            models.CharField(blank=True, default="", max_length=60, verbose_name="platform's study parameter"),
            preserve_default=False,
        ),
        migrations.AddField(
            "study",
            "session_parameter",
            models.CharField(blank=True, default="", max_length=60, verbose_name="platform's session parameter"),
            preserve_default=False,
        ),
        migrations.AddField(
            "study",
            "screened_out_code",
            models.CharField(blank=True, default="", max_length=40, verbose_name="code for people who find no place"),
            preserve_default=False,
        ),
        migrations.AddField(
            "study",
            "attention_code",
            models.CharField(
                blank=True,
                default="",
                max_length=40,
                verbose_name="code for people whom a declared rule leaves out",
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "study",
            models.CheckConstraint(
                condition=models.Q(("recruiting__in", ["open", "prolific", "other"])), name="study_recruiting_known"
            ),
        ),
        migrations.RunPython(name_recruiting, migrations.RunPython.noop),
        migrations.RunPython(move_ids, migrations.RunPython.noop),
    ]
