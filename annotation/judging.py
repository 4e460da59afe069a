"""Judgments: each taken exactly once, in the order in which the annotator made them, and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.assigning import LEASE
from annotation.editing import propose_edit
from annotation.models import (
    Assignment,
    AssignmentState,
    CaptionVersion,
    Judgment,
    Label,
    LabelMeaning,
    LabelSchema,
    ReviewItem,
)
from annotation.models.reviews import ReviewState
from annotation.models.work import JudgmentMode
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import many_lines

# A judgment claims no more than this as focused time; a browser left alone does not count: see
# docs/algorithms/judgments.md.
LONGEST_DURATION_MS = 10 * 60 * 1000
# A browser's clock may be wrong: a time of the future is set to now.
CLOCK_SLACK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class GivenEdit:
    """The repaired text that came with a good, and what it repairs."""

    text: str
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class GivenJudgment:
    """What the browser sends: `label` None is an undo; `sequence` orders one annotator's acts, offline ones too."""

    public_id: UUID
    version_public_id: UUID
    label: str | None
    sequence: int
    made_at: datetime
    duration_ms: int = 0
    mode: str = JudgmentMode.POINTER
    note: str = ""
    edit: GivenEdit | None = None
    is_demo: bool = field(default=False, kw_only=True)


def record_judgment(*, assignment: Assignment, annotator: User, given: GivenJudgment) -> Judgment | None:
    """Record one judgment of a caption that the assignment shows; the same public id again changes nothing.

    A judgment that arrives after a later one on the same caption is kept but is not the current one. Returns None for
    an undo of nothing. Raises Denied when the assignment is another person's, Conflict when the batch is closed or the
    caption is not part of the assignment, Invalid for an unknown label.
    """
    known = Judgment.objects.filter(public_id=given.public_id).first()
    if known is not None:
        return _known_to(known, annotator)
    try:
        with transaction.atomic():
            return _record(assignment, annotator, given)
    except IntegrityError:
        known = Judgment.objects.filter(public_id=given.public_id).first()
        if known is None:
            raise
        return _known_to(known, annotator)


def _known_to(known: Judgment, annotator: User) -> Judgment:
    if known.annotator_id != annotator.pk:
        raise Denied("judgment_of_another", _("This judgment was sent by somebody else."))
    return known


def _record(assignment: Assignment, annotator: User, given: GivenJudgment) -> Judgment | None:
    held = (
        Assignment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("batch__schema")
        .get(pk=assignment.pk)
    )
    if held.annotator_id != annotator.pk:
        raise Denied("assignment_of_another", _("This image is in somebody else's hands; nothing was saved."))
    if held.batch.closed_at is not None:
        raise Conflict("batch_closed", _("The batch was closed; this judgment was not saved."))
    if held.state == AssignmentState.SKIPPED:
        raise Conflict("image_skipped", _("You skipped this image; this judgment was not saved."))
    version = CaptionVersion.objects.filter(
        public_id=given.version_public_id, pk__in=held.version_ids
    ).first()
    if version is None:
        raise Conflict("caption_not_shown", _("This caption is not part of the image that you work on."))
    if held.state == AssignmentState.LEASED:
        Assignment.objects.filter(pk=held.pk).update(lease_until=timezone.now() + LEASE)
    return add_judgment(assignment=held, version=version, annotator=annotator, given=given)


def add_judgment(
    *,
    assignment: Assignment,
    version: CaptionVersion,
    annotator: User,
    given: GivenJudgment,
    is_revision: bool = False,
) -> Judgment | None:
    """Add the row and make it the current one unless a later act is; call inside the act's transaction."""
    batch = assignment.batch
    label = _checked_label(batch.schema, given)
    last = Judgment.objects.filter(annotator=annotator, version=version, batch=batch, is_current=True).first()
    is_late = last is not None and last.client_sequence > given.sequence
    if given.label is None and (last is None or is_late or last.label is None):
        return last
    edited = None
    if given.edit is not None and given.label is not None:
        edited = propose_edit(
            parent=version,
            text=given.edit.text,
            kinds=given.edit.kinds,
            author=annotator,
            is_demo=given.is_demo,
        )
    if last is not None and not is_late:
        Judgment.objects.filter(pk=last.pk).update(is_current=False)
    now = timezone.now()
    return Judgment.objects.create(
        public_id=given.public_id,
        project_id=assignment.project_id,
        batch=batch,
        assignment=assignment,
        image_id=assignment.image_id,
        caption_id=version.caption_id,
        version=version,
        annotator=annotator,
        schema_id=batch.schema_id,
        guideline_id=batch.guideline_id,
        label=given.label,
        meaning=label.meaning if label else None,
        edited_version=edited,
        note=many_lines(given.note)[:2000],
        mode=given.mode,
        is_revision=is_revision or (last is not None and not is_late and _follows_feedback(last)),
        is_gold=assignment.is_gold,
        is_demo=given.is_demo,
        shown_position=_shown_position(assignment, version),
        duration_ms=max(0, min(given.duration_ms, LONGEST_DURATION_MS)),
        client_sequence=given.sequence,
        made_at=now if given.made_at > now + CLOCK_SLACK else given.made_at,
        supersedes=None if is_late else last,
        is_current=not is_late,
    )


def _follows_feedback(last: Judgment) -> bool:
    """Say whether what takes the place of this judgment is no independent rating any more."""
    seen = ReviewItem.objects.filter(judgment=last, state=ReviewState.RETURNED, seen_at__isnull=False)
    return last.is_revision or seen.exists()


def _checked_label(schema: LabelSchema, given: GivenJudgment) -> Label | None:
    """Return the label that was given, None for an undo. Raises Invalid."""
    if given.mode not in JudgmentMode.values:
        raise Invalid("mode_unknown", _("There is no such way of judging."))
    if given.label is None:
        return None
    label = Label.objects.filter(schema=schema, key=given.label).first()
    if label is None:
        raise Invalid(
            "label_unknown", _("There is no label %(label)s in this batch.") % {"label": given.label}
        )
    if given.mode == JudgmentMode.REST_BAD and label.meaning != LabelMeaning.BAD:
        raise Invalid("rest_needs_bad", _("Only a label that means bad is given to all the rest at once."))
    if given.edit is not None and not schema.allows_edits:
        raise Invalid(
            "edits_not_asked", _("Captions of this batch are judged as they are; nothing was saved.")
        )
    if given.edit is not None and label.meaning != LabelMeaning.GOOD:
        raise Invalid("edit_needs_good", _("An edited caption is judged good as edited; nothing was saved."))
    return label


def _shown_position(assignment: Assignment, version: CaptionVersion) -> int:
    return assignment.version_ids.index(version.pk) if version.pk in assignment.version_ids else 0
