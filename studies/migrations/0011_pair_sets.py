"""The researcher's own rows of Table 1; once a study is launched they are added with a deviation, never changed."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

KEEP = """
CREATE FUNCTION studies_pairset_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concerned bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.study_id ELSE NEW.study_id END;
    stands text;
BEGIN
    SELECT state INTO stands FROM studies_study WHERE id = concerned;
    IF stands = 'draft' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' OR (stands = 'draft') <> (NEW.deviation_id IS NULL)
        OR (stands <> 'draft' AND TG_OP = 'UPDATE') THEN
        RAISE EXCEPTION 'sets of a launched study are kept, and added with a deviation alone'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pairset_keep BEFORE INSERT OR UPDATE OR DELETE ON studies_pairset
    FOR EACH ROW EXECUTE FUNCTION studies_pairset_keep();
"""
FREE = """
DROP TRIGGER pairset_keep ON studies_pairset;
DROP FUNCTION studies_pairset_keep();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('studies', '0010_graded_paraphrases'),
    ]

    operations = [
        migrations.CreateModel(
            name='PairSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('difficulty', models.CharField(blank=True, choices=[('easy', 'Easy'), ('medium', 'Medium'), ('hard', 'Hard')], max_length=6, verbose_name='difficulty')),
                ('at_least', models.FloatField(blank=True, null=True, verbose_name='similarity at least')),
                ('below', models.FloatField(blank=True, null=True, verbose_name='similarity below')),
                ('captions', models.JSONField(blank=True, default=list, verbose_name='only these captions')),
                ('deviation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pair_sets', to='studies.deviation')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pair_sets', to='studies.study')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(models.F('study'), django.db.models.functions.text.Lower('name'), name='pair_set_name_once'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='pair_set_has_a_name'), models.CheckConstraint(condition=models.Q(('difficulty', ''), ('difficulty__in', ['easy', 'medium', 'hard']), _connector='OR'), name='pair_set_difficulty_known'), models.CheckConstraint(condition=models.Q(models.Q(('difficulty', ''), _negated=True), ('at_least__isnull', False), ('below__isnull', False), models.Q(('captions', []), _negated=True), _connector='OR'), name='pair_set_asks_for_something')],
            },
        ),
        migrations.RunSQL(KEEP, FREE),
    ]
