"""What the page of the choice of images shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotation.machine.sampling.choosing import KIND
from annotation.models import Image, ImageSampling, SampledImage
from projects.models import Job, Project
from projects.models.jobs import ACTIVE_STATES, JobState

IMAGES_SHOWN = 12
CSV_COLUMNS = ("rank", "image", "kind", "x", "y")


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """One figure of the nearest distances: of the chosen images, and of random choices of as many."""

    where: str
    name: str
    chosen: float
    random: float | None
    low: float | None
    high: float | None
    draws: int = 0


@dataclass(frozen=True, slots=True)
class ShownSampling:
    """A choice with what it is held against."""

    row: ImageSampling
    spreads: list[SpreadRow]
    n_random: int
    has_plane: bool
    first: list[Image]

    @property
    def has_random(self) -> bool:
        """Say whether there was anything to choose from."""
        return any(row.random is not None for row in self.spreads)


def samplings_of(project: Project) -> Sequence[ImageSampling]:
    """Return the choices of a project, the newest first."""
    return list(ImageSampling.objects.filter(project=project).select_related("job", "encoder")[:20])


def applied_sampling(project: Project) -> ImageSampling | None:
    """Return the choice that is applied now."""
    return ImageSampling.objects.filter(project=project, applied_at__isnull=False, undone_at=None).first()


def active_work(project: Project) -> Job | None:
    """Return the choice that runs, or failed last, of the project."""
    job = Job.objects.filter(project=project, kind=KIND).order_by("-pk").first()
    return job if job is not None and job.state in {*ACTIVE_STATES, JobState.FAILED} else None


def shown_sampling(sampling: ImageSampling) -> ShownSampling:
    """Return a choice for its page."""
    first = SampledImage.objects.filter(sampling=sampling, rank__lte=min(IMAGES_SHOWN, sampling.n_chosen))
    rows = [
        *_rows(sampling.spreads, "space", _("In the features, 1 - cosine")),
        *_rows(sampling.spreads, "plane", _("On the plane")),
    ]
    return ShownSampling(
        row=sampling,
        spreads=rows,
        n_random=max((one.draws for one in rows), default=0),
        has_plane=SampledImage.objects.filter(sampling=sampling, x__isnull=False).exists(),
        first=[row.image for row in first.select_related("image").order_by("rank")],
    )


def _rows(spreads: dict[str, Any], part: str, where: str) -> list[SpreadRow]:
    if (told := spreads.get(part)) is None:
        return []
    names = {"lowest": _("lowest"), "median": _("median"), "mean": _("mean")}
    drawn = told["random"] or {}
    rows = []
    for name, label in names.items():
        random = drawn.get(name, {})
        rows.append(
            SpreadRow(
                where,
                label,
                told["chosen"][name],
                random.get("mean"),
                random.get("low"),
                random.get("high"),
                random.get("draws", 0),
            )
        )
    return rows


def csv_rows(sampling: ImageSampling) -> Iterator[tuple[object, ...]]:
    """Yield every image of a choice in its order, with what it was chosen as."""
    rows = SampledImage.objects.filter(sampling=sampling).order_by("rank")
    last_chosen, last_reserve = sampling.n_chosen, sampling.n_chosen + sampling.n_reserve
    for rank, key, x, y in rows.values_list("rank", "image__key", "x", "y").iterator(chunk_size=2000):
        kind = "chosen" if rank <= last_chosen else "reserve" if rank <= last_reserve else "set_aside"
        yield rank, key, kind, x, y
