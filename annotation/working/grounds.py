"""What a judgment rests on, read by one statement: the hot path of annotation cannot afford a query for each row.

Why it is SQL and not querysets: docs/decisions/0005-the-hot-path-reads-by-one-statement.md.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polyannot.kernel.prepared import execute

# Locks the assignment, so that judgments of one image come one after the other. What is joined to it was read before a
# wait for the lock ended; the unique index on current judgments notices that, and the caller reads again.
STATEMENT = """\
SELECT a.id, a.project_id, a.image_id, a.annotator_id, a.state, a.skip_reason, a.is_gold, a.lease_until,
       a.lease_seconds, a.finished_at, array_position(a.version_ids, v.id),
       b.id, b.public_id, b.closed_at, b.schema_id, b.guideline_id, s.allows_edits, v.id, v.caption_id, l.meaning,
       j.id, j.client_sequence, j.label, j.is_revision, k.annotator_id
  FROM annotation_assignment a
  JOIN annotation_batch b ON b.id = a.batch_id
  JOIN annotation_labelschema s ON s.id = b.schema_id
  LEFT JOIN annotation_captionversion v ON v.public_id = %(version)s AND v.image_id = a.image_id
  LEFT JOIN annotation_label l ON l.schema_id = s.id AND l.key = %(label)s
  LEFT JOIN annotation_judgment j
         ON j.annotator_id = %(annotator)s AND j.version_id = v.id AND j.batch_id = b.id AND j.is_current
  LEFT JOIN annotation_judgment k ON k.public_id = %(judgment)s
 WHERE a.public_id = %(assignment)s
   FOR NO KEY UPDATE OF a
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """The assignment (locked), its batch, the version and label that were named, and what was judged before.

    `position` is where the assignment shows the version, counted from one; None when it does not. `version_id` is None
    for a version that is not of this image, `meaning` for a label that the batch does not have. `last_...` is the
    annotator's current judgment of the version in this batch, `known_to` the author of a judgment that has the same
    public id already.
    """

    assignment_id: int
    project_id: int
    image_id: int
    annotator_id: int | None
    state: str
    skip_reason: str
    is_gold: bool
    lease_until: datetime | None
    lease_seconds: int
    finished_at: datetime | None
    position: int | None
    batch_id: int
    batch_public_id: UUID
    closed_at: datetime | None
    schema_id: int
    guideline_id: int
    allows_edits: bool
    version_id: int | None
    caption_id: int | None
    meaning: str | None
    last_id: int | None
    last_sequence: int | None
    last_label: str | None
    last_is_revision: bool | None
    known_to: int | None


def read_ground(
    *, assignment: UUID, annotator_id: int, version: UUID, label: str | None, judgment: UUID
) -> Ground | None:
    """Lock the assignment and return the ground of a judgment; None without such an assignment.

    Call inside a transaction.
    """
    named = {
        "assignment": assignment,
        "annotator": annotator_id,
        "version": version,
        "label": label,
        "judgment": judgment,
    }
    row = execute(STATEMENT, named).fetchone()
    return Ground(*row) if row is not None else None
