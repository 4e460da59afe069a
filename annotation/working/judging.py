"""Judgments: each taken exactly once, in the order in which the annotator made them, and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.captions.editing import propose_edit
from annotation.models import (
    Assignment,
    AssignmentState,
    CaptionVersion,
    Judgment,
    LabelMeaning,
    Question,
    ReviewItem,
)
from annotation.models.reviews import ReviewState
from annotation.models.work import JudgmentMode, SkipReason
from annotation.working.grounds import Ground, read_ground
from annotation.working.leasing import lease_end
from annotation.working.queueing import captions_left
from polyannot.kernel.errors import Conflict, Denied, Invalid, Missing
from polyannot.kernel.prepared import insert
from polyannot.kernel.text import many_lines

# A judgment claims no more than this as focused time; a browser left alone does not count: see
# docs/algorithms/judgments.md.
LONGEST_DURATION_MS = 10 * 60 * 1000
# A browser's clock may be wrong: a time of the future is set to now.
CLOCK_SLACK = timedelta(minutes=2)
# A sign of work pushes the end of the lease out once less than this share of it is left.
RENEWED_BELOW = 0.75

# So many other judgments of one caption by one person may come in while one of them waits for its turn.
MOST_ATTEMPTS = 20


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a judgment is made: an assignment by its public id, in a batch by its, in a project."""

    project_id: int
    batch: UUID
    assignment: UUID


def record_judgment(*, assignment: Assignment, annotator: User, given: GivenJudgment) -> Judgment | None:
    """Record one judgment of a caption that the assignment shows; the same public id again changes nothing.

    A judgment that arrives after a later one on the same caption is kept but is not the current one. Returns None for
    an undo of nothing. Raises Denied when the assignment is another person's, Conflict when the batch is closed or the
    caption is not part of the assignment, Invalid for an unknown label.
    """
    place = Place(assignment.project_id, assignment.batch.public_id, assignment.public_id)
    return record_at(place=place, annotator=annotator, given=given)


def record_at(*, place: Place, annotator: User, given: GivenJudgment) -> Judgment | None:
    """Record one judgment like `record_judgment`, of an assignment known by where it is.

    Raises Missing when there is no such assignment in that batch of that project.
    """
    for _attempt in range(MOST_ATTEMPTS - 1):
        try:
            return _record(place, annotator, given)
        except IntegrityError:
            # Another judgment of this caption, or this very one, came in while this one waited: read again.
            continue
    return _record(place, annotator, given)


def _record(place: Place, annotator: User, given: GivenJudgment) -> Judgment | None:
    with transaction.atomic():
        ground = read_ground(
            assignment=place.assignment,
            annotator_id=annotator.pk,
            version=given.version_public_id,
            label=given.label,
            judgment=given.public_id,
        )
        if ground is None or (ground.project_id, ground.batch_public_id) != (place.project_id, place.batch):
            raise Missing("row_missing", _("There is no such image in this batch."))
        if ground.known_to is not None:
            return _known(ground, annotator, given)
        _check_place(ground, annotator)
        _renew(ground)
        added = add_judgment(ground=ground, annotator=annotator, given=given)
        if added is not None and ground.finished_at is not None:
            _keep_done_honest(ground)
        return added


def _known(ground: Ground, annotator: User, given: GivenJudgment) -> Judgment:
    if ground.known_to != annotator.pk:
        raise Denied("judgment_of_another", _("This judgment was sent by somebody else."))
    return Judgment.objects.get(public_id=given.public_id)


def _check_place(ground: Ground, annotator: User) -> None:
    if ground.annotator_id != annotator.pk:
        raise Denied("assignment_of_another", _("This image is in somebody else's hands; nothing was saved."))
    if ground.closed_at is not None:
        raise Conflict("batch_closed", _("The batch was closed; this judgment was not saved."))
    if ground.state == AssignmentState.SKIPPED and ground.skip_reason == SkipReason.GIVEN_ON:
        raise Conflict(
            "image_given_on",
            _(
                "You were away for long, and this image was given to somebody else; this judgment was not saved."
            ),
        )
    if ground.state == AssignmentState.SKIPPED:
        raise Conflict("image_skipped", _("You skipped this image; this judgment was not saved."))
    if ground.position is None:
        raise Conflict("caption_not_shown", _("This caption is not part of the image that you work on."))


def _renew(ground: Ground) -> None:
    if ground.state != AssignmentState.LEASED or ground.lease_until is None:
        return
    now, lasts = timezone.now(), timedelta(seconds=ground.lease_seconds)
    if ground.lease_until - now < lasts * RENEWED_BELOW:
        Assignment.objects.filter(pk=ground.assignment_id).update(lease_until=now + lasts)


def _keep_done_honest(ground: Ground) -> None:
    """Give an image handed in back to its annotator while a judgment of it is taken back; done again once it is not."""
    assignment = Assignment.objects.get(pk=ground.assignment_id)
    is_whole = captions_left(assignment) == 0
    if is_whole == (ground.state == AssignmentState.DONE):
        return
    assignment.state = AssignmentState.DONE if is_whole else AssignmentState.LEASED
    assignment.lease_until = None if is_whole else lease_end(assignment, timezone.now())
    assignment.save(update_fields=["state", "lease_until"])


def add_judgment(
    *, ground: Ground, annotator: User, given: GivenJudgment, is_revision: bool = False
) -> Judgment | None:
    """Add the row and make it the current one unless a later act is; call inside the transaction of the ground."""
    assert ground.version_id is not None
    assert ground.caption_id is not None
    _check_label(ground, given)
    is_late = ground.last_sequence is not None and ground.last_sequence > given.sequence
    if given.label is None and (ground.last_id is None or is_late or ground.last_label is None):
        return _nothing_to_undo(ground, annotator)
    edited = _proposed(ground, annotator, given)
    superseded = None if is_late else ground.last_id
    is_revision = is_revision or (superseded is not None and _follows_feedback(ground))
    if superseded is not None:
        Judgment.objects.filter(pk=superseded).update(is_current=False)
    now = timezone.now()
    row = Judgment(
        public_id=given.public_id,
        project_id=ground.project_id,
        batch_id=ground.batch_id,
        assignment_id=ground.assignment_id,
        image_id=ground.image_id,
        caption_id=ground.caption_id,
        version_id=ground.version_id,
        annotator=annotator,
        schema_id=ground.schema_id,
        guideline_id=ground.guideline_id,
        label=given.label,
        meaning=ground.meaning,
        edited_version=edited,
        note=many_lines(given.note)[:2000],
        mode=given.mode,
        is_revision=is_revision,
        is_gold=ground.is_gold,
        is_demo=given.is_demo,
        shown_position=ground.position - 1 if ground.position else 0,
        duration_ms=max(0, min(given.duration_ms, LONGEST_DURATION_MS)),
        client_sequence=given.sequence,
        made_at=now if given.made_at > now + CLOCK_SLACK else given.made_at,
        supersedes_id=superseded,
        is_current=not is_late,
        received_at=now,
    )
    return insert(row)


def _nothing_to_undo(ground: Ground, annotator: User) -> Judgment | None:
    """Return the last word that an undo leaves as it is. Raises IntegrityError when another one came in meanwhile."""
    last = Judgment.objects.filter(
        annotator=annotator, version=ground.version_id, batch=ground.batch_id, is_current=True
    ).first()
    if (last.pk if last else None) != ground.last_id:
        raise IntegrityError("Another judgment of this caption came in while this one waited.")
    return last


def _proposed(ground: Ground, annotator: User, given: GivenJudgment) -> CaptionVersion | None:
    if given.edit is None or given.label is None or ground.version_id is None:
        return None
    return propose_edit(
        parent=CaptionVersion.objects.get(pk=ground.version_id),
        text=given.edit.text,
        kinds=given.edit.kinds,
        author=annotator,
        is_gold=ground.is_gold,
        is_demo=given.is_demo,
    )


def _follows_feedback(ground: Ground) -> bool:
    """Say whether what takes the place of the last judgment is no independent rating any more."""
    seen = ReviewItem.objects.filter(
        judgment=ground.last_id, state=ReviewState.RETURNED, seen_at__isnull=False
    )
    answered = Question.objects.filter(
        reader=ground.annotator_id, version=ground.version_id, seen_at__isnull=False
    )
    return bool(ground.last_is_revision) or seen.exists() or answered.exists()


def _check_label(ground: Ground, given: GivenJudgment) -> None:
    if given.mode not in JudgmentMode.values:
        raise Invalid("mode_unknown", _("There is no such way of judging."))
    if given.label is None:
        return
    if ground.meaning is None:
        raise Invalid(
            "label_unknown", _("There is no label %(label)s in this batch.") % {"label": given.label}
        )
    if given.mode == JudgmentMode.REST_BAD and ground.meaning != LabelMeaning.BAD:
        raise Invalid("rest_needs_bad", _("Only a label that means bad is given to all the rest at once."))
    if given.edit is not None and not ground.allows_edits:
        raise Invalid(
            "edits_not_asked", _("Captions of this batch are judged as they are; nothing was saved.")
        )
    if given.edit is not None and ground.meaning != LabelMeaning.GOOD:
        raise Invalid("edit_needs_good", _("An edited caption is judged good as edited; nothing was saved."))
