"""Cleaning of candidate captions: what a run did to each, and the moves by which it is done and undone."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


MOVES = [
    ("proposed", "accepted"),
    ("proposed", "rejected"),
    ("proposed", "withdrawn"),
    ("accepted", "rejected"),
    ("accepted", "proposed"),
    ("accepted", "withdrawn"),
    ("rejected", "accepted"),
    ("rejected", "proposed"),
]
# A cleaned text takes the place of the base; undone, it is withdrawn and the text before it is the base again.
CLEANING_MOVES = [("base", "uncleaned"), ("uncleaned", "base"), ("base", "withdrawn")]


def moving(moves: list[tuple[str, str]]) -> str:
    pairs = ", ".join(f"('{before}', '{after}')" for before, after in moves)
    return f"""
DROP TRIGGER captionversion_move ON annotation_captionversion;
CREATE TRIGGER captionversion_move BEFORE UPDATE OF state ON annotation_captionversion FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN ({pairs}))
    EXECUTE FUNCTION annotation_refuse('a version does not move like this');
"""


# (table, columns, referenced table, referenced columns)
TOGETHER = [
    ("annotation_cleaningitem", "cleaning_id, project_id", "annotation_cleaning", "id, project_id"),
    ("annotation_cleaningitem", "version_id, project_id", "annotation_captionversion", "id, project_id"),
    ("annotation_cleaningitem", "made_id, project_id", "annotation_captionversion", "id, project_id"),
    ("annotation_cleaningitem", "twin_id, project_id", "annotation_captionversion", "id, project_id"),
]


def constraint_name(table: str, columns: str) -> str:
    return f"{table.removeprefix('annotation_')}_{columns.split(',')[0].removesuffix('_id')}_together"


ADD = "\n".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {constraint_name(table, columns)} FOREIGN KEY ({columns})"
    f" REFERENCES {other} ({other_columns}) DEFERRABLE INITIALLY IMMEDIATE;"
    for table, columns, other, other_columns in TOGETHER
)
DROP = "\n".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {constraint_name(table, columns)};" for table, columns, _, _ in TOGETHER
)


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0025_scores_of_pairs'),
        ('projects', '0004_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Cleaning',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), default=list, size=None)),
                ('n_given', models.PositiveIntegerField()),
                ('n_cleaned', models.PositiveIntegerField()),
                ('undone_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='CleaningItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('dropped', 'Dropped'), ('changed', 'Repaired'), ('held', 'In use, left as it is'), ('undone', 'Taken back'), ('kept', 'In use by now, not taken back')], max_length=8)),
                ('step', models.CharField(blank=True, choices=[('placeholders', 'Placeholders of persons'), ('encoding', 'Broken characters'), ('html', 'Markup'), ('site_names', 'Names of sites'), ('hashtags', 'Hashtags'), ('links', 'Web addresses'), ('spaces', 'Spaces'), ('language', 'Another language'), ('repetition', 'Repeated words'), ('parts_of_speech', 'No noun, verb or adjective'), ('too_short', 'Too few words'), ('near_duplicates', 'Says what another says')], default='', max_length=16)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('changed_by', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('placeholders', 'Placeholders of persons'), ('encoding', 'Broken characters'), ('html', 'Markup'), ('site_names', 'Names of sites'), ('hashtags', 'Hashtags'), ('links', 'Web addresses'), ('spaces', 'Spaces'), ('language', 'Another language'), ('repetition', 'Repeated words'), ('parts_of_speech', 'No noun, verb or adjective'), ('too_short', 'Too few words'), ('near_duplicates', 'Says what another says')], max_length=16), default=list, size=None)),
                ('text', models.TextField(blank=True, default='')),
                ('hold', models.CharField(blank=True, choices=[('', '—'), ('judged', 'somebody has judged it'), ('given', 'it was given to somebody in a batch'), ('edited', 'it has an edit'), ('named', 'a question, known answer, check, study or release names it'), ('taken_back', 'somebody took it back from an earlier cleaning'), ('out', 'it left the pool meanwhile'), ('empty', 'nothing would be left of it'), ('built_on', 'a later cleaning changed it again')], default='', max_length=12)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='caption',
            name='caption_drop_reason_known',
        ),
        migrations.RemoveConstraint(
            model_name='captionversion',
            name='version_one_base',
        ),
        migrations.RemoveConstraint(
            model_name='captionversion',
            name='version_base_is_root',
        ),
        migrations.RemoveConstraint(
            model_name='captionversion',
            name='version_state_known',
        ),
        migrations.AlterField(
            model_name='caption',
            name='drop_reason',
            field=models.CharField(blank=True, choices=[('', 'In the pool'), ('reported', 'Reported, waits for a decision'), ('cleaned', 'Dropped by cleaning'), ('leakage', "Its picture is one of the project's"), ('too_generic', 'Too generic'), ('taken_down', 'Taken down')], default='', max_length=12),
        ),
        migrations.AlterField(
            model_name='captionversion',
            name='state',
            field=models.CharField(choices=[('base', 'As imported'), ('uncleaned', 'Before cleaning'), ('proposed', 'Proposed'), ('accepted', 'Accepted'), ('rejected', 'Rejected'), ('withdrawn', 'Taken back')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='caption',
            constraint=models.CheckConstraint(condition=models.Q(('drop_reason__in', ['', 'reported', 'cleaned', 'leakage', 'too_generic', 'taken_down'])), name='caption_drop_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='captionversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'base')), fields=('caption',), name='version_one_base'),
        ),
        migrations.AddConstraint(
            model_name='captionversion',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['base', 'uncleaned', 'proposed', 'accepted', 'rejected', 'withdrawn'])), name='version_state_known'),
        ),
        migrations.AddConstraint(
            model_name='captionversion',
            constraint=models.CheckConstraint(condition=models.Q(('parent__isnull', False), ('state__in', ['base', 'uncleaned']), _connector='OR'), name='version_root_is_no_edit'),
        ),
        migrations.AddField(
            model_name='cleaning',
            name='job',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='cleaning', to='projects.job'),
        ),
        migrations.AddField(
            model_name='cleaning',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cleanings', to='projects.project'),
        ),
        migrations.AddField(
            model_name='cleaning',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='caption',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cleaning_items', to='annotation.caption'),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='cleaning',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='annotation.cleaning'),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='made',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='made_by_cleaning', to='annotation.captionversion'),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.project'),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='twin',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.captionversion'),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cleaningitem',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cleaning_items', to='annotation.captionversion'),
        ),
        migrations.AddConstraint(
            model_name='cleaning',
            constraint=models.UniqueConstraint(fields=('id', 'project'), name='cleaning_of_project'),
        ),
        migrations.AddConstraint(
            model_name='cleaning',
            constraint=models.CheckConstraint(condition=models.Q(('n_cleaned__lte', models.F('n_given'))), name='cleaning_within_given'),
        ),
        migrations.AddConstraint(
            model_name='cleaning',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at', None), ('undone_by', None)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='cleaning_undone_by_somebody'),
        ),
        migrations.AddIndex(
            model_name='cleaningitem',
            index=models.Index(fields=['cleaning', 'outcome', 'step'], name='cleaning_item_by_outcome'),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.UniqueConstraint(fields=('cleaning', 'caption'), name='cleaning_item_once'),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['dropped', 'changed', 'held', 'undone', 'kept'])), name='cleaning_item_outcome_known'),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.CheckConstraint(condition=models.Q(('step', ''), ('step__in', ['placeholders', 'encoding', 'html', 'site_names', 'hashtags', 'links', 'spaces', 'language', 'repetition', 'parts_of_speech', 'too_short', 'near_duplicates']), _connector='OR'), name='cleaning_item_step_known'),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.CheckConstraint(condition=models.Q(('hold__in', ['', 'judged', 'given', 'edited', 'named', 'taken_back', 'out', 'empty', 'built_on'])), name='cleaning_item_hold_known'),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('hold', ''), ('made', None), ('outcome', 'dropped'), models.Q(('step', ''), _negated=True)), models.Q(('hold', ''), ('made__isnull', False), ('outcome', 'changed'), ('step', '')), models.Q(('made', None), ('outcome', 'held'), models.Q(('hold', ''), _negated=True)), models.Q(('hold', ''), ('outcome', 'undone')), models.Q(('made__isnull', False), ('outcome', 'kept'), ('step', ''), models.Q(('hold', ''), _negated=True)), _connector='OR'), name='cleaning_item_outcome_fits'),
        ),
        migrations.AddConstraint(
            model_name='cleaningitem',
            constraint=models.CheckConstraint(condition=models.Q(('undone_by', None), ('outcome', 'undone'), _connector='OR'), name='cleaning_item_undone_by_somebody'),
        ),
        migrations.RunSQL(moving([*MOVES, *CLEANING_MOVES]), moving(MOVES)),
        migrations.RunSQL(ADD, DROP),
    ]
