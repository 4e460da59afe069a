"""The drawing of a choice of images: all of them on the plane, the chosen ones marked (IMP, Fig. 10)."""

import random
from typing import NamedTuple

from django.utils.translation import gettext as _

from annotation.models import ImageSampling, SampledImage
from polyannot.kernel.figures import ACCENT, SOFT, UNSURE, Drawn, draw_cloud, new_axes, plane_axes, written
from projects.models import Job

# More points than this only darken the drawing; the data hold every one.
MOST_POINTS = 4_000
HEIGHT = 5.0
# Points of up to so many images are drawn larger the fewer they are, at most twice as large.
CROWD, LARGEST = 600, 2.0


class Point(NamedTuple):
    """An image of a choice: its rank, its place, its key."""

    rank: int
    x: float
    y: float
    key: str


def draw_sampling(job: Job) -> list[Drawn]:
    """Return the scatter of a choice, or nothing where its images have no places."""
    sampling = ImageSampling.objects.get(job=job)
    places = SampledImage.objects.filter(sampling=sampling).order_by("rank")
    rows = [
        Point(rank, x, y, key)
        for rank, x, y, key in places.values_list("rank", "x", "y", "image__key")
        if x is not None and y is not None
    ]
    if not rows:
        return []
    figure, axes = new_axes(height=HEIGHT)
    grown = min(LARGEST, max(1.0, (CROWD / len(rows)) ** 0.5))
    kinds = {
        "set_aside": (_("set aside"), SOFT, 2.0, 0.35),
        "reserve": (_("in reserve"), UNSURE, 3.0, 0.8),
        "chosen": (_("chosen"), ACCENT, 3.2, 1.0),
    }
    told = []
    for kind, (label, colour, size, alpha) in kinds.items():
        of_kind = [row for row in rows if _kind(sampling, row.rank) == kind]
        if not of_kind:
            continue
        shown = _few_enough(of_kind, sampling.seed)
        draw_cloud(
            axes,
            [(row.x, row.y) for row in shown],
            label=f"{label} ({len(of_kind)})",
            colour=colour,
            size=size * grown,
            alpha=alpha,
        )
        told.append(f"{len(of_kind)} {label}")
        if len(shown) < len(of_kind):
            told[-1] += " " + _("(%(n)d of them drawn)") % {"n": len(shown)}
    plane_axes(axes)
    return [
        written(
            figure,
            name="sampling",
            title=_("Images on the plane, chosen and not"),
            alt=_("%(n)d images laid out by UMAP: %(kinds)s.") % {"n": len(rows), "kinds": ", ".join(told)},
            columns=("rank", "image", "kind", "x", "y"),
            rows=[(row.rank, row.key, _kind(sampling, row.rank), row.x, row.y) for row in rows],
        )
    ]


def _kind(sampling: ImageSampling, rank: int) -> str:
    if rank <= sampling.n_chosen:
        return "chosen"
    return "reserve" if rank <= sampling.n_chosen + sampling.n_reserve else "set_aside"


def _few_enough(rows: list[Point], seed: int) -> list[Point]:
    return rows if len(rows) <= MOST_POINTS else random.Random(seed).sample(rows, MOST_POINTS)
