"""Leakage: the pairs of an image and a row of a corpus that show one picture."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


TOGETHER = """
ALTER TABLE annotation_leak ADD CONSTRAINT leak_cleaning_together FOREIGN KEY (cleaning_id, project_id)
    REFERENCES annotation_cleaning (id, project_id) DEFERRABLE INITIALLY IMMEDIATE;
ALTER TABLE annotation_leak ADD CONSTRAINT leak_image_together FOREIGN KEY (image_id, project_id)
    REFERENCES annotation_image (id, project_id) DEFERRABLE INITIALLY IMMEDIATE;
"""
APART = """
ALTER TABLE annotation_leak DROP CONSTRAINT leak_cleaning_together;
ALTER TABLE annotation_leak DROP CONSTRAINT leak_image_together;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0030_planes_of_captions'),
        ('projects', '0004_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Leak',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('row_key', models.CharField(max_length=300)),
                ('caption', models.TextField(blank=True)),
                ('url', models.CharField(blank=True, max_length=600)),
                ('check_made', models.CharField(choices=[('identical', 'Identical file'), ('perceptual', 'Perceptual hash'), ('embedding', 'Embedding')], max_length=10)),
                ('score', models.FloatField()),
                ('dismissed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='cleaningitem',
            name='cleaning_item_step_known',
        ),
        migrations.RemoveConstraint(
            model_name='neighbourfile',
            name='neighbour_file_kind_known',
        ),
        migrations.AlterField(
            model_name='cleaningitem',
            name='changed_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('placeholders', 'Placeholders of persons'), ('encoding', 'Broken characters'), ('html', 'Markup'), ('site_names', 'Names of sites'), ('hashtags', 'Hashtags'), ('links', 'Web addresses'), ('spaces', 'Spaces'), ('language', 'Another language'), ('repetition', 'Repeated words'), ('parts_of_speech', 'No noun, verb or adjective'), ('too_short', 'Too few words'), ('near_duplicates', 'Says what another says'), ('leakage', 'Leakage')], max_length=16), default=list, size=None),
        ),
        migrations.AlterField(
            model_name='cleaningitem',
            name='step',
            field=models.CharField(blank=True, choices=[('placeholders', 'Placeholders of persons'), ('encoding', 'Broken characters'), ('html', 'Markup'), ('site_names', 'Names of sites'), ('hashtags', 'Hashtags'), ('links', 'Web addresses'), ('spaces', 'Spaces'), ('language', 'Another language'), ('repetition', 'Repeated words'), ('parts_of_speech', 'No noun, verb or adjective'), ('too_short', 'Too few words'), ('near_duplicates', 'Says what another says'), ('leakage', 'Leakage')], default='', max_length=16),
        ),
        migrations.AlterField(
            model_name='neighbourfile',
            name='kind',
            field=models.CharField(choices=[('plan', 'Corpus and images'), ('features', 'Features of some corpus images'), ('part', 'Neighbours in a part of the corpus'), ('merged', 'Neighbours in the whole corpus'), ('summary', 'What each threshold would bring'), ('hashes', 'Perceptual hashes of the images')], max_length=8),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.CheckConstraint(condition=models.Q(('step', ''), ('step__in', ['placeholders', 'encoding', 'html', 'site_names', 'hashtags', 'links', 'spaces', 'language', 'repetition', 'parts_of_speech', 'too_short', 'near_duplicates', 'leakage']), _connector='OR'), name='cleaning_item_step_known'),
        ),
        migrations.AddConstraint(
            model_name='neighbourfile',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['plan', 'features', 'part', 'merged', 'summary', 'hashes'])), name='neighbour_file_kind_known'),
        ),
        migrations.AddField(
            model_name='leak',
            name='cleaning',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leaks', to='annotation.cleaning'),
        ),
        migrations.AddField(
            model_name='leak',
            name='dismissed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='leak',
            name='image',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leaks', to='annotation.image'),
        ),
        migrations.AddField(
            model_name='leak',
            name='picture',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.storedfile'),
        ),
        migrations.AddField(
            model_name='leak',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leaks', to='projects.project'),
        ),
        migrations.AddConstraint(
            model_name='leak',
            constraint=models.UniqueConstraint(fields=('cleaning', 'image', 'row_key', 'check_made'), name='leak_once_by_check'),
        ),
        migrations.AddConstraint(
            model_name='leak',
            constraint=models.CheckConstraint(condition=models.Q(('check_made__in', ['identical', 'perceptual', 'embedding'])), name='leak_check_known'),
        ),
        migrations.AddConstraint(
            model_name='leak',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dismissed_at', None), ('dismissed_by', None)), models.Q(('dismissed_at__isnull', False), ('dismissed_by__isnull', False)), _connector='OR'), name='leak_dismissed_by_somebody'),
        ),
        migrations.RunSQL(TOGETHER, APART),
    ]
