"""The kinds of job that the model workers run: each joins a pure job with the store."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import Stage, planned_chunks, row_cosines, stage_of
from ml_workers.loading import registered
from projects.models import Job, JobChunk, Project
from projects.running import ChunkOutcome, ChunkPlan


def project_of(job: Job) -> Project:
    """The project of a job that cannot be without one."""
    assert job.project is not None, "a job of the model workers belongs to a project"
    return job.project


class SimilaritiesRunner:
    """Embed what is missing and compute the cosine of every pair in circulation, for each encoder."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """All pictures, all different texts and all pairs, for each encoder."""
        project = project_of(job)
        versions = store.version_ids(project)
        chunks = planned_chunks(
            len(job.parameters["encoders"]),
            store.distinct_pictures(project),
            store.distinct_texts(versions),
            versions,
        )
        return [ChunkPlan(chunk.items, chunk.phase) for chunk in chunks]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder over the items of the chunk."""
        place, stage = stage_of(chunk.phase)
        encoder, encoder_id = registered(job.parameters["encoders"][place])
        if stage is Stage.PICTURES:
            return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))
        if stage is Stage.TEXTS:
            embed_texts(encoder, encoder_id, chunk.items, store, store)
        else:
            pairs = store.pair_features(encoder_id, chunk.items)
            store.write_similarities(
                project_id=project_of(job).pk,
                encoder_id=encoder_id,
                job_id=job.pk,
                pairs=pairs,
                cosines=row_cosines(pairs.images, pairs.texts),
            )
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many pairs have a cosine now, by encoder."""
        return {"pairs": store.count_similarities(job.pk)}
