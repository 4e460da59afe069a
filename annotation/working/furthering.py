"""Further captions: the next ones of the pools of images that have too few good captions and are not done.

An image is done at N judged or M good captions (docs/algorithms/assignment.md); where fewer than N are shown at once,
this opens the next ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, F, Func, OuterRef, QuerySet, Value
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Assignment,
    Batch,
    BatchPurpose,
    CaptionVersion,
    ImageTally,
    LabelSchema,
    VersionState,
)
from annotation.progress.progress import active_tallies, with_open
from annotation.progress.tallying import settle_tallies
from annotation.working.opening import new_batch, save_batch
from polyannot.kernel.errors import Invalid
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Further:
    """An image, and the versions that its annotators are to be shown next."""

    image_id: int
    version_ids: Sequence[int]


def unfinished(project: Project) -> QuerySet[ImageTally]:
    """Return the tallies of the active images that wait for further captions, in the project's order.

    Nobody has a slot of them before them, they have too few good captions, and what is left of the budget may give
    them as many as they need.
    """
    return (
        with_open(active_tallies(project), project)
        .filter(n_slots_done__gt=0, n_slots_open=0, n_good__lt=project.good_target, n_left__gt=0)
        .filter(n_open__gte=Value(project.good_target) - F("n_good"))
        .order_by("image__position", "image")
    )


def further_captions(*, project: Project, n_images: int, schema: LabelSchema | None = None) -> list[Further]:
    """Return what a batch of further captions would show of the first `n_images` images that wait for them.

    As many captions of each as are shown at once, fewer where the budget ends; in the order of the pool.
    """
    settle_tallies(project, at_most=None)
    met = Assignment.objects.filter(image=OuterRef(OuterRef("image")), is_gold=False).annotate(
        met=Func(F("version_ids"), function="unnest", output_field=BigIntegerField())
    )
    unseen = CaptionVersion.objects.filter(
        image=OuterRef("image"), caption__drop_reason="", state=VersionState.BASE
    ).exclude(pk__in=met.values("met"))
    if schema is not None and schema.compares_paraphrases:
        unseen = unseen.filter(caption__paraphrase_of__isnull=False)
    ranked = unseen.order_by("caption__pool_rank", "caption_id").values("pk")[: project.captions_at_once]
    found = unfinished(project).annotate(following=ArraySubquery(ranked))[:n_images]
    rows = found.values_list("image_id", "n_left", "following")
    return [Further(image, following[:left]) for image, left, following in rows if following]


def open_further(
    *,
    project: Project,
    name: str,
    n_images: int,
    overlap: int,
    actor: User | None,
    seed: int = 0,
    schema: LabelSchema | None = None,
) -> Batch:
    """Open a production batch of further captions. Raises Invalid where no image waits, Conflict for the name."""
    asked = further_captions(project=project, n_images=n_images, schema=schema)
    if not asked or overlap < 1:
        raise Invalid("nothing_further", _("No image waits for further captions; nothing was opened."))
    batch = new_batch(
        project=project,
        name=name,
        schema=schema,
        purpose=BatchPurpose.PRODUCTION,
        overlap=overlap,
        seed=seed,
    )
    slots = [
        Assignment(
            project_id=project.pk,
            batch=batch,
            image_id=further.image_id,
            slot=slot,
            position=position,
            chosen_ids=list(further.version_ids),
        )
        for position, further in enumerate(asked)
        for slot in range(overlap)
    ]
    return save_batch(batch, slots, actor=actor)
