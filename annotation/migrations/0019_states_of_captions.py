"""Every caption of a pool is in one of six states, and the counts of an image add up to its pool.

What was counted before is counted anew by the worker; until then the pages say how many images are left.
"""

import django.db.models.expressions
from django.db import migrations, models


COUNT_ANEW = """
DELETE FROM annotation_imagetally;
INSERT INTO annotation_tallydue (project_id, image_id) SELECT project_id, id FROM annotation_image;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0018_benchmarks'),
        ('projects', '0002_events_are_append_only'),
    ]

    operations = [
        migrations.RunSQL(COUNT_ANEW, COUNT_ANEW),
        migrations.RemoveField(
            model_name='imagetally',
            name='n_settled',
        ),
        migrations.AddField(
            model_name='imagetally',
            name='n_bad',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='imagetally',
            name='n_shown',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='imagetally',
            name='n_undecided',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='imagetally',
            name='n_unseen',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='imagetally',
            name='n_waiting',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='versiontally',
            name='verdict',
            field=models.CharField(choices=[('good', 'Good'), ('bad', 'Bad'), ('undecided', 'Undecided'), ('incomplete', 'Waits for more judgments'), ('not_judged', 'Not judged'), ('rejected', 'Edit not accepted'), ('replaced', 'Replaced by a later text')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='imagetally',
            constraint=models.CheckConstraint(condition=models.Q(('n_pool', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('n_unseen'), '+', models.F('n_shown')), '+', models.F('n_waiting')), '+', models.F('n_undecided')), '+', models.F('n_bad')), '+', models.F('n_good')))), name='image_tally_one_state_a_caption'),
        ),
        migrations.AddConstraint(
            model_name='versiontally',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ['good', 'bad', 'undecided', 'incomplete', 'not_judged', 'rejected', 'replaced'])), name='version_tally_verdict_known'),
        ),
    ]
