"""The job that draws what a model job found; only a worker imports this module."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.machine.corpora.drawing_polysemy import draw_polysemy
from annotation.machine.difficulty.drawing import draw_difficulty
from annotation.machine.evaluation.drawing import draw_evaluation
from annotation.machine.sampling.drawing import draw_sampling
from annotation.models import MachineDrawing
from polyannot.kernel.errors import Missing
from polyannot.kernel.figures import Drawn, drawing_style
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

DRAWERS: dict[str, Callable[[Job], list[Drawn]]] = {
    "sampling": draw_sampling,
    "polysemy": draw_polysemy,
    "evaluation": draw_evaluation,
    "difficulty": draw_difficulty,
}


class DrawingRunner:
    """Draw and store; drawing again puts the drawings in place of the earlier ones of the same job."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one step. Raises Missing where there is nothing to draw."""
        _drawn_job(job)
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Draw and store."""
        of = _drawn_job(job)
        with drawing_style():
            drawn = DRAWERS[of.kind](of)
        with transaction.atomic():
            MachineDrawing.objects.filter(job=of).delete()
            MachineDrawing.objects.bulk_create(
                [
                    MachineDrawing(
                        job=of,
                        name=each.name,
                        title=each.title,
                        alt=each.alt,
                        svg=each.svg,
                        pdf=each.pdf,
                        png=each.png,
                        csv=each.csv,
                    )
                    for each in drawn
                ]
            )
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say how many drawings there are."""
        return {"drawings": MachineDrawing.objects.filter(job=_drawn_job(job)).count()}


def _drawn_job(job: Job) -> Job:
    try:
        named = Job.objects.filter(project=job.project, public_id=UUID(job.parameters["job"])).first()
    except ValueError:
        named = None
    if named is None or named.kind not in DRAWERS:
        raise Missing("drawing_missing", _("There is no such result to draw in this project."))
    return named
