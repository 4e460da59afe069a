"""An accepted text that a release holds stays accepted, and as it was decided."""

from django.db import migrations

KEEP = """
CREATE FUNCTION releases_captionversion_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM releases_releasecaption WHERE version_id = OLD.id) THEN
        RAISE EXCEPTION 'a released text stays decided' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER captionversion_keep_released BEFORE UPDATE OF state, decided_by_id ON annotation_captionversion
    FOR EACH ROW WHEN (
        OLD.state = 'accepted'
        AND (OLD.state, OLD.decided_by_id) IS DISTINCT FROM (NEW.state, NEW.decided_by_id)
    ) EXECUTE FUNCTION releases_captionversion_keep();
"""
FREE = """
DROP TRIGGER captionversion_keep_released ON annotation_captionversion;
DROP FUNCTION releases_captionversion_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("releases", "0002_rows_that_meet"), ("annotation", "0017_moves_and_what_is_kept")]
    operations = [migrations.RunSQL(KEEP, FREE)]
