"""The job that ranks pools for diversity, before anybody has seen a caption of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_workers import store
from ml_workers.jobs.embeddings import embed_texts
from ml_workers.jobs.similarities import pieces, text_pieces
from ml_workers.loading import registered_sentence_encoder
from ml_workers.pools.order import pool_order
from ml_workers.runners.stages import project_of
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

IMAGES_PER_CHUNK = 10


class PoolRankingRunner:
    """The order of the pool of every image that has not been given to anybody."""

    EMBED, RANK = 0, 1

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """The texts of those pools, then the images."""
        images = store.images_not_shown(project_of(job))
        versions = [version for of_image in store.pool_captions(images).values() for version in of_image]
        return [
            *(ChunkPlan(piece, self.EMBED) for piece in text_pieces(store.distinct_texts(versions))),
            *(ChunkPlan(piece, self.RANK) for piece in pieces(images, IMAGES_PER_CHUNK)),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Embed some texts, or rank the pools of some images."""
        encoder, encoder_id = registered_sentence_encoder(job.parameters["encoder"])
        if chunk.phase == self.EMBED:
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            return ChunkOutcome()
        pools = store.pool_captions(chunk.items)
        versions = [version for of_image in pools.values() for version in of_image]
        # Captions that were imported since the plan was made are embedded here.
        embed_texts(encoder, encoder_id, versions, store, store)
        features = store.text_features(encoder_id, versions)
        ranked = {}
        for image, pool in pools.items():
            rows = np.stack([features[version].astype(np.float64) for version in pool])
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            ranked[image] = [pool[place] for place in pool_order(rows, seed=job.seed)]
        store.write_pool_ranks(ranked)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many images were looked at."""
        return {"images": sum(len(chunk.items) for chunk in job.chunks.filter(phase=self.RANK))}
