"""The order of the pools, for the worker that ranks them: only pools of which nobody was shown anything.

Annotators of one image see the same first captions of its pool; an order that changed between two of them would leave
their captions with one judgment each.
"""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import (
    Assignment,
    AssignmentState,
    Caption,
    CaptionVersion,
    Image,
    ImageState,
    VersionState,
)
from projects.models import Project


def _not_shown(images: QuerySet[Image]) -> QuerySet[Image]:
    given = Assignment.objects.filter(image=OuterRef("pk")).exclude(state=AssignmentState.OPEN)
    return images.filter(~Exists(given))


def images_not_shown(project: Project) -> list[int]:
    """Return the active and reserve images with captions of which nobody was shown any, in their order."""
    states = [ImageState.ACTIVE, ImageState.RESERVE]
    in_pool = Caption.objects.in_pool().filter(image=OuterRef("pk"))
    images = _not_shown(Image.objects.filter(project=project, state__in=states)).filter(Exists(in_pool))
    return list(images.order_by("position", "pk").values_list("pk", flat=True))


def pool_captions(images: Sequence[int]) -> dict[int, list[int]]:
    """Return the imported versions in the pool of each image, in the order of the captions' keys."""
    rows = CaptionVersion.objects.filter(
        image__in=images, state=VersionState.BASE, caption__drop_reason=""
    ).order_by("image_id", "caption__key")
    pools: dict[int, list[int]] = {}
    for image, version in rows.values_list("image_id", "pk"):
        pools.setdefault(image, []).append(version)
    return pools


def write_pool_ranks(ranked: Mapping[int, Iterable[int]]) -> int:
    """Write the places of the versions' captions, from 0, for images that still nobody was shown; return how many.

    The open slots of the images are held meanwhile: claims pass them over, so that nobody is shown half an order.
    """
    with transaction.atomic():
        slots = Assignment.objects.filter(image__in=ranked, state=AssignmentState.OPEN)
        list(slots.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        free = set(_not_shown(Image.objects.filter(pk__in=ranked)).values_list("pk", flat=True))
        places = {
            version: place
            for image, versions in ranked.items()
            if image in free
            for place, version in enumerate(versions)
        }
        of_version = CaptionVersion.objects.filter(pk__in=places).values_list("pk", "caption_id")
        Caption.objects.bulk_update(
            [Caption(pk=caption, pool_rank=places[version]) for version, caption in of_version],
            ["pool_rank"],
            batch_size=2000,
        )
    return len(free)
