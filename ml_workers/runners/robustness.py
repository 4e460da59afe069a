"""The job that finds how much difficulty depends on which models vote."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_workers import store
from ml_workers.difficulty import votes
from ml_workers.jobs.difficulty import rule_of
from ml_workers.jobs.similarities import Stage, phase_of, planned_chunks, stage_of
from ml_workers.loading import registered, threshold_of
from ml_workers.robustness import robustness
from ml_workers.runners.stages import project_of, work_on_stage
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan


class RobustnessRunner:
    """The cosines of all models on every good version, then every draw at once."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """As for a vote over the good versions, then one part with all draws. Raises Invalid without good captions."""
        project = project_of(job)
        store.robustness_reference(project, job.parameters["vote"])
        versions = store.version_ids(project, good_only=True)
        if not versions:
            raise Invalid(
                "no_good_captions", "There is no good caption yet to vote on; nothing was computed."
            )
        pictures = store.distinct_pictures(project, of_versions=versions)
        names = job.parameters["encoders"]
        chunks = planned_chunks(len(names), pictures, store.distinct_texts(versions), versions)
        return [
            *(ChunkPlan(chunk.items, chunk.phase) for chunk in chunks),
            ChunkPlan(versions, phase_of(len(names), Stage.PICTURES)),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder, or all draws."""
        place, stage = stage_of(chunk.phase)
        names = job.parameters["encoders"]
        if place < len(names):
            threshold_of(names[place], project_of(job).pk)
            return work_on_stage(job, chunk.items, names[place], stage)
        self._draw(job, chunk.items)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many pairs were voted on by how many draws."""
        return {"robustness": store.report_counts(job, "n_pairs", "n_models")}

    def _draw(self, job: Job, versions: Sequence[int]) -> None:
        asked, project = job.parameters, project_of(job)
        names = asked["encoders"]
        thresholds = [threshold_of(name, project.pk).cosine for name in names]
        cosines = [store.cosines(registered(name)[1], versions) for name in names]
        seen = [version for version in versions if all(version in of_model for of_model in cosines)]
        if not seen:
            raise Invalid("no_cosines", "No good pair could be embedded by all models; nothing was computed.")
        cast = votes(np.array([[of_model[version] for of_model in cosines] for version in seen]), thresholds)
        rule = rule_of(
            asked["size"],
            easy_min_votes=asked["easy_min_votes"],
            hard_max_votes=asked["hard_max_votes"],
            has_tie_breaker=False,
            always_asked=False,
        )
        reference = store.robustness_reference(project, asked["vote"])
        of_row = {row: reference[version] for row, version in enumerate(seen) if version in reference}
        told = robustness(cast, names, rule, draws=asked["draws"], seed=job.seed, reference=of_row)
        store.write_report(job, "robustness", len(seen), told)
