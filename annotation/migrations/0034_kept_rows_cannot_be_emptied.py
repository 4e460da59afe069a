"""Tables of which a row is never deleted, or not while it is in use, cannot be emptied at once either."""

from django.db import migrations

KEPT = [
    "judgment",
    "captionversion",
    "adjudication",
    "guideline",
    "precedent",
    "question",
    "pairreport",
    "label",
]
FORWARDS = "\n".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON annotation_{table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION annotation_refuse('this is never emptied');"
    for table in KEPT
)
BACKWARDS = "\n".join(f"DROP TRIGGER {table}_not_emptied ON annotation_{table};" for table in KEPT)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0033_machine_reports")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
