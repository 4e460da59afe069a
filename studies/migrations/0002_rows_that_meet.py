"""Cards, pairs and participants of one study never meet those of another; a pair belongs to the study's project."""

from django.db import migrations

TOGETHER = [
    ("studies_studypair", "study_id, project_id", "studies_study", "id, project_id", "pair_study_together"),
    ("studies_studypair", "version_id, project_id", "annotation_captionversion", "id, project_id", "pair_version_together"),
    ("studies_card", "pair_id, study_id", "studies_studypair", "id, study_id", "card_pair_together"),
    ("studies_card", "participant_id, study_id", "studies_participant", "id, study_id", "card_participant_together"),
]
ADD = "\n".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {other} ({other_columns})"
    " DEFERRABLE INITIALLY IMMEDIATE;"
    for table, columns, other, other_columns, name in TOGETHER
)
DROP = "\n".join(f"ALTER TABLE {table} DROP CONSTRAINT {name};" for table, _, _, _, name in TOGETHER)


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_initial"), ("annotation", "0002_rows_that_meet")]
    operations = [migrations.RunSQL(ADD, DROP)]
