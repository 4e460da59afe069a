"""Rows move from state to state by the rules of docs/algorithms only, and what is said to stay as it is stays.

Every rule is the condition of a trigger: the function behind it runs only to refuse.
"""

from django.db import migrations, models
from django.db.models import F, Q

# (table, column, how the row is called, the moves that there are)
MOVES = [
    (
        "captionversion",
        "state",
        "a version",
        [
            ("proposed", "accepted"),
            ("proposed", "rejected"),
            ("proposed", "withdrawn"),
            ("accepted", "rejected"),
            ("accepted", "proposed"),
            ("accepted", "withdrawn"),
            ("rejected", "accepted"),
            ("rejected", "proposed"),
        ],
    ),
    ("pairreport", "state", "a report", [("open", "upheld"), ("open", "dismissed")]),
    (
        "captionfix",
        "state",
        "a find-and-fix",
        [("draft", "running"), ("draft", "discarded"), ("running", "applied"), ("applied", "undone")],
    ),
    ("fixitem", "outcome", "a caption of a find-and-fix", [("changed", "undone"), ("changed", "kept")]),
    (
        "assignment",
        "state",
        "a slot",
        [
            ("open", "leased"),
            ("leased", "open"),
            ("leased", "done"),
            ("leased", "skipped"),
            ("done", "leased"),
            # An imported rater who passed over an image in one file and judged something of it in the next.
            ("skipped", "done"),
        ],
    ),
    (
        "onboardingrun",
        "state",
        "an attempt",
        [
            ("training", "qualification"),
            ("training", "failed"),
            ("training", "waived"),
            ("qualification", "passed"),
            ("qualification", "failed"),
            ("qualification", "waived"),
        ],
    ),
]

# (table, the name of the rule, when an update is refused, what is told)
KEPT = [
    (
        "captionversion",
        "origin",
        "ROW(OLD.project_id, OLD.image_id, OLD.author_id, OLD.reverts_to_id, OLD.reason)"
        " IS DISTINCT FROM ROW(NEW.project_id, NEW.image_id, NEW.author_id, NEW.reverts_to_id, NEW.reason)",
        "who made a version, and why, never changes",
    ),
    (
        "adjudication",
        "final",
        "NEW.is_current OR (to_jsonb(OLD) - 'is_current') <> (to_jsonb(NEW) - 'is_current')",
        "a final label never changes; a later one takes its place",
    ),
    (
        "reviewitem",
        "drawn",
        "ROW(OLD.project_id, OLD.round_id, OLD.judgment_id)"
        " IS DISTINCT FROM ROW(NEW.project_id, NEW.round_id, NEW.judgment_id)",
        "what a review round has drawn stays in it",
    ),
    (
        "reviewitem",
        "reopened",
        "OLD.state = 'accepted' AND NEW.state = 'waiting' AND NEW.revision_id IS NOT NULL",
        "an acceptance of a revision is taken back to the revision",
    ),
    (
        "pairreport",
        "said",
        "ROW(OLD.caption_id, OLD.reporter_id, OLD.kind) IS DISTINCT FROM ROW(NEW.caption_id, NEW.reporter_id, NEW.kind)",
        "what was reported never changes",
    ),
    (
        "question",
        "asked",
        "ROW(OLD.version_id, OLD.asker_id) IS DISTINCT FROM ROW(NEW.version_id, NEW.asker_id)"
        " OR (OLD.state <> 'open' AND OLD.text <> NEW.text)",
        "a question that is answered or withdrawn never changes",
    ),
    (
        "precedent",
        "ruled",
        "OLD.retired_at IS NOT NULL OR (to_jsonb(OLD) - 'retired_at' - 'retired_by_id')"
        " <> (to_jsonb(NEW) - 'retired_at' - 'retired_by_id')",
        "a precedent never changes; it is taken out of force once",
    ),
    (
        "captionfix",
        "asked",
        "ROW(OLD.pattern, OLD.replacement, OLD.is_whole_word, OLD.is_case_sensitive, OLD.kinds, OLD.scope, OLD.accepts,"
        " OLD.made_by_id) IS DISTINCT FROM ROW(NEW.pattern, NEW.replacement, NEW.is_whole_word, NEW.is_case_sensitive,"
        " NEW.kinds, NEW.scope, NEW.accepts, NEW.made_by_id)"
        " OR (OLD.n_named IS NOT NULL AND OLD.n_named IS DISTINCT FROM NEW.n_named)",
        "what a find-and-fix looks for and puts in its place never changes",
    ),
    (
        "onboardingrun",
        "drawn",
        "ROW(OLD.person_id, OLD.attempt, OLD.pass_percent, OLD.seed, OLD.training_ids, OLD.qualification_ids)"
        " IS DISTINCT FROM"
        " ROW(NEW.person_id, NEW.attempt, NEW.pass_percent, NEW.seed, NEW.training_ids, NEW.qualification_ids)",
        "the pairs and the pass mark of an attempt are fixed when it begins",
    ),
    ("onboardinganswer", "given", "OLD.* IS DISTINCT FROM NEW.*", "an answer in onboarding never changes"),
    (
        "knownanswer",
        "label",
        "OLD.retired_at IS NOT NULL OR ROW(OLD.version_id, OLD.schema_id, OLD.label)"
        " IS DISTINCT FROM ROW(NEW.version_id, NEW.schema_id, NEW.label)",
        "a known answer keeps its pair and label; once retired it stays so",
    ),
    ("guideline", "published", "OLD.* IS DISTINCT FROM NEW.*", "a published version of the guidelines never changes"),
]

# Nothing of these is ever deleted.
NEVER_DELETED = ["captionversion", "adjudication", "guideline", "precedent", "question", "pairreport"]

REFUSE = """
CREATE FUNCTION annotation_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION annotation_reviewitem_fit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM annotation_judgment WHERE id = NEW.judgment_id AND annotator_id = NEW.reviewer_id
    ) THEN
        RAISE EXCEPTION 'nobody reviews their own judgment' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.revision_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM annotation_judgment j JOIN annotation_judgment r USING (annotator_id, version_id)
         WHERE j.id = NEW.judgment_id AND r.id = NEW.revision_id AND r.is_revision AND r.id > j.id
    ) THEN
        RAISE EXCEPTION 'a revision is a later judgment of the same person on the same version'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reviewitem_fit BEFORE INSERT OR UPDATE OF reviewer_id, revision_id, judgment_id
    ON annotation_reviewitem FOR EACH ROW EXECUTE FUNCTION annotation_reviewitem_fit();

CREATE FUNCTION annotation_adjudication_fit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM annotation_captionversion WHERE id = NEW.version_id AND author_id = NEW.adjudicator_id
    ) THEN
        RAISE EXCEPTION 'nobody finds their own edit good' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER adjudication_fit BEFORE INSERT ON annotation_adjudication
    FOR EACH ROW WHEN (NEW.meaning = 'good') EXECUTE FUNCTION annotation_adjudication_fit();
"""


def refusing(table: str, name: str, event: str, when: str, told: str) -> tuple[str, str]:
    condition = f" WHEN ({when})" if when else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON annotation_{table}"
        f" FOR EACH ROW{condition} EXECUTE FUNCTION annotation_refuse('{told}');",
        f"DROP TRIGGER {name} ON annotation_{table};",
    )


def pairs(moves: list[tuple[str, str]]) -> str:
    return ", ".join(f"('{before}', '{after}')" for before, after in moves)


TRIGGERS = (
    [
        refusing(
            table,
            f"{table}_move",
            f"UPDATE OF {column}",
            f"OLD.{column} <> NEW.{column} AND (OLD.{column}, NEW.{column}) NOT IN ({pairs(moves)})",
            f"{called} does not move like this",
        )
        for table, column, called, moves in MOVES
    ]
    + [refusing(table, f"{table}_keep_{name}", "UPDATE", when, told) for table, name, when, told in KEPT]
    + [refusing(table, f"{table}_stay", "DELETE", "", "this is never deleted") for table in NEVER_DELETED]
)
FORWARD = REFUSE + "\n".join(made for made, _dropped in TRIGGERS)
BACKWARD = (
    "\n".join(dropped for _made, dropped in TRIGGERS)
    + """
DROP TRIGGER adjudication_fit ON annotation_adjudication;
DROP FUNCTION annotation_adjudication_fit();
DROP TRIGGER reviewitem_fit ON annotation_reviewitem;
DROP FUNCTION annotation_reviewitem_fit();
DROP FUNCTION annotation_refuse();
"""
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0016_skips_that_heads_give_on")]

    operations = [
        migrations.AddConstraint(
            model_name="captionversion",
            constraint=models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, state__in=["accepted", "rejected"]),
                name="version_decided_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="pairreport",
            constraint=models.CheckConstraint(
                condition=Q(state="open", decided_by=None, decided_at=None)
                | Q(state__in=["upheld", "dismissed"], decided_by__isnull=False, decided_at__isnull=False),
                name="report_decided_by_someone",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=Q(answered_by=None) | ~Q(answered_by=F("asker")),
                name="question_answered_by_another",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
