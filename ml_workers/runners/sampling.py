"""The job that orders images for a choice among them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workers import store
from ml_workers.jobs.embeddings import embed_pictures
from ml_workers.jobs.similarities import picture_pieces
from ml_workers.layout import FEWEST_POINTS, LayoutMissing, is_available, plane_layout
from ml_workers.loading import registered_image_encoder
from ml_workers.runners.stages import project_of
from ml_workers.sampling import farthest_order, random_order, spreads_of_choice
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

PICTURES, CHOOSE = range(2)
FARTHEST, PLANE = "farthest", "plane"


class SamplingRunner:
    """Embed the images, lay them out, order them."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """All different pictures, then one part. Raises Invalid where UMAP is missing or images are few."""
        if _needs_plane(job) and not is_available():
            raise _layout_missing()
        images = store.images_to_sample(project_of(job))
        _check_enough(len(images))
        return [
            *(ChunkPlan(piece, PICTURES) for piece in picture_pieces(store.one_of_each_picture(images))),
            ChunkPlan([0], CHOOSE),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Embed some pictures, or order all images that could be embedded."""
        encoder, encoder_id = registered_image_encoder(job.parameters["encoder"])
        if chunk.phase == PICTURES:
            return ChunkOutcome(embed_pictures(encoder, encoder_id, chunk.items, store, store))
        images = store.images_to_sample(project_of(job))
        features, there = store.picture_features(encoder_id, images, encoder.dimension)
        kept = [image for image, is_there in zip(images, there, strict=True) if is_there]
        _check_enough(len(kept))
        rows = features[there]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        store.write_sampling(job, encoder_id, _ordered(job, kept, rows))
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many images are chosen, in reserve and set aside."""
        return {"images": store.conclude_sampling(job)}


def _ordered(job: Job, images: Sequence[int], rows: NDArray[np.float32]) -> store.ImageOrder:
    """The order of images whose features are `rows` (n, d), of length 1."""
    plane = _plane(job, rows)
    place_of = {image: place for place, image in enumerate(images)}
    begun = [place_of[image] for image in store.images_in_batches(project_of(job)) if image in place_of]
    if job.parameters["method"] == FARTHEST:
        points = rows if job.parameters["space"] != PLANE or plane is None else plane
        order = farthest_order(points, seed=job.seed, first=begun)
    else:
        order = random_order(len(images), seed=job.seed, first=begun)
    n_chosen = min(len(images), max(job.parameters["wanted"], len(begun)))
    draws = job.parameters["random_choices"]
    return store.ImageOrder(
        images=[images[place] for place in order],
        plane=plane[order] if plane is not None else None,
        n_chosen=n_chosen,
        n_reserve=min(len(images) - n_chosen, job.parameters["reserve"]),
        n_in_batches=len(begun),
        spreads=spreads_of_choice(rows, plane, order[:n_chosen], draws=draws, seed=job.seed),
    )


def _plane(job: Job, rows: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """The plane; None where UMAP is missing and the choice does without."""
    try:
        return plane_layout(rows, seed=job.seed)
    except LayoutMissing:
        if _needs_plane(job):
            raise _layout_missing() from None
        return None


def _needs_plane(job: Job) -> bool:
    return bool(job.parameters["method"] == FARTHEST and job.parameters["space"] == PLANE)


def _layout_missing() -> Invalid:
    return Invalid(
        "layout_missing",
        "UMAP is not installed on the model workers, so there is no plane to choose on; no image was changed. Install"
        " polyannot there with its extra `layout`, or choose in the features themselves.",
    )


def _check_enough(n_images: int) -> None:
    if n_images < FEWEST_POINTS:
        raise Invalid(
            "too_few_images",
            f"A choice needs at least {FEWEST_POINTS} images that can be read, and there are {n_images};"
            " import more. No image was changed.",
        )
