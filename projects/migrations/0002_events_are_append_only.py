"""The history is append-only in the database itself."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION projects_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON projects_event
    FOR EACH ROW EXECUTE FUNCTION projects_event_refuse();
"""
BACKWARDS = """
DROP TRIGGER event_append_only ON projects_event;
DROP FUNCTION projects_event_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
