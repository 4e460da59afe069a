"""What the database promises beyond single columns.

Rows that meet carry the project and are held together by composite foreign keys, so that a pair can never join two
projects; judgments and texts never change once written.
"""

from django.db import migrations

# (table, columns, referenced table, referenced columns)
TOGETHER = [
    ("annotation_caption", "image_id, project_id", "annotation_image", "id, project_id"),
    ("annotation_captionversion", "caption_id, image_id, project_id", "annotation_caption", "id, image_id, project_id"),
    ("annotation_batch", "schema_id, project_id", "annotation_labelschema", "id, project_id"),
    ("annotation_batch", "guideline_id, project_id", "annotation_guideline", "id, project_id"),
    ("annotation_assignment", "batch_id, project_id", "annotation_batch", "id, project_id"),
    ("annotation_assignment", "image_id, project_id", "annotation_image", "id, project_id"),
    ("annotation_judgment", "assignment_id, project_id", "annotation_assignment", "id, project_id"),
    ("annotation_judgment", "batch_id, project_id", "annotation_batch", "id, project_id"),
    (
        "annotation_judgment",
        "version_id, caption_id, image_id, project_id",
        "annotation_captionversion",
        "id, caption_id, image_id, project_id",
    ),
    (
        "annotation_judgment",
        "edited_version_id, caption_id, image_id, project_id",
        "annotation_captionversion",
        "id, caption_id, image_id, project_id",
    ),
    ("annotation_judgment", "guideline_id, project_id", "annotation_guideline", "id, project_id"),
    ("annotation_judgment", "schema_id, label", "annotation_label", "schema_id, key"),
    ("annotation_judgment", "supersedes_id, project_id", "annotation_judgment", "id, project_id"),
    ("annotation_reviewround", "batch_id, project_id", "annotation_batch", "id, project_id"),
    ("annotation_reviewitem", "round_id, project_id", "annotation_reviewround", "id, project_id"),
    ("annotation_reviewitem", "judgment_id, project_id", "annotation_judgment", "id, project_id"),
    ("annotation_reviewitem", "revision_id, project_id", "annotation_judgment", "id, project_id"),
    ("annotation_adjudication", "version_id, project_id", "annotation_captionversion", "id, project_id"),
    ("annotation_pairreport", "caption_id, image_id, project_id", "annotation_caption", "id, image_id, project_id"),
    ("annotation_similarity", "version_id, project_id", "annotation_captionversion", "id, project_id"),
    ("annotation_similarity", "image_id, project_id", "annotation_image", "id, project_id"),
    ("annotation_imagechoice", "image_id, project_id", "annotation_image", "id, project_id"),
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

UNCHANGING = """
CREATE FUNCTION annotation_judgment_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'judgments are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.is_current = OLD.is_current OR NEW.is_current
       OR to_jsonb(NEW) - 'is_current' <> to_jsonb(OLD) - 'is_current' THEN
        RAISE EXCEPTION 'judgments never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER judgment_keep BEFORE UPDATE OR DELETE ON annotation_judgment
    FOR EACH ROW EXECUTE FUNCTION annotation_judgment_keep();

CREATE FUNCTION annotation_captionversion_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text <> OLD.text OR NEW.content_hash <> OLD.content_hash OR NEW.caption_id <> OLD.caption_id
       OR NEW.parent_id IS DISTINCT FROM OLD.parent_id THEN
        RAISE EXCEPTION 'the text of a version never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER captionversion_keep BEFORE UPDATE ON annotation_captionversion
    FOR EACH ROW EXECUTE FUNCTION annotation_captionversion_keep();
"""
CHANGING = """
DROP TRIGGER judgment_keep ON annotation_judgment;
DROP FUNCTION annotation_judgment_keep();
DROP TRIGGER captionversion_keep ON annotation_captionversion;
DROP FUNCTION annotation_captionversion_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [migrations.RunSQL(ADD, DROP), migrations.RunSQL(UNCHANGING, CHANGING)]
