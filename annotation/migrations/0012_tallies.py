"""Stored tallies of images and versions, and the triggers that note which of them are due.

Each trigger adds a row for each image whose rows changed, in the same transaction; nothing is counted here.
"""

import django.db.models.deletion
from django.db import migrations, models

NOTING = """
CREATE FUNCTION annotation_tally_due_of_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annotation_tallydue (project_id, image_id) SELECT DISTINCT project_id, image_id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER judgment_tally_due AFTER INSERT ON annotation_judgment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_tally_due_of_rows();
CREATE TRIGGER caption_tally_due AFTER INSERT ON annotation_caption
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_tally_due_of_rows();
CREATE TRIGGER captionversion_tally_due AFTER INSERT ON annotation_captionversion
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_tally_due_of_rows();
CREATE TRIGGER assignment_tally_due AFTER INSERT ON annotation_assignment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_tally_due_of_rows();

CREATE FUNCTION annotation_tally_due_of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annotation_tallydue (project_id, image_id) VALUES (NEW.project_id, NEW.image_id);
    RETURN NULL;
END $$;
CREATE TRIGGER judgment_retally AFTER UPDATE OF is_current ON annotation_judgment
    FOR EACH ROW EXECUTE FUNCTION annotation_tally_due_of_row();
CREATE TRIGGER caption_retally AFTER UPDATE OF drop_reason ON annotation_caption
    FOR EACH ROW WHEN (OLD.drop_reason IS DISTINCT FROM NEW.drop_reason)
    EXECUTE FUNCTION annotation_tally_due_of_row();
CREATE TRIGGER captionversion_retally AFTER UPDATE OF state, decided_by_id ON annotation_captionversion
    FOR EACH ROW EXECUTE FUNCTION annotation_tally_due_of_row();
CREATE TRIGGER assignment_retally AFTER UPDATE OF state ON annotation_assignment
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION annotation_tally_due_of_row();

CREATE FUNCTION annotation_tally_due_of_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annotation_tallydue (project_id, image_id)
        SELECT project_id, image_id FROM annotation_captionversion WHERE id = NEW.version_id;
    RETURN NULL;
END $$;
CREATE TRIGGER adjudication_tally_due AFTER INSERT OR UPDATE ON annotation_adjudication
    FOR EACH ROW EXECUTE FUNCTION annotation_tally_due_of_version();

CREATE FUNCTION annotation_tally_due_of_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annotation_tallydue (project_id, image_id)
        SELECT DISTINCT project_id, image_id FROM annotation_assignment WHERE batch_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER batch_tally_due AFTER UPDATE OF closed_at, overlap ON annotation_batch
    FOR EACH ROW EXECUTE FUNCTION annotation_tally_due_of_batch();

-- What is there already is due.
INSERT INTO annotation_tallydue (project_id, image_id) SELECT project_id, id FROM annotation_image;
"""
FORGETTING = """
DROP TRIGGER judgment_tally_due ON annotation_judgment;
DROP TRIGGER caption_tally_due ON annotation_caption;
DROP TRIGGER captionversion_tally_due ON annotation_captionversion;
DROP TRIGGER assignment_tally_due ON annotation_assignment;
DROP TRIGGER judgment_retally ON annotation_judgment;
DROP TRIGGER caption_retally ON annotation_caption;
DROP TRIGGER captionversion_retally ON annotation_captionversion;
DROP TRIGGER assignment_retally ON annotation_assignment;
DROP TRIGGER adjudication_tally_due ON annotation_adjudication;
DROP TRIGGER batch_tally_due ON annotation_batch;
DROP FUNCTION annotation_tally_due_of_rows();
DROP FUNCTION annotation_tally_due_of_row();
DROP FUNCTION annotation_tally_due_of_version();
DROP FUNCTION annotation_tally_due_of_batch();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0011_what_somebody_finished_last"),
        ("projects", "0002_events_are_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImageTally",
            fields=[
                (
                    "image",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="tally",
                        serialize=False,
                        to="annotation.image",
                    ),
                ),
                ("n_pool", models.PositiveIntegerField(default=0)),
                ("n_judged", models.PositiveIntegerField(default=0)),
                ("n_good", models.PositiveIntegerField(default=0)),
                ("n_settled", models.PositiveIntegerField(default=0)),
                ("n_ever_shown", models.PositiveIntegerField(default=0)),
                ("n_ever_judged", models.PositiveIntegerField(default=0)),
                ("n_slots_open", models.PositiveIntegerField(default=0)),
                ("n_slots_done", models.PositiveIntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("n_good__lte", models.F("n_pool")), ("n_judged__lte", models.F("n_pool"))
                        ),
                        name="image_tally_within_pool",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TallyDue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotation.image",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["project", "image"], name="tally_due")],
            },
        ),
        migrations.CreateModel(
            name="VersionTally",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="tally",
                        serialize=False,
                        to="annotation.captionversion",
                    ),
                ),
                ("verdict", models.CharField(max_length=10)),
                ("is_adjudicated", models.BooleanField(default=False)),
                (
                    "image",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="annotation.image"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["project", "verdict"], name="version_tally_by_verdict")],
            },
        ),
        migrations.RunSQL(NOTING, FORGETTING),
    ]
