"""The job of similarities: the cosine of every pair in circulation under some encoders."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.similarities import planned_chunks, stage_of
from ml_workers.runners.stages import project_of, work_on_stage
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan


class SimilaritiesRunner:
    """Embed what is missing and compute the cosine of every pair in circulation, for each encoder."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """All pictures, all different texts and all pairs, for each encoder."""
        project = project_of(job)
        versions = store.version_ids(project)
        pictures, texts = store.distinct_pictures(project), store.distinct_texts(versions)
        chunks = planned_chunks(len(job.parameters["encoders"]), pictures, texts, versions)
        return [ChunkPlan(chunk.items, chunk.phase) for chunk in chunks]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder over the items of the chunk."""
        place, stage = stage_of(chunk.phase)
        return work_on_stage(job, chunk.items, job.parameters["encoders"][place], stage)

    def finish(self, job: Job) -> dict[str, Any]:
        """How many pairs have a cosine now, by encoder."""
        return {"pairs": store.count_similarities(job.pk)}
