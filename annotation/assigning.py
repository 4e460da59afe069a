"""The queue of annotation: slots, leases and the captions that each annotator is shown.

An assignment is one image for one annotator slot. Claiming is one statement that skips rows others are claiming, so
no image goes beyond its overlap; a lease that runs out puts the slot back.
"""

import hashlib
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion, Image, ImageState, Judgment
from annotation.models.captions import VersionState
from annotation.models.work import BatchPurpose, SkipReason
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Membership, Project

# Until an annotator's own pace is known, a lease lasts this long after the last sign of work.
LEASE = timedelta(minutes=15)
# One claim puts back no more run-out slots than this; the next claim goes on.
MOST_RECLAIMED = 100
# Above this many images a count of what is left says "more than".
MOST_COUNTED = 2000


def open_batch(
    *,
    project: Project,
    name: str,
    images: Iterable[Image],
    overlap: int,
    actor: User | None,
    purpose: str = BatchPurpose.PRODUCTION,
    seed: int = 0,
) -> Batch:
    """Open a batch with a slot for each image and annotator; images keep the given order.

    Raises Invalid without images or for an overlap below one, Conflict when the name is taken.
    """
    chosen = [image for image in images if image.state == ImageState.ACTIVE]
    if not chosen:
        raise Invalid("batch_empty", _("A batch needs at least one active image; nothing was opened."))
    if overlap < 1:
        raise Invalid("overlap_too_small", _("At least one annotator must see each image."))
    schema = project.label_schemas.order_by("pk").first()
    guideline = project.guidelines.order_by("-number").first()
    if schema is None or guideline is None:
        raise Invalid(
            "project_unready", _("The project needs labels and guidelines before a batch is opened.")
        )
    try:
        with transaction.atomic():
            batch = Batch.objects.create(
                project=project,
                name=name,
                purpose=purpose,
                overlap=overlap,
                schema=schema,
                guideline=guideline,
                seed=seed,
            )
            Assignment.objects.bulk_create(
                [
                    Assignment(project=project, batch=batch, image=image, slot=slot, position=position)
                    for position, image in enumerate(chosen)
                    for slot in range(overlap)
                ],
                batch_size=2000,
            )
            append_event(actor=actor, act="batch_opened", row=batch, project=project)
    except IntegrityError as error:
        raise Conflict("batch_name_taken", _("Another batch already has this name.")) from error
    return batch


def current_assignment(*, batch: Batch, annotator: User) -> Assignment | None:
    """Return the image that the annotator holds in this batch, or None."""
    return (
        Assignment.objects.filter(batch=batch, annotator=annotator, state=AssignmentState.LEASED)
        .order_by("started_at", "pk")
        .first()
    )


def claim_assignment(*, batch: Batch, annotator: User) -> Assignment | None:
    """Return the annotator's image in work, else claim the next one; None when nothing is left for them.

    The captions shown are fixed with the claim: the pool's first `judged_target` by rank, shuffled by a stored seed.
    """
    held = current_assignment(batch=batch, annotator=annotator)
    if held is not None:
        renew_lease(held)
        return held
    if batch.closed_at is not None:
        return None
    with transaction.atomic():
        _wait_for_own_claims(batch, annotator)
        held = current_assignment(batch=batch, annotator=annotator)
        return held if held is not None else _claim(batch, annotator)


def _wait_for_own_claims(batch: Batch, annotator: User) -> None:
    """Let one tab of a person claim after the other, so that nobody holds two images of a batch by accident."""
    members = Membership.objects.filter(project_id=batch.project_id, user=annotator)
    list(members.select_for_update(no_key=True).values_list("pk"))


def _claim(batch: Batch, annotator: User) -> Assignment | None:
    now = timezone.now()
    reclaim_run_out(batch=batch, now=now)
    slot = (
        open_slots(batch=batch, annotator=annotator).select_for_update(skip_locked=True, of=("self",)).first()
    )
    if slot is not None:
        _lease(slot, batch, annotator, now)
    return slot


def _lease(slot: Assignment, batch: Batch, annotator: User, now: datetime) -> None:
    seed = order_seed(batch=batch, image_id=slot.image_id, annotator=annotator)
    slot.annotator = annotator
    slot.state = AssignmentState.LEASED
    slot.lease_until = now + LEASE
    slot.started_at = now
    slot.order_seed = seed
    slot.version_ids = _shown_versions(batch, slot.image_id, seed)
    slot.save(update_fields=["annotator", "state", "lease_until", "started_at", "order_seed", "version_ids"])


def take_back(*, slot: Assignment, batch: Batch, annotator: User) -> Assignment | None:
    """Lease an image again whose lease ran out while its annotator was away, so that late work finds its place.

    `slot` is what the annotator held before. Returns the annotator's assignment of that image (the same slot, or
    another open one of the image), None when the image has gone to others up to its overlap.
    """
    with transaction.atomic():
        _wait_for_own_claims(batch, annotator)
        mine = Assignment.objects.filter(batch=batch, image=slot.image_id, annotator=annotator).first()
        if mine is not None or batch.closed_at is not None:
            return mine
        free = (
            Assignment.objects.filter(batch=batch, image=slot.image_id, state=AssignmentState.OPEN)
            .order_by("slot", "pk")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if free is None:
            return None
        _lease(free, batch, annotator, timezone.now())
        append_event(actor=annotator, act="image_taken_back", row=free)
    return free


def peek_image(*, batch: Batch, annotator: User) -> Image | None:
    """Return the image that a claim would probably give next, claiming nothing; None when nothing is left."""
    slot = open_slots(batch=batch, annotator=annotator).select_related("image").first()
    return slot.image if slot is not None else None


def images_left(*, batch: Batch, annotator: User) -> int:
    """Count the images that the annotator may still claim in this batch, at most MOST_COUNTED."""
    slots = open_slots(batch=batch, annotator=annotator).order_by()
    return slots.values("image").distinct()[:MOST_COUNTED].count()


def open_slots(*, batch: Batch, annotator: User) -> QuerySet[Assignment]:
    """Return the open slots of active images that the annotator has had no slot of, in the batch's order."""
    theirs = Assignment.objects.filter(batch=batch, image=OuterRef("image"), annotator=annotator)
    return (
        Assignment.objects.filter(batch=batch, state=AssignmentState.OPEN, image__state=ImageState.ACTIVE)
        .filter(~Exists(theirs))
        .order_by("position", "slot", "pk")
    )


def order_seed(*, batch: Batch, image_id: int, annotator: User) -> int:
    """Return the seed of the order in which this person sees the captions of this image; 56 bits."""
    told = f"{batch.seed}:{batch.pk}:{image_id}:{annotator.pk}".encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:7], "big")


def _shown_versions(batch: Batch, image_id: int, seed: int) -> list[int]:
    """Return the base versions to show: the first of the pool by rank, in an order of the annotator's own."""
    first = list(
        CaptionVersion.objects.filter(
            caption__image_id=image_id, caption__drop_reason="", state=VersionState.BASE
        )
        .order_by("caption__pool_rank", "caption_id")
        .values_list("pk", flat=True)[: batch.project.judged_target]
    )
    random.Random(seed).shuffle(first)
    return first


def renew_lease(assignment: Assignment) -> None:
    """Push the end of the lease out from now; harmless when the lease has been lost."""
    Assignment.objects.filter(
        pk=assignment.pk, annotator=assignment.annotator_id, state=AssignmentState.LEASED
    ).update(lease_until=timezone.now() + LEASE)


def reclaim_run_out(*, batch: Batch, now: datetime) -> int:
    """Put slots whose lease ran out before anything was judged back into the queue; return how many.

    A slot with judgments stays with its annotator: their work is not given to somebody else half done.
    """
    run_out = (
        Assignment.objects.filter(
            batch=batch, state=AssignmentState.LEASED, is_gold=False, lease_until__lt=now
        )
        .filter(~Exists(Judgment.objects.filter(assignment=OuterRef("pk"))))
        .select_for_update(skip_locked=True, of=("self",))
    )
    # Locked first, skipping what others hold: two claims that reclaim at once cannot wait for each other.
    slots = list(run_out.values_list("pk", flat=True)[:MOST_RECLAIMED])
    if not slots:
        return 0
    return Assignment.objects.filter(pk__in=slots).update(
        state=AssignmentState.OPEN,
        annotator=None,
        lease_until=None,
        started_at=None,
        order_seed=None,
        version_ids=[],
    )


def finish_assignment(*, assignment: Assignment, annotator: User) -> None:
    """Mark an image as done; finishing twice is harmless. Raises Conflict while captions wait for a judgment."""
    with transaction.atomic():
        held = Assignment.objects.select_for_update(no_key=True, of=("self",)).get(pk=assignment.pk)
        if held.state == AssignmentState.DONE and held.annotator_id == annotator.pk:
            return
        if held.annotator_id != annotator.pk or held.state != AssignmentState.LEASED:
            raise Conflict(
                "assignment_lost", _("This image is no longer with you; your judgments of it were kept.")
            )
        if (left := _unjudged(held, annotator)) > 0:
            raise Conflict(
                "captions_left",
                _("%(left)d captions of this image still wait for your judgment.") % {"left": left},
            )
        held.state = AssignmentState.DONE
        held.finished_at = timezone.now()
        held.lease_until = None
        held.save(update_fields=["state", "finished_at", "lease_until"])
        append_event(actor=annotator, act="image_finished", row=held)


def _unjudged(assignment: Assignment, annotator: User) -> int:
    """Count the captions shown and still in the pool that the annotator has not judged."""
    judged = assignment.judgments.last_words().filter(annotator=annotator).values("version_id")
    return (
        CaptionVersion.objects.filter(pk__in=assignment.version_ids, caption__drop_reason="")
        .exclude(pk__in=judged)
        .count()
    )


def skip_assignment(*, assignment: Assignment, annotator: User, reason: str, note: str = "") -> None:
    """Pass over an image with a reason; the slot opens for somebody else. Raises Invalid, Conflict."""
    if reason not in SkipReason.values or not reason:
        raise Invalid("skip_reason_needed", _("Say why you skip this image."))
    with transaction.atomic():
        held = Assignment.objects.select_for_update(no_key=True, of=("self",)).get(pk=assignment.pk)
        if held.annotator_id != annotator.pk or held.state != AssignmentState.LEASED:
            raise Conflict("assignment_lost", _("This image is no longer with you; nothing was changed."))
        held.state = AssignmentState.SKIPPED
        held.skip_reason = reason
        held.note = note
        held.finished_at = timezone.now()
        held.lease_until = None
        held.save(update_fields=["state", "skip_reason", "note", "finished_at", "lease_until"])
        if not held.is_gold:
            Assignment.objects.create(
                project_id=held.project_id,
                batch_id=held.batch_id,
                image_id=held.image_id,
                slot=held.slot,
                position=held.position,
            )
        append_event(actor=annotator, act="image_skipped", row=held, fields=["skip_reason"])
