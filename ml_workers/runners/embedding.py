"""The jobs that embed images or captions and nothing more: what other jobs need is there before they begin."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.embeddings import IMAGE, TEXT, embed_pictures, embed_texts
from ml_workers.jobs.similarities import picture_pieces, text_pieces
from ml_workers.loading import registered_image_encoder, registered_sentence_encoder
from ml_workers.runners.stages import project_of
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan


def _counted(job: Job, modality: str) -> dict[str, Any]:
    """How many of the job's items are embedded now, by encoder."""
    items = {item for chunk in job.chunks.all() for item in chunk.items}
    return {
        "embedded": {
            name: store.count_embedded(_row(name, modality), modality, sorted(items))
            for name in job.parameters["encoders"]
        }
    }


def _row(name: str, modality: str) -> int:
    found = registered_image_encoder(name) if modality == IMAGE else registered_sentence_encoder(name)
    return found[1]


class EmbedImagesRunner:
    """Embed every picture of the project that was not taken out, for each encoder."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """All different pictures, encoder by encoder."""
        pictures = store.distinct_pictures(project_of(job), also_waiting=True)
        places = range(len(job.parameters["encoders"]))
        return [ChunkPlan(piece, place) for place in places for piece in picture_pieces(pictures)]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Some pictures by one encoder."""
        encoder, encoder_id = registered_image_encoder(job.parameters["encoders"][chunk.phase])
        return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))

    def finish(self, job: Job) -> dict[str, Any]:
        """How many pictures are embedded, by encoder."""
        return _counted(job, IMAGE)


class EmbedCaptionsRunner:
    """Embed every text in circulation, for each encoder."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """All different texts, encoder by encoder."""
        texts = store.distinct_texts(store.version_ids(project_of(job)))
        places = range(len(job.parameters["encoders"]))
        return [ChunkPlan(piece, place) for place in places for piece in text_pieces(texts)]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Some texts by one encoder."""
        encoder, encoder_id = registered_sentence_encoder(job.parameters["encoders"][chunk.phase])
        embed_texts(encoder, encoder_id, chunk.items, store, store)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many texts are embedded, by encoder."""
        return _counted(job, TEXT)
