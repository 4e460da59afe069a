"""Find the judgments of the last days without reading the others."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0012_tallies")]

    operations = [
        migrations.AddIndex(
            model_name="judgment",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["received_at"], name="judgment_by_arrival"
            ),
        ),
    ]
