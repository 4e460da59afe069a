"""A released caption belongs to the release's project."""

from django.db import migrations

TOGETHER = [
    ("releases_releasecaption", "release_id, project_id", "releases_release", "id, project_id", "released_release_together"),
    (
        "releases_releasecaption",
        "version_id, project_id",
        "annotation_captionversion",
        "id, project_id",
        "released_version_together",
    ),
]
ADD = "\n".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {other} ({other_columns})"
    " DEFERRABLE INITIALLY IMMEDIATE;"
    for table, columns, other, other_columns, name in TOGETHER
)
DROP = "\n".join(f"ALTER TABLE {table} DROP CONSTRAINT {name};" for table, _, _, _, name in TOGETHER)


class Migration(migrations.Migration):
    dependencies = [("releases", "0001_initial"), ("annotation", "0002_rows_that_meet")]
    operations = [migrations.RunSQL(ADD, DROP)]
