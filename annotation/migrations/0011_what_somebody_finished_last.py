from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0010_shortcuts_may_change_places'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state', 'done')), fields=['annotator', 'batch', '-finished_at'], name='assignment_last_finished'),
        ),
    ]
