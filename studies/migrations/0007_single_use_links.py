"""Links for one person each."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0006_no_plain_ids")]
    operations = [
        migrations.RemoveConstraint("study", "study_recruiting_known"),
        migrations.AlterField(
            "study",
            "recruiting",
            models.CharField(
                choices=[
                    ("open", "Open link"),
                    ("links", "Single-use links"),
                    ("prolific", "Prolific"),
                    ("other", "Another platform"),
                ],
                default="open",
                max_length=8,
                verbose_name="who sends participants",
            ),
        ),
        migrations.AddConstraint(
            "study",
            models.CheckConstraint(
                condition=models.Q(("recruiting__in", ["open", "links", "prolific", "other"])),
                name="study_recruiting_known",
            ),
        ),
        migrations.CreateModel(
            name="InviteLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invite_links",
                        to="studies.study",
                    ),
                ),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.AddConstraint(
            "invitelink",
            models.UniqueConstraint(fields=("study", "number"), name="invite_number_once"),
        ),
    ]
