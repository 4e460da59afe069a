"""The calibration job: each encoder's threshold from batches of the project's own good pairs (IMP §4.2)."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.calibration import calibrate
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import (
    PICTURES_PER_CHUNK,
    TEXTS_PER_CHUNK,
    Stage,
    phase_of,
    pieces,
    stage_of,
)
from ml_workers.loading import BEST_F1, registered
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

FEWEST_PAIRS = 10


class CalibrationRunner:
    """Embed the good pairs, then find where in-batch F1 is best; the threshold belongs to batch size and project."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """For each encoder all pictures, all texts, then the curve over all pairs."""
        assert job.project is not None
        versions = store.version_ids(job.project, good_only=True)
        pictures = store.distinct_pictures(job.project, of_versions=versions)
        texts = store.distinct_texts(versions)
        plans = []
        for place in range(len(job.parameters["encoders"])):
            plans += [
                ChunkPlan(piece, phase_of(place, Stage.PICTURES))
                for piece in pieces(pictures, PICTURES_PER_CHUNK)
            ]
            plans += [
                ChunkPlan(piece, phase_of(place, Stage.TEXTS)) for piece in pieces(texts, TEXTS_PER_CHUNK)
            ]
            plans.append(ChunkPlan(versions, phase_of(place, Stage.COSINES)))
        return plans

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """One stage of one encoder."""
        place, stage = stage_of(chunk.phase)
        encoder, encoder_id = registered(job.parameters["encoders"][place])
        if stage is Stage.PICTURES:
            return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))
        if stage is Stage.TEXTS:
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            return ChunkOutcome()
        self._calibrate(job, encoder_id, chunk.items)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """What was calibrated; the thresholds stand in their rows."""
        return {"encoders": job.parameters["encoders"], "batch_size": job.parameters["batch_size"]}

    def _calibrate(self, job: Job, encoder_id: int, versions: Sequence[int]) -> None:
        assert job.project is not None
        pairs = store.pair_features(encoder_id, versions)
        if len(pairs.images) < FEWEST_PAIRS:
            raise Invalid(
                "calibration_pairs",
                f"Calibration needs at least {FEWEST_PAIRS} good pairs, and there are {len(pairs.images)};"
                " the thresholds that came with the encoders stay in use.",
            )
        found = calibrate(
            pairs.images,
            pairs.texts,
            image_keys=pairs.image_ids,
            text_keys=[text.tobytes() for text in pairs.texts],  # equal texts share one stored embedding
            batch_size=job.parameters["batch_size"],
            seed=job.seed,
        )
        store.register_threshold(
            encoder_id=encoder_id,
            cosine=found.threshold,
            method=BEST_F1,
            batch_size=found.batch_size,
            seed=job.seed,
            pairs="good pairs of this project",
            n_pairs=found.n_positive,
            project_id=job.project.pk,
        )
