"""Swapping reserve images in for images that cannot reach their target: one act for all that it names, undone as one.

The rules are explained in docs/algorithms/progress.md.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Image, ImageState, ImageSwap
from annotation.models.work import BatchPurpose
from annotation.progress.stocking import activate_image, retire_image
from polyannot.kernel.errors import Conflict, Invalid, Missing
from projects.history import append_events
from projects.models import Project


def reserves_of(project: Project) -> QuerySet[Image]:
    """Return the reserve images in the order in which they come in: that of the choice of images, then of import."""
    reserves = Image.objects.filter(project=project, state=ImageState.RESERVE)
    return reserves.order_by(F("sampling_rank").asc(nulls_last=True), "position", "pk")


def swap_images(
    *, project: Project, images: Sequence[Image], n_named: int, why: str, actor: User
) -> list[ImageSwap]:
    """Take these images out, `n_named` of them, and bring the next reserves in, one for each, in their order.

    A reserve is given out in every open production batch in which its image was, at its place, to as many annotators
    as the batch wants. What was judged of the image that goes stays, and what somebody has in hand may be finished.
    Raises Invalid without images or a reason, Conflict where the number is another, an image is not in work, or too few
    reserves are left; nothing is changed then.
    """
    if not images:
        raise Invalid("swap_empty", _("No image is ticked; nothing was changed."))
    if len(images) != n_named:
        raise Conflict(
            "swap_moved_on", _("The number of images has changed; nothing was changed. Look again.")
        )
    with transaction.atomic():
        # One swap of a project at a time: two would reach for the same reserves.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        reserves = list(reserves_of(project).select_for_update(of=("self",))[:n_named])
        if len(reserves) < n_named:
            raise Conflict(
                "too_few_reserves",
                _("%(have)d reserve images are left for %(want)d; nothing was changed.")
                % {"have": len(reserves), "want": n_named},
            )
        act_id = uuid.uuid4()
        ordered = sorted(images, key=lambda image: (image.position, image.pk))
        swaps = [
            _swap(project, act_id, taken_out, reserve, why, actor)
            for taken_out, reserve in zip(ordered, reserves, strict=True)
        ]
        append_events(actor=actor, act="image_swapped", rows=swaps, fields=["taken_out", "brought_in"])
    return swaps


def _swap(
    project: Project, act_id: uuid.UUID, taken_out: Image, reserve: Image, why: str, actor: User
) -> ImageSwap:
    if taken_out.project_id != project.pk or taken_out.state != ImageState.ACTIVE:
        raise Conflict(
            "image_not_active", _("One of the images is not in work any more; nothing was changed.")
        )
    retire_image(image=taken_out, actor=actor, why=why)
    activate_image(image=reserve, actor=actor)
    Assignment.objects.bulk_create(_slots(taken_out, reserve))
    retired = Image.objects.get(pk=taken_out.pk)
    return ImageSwap.objects.create(
        project=project,
        act_id=act_id,
        taken_out=retired,
        brought_in=reserve,
        why=retired.retired_why,
        made_by=actor,
    )


def _slots(taken_out: Image, reserve: Image) -> list[Assignment]:
    """Return the slots of the reserve: as many as each open production batch of the other image wants."""
    there = Assignment.objects.filter(
        image=taken_out,
        is_gold=False,
        chosen_ids=None,
        batch__closed_at=None,
        batch__purpose=BatchPurpose.PRODUCTION,
    ).exclude(batch__assignments__image=reserve)
    batches = there.order_by().values_list("batch", "batch__overlap").annotate(place=Min("position"))
    return [
        Assignment(project_id=reserve.project_id, batch_id=batch_id, image=reserve, slot=slot, position=place)
        for batch_id, overlap, place in batches
        for slot in range(overlap)
    ]


@dataclass(frozen=True, slots=True)
class SwapsUndone:
    """What an undo came to: swaps taken back, and those whose new image somebody works on or that moved on."""

    n_undone: int
    n_kept: int


def undo_swaps(*, project: Project, act_id: uuid.UUID, actor: User) -> SwapsUndone:
    """Take back the swaps of one act whose new image nobody has begun; the others stay as they are.

    The reserve goes back to its place among the reserves and its unclaimed slots go; the image that was taken out is in
    work again with the slots it had. Raises Missing for an act of another project, Conflict where none can be taken
    back.
    """
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if not ImageSwap.objects.filter(project=project, act_id=act_id).exists():
            raise Missing("row_missing", _("There was no such swap in this project."))
        swaps = ImageSwap.objects.select_related("taken_out", "brought_in").filter(
            project=project, act_id=act_id, undone_at=None
        )
        waiting = list(swaps.order_by("pk"))
        undone = [swap for swap in waiting if _take_back(swap, actor)]
        if not undone:
            raise Conflict(
                "swap_in_work", _("Somebody works on the new images already; nothing was changed.")
            )
        append_events(actor=actor, act="image_swap_undone", rows=undone, fields=["undone_at"])
    return SwapsUndone(n_undone=len(undone), n_kept=len(waiting) - len(undone))


def _take_back(swap: ImageSwap, actor: User) -> bool:
    slots = Assignment.objects.filter(image=swap.brought_in_id)
    states = list(slots.select_for_update(of=("self",)).values_list("state", flat=True))
    if any(state != AssignmentState.OPEN for state in states):
        return False
    if swap.brought_in.state != ImageState.ACTIVE or swap.taken_out.state != ImageState.RETIRED:
        return False
    # Slots that nobody ever claimed say nothing and are named by nothing.
    slots.delete()
    Image.objects.filter(pk=swap.brought_in_id).update(state=ImageState.RESERVE)
    activate_image(image=swap.taken_out, actor=actor)
    ImageSwap.objects.filter(pk=swap.pk).update(undone_at=timezone.now(), undone_by=actor)
    return True
