"""The order of the queue: which image comes next for whom; reading only, claiming is in assigning.py.

Onward first: the search begins where the annotator finished last, so that its cost does not grow with what they have
done; what was put back behind them is found when nothing is left ahead (docs/algorithms/assignment.md).
"""

import hashlib
import random
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from accounts.models import User
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    CaptionVersion,
    Image,
    ImageState,
    ImageTally,
    Judgment,
)
from annotation.models.captions import VersionState
from annotation.models.work import BatchPurpose, BatchTakers, SkipReason

# A count of what is left goes no further than this: pages then say "or more".
MOST_COUNTED = 200


def _not_one(rows: QuerySet[Any, Any]) -> IsNull:
    """Say that there is no such row, by a look-up for each row that is asked about.

    `~Exists` says the same, but is planned as a join with all rows of the annotator or the project, whose number the
    database misjudges in a batch that has just been opened.
    """
    return IsNull(Subquery(rows.order_by().values("pk")[:1]), True)


def _never_had_by(annotator: User, batch: Batch) -> IsNull:
    return _not_one(Assignment.objects.filter(batch=batch, image=OuterRef("image"), annotator=annotator))


def _with_enough(image: str) -> QuerySet[ImageTally]:
    return ImageTally.objects.filter(image=OuterRef(image), n_good__gte=F("project__good_target")).order_by()


def has_enough(image: str) -> Exists:
    """Say of rows with an image whether it has as many good captions as its project needs, by its stored tally."""
    return Exists(_with_enough(image))


def open_slots(*, batch: Batch, annotator: User) -> QuerySet[Assignment]:
    """Return the open slots of active images that the annotator may take, in the batch's order.

    Never a second slot of an image; in a production batch none of an image that has its good captions; in a
    re-annotation batch none that is kept for somebody else, and none of an image that they judged before where others
    are asked.
    """
    slots = (
        Assignment.objects.filter(batch=batch, state=AssignmentState.OPEN, image__state=ImageState.ACTIVE)
        .filter(_never_had_by(annotator, batch))
        .order_by("position", "slot", "pk")
    )
    if batch.purpose == BatchPurpose.PRODUCTION:
        slots = slots.filter(_not_one(_with_enough("image")))
    if batch.purpose == BatchPurpose.REANNOTATION:
        own = Assignment.objects.filter(
            batch=batch, state=AssignmentState.OPEN, image=OuterRef("image"), reserved_for=annotator
        )
        # Their own slot of an image before one for anybody: nobody else can take it, and nobody gets an image twice.
        slots = slots.filter(Q(reserved_for=annotator) | (Q(reserved_for=None) & ~Exists(own)))
    if batch.taken_by == BatchTakers.OTHERS:
        before = Judgment.objects.current().filter(image=OuterRef("image"), annotator=annotator)
        slots = slots.filter(~Exists(before.exclude(batch=batch)))
    return slots


def common_images(*, batch: Batch, annotator: User) -> QuerySet[Assignment]:
    """Return a slot of each active image of a calibration batch that the annotator has not had, in its order.

    Whether a slot is open does not matter here: everybody gets every image.
    """
    return (
        Assignment.objects.filter(batch=batch, image__state=ImageState.ACTIVE, is_gold=False)
        .filter(_never_had_by(annotator, batch))
        .order_by("position")
        .distinct("position")
    )


def onward_first(
    slots: QuerySet[Assignment], *, batch: Batch, annotator: User
) -> tuple[QuerySet[Assignment], ...]:
    """Return the slots from the last image that the annotator finished onward, then all of them."""
    last = (
        Assignment.objects.filter(annotator=annotator, batch=batch, state=AssignmentState.DONE, is_gold=False)
        .order_by("-position")
        .values_list("position", flat=True)
        .first()
    )
    return (slots.filter(position__gt=last), slots) if last is not None else (slots,)


def peek_image(*, batch: Batch, annotator: User) -> Image | None:
    """Return the image that a claim would probably give next, claiming nothing; None when nothing is left."""
    if batch.purpose == BatchPurpose.CALIBRATION:
        ways: tuple[QuerySet[Assignment], ...] = (common_images(batch=batch, annotator=annotator),)
    else:
        slots = open_slots(batch=batch, annotator=annotator)
        ways = onward_first(slots, batch=batch, annotator=annotator)
    for slots in ways:
        if (slot := slots.select_related("image").first()) is not None:
            return slot.image
    return None


def images_left(*, batch: Batch, annotator: User) -> int:
    """Count the images that the annotator may still claim in this batch; MOST_COUNTED stands for that or more."""
    if batch.purpose == BatchPurpose.CALIBRATION:
        return _counted(common_images(batch=batch, annotator=annotator))
    slots = open_slots(batch=batch, annotator=annotator).order_by("position").distinct("position")
    *ahead, everything = onward_first(slots, batch=batch, annotator=annotator)
    for way in ahead:
        if (n := _counted(way)) == MOST_COUNTED:
            return n
    return _counted(everything)


def _counted(slots: QuerySet[Assignment]) -> int:
    return len(slots.values_list("position", flat=True)[:MOST_COUNTED])


def captions_left(assignment: Assignment) -> int:
    """Count the captions that an assignment shows, still in circulation, that its annotator has not judged."""
    judged = assignment.judgments.last_words().filter(annotator=assignment.annotator_id).values("version_id")
    shown = CaptionVersion.objects.filter(pk__in=assignment.version_ids, caption__drop_reason="")
    return shown.exclude(pk__in=judged).count()


def order_seed(*, batch: Batch, image_id: int, annotator: User) -> int:
    """Return the seed of the order in which this person sees the captions of this image; 56 bits."""
    told = f"{batch.seed}:{batch.pk}:{image_id}:{annotator.pk}".encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:7], "big")


def pool_to_show(
    image_id: int, most: int, *, are_paraphrases_asked: bool = False
) -> QuerySet[CaptionVersion]:
    """Return the base versions of the first captions of an image's pool by rank that are in circulation."""
    versions = CaptionVersion.objects.filter(
        caption__image_id=image_id, caption__drop_reason="", state=VersionState.BASE
    )
    if are_paraphrases_asked:
        versions = versions.filter(caption__paraphrase_of__isnull=False)
    return versions.order_by("caption__pool_rank", "caption_id")[:most]


def first_shown(batch_id: int, image_id: int | OuterRef) -> QuerySet[Assignment, list[int]]:
    """Return the versions that the first annotator of an image in a batch was shown, if anybody was.

    All annotators of an image are asked the same, whatever came into its pool or left it since: else the others' new
    captions would wait for a second judgment for ever.
    """
    passed_over = Q(state=AssignmentState.SKIPPED) & ~Q(skip_reason=SkipReason.GIVEN_ON)
    return (
        Assignment.objects.filter(batch=batch_id, image=image_id, is_gold=False, chosen_ids=None)
        .exclude(Q(state=AssignmentState.OPEN) | passed_over | Q(version_ids=[]))
        .order_by("started_at", "pk")
        .values_list("version_ids", flat=True)[:1]
    )


def versions_to_show(*, batch: Batch, slot: Assignment, seed: int) -> list[int]:
    """Return the versions that a slot asks about and that are in circulation, in an order of the annotator's own.

    Those chosen for the slot, else those that somebody else was shown of this image in this batch, else the first of
    the pool.
    """
    asked = slot.chosen_ids or first_shown(batch.pk, slot.image_id).first()
    if asked is None:
        versions = pool_to_show(
            slot.image_id,
            batch.project.captions_at_once,
            are_paraphrases_asked=batch.schema.compares_paraphrases,
        )
    else:
        versions = CaptionVersion.objects.filter(pk__in=asked, caption__drop_reason="").order_by(
            "caption__pool_rank", "caption_id", "pk"
        )
    shown = list(versions.values_list("pk", flat=True))
    random.Random(seed).shuffle(shown)
    return shown
