"""The diverse captions chosen for images."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from annotation.models import (
    CaptionChoice,
    CaptionVersion,
    ImageChoice,
)
from annotation.models.machine import DistanceSpace
from annotation.progress.verdicts import good_versions
from projects.models import Job, Project


@dataclass(frozen=True, slots=True)
class ChosenCaptions:
    """The captions chosen for one image; similarities are mean pairwise cosines, None for fewer than two.

    `pool`, `places`, `clusters` and `is_on_plane` as in `ImageChoice`.
    """

    image_id: int
    n_good: int
    is_complete: bool
    version_ids: Sequence[int]
    mean_similarity: float | None
    random_mean_similarity: float | None
    pool: Sequence[int] = ()
    places: Sequence[tuple[float, float]] = ()
    clusters: Sequence[int] = ()
    is_on_plane: bool = False


def good_captions(project: Project, images: Sequence[int]) -> dict[int, list[int]]:
    """Return the good versions of each image, of every caption the newest one, in the order of the pool."""
    good = good_versions(project).filter(image__in=images).values("pk")
    newest = CaptionVersion.objects.filter(pk__in=good).order_by().values("caption").annotate(last=Max("pk"))
    rows = CaptionVersion.objects.filter(pk__in=newest.values("last")).order_by("caption__pool_rank", "pk")
    found: dict[int, list[int]] = {image: [] for image in images}
    for image, version in rows.values_list("image_id", "pk"):
        found[image].append(version)
    return found


def write_choices(job: Job, encoder_id: int, choices: Sequence[ChosenCaptions]) -> None:
    """Keep what was chosen for some images, not yet as the current choice, in place of what this job had chosen."""
    assert job.project is not None
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        ImageChoice.objects.filter(job=job, image__in=[choice.image_id for choice in choices]).delete()
        rows = ImageChoice.objects.bulk_create(
            [
                ImageChoice(
                    project=job.project,
                    image_id=choice.image_id,
                    job=job,
                    encoder_id=encoder_id,
                    method=job.parameters["method"],
                    seed=job.seed,
                    n_good=choice.n_good,
                    mean_similarity=choice.mean_similarity,
                    random_mean_similarity=choice.random_mean_similarity,
                    is_complete=choice.is_complete,
                    is_current=False,
                    space=DistanceSpace.PLANE if choice.is_on_plane else DistanceSpace.FEATURES,
                    pool_versions=list(choice.pool),
                    pool_x=[x for x, _y in choice.places],
                    pool_y=[y for _x, y in choice.places],
                    pool_clusters=list(choice.clusters),
                )
                for choice in choices
            ]
        )
        CaptionChoice.objects.bulk_create(
            [
                CaptionChoice(
                    choice=row,
                    version_id=version,
                    position=position,
                    cluster=clusters.get(version),
                    cluster_versions=[
                        one for one, number in clusters.items() if number == clusters.get(version)
                    ],
                )
                for row, choice in zip(rows, choices, strict=True)
                for clusters in [dict(zip(choice.pool, choice.clusters, strict=False))]
                for position, version in enumerate(choice.version_ids)
            ]
        )


def make_choices_current(job: Job) -> dict[str, int]:
    """Put what a job chose in place of what was chosen before, for all images at once; return the counts."""
    with transaction.atomic():
        ImageChoice.objects.filter(project=job.project, is_current=True).exclude(job=job).update(
            is_current=False
        )
        made = ImageChoice.objects.filter(job=job)
        made.update(is_current=True)
        complete = made.filter(is_complete=True).count()
        return {"complete": complete, "incomplete": made.count() - complete}
