"""Check what a caption and its base version repeat once, and keep no index of columns that they leave empty."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0022_fetched_images'),
        ('projects', '0004_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='caption',
            name='image',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='captions', to='annotation.image'),
        ),
        migrations.AlterField(
            model_name='caption',
            name='paraphrase_of',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='paraphrases', to='annotation.caption'),
        ),
        migrations.AlterField(
            model_name='caption',
            name='project',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='captions', to='projects.project'),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='author',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='edits', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='caption',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='annotation.caption'),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='content_hash',
            field=models.CharField(max_length=64),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='decided_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='image',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='caption_versions', to='annotation.image'),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='parent',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='annotation.captionversion'),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='project',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='caption_versions', to='projects.project'),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='reverts_to',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reverted_by', to='annotation.captionversion'),
        ),
        migrations.AddIndex(
            model_name='caption',
            index=models.Index(condition=models.Q(('paraphrase_of__isnull', False)), fields=['paraphrase_of'], name='caption_paraphrases'),
        ),
        migrations.AddIndex(
            model_name='captionversion',
            index=models.Index(fields=['content_hash'], name='version_content'),
        ),
        migrations.AddIndex(
            model_name='captionversion',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent'], name='version_children'),
        ),
        migrations.AddIndex(
            model_name='captionversion',
            index=models.Index(condition=models.Q(('author__isnull', False)), fields=['author'], name='version_by_author'),
        ),
        migrations.AddIndex(
            model_name='captionversion',
            index=models.Index(condition=models.Q(('decided_by__isnull', False)), fields=['decided_by'], name='version_by_decider'),
        ),
        migrations.AddIndex(
            model_name='captionversion',
            index=models.Index(condition=models.Q(('reverts_to__isnull', False)), fields=['reverts_to'], name='version_reverted'),
        ),
    ]
