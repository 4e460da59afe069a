"""What an annotator is shown of an image: its captions in their own order, and their own answers; nobody else's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from accounts.models import User
from annotation.captions.editing import WordChange, word_difference
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    CaptionVersion,
    Image,
    Judgment,
    Label,
    LabelMeaning,
    PairReport,
    Precedent,
    VersionState,
)
from annotation.models.reviews import ReportState
from annotation.review.ruling import ShownPair, similar_precedents
from annotation.rules.gold import images_ahead
from annotation.working.own_batches import done_by, last_sequence
from annotation.working.queueing import MOST_COUNTED

# What stands in a blank desk where a script puts what it got; no row has such ids.
BLANK = {what: UUID(int=number) for number, what in enumerate(("assignment", "image", "version"), start=1)}


@dataclass(frozen=True, slots=True)
class ShownCaption:
    """One caption as its annotator sees it: text, and what they themselves said about it; blind to all else."""

    public_id: UUID
    number: int
    text: str
    original: str
    label: str
    note: str
    edited_text: str
    edited_kinds: Sequence[str]
    sequence: int
    is_reported: bool
    precedents: Sequence[Precedent] = ()

    @property
    def changes(self) -> list[WordChange]:
        """Return what the annotator's own edit changes, word by word."""
        return word_difference(self.text, self.edited_text)

    @property
    def is_waiting(self) -> bool:
        """Say whether this caption still waits for a judgment."""
        return not self.label and not self.is_reported


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies before an annotator: one image of a batch with its captions, and how far they are."""

    assignment: Assignment
    captions: Sequence[ShownCaption]
    labels: Sequence[Label]
    active: UUID | None
    n_done: int
    n_left: int
    last_sequence: int

    @property
    def is_finished(self) -> bool:
        """Say whether the image has been handed in; its answers may still be changed."""
        return self.assignment.state == AssignmentState.DONE

    def _meaning(self, meaning: str) -> Label | None:
        return next((label for label in self.labels if label.meaning == meaning), None)

    @property
    def good_label(self) -> Label | None:
        """Return the label that means good; None in a set without one."""
        return self._meaning(LabelMeaning.GOOD)

    @property
    def bad_label(self) -> Label | None:
        """Return the label that means bad: what all the rest may be given at once."""
        return self._meaning(LabelMeaning.BAD)

    @property
    def unsure_label(self) -> Label | None:
        """Return the label that means unsure; None in a set without one."""
        return self._meaning(LabelMeaning.UNSURE)

    @property
    def may_edit(self) -> bool:
        """Say whether captions may be repaired here: an edited caption is good as edited."""
        return self.assignment.batch.schema.allows_edits and self.good_label is not None

    @property
    def n_waiting(self) -> int:
        """Count the captions that wait for a judgment."""
        return sum(caption.is_waiting for caption in self.captions)

    @property
    def number(self) -> int:
        """Return which of the annotator's images this is, counted from one."""
        return self.n_done + 1

    @property
    def is_more(self) -> bool:
        """Say whether more images wait than were counted."""
        return self.n_left >= MOST_COUNTED

    @property
    def n_images(self) -> int:
        """Count the annotator's images: done, this one, and those they may still claim."""
        return self.n_done + self.n_left + 1


def desk_of(*, assignment: Assignment, annotator: User, active: UUID | None = None) -> Desk:
    """Lay out an image for its annotator; `active` is the caption to begin with, by default the first that waits."""
    batch = assignment.batch
    captions = shown_captions(assignment=assignment, annotator=annotator)
    waiting = [caption.public_id for caption in captions if caption.is_waiting]
    known = {caption.public_id for caption in captions if not caption.is_reported}
    if active not in known:
        active = waiting[0] if waiting else None
    n_before, n_after = _in_hand_beside(assignment, annotator)
    return Desk(
        assignment=assignment,
        captions=captions,
        labels=list(batch.schema.labels.all()),
        active=active,
        n_done=done_by(batch=batch, annotator=annotator).exclude(pk=assignment.pk).count() + n_before,
        n_left=images_ahead(batch=batch, annotator=annotator) + n_after,
        last_sequence=last_sequence(batch=batch, annotator=annotator),
    )


def blank_desk(batch: Batch) -> Desk:
    """Return a desk of an image and a caption that do not exist: the page's own template for desks laid by a script.

    A script puts what it got in place of the ids of BLANK and of the caption's number and text.
    """
    image = Image(public_id=BLANK["image"], width=1, height=1)
    assignment = Assignment(
        public_id=BLANK["assignment"], batch=batch, image=image, state=AssignmentState.LEASED
    )
    caption = ShownCaption(
        public_id=BLANK["version"],
        number=1,
        text="",
        original="",
        label="",
        note="",
        edited_text="",
        edited_kinds=(),
        sequence=0,
        is_reported=False,
    )
    return Desk(
        assignment=assignment,
        captions=[caption],
        labels=list(batch.schema.labels.all()),
        active=None,
        n_done=0,
        n_left=0,
        last_sequence=0,
    )


def _in_hand_beside(assignment: Assignment, annotator: User) -> tuple[int, int]:
    """Count the images in hand that the annotator claimed before this one, and those claimed after it."""
    held = Assignment.objects.filter(
        batch=assignment.batch_id, annotator=annotator, state=AssignmentState.LEASED
    ).exclude(pk=assignment.pk)
    began = assignment.started_at
    before = [other <= began for other in held.values_list("started_at", flat=True) if other and began]
    return sum(before), len(before) - sum(before)


def shown_captions(*, assignment: Assignment, annotator: User) -> list[ShownCaption]:
    """Return the captions of an assignment in the order stored with it.

    A caption that left the pool is shown only to somebody who judged or reported it.
    """
    versions = CaptionVersion.objects.select_related("caption").in_bulk(assignment.version_ids)
    originals = original_texts(versions.values())
    judged = {
        judgment.version_id: judgment
        for judgment in assignment.judgments.last_words()
        .filter(annotator=annotator)
        .select_related("edited_version")
    }
    reported = set(
        PairReport.objects.filter(
            caption__versions__in=assignment.version_ids, reporter=annotator, state=ReportState.OPEN
        ).values_list("caption_id", flat=True)
    )
    shown: list[ShownCaption] = []
    for pk in assignment.version_ids:
        version, judgment = versions[pk], judged.get(pk)
        is_reported = version.caption_id in reported
        if version.caption.drop_reason and not is_reported and judgment is None:
            continue
        original = originals.get(version.caption_id, "")
        shown.append(_shown(version, judgment, len(shown) + 1, original, is_reported=is_reported))
    return _with_precedents(assignment, shown, versions.values())


def _with_precedents(
    assignment: Assignment, shown: Sequence[ShownCaption], versions: Iterable[CaptionVersion]
) -> list[ShownCaption]:
    """Lay the precedents that hold for it beside each caption."""
    by_id = {version.public_id: version for version in versions}
    pairs = [
        ShownPair(
            caption_id=by_id[caption.public_id].caption_id,
            text=caption.text,
            content_hash=by_id[caption.public_id].content_hash,
            kinds=caption.edited_kinds,
        )
        for caption in shown
    ]
    found = similar_precedents(project=assignment.batch.project, pairs=pairs)
    return [replace(caption, precedents=precedents) for caption, precedents in zip(shown, found, strict=True)]


def original_texts(versions: Iterable[CaptionVersion]) -> dict[int, str]:
    """Return what each paraphrase among the versions says anew, by the id of its caption; one query, or none."""
    of = {version.caption_id: version.caption.paraphrase_of_id for version in versions}
    asked = {original for original in of.values() if original is not None}
    if not asked:
        return {}
    bases = CaptionVersion.objects.filter(caption__in=asked, state=VersionState.BASE).values_list(
        "caption_id", "text"
    )
    texts = dict(bases)
    return {caption: texts[original] for caption, original in of.items() if original is not None}


def _shown(
    version: CaptionVersion, judgment: Judgment | None, number: int, original: str, *, is_reported: bool
) -> ShownCaption:
    edited = judgment.edited_version if judgment else None
    return ShownCaption(
        public_id=version.public_id,
        number=number,
        text=version.text,
        original=original,
        label=(judgment.label or "") if judgment else "",
        note=judgment.note if judgment else "",
        edited_text=edited.text if edited else "",
        edited_kinds=edited.kinds if edited else (),
        sequence=judgment.client_sequence if judgment else 0,
        is_reported=is_reported,
    )
