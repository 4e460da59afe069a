"""Applying a choice of images: the chosen are worked on, the next wait in reserve, the rest is set aside; and undo.

The rules are explained in docs/algorithms/sampling.md.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.sampling.choosing import SAMPLED_STATES
from annotation.models import Assignment, Image, ImageSampling, ImageState, SampledImage
from polyannot.kernel.errors import Conflict
from projects.history import append_event
from projects.models import Project


@dataclass(frozen=True, slots=True)
class SamplingApplied:
    """What a choice came to: images in each state, and those left as they were (taken out, or in a batch)."""

    n_chosen: int
    n_reserve: int
    n_aside: int
    n_left: int


@dataclass(frozen=True, slots=True)
class SamplingUndone:
    """What an undo came to: images as they were before, and those left because somebody gave them out or moved them."""

    n_restored: int
    n_left: int


def apply_sampling(*, sampling: ImageSampling, actor: User) -> SamplingApplied:
    """Put the images into the states of a choice, and reserves into its order.

    An image in a batch stays in work whatever the choice says, one that was taken out stays out. Raises Conflict
    where a choice is applied already.
    """
    with transaction.atomic():
        _lock(sampling)
        if ImageSampling.objects.filter(
            project=sampling.project_id, applied_at__isnull=False, undone_at=None
        ).exists():
            raise Conflict(
                "sampling_applied",
                _("A choice of images is applied already; undo it first. Nothing was changed."),
            )
        rows = _with_images(sampling)
        rows.update(state_before="", state_after="", rank_before=None)
        last_chosen, last_reserve = sampling.n_chosen, sampling.n_chosen + sampling.n_reserve
        free = rows.filter(image__state__in=SAMPLED_STATES).exclude(
            Q(rank__gt=last_chosen) & Q(image__in=_given())
        )
        counts = [
            _put(free.filter(rank__lte=last_chosen), ImageState.ACTIVE),
            _put(free.filter(rank__gt=last_chosen, rank__lte=last_reserve), ImageState.RESERVE),
            _put(free.filter(rank__gt=last_reserve), ImageState.SET_ASIDE),
        ]
        ImageSampling.objects.filter(pk=sampling.pk).update(
            applied_at=timezone.now(), applied_by=actor, undone_at=None, undone_by=None
        )
        append_event(actor=actor, act="sampling_applied", row=sampling, fields=["state", "sampling_rank"])
    return SamplingApplied(counts[0], counts[1], counts[2], n_left=sampling.n_images - sum(counts))


def undo_sampling(*, sampling: ImageSampling, actor: User) -> SamplingUndone:
    """Give the images the states and ranks that they had before the choice was applied.

    Left as it is: an image that has been moved since, and one that has come into a batch and was not in work before.
    Raises Conflict where the choice is not applied.
    """
    with transaction.atomic():
        _lock(sampling)
        changed = ImageSampling.objects.filter(
            pk=sampling.pk, applied_at__isnull=False, undone_at=None
        ).update(undone_at=timezone.now(), undone_by=actor)
        if not changed:
            raise Conflict(
                "sampling_not_applied", _("This choice of images is not applied; nothing was changed.")
            )
        touched = _with_images(sampling).exclude(state_after="")
        n_touched = touched.count()
        back = touched.filter(image__state=F("state_after")).exclude(
            ~Q(state_before=ImageState.ACTIVE) & Q(image__in=_given())
        )
        row = SampledImage.objects.filter(sampling=sampling, image=OuterRef("pk"))
        n_restored = Image.objects.filter(pk__in=list(back.values_list("image", flat=True))).update(
            state=Subquery(row.values("state_before")[:1]),
            sampling_rank=Subquery(row.values("rank_before")[:1]),
        )
        append_event(actor=actor, act="sampling_undone", row=sampling, fields=["state", "sampling_rank"])
    return SamplingUndone(n_restored=n_restored, n_left=n_touched - n_restored)


def _lock(sampling: ImageSampling) -> None:
    """One choice of a project at a time; nobody gives out one of its images meanwhile."""
    Project.objects.select_for_update(no_key=True).get(pk=sampling.project_id)
    list(
        Image.objects.filter(samplings__sampling=sampling)
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list("pk")
    )


def _with_images(sampling: ImageSampling) -> QuerySet[SampledImage]:
    return SampledImage.objects.filter(sampling=sampling)


def _given() -> QuerySet[Assignment, dict[str, int]]:
    return Assignment.objects.values("image")  # type: ignore[return-value]


def _put(rows: QuerySet[SampledImage], state: ImageState) -> int:
    """Put the images of these rows into a state and note how they were; return how many."""
    keys = list(rows.values_list("pk", flat=True))
    image = Image.objects.filter(pk=OuterRef("image_id"))
    SampledImage.objects.filter(pk__in=keys).update(
        state_before=Subquery(image.values("state")[:1]),
        rank_before=Subquery(image.values("sampling_rank")[:1]),
        state_after=state,
    )
    row = SampledImage.objects.filter(pk__in=keys, image=OuterRef("pk"))
    return Image.objects.filter(samplings__in=keys).update(
        state=state, sampling_rank=Subquery(row.values("rank")[:1])
    )
