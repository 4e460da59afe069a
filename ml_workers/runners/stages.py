"""What runners share: the project of a job, and one stage of one encoder over some items."""

from collections.abc import Sequence

from ml_workers import store
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import Stage, row_cosines
from ml_workers.loading import registered
from projects.models import Job, Project
from projects.running import ChunkOutcome


def project_of(job: Job) -> Project:
    """The project of a job that cannot be without one."""
    assert job.project is not None, "a job of the model workers belongs to a project"
    return job.project


def work_on_stage(job: Job, items: Sequence[int], name: str, stage: Stage) -> ChunkOutcome:
    """One stage of the encoder of that name over some pictures, texts or pairs."""
    encoder, encoder_id = registered(name)
    if stage is Stage.PICTURES:
        return ChunkOutcome(embed_pictures(encoder, encoder_id, items, store, store))
    if stage is Stage.TEXTS:
        embed_texts(encoder, encoder_id, items, store, store)
        return ChunkOutcome()
    pairs = store.pair_features(encoder_id, items)
    store.write_similarities(
        project_id=project_of(job).pk,
        encoder_id=encoder_id,
        job_id=job.pk,
        pairs=pairs,
        cosines=row_cosines(pairs.images, pairs.texts),
    )
    return ChunkOutcome()
