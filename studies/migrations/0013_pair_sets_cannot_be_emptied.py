"""Sets of pairs of launched studies cannot be emptied at once either."""

from django.db import migrations

FORWARDS = """
CREATE TRIGGER pairset_not_emptied BEFORE TRUNCATE ON studies_pairset
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_refuse('this is never emptied');
"""
BACKWARDS = "DROP TRIGGER pairset_not_emptied ON studies_pairset;"


class Migration(migrations.Migration):
    dependencies = [("studies", "0012_target_reached"), ("annotation", "0017_moves_and_what_is_kept")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
