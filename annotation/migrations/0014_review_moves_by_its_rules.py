"""Review items and questions move from state to state by their rules only (docs/algorithms/review.md, questions.md).

A judgment is in one review round at most.
"""

from django.db import migrations, models

MOVES = """
CREATE FUNCTION annotation_reviewitem_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('waiting', 'accepted'), ('waiting', 'fixed'), ('waiting', 'returned'),
        ('revised', 'accepted'), ('revised', 'fixed'), ('revised', 'returned'),
        ('returned', 'revised'), ('returned', 'waiting'),
        ('accepted', 'waiting'), ('accepted', 'revised')
    ) THEN
        RAISE EXCEPTION 'a review item does not move from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reviewitem_move BEFORE UPDATE OF state ON annotation_reviewitem
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION annotation_reviewitem_move();

CREATE FUNCTION annotation_question_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'open' THEN
        RAISE EXCEPTION 'a question does not move from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER question_move BEFORE UPDATE OF state ON annotation_question
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION annotation_question_move();
"""
FREE = """
DROP TRIGGER question_move ON annotation_question;
DROP FUNCTION annotation_question_move();
DROP TRIGGER reviewitem_move ON annotation_reviewitem;
DROP FUNCTION annotation_reviewitem_move();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0013_judgments_by_arrival'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='reviewitem', name='review_item_once'),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.UniqueConstraint(fields=('judgment',), name='review_item_once'),
        ),
        migrations.RunSQL(MOVES, FREE),
    ]
