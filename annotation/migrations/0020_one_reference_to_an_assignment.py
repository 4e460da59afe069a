"""Check what a judgment repeats of its assignment once, not by eight foreign keys; look after the queue sooner."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SINGLE = """
ALTER TABLE annotation_judgment
    DROP CONSTRAINT judgment_assignment_together,
    DROP CONSTRAINT judgment_gold_together,
    DROP CONSTRAINT judgment_batch_together;
"""
SINGLE_BACK = """
ALTER TABLE annotation_judgment
    ADD CONSTRAINT judgment_assignment_together FOREIGN KEY (assignment_id, project_id)
        REFERENCES annotation_assignment (id, project_id) DEFERRABLE INITIALLY IMMEDIATE,
    ADD CONSTRAINT judgment_gold_together FOREIGN KEY (assignment_id, is_gold)
        REFERENCES annotation_assignment (id, is_gold) DEFERRABLE INITIALLY IMMEDIATE,
    ADD CONSTRAINT judgment_batch_together FOREIGN KEY (batch_id, project_id)
        REFERENCES annotation_batch (id, project_id) DEFERRABLE INITIALLY IMMEDIATE;
"""
WHOLE = """
ALTER TABLE annotation_judgment
    ADD CONSTRAINT judgment_assignment_together FOREIGN KEY (assignment_id, project_id, batch_id, image_id, is_gold)
        REFERENCES annotation_assignment (id, project_id, batch_id, image_id, is_gold) DEFERRABLE INITIALLY IMMEDIATE;
"""
WHOLE_BACK = "ALTER TABLE annotation_judgment DROP CONSTRAINT judgment_assignment_together;"
# A queue lives from rows that change: its dead entries and its statistics are seen to after two in a hundred changes,
# not twenty.
LOOKED_AFTER = """
ALTER TABLE annotation_assignment SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02
);
"""
LOOKED_AFTER_BACK = """
ALTER TABLE annotation_assignment RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0019_states_of_captions'),
        ('projects', '0004_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(SINGLE, SINGLE_BACK),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_of_project',
        ),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_gold_or_not',
        ),
        migrations.AlterField(
            model_name='assignment',
            name='annotator',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='annotator',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='assignment',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.assignment'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='batch',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.batch'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='caption',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.caption'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='edited_version',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.captionversion'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='guideline',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.guideline'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='image',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.image'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='project',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='projects.project'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='schema',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.labelschema'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='supersedes',
            field=models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='annotation.judgment'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='version',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.captionversion'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(fields=('id', 'project', 'batch', 'image', 'is_gold'), name='assignment_whole'),
        ),
        migrations.RunSQL(WHOLE, WHOLE_BACK),
        migrations.RemoveIndex(model_name='assignment', name='assignment_lease'),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state', 'leased')), fields=['batch', 'annotator'], name='assignment_in_hand'),
        ),
        migrations.RunSQL(LOOKED_AFTER, LOOKED_AFTER_BACK),
    ]
