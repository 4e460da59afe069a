"""Demo work: a seeded script that does what annotators and a head annotator do, through the same acts."""

import random
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion, ReviewItem
from annotation.models.reviews import ReviewDraw, ReviewFilter, ReviewState
from annotation.review.adjudicating import adjudicate, undecided_versions
from annotation.review.reviewing import accept_item, open_round, return_item
from annotation.working.assigning import claim_assignment, finish_assignment
from annotation.working.judging import GivenEdit, GivenJudgment, record_judgment
from demo.content import DemoCaption
from projects.models import Project

# How often a played annotator answers other than a careful person would, and leaves a repair to others.
SLIP_SHARE = 0.06
NO_EDIT_SHARE = 0.35
OTHER_ANSWERS = {"good": ("unsure", "bad"), "bad": ("unsure", "good"), "unsure": ("good", "bad")}
MEDIAN_SECONDS = 4.5
LONGEST_SECONDS = 60.0
WORK_BEGAN = timedelta(days=6)
# What the head annotator writes when an answer differs from what a careful person says, and the section it is about.
COMMENTS = {
    "good": ("Please look again: can you point at what in the photograph it speaks of?", "Good"),
    "bad": ("Please look again: what does it say that the photograph does not show?", "Bad"),
    "unsure": ("Please look again: can one tell from the photograph whether this is so?", "Unsure"),
}
REVIEWED_SHARE = 0.6


def namespaced(*parts: object) -> uuid.UUID:
    """Return an id that is the same at every loading, so that loading twice adds nothing."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(["polyannot-demo", *map(str, parts)]))


def play_annotator(
    *,
    batch: Batch,
    annotator: User,
    known: Mapping[str, DemoCaption],
    images: int,
    leave_open: int,
    seed: int,
) -> None:
    """Bring an annotator to this many images, with `leave_open` captions of the last one waiting.

    Playing again changes nothing: the judgments have the ids that they had.
    """
    clock = timezone.now() - WORK_BEGAN
    for _image in range(images):
        done = Assignment.objects.filter(batch=batch, annotator=annotator, state=AssignmentState.DONE).count()
        assignment = claim_assignment(batch=batch, annotator=annotator)
        if done >= images or assignment is None:
            break
        chance = random.Random(f"{seed}:{annotator.username}:{done}")
        is_last = done == images - 1
        shown = assignment.version_ids[: -leave_open or None] if is_last else assignment.version_ids
        versions = CaptionVersion.objects.select_related("caption").in_bulk(shown)
        clock += timedelta(hours=chance.choice([1, 2, 5, 11]))
        for place, version_id in enumerate(shown):
            version = versions[version_id]
            moment = clock + timedelta(seconds=8 * place)
            sequence = int(moment.timestamp() * 1000)
            _judge(assignment, annotator, version, known[version.caption.key], chance, moment, sequence)
        if is_last:
            break
        finish_assignment(assignment=assignment, annotator=annotator)


def _judge(
    assignment: Assignment,
    annotator: User,
    version: CaptionVersion,
    known: DemoCaption,
    chance: random.Random,
    clock: datetime,
    sequence: int,
) -> None:
    label = known.expected
    edit = None
    if known.edit_text and chance.random() > NO_EDIT_SHARE:
        label, edit = "good", GivenEdit(text=known.edit_text, kinds=[known.edit_kind])
    elif chance.random() < SLIP_SHARE:
        label = chance.choice(OTHER_ANSWERS[label])
    seconds = min(LONGEST_SECONDS, chance.lognormvariate(0, 0.5) * MEDIAN_SECONDS)
    record_judgment(
        assignment=assignment,
        annotator=annotator,
        given=GivenJudgment(
            public_id=namespaced(assignment.public_id, annotator.username, version.public_id),
            version_public_id=version.public_id,
            label=label,
            sequence=sequence,
            made_at=clock,
            duration_ms=round(seconds * 1000),
            mode="key",
            edit=edit,
            is_demo=True,
        ),
    )


def play_review(*, batch: Batch, head: User, known: Mapping[str, DemoCaption], seed: int) -> None:
    """Open a random round and a round of edits; decide on most of both, return the slips, leave the rest."""
    chance = random.Random(f"{seed}:review")
    drawn = open_round(batch=batch, head=head, draw=ReviewDraw.RANDOM, share=0.15, seed=seed)
    edits = open_round(
        batch=batch, head=head, draw=ReviewDraw.FILTER, chosen_filter=ReviewFilter.EDITED, seed=seed
    )
    for item in drawn.items.select_related("judgment__version__caption").order_by("pk"):
        if chance.random() < REVIEWED_SHARE:
            _review(item, head, known[item.judgment.version.caption.key])
    for item in edits.items.order_by("pk"):
        if chance.random() < REVIEWED_SHARE:
            accept_item(item=item, head=head)


def _review(item: ReviewItem, head: User, known: DemoCaption) -> None:
    if item.state != ReviewState.WAITING:
        return
    if item.judgment.edited_version_id is None and item.judgment.label != known.expected:
        comment, section = COMMENTS[known.expected]
        return_item(item=item, head=head, comment=comment, guideline_section=section)
    else:
        accept_item(item=item, head=head)


def play_adjudication(*, project: Project, head: User, known: Mapping[str, DemoCaption], share: float) -> int:
    """Decide on the first share of the versions on which annotators differ; return how many."""
    open_ones = list(undecided_versions(project).select_related("caption"))
    decided = open_ones[: round(len(open_ones) * share)]
    for version in decided:
        caption = known[version.caption.key]
        label = caption.expected if version.is_base else "good"
        if label in {"good", "bad"} and version.author_id != head.pk:
            adjudicate(version=version, head=head, label=label, is_demo=True)
    return len(decided)
