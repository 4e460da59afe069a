"""Models that were aligned with the good captions of a project."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0031_leakage'),
        ('projects', '0004_api_tokens'),
    ]

    operations = [
        migrations.CreateModel(
            name='AlignmentRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('epochs_done', models.PositiveSmallIntegerField(default=0)),
                ('config', models.JSONField(blank=True, default=dict)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('checkpoint', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.storedfile')),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='alignment_run', to='projects.job')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alignment_runs', to='projects.project')),
                ('weights', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.storedfile')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('epochs_done', 0), ('checkpoint__isnull', False), ('weights__isnull', False), _connector='OR'), name='alignment_stands_somewhere'), models.CheckConstraint(condition=models.Q(('weights', None), models.Q(('config', {}), _negated=True), _connector='OR'), name='alignment_weights_have_config')],
            },
        ),
    ]
