"""The calibration job: each encoder's threshold from batches of the project's own good pairs (IMP §4.2)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ml_workers import store
from ml_workers.calibration import Calibration, calibrate
from ml_workers.jobs.embeddings import embed_pictures, embed_texts
from ml_workers.jobs.similarities import (
    Stage,
    phase_of,
    picture_pieces,
    stage_of,
    text_pieces,
)
from ml_workers.loading import BEST_F1, registered
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

FEWEST_PAIRS = 10
# The threshold moves with the batch size, so it is found at a quarter and at four times of it too.
SIZE_STEP = 4
# Digits of the hash of the pairs that are told beside a threshold; the report has all of them.
SHOWN_HASH = 12


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
            plans += [ChunkPlan(piece, phase_of(place, Stage.PICTURES)) for piece in picture_pieces(pictures)]
            plans += [ChunkPlan(piece, phase_of(place, Stage.TEXTS)) for piece in text_pieces(texts)]
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
        self._calibrate(job, encoder_id, encoder.weights_hash, chunk.items)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """What was calibrated; the thresholds stand in their rows, their curves in the report."""
        parts = store.report_parts(job)
        told = [parts[name] for name in job.parameters["encoders"]]
        n_pairs = max(one["sizes"][0]["n_pairs"] for one in told)
        store.write_report(job, "calibration", n_pairs, {"encoders": told})
        return {"encoders": job.parameters["encoders"], "batch_size": job.parameters["batch_size"]}

    def _calibrate(self, job: Job, encoder_id: int, weights_hash: str, versions: Sequence[int]) -> None:
        assert job.project is not None
        pairs = store.pair_features(encoder_id, versions)
        if len(pairs.images) < FEWEST_PAIRS:
            raise Invalid(
                "calibration_pairs",
                f"Calibration needs at least {FEWEST_PAIRS} good pairs, and there are {len(pairs.images)};"
                " the thresholds that came with the encoders stay in use.",
            )
        by_size = _at_sizes(pairs, job.parameters["batch_size"], job.seed)
        found = by_size[job.parameters["batch_size"]]
        data_hash = store.pairs_sha256(pairs.version_ids)
        store.register_threshold(
            encoder_id=encoder_id,
            cosine=found.threshold,
            method=BEST_F1,
            batch_size=found.batch_size,
            seed=job.seed,
            pairs=f"good pairs of this project (sha256 {data_hash[:SHOWN_HASH]})",
            n_pairs=found.n_positive,
            project_id=job.project.pk,
        )
        store.add_report_part(
            job,
            "calibration",
            store.encoder_name(encoder_id),
            {
                "encoder": store.encoder_name(encoder_id),
                "weights_sha256": weights_hash,
                "data_sha256": data_hash,
                "seed": job.seed,
                **_told(found, by_size),
            },
        )


def _at_sizes(pairs: store.PairFeatures, batch_size: int, seed: int) -> dict[int, Calibration]:
    """What is found at this batch size, at a quarter of it, and at four times of it."""
    texts = [text.tobytes() for text in pairs.texts]  # equal texts share one stored embedding
    return {
        size: calibrate(
            pairs.images,
            pairs.texts,
            image_keys=pairs.image_ids,
            text_keys=texts,
            batch_size=size,
            seed=seed,
        )
        for size in (max(2, batch_size // SIZE_STEP), batch_size, batch_size * SIZE_STEP)
    }


def _told(used: Calibration, by_size: dict[int, Calibration]) -> dict[str, Any]:
    """The figures of one encoder as plain JSON, and the curve of the threshold that is used."""
    names = ("threshold", "f1", "precision", "recall", "batch_size", "batches", "n_positive", "n_negative")
    return {
        "used": used.batch_size,
        "sizes": [
            {
                "asked": size,
                "n_pairs": found.n_positive,
                **{name: getattr(found, name) for name in names},
            }
            for size, found in by_size.items()
        ],
        "curve": [asdict(point) for point in used.curve],
    }
