"""A Celery application with one more kind of job, for workers that are killed: small chunks, no model to load.

Its job writes the square of every item as a vector, through the upsert that embeddings go through.
"""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import django
import numpy as np

from polyannot.celery import app

django.setup()

from ml_workers import store  # noqa: E402 - the models need the settings
from projects.models import Job, JobChunk  # noqa: E402
from projects.models.jobs import JobQueue  # noqa: E402
from projects.queue import register_kind  # noqa: E402
from projects.running import ChunkOutcome, ChunkPlan, register_runner  # noqa: E402

__all__ = ["app"]

SQUARES = "test-squares"
N_CHUNKS, PER_CHUNK = 120, 5
SECONDS_PER_CHUNK = 0.05


def encoder() -> int:
    """Return the row under which the squares lie."""
    return store.register_encoder(
        name=SQUARES, weights_hash="0" * 64, source="tests", dimension=2, preprocessing="", licence=""
    )


def content_hash(item: int) -> str:
    """Return the key of an item."""
    return hashlib.sha256(str(item).encode()).hexdigest()


class Squares:
    """Three phases of small chunks."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """A third of the chunks in each phase."""
        return [
            ChunkPlan(range(number * PER_CHUNK, (number + 1) * PER_CHUNK), phase=3 * number // N_CHUNKS)
            for number in range(N_CHUNKS)
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Write the squares of the chunk, some before and some after a pause."""
        row, half = encoder(), PER_CHUNK // 2
        for items in (chunk.items[:half], chunk.items[half:]):
            vectors = np.array([[item % 100, item % 7] for item in items], dtype=np.float32) ** 2
            store.write_embeddings(row, "text", [content_hash(item) for item in items], vectors)
            time.sleep(SECONDS_PER_CHUNK / 2)
        return ChunkOutcome([(f"item {item}", "even") for item in chunk.items if item % 100 == 0])

    def finish(self, job: Job) -> dict[str, Any]:
        """The number of failures, once more."""
        return {"failures": job.failures.count()}


register_kind(SQUARES, JobQueue.DEFAULT, "Squares")
register_runner(SQUARES, Squares())
