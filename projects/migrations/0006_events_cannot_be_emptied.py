"""The history cannot be emptied at once either."""

from django.db import migrations

FORWARDS = """
CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON projects_event
    FOR EACH STATEMENT EXECUTE FUNCTION projects_event_refuse();
"""
BACKWARDS = "DROP TRIGGER event_not_emptied ON projects_event;"


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_webhooks")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
