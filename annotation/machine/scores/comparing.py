"""Comparing scores from elsewhere with the encoders of a benchmark: asked for by a page, computed by a worker."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.evaluation.browsing import encoders_of
from annotation.machine.evaluation.showing import run_of
from annotation.machine.scores.figures import (
    ComparisonFigure,
    ScoredPairs,
    comparison_figures,
)
from annotation.models import (
    Encoder,
    EvaluationRun,
    EvaluationScore,
    ExternalScore,
    ScoreComparison,
    ScoreDrawing,
    ScoreFigure,
    ScoreSet,
)
from polyannot.kernel.errors import Invalid, Missing
from projects.models import Job, JobChunk, Project
from projects.queue import Parameters, enqueue
from projects.running import ChunkOutcome, ChunkPlan

KIND = "score_comparison"


def completed_comparison(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a comparison: the ids of the `scores` and of the benchmark `run`. Raises Invalid."""
    try:
        return {name: str(UUID(str(parameters.get(name) or ""))) for name in ("scores", "run")}
    except ValueError as error:
        raise Invalid(
            "job_parameters", _("Name the scores and the run of a benchmark by their ids.")
        ) from error


def ask_for_comparison(
    *, project: Project, actor: User | None, run: EvaluationRun, score_set: ScoreSet
) -> Job:
    """Compare scores with the encoders of a benchmark; asking again while it is at work is the same job."""
    parameters = {"scores": str(score_set.public_id), "run": str(run.public_id)}
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=actor, seed=run.seed)


def score_set_of(project: Project, score_set_id: UUID) -> ScoreSet:
    """Return a set of scores of the project. Raises Missing."""
    if (found := ScoreSet.objects.filter(project=project, public_id=score_set_id).first()) is None:
        raise Missing("scores_missing", _("There are no such scores in this project."))
    return found


def comparison_of(project: Project, comparison_id: UUID) -> ScoreComparison:
    """Return a comparison of scores of the project. Raises Missing."""
    made = ScoreComparison.objects.filter(run__project=project, public_id=comparison_id)
    if (found := made.select_related("run", "score_set", "job").first()) is None:
        raise Missing("comparison_missing", _("There is no such comparison in this project."))
    return found


class ScoreComparisonRunner:
    """Compute, draw and store; running it again replaces the same rows."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one step."""
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Compare."""
        compare_scores(job)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say over how many pairs."""
        made = ScoreComparison.objects.get(job=job)
        return {"comparison": str(made.public_id), "good": made.n_good, "negatives": made.n_negative}


def compare_scores(job: Job) -> ScoreComparison:
    """Store what scores come to beside a benchmark. Raises Invalid where they share no good pair, Missing."""
    from annotation.machine.scores.drawing import drawn_comparison  # noqa: PLC0415  only where something is drawn

    assert job.project is not None
    run = run_of(job.project, UUID(job.parameters["run"]))
    score_set = score_set_of(job.project, UUID(job.parameters["scores"]))
    encoders = encoders_of(run)
    pairs = scored_pairs(run, score_set, encoders)
    if not pairs.good.any():
        raise Invalid(
            "scores_apart",
            _(
                "No good pair of this benchmark has a score of %(name)s; import scores of its pairs and compare again."
            )
            % {"name": score_set.name},
        )
    figures = comparison_figures(pairs, seed=job.seed)
    drawings = drawn_comparison(
        pairs, score_set.name, [(one.pk, one.name) for one in encoders], seed=job.seed
    )
    with transaction.atomic():
        ScoreComparison.objects.filter(job=job).delete()
        made = ScoreComparison.objects.create(
            run=run,
            score_set=score_set,
            job=job,
            n_good=int(pairs.good.sum()),
            n_negative=int(pairs.is_negative.sum()),
            seed=job.seed,
        )
        ScoreFigure.objects.bulk_create([_row(made, one) for one in figures])
        ScoreDrawing.objects.bulk_create(
            [
                ScoreDrawing(
                    comparison=made, name=one.name, title=one.title, alt=one.alt, svg=one.svg, pdf=one.pdf,
                    png=one.png, csv=one.csv,
                )
                for one in drawings
            ]
        )  # fmt: skip
    return made


def _row(made: ScoreComparison, one: ComparisonFigure) -> ScoreFigure:
    return ScoreFigure(
        comparison=made, encoder_id=one.encoder, level=one.level, name=one.name, value=one.value, low=one.low,
        high=one.high, n=one.n, n_other=one.n_other,
    )  # fmt: skip


def scored_pairs(run: EvaluationRun, score_set: ScoreSet, encoders: Sequence[Encoder]) -> ScoredPairs:
    """Return the pairs of a benchmark that have a score and a cosine under every encoder, in their order."""
    scores = dict(ExternalScore.objects.filter(score_set=score_set).values_list("version_id", "value"))
    cosines: dict[int, dict[int, float]] = {one.pk: {} for one in encoders}
    rows = EvaluationScore.objects.filter(run=run, version__in=scores)
    for encoder, version, cosine in rows.values_list("encoder_id", "version_id", "cosine"):
        cosines[encoder][version] = cosine
    pairs = [
        pair
        for pair in run.pairs.filter(version__in=scores)
        .order_by("version_id")
        .values_list("version_id", "version__image_id", "level", "is_negative")
        if all(pair[0] in of_encoder for of_encoder in cosines.values())
    ]
    return ScoredPairs(
        levels=[level for _version, _image, level, _is_negative in pairs],
        images=[image for _version, image, _level, _is_negative in pairs],
        is_negative=np.array([is_negative for *_rest, is_negative in pairs], dtype=bool),
        scores=np.array([scores[version] for version, *_rest in pairs], dtype=np.float64),
        cosines={
            encoder: np.array([of_encoder[version] for version, *_rest in pairs], dtype=np.float64)
            for encoder, of_encoder in cosines.items()
        },
    )
