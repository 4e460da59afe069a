"""What an alignment is told by: recall both ways, and how far an image's captions find the same images."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.overlap import FIRST, paraphrase_overlaps
from measures.ranking import captions_of_images
from measures.resampling import Estimate, clustered_mean
from measures.retrieval import RetrievalFigures, retrieval_figures
from ml_workers.evaluation import direction_json

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class AlignmentFigures:
    """Recall both ways, and the mean overlap (AO@k, JS@k) of the images found by two captions of one image.

    `pairs` of captions are all pairs within each image; intervals of the overlaps draw whole images. `k` is 10, or
    the number of images where there are fewer; `overlaps` (pairs,) is AO@k of each pair, `images` (pairs,) its image.
    Without an image of two captions the overlaps are NaN with n = 0.
    """

    retrieval: RetrievalFigures
    average_overlap: Estimate
    jaccard: Estimate
    k: int
    pairs: int
    overlaps: Floats
    images: Indices


def overlap_change(before: AlignmentFigures, after: AlignmentFigures, *, seed: int = 0) -> Estimate:
    """Mean change of AO@k from one model to another over the same pairs of captions, its interval drawing images.

    Far narrower than the intervals of the two models. Raises ValueError where the pairs are not the same.
    """
    if before.k != after.k or not np.array_equal(before.images, after.images):
        raise ValueError("Only overlaps of the same pairs can be compared.")
    return clustered_mean(after.overlaps - before.overlaps, before.images, seed=seed)


def caption_pairs(owner: Indices, n_images: int) -> tuple[Indices, Indices]:
    """All pairs of captions of one image: (p, 2) numbers of captions, and the image of each pair (p,)."""
    found = [
        (first, second, image)
        for image, own in enumerate(captions_of_images(owner, n_images))
        for first, second in combinations(own.tolist(), 2)
    ]
    table = np.asarray(found, dtype=np.int64).reshape(-1, 3)
    return table[:, :2], table[:, 2]


def alignment_figures(images: Floats, texts: Floats, owner: Indices, *, seed: int = 0) -> AlignmentFigures:
    """Figures of features (n, d) of images and (m, d) of their captions, rows of length 1; the seed draws intervals.

    An image's captions stand for paraphrases of one another, which they are only loosely: read the overlaps as before
    and after, not beside those of true paraphrases.
    """
    pairs, clusters = caption_pairs(owner, len(images))
    k = min(FIRST, len(images))
    found = paraphrase_overlaps(texts[pairs[:, 0]], texts[pairs[:, 1]], images, k=k)
    return AlignmentFigures(
        retrieval=retrieval_figures(images, texts, owner, seed=seed),
        average_overlap=clustered_mean(found.average_overlap, clusters, seed=seed),
        jaccard=clustered_mean(found.jaccard, clusters, seed=seed),
        k=k,
        pairs=len(pairs),
        overlaps=found.average_overlap,
        images=clusters,
    )


def figures_json(figures: AlignmentFigures) -> dict[str, Any]:
    """Plain values, all shares in percent; the overlaps are left out where no image has two captions."""
    return {
        "image_to_text": direction_json(figures.retrieval.image_to_text),
        "text_to_image": direction_json(figures.retrieval.text_to_image),
        **_estimate_json(f"AO@{figures.k}", figures.average_overlap),
        **_estimate_json(f"JS@{figures.k}", figures.jaccard),
    }


def change_json(before: AlignmentFigures, after: AlignmentFigures, *, seed: int = 0) -> dict[str, Any]:
    """The change of AO@k in points; nothing where no image has two captions."""
    return _estimate_json(f"AO@{before.k}", overlap_change(before, after, seed=seed))


def _estimate_json(name: str, estimate: Estimate) -> dict[str, Any]:
    """An estimate under its name, its interval nothing where it says nothing: JSON knows no other undefined number."""
    if not estimate.n:
        return {}
    low, high = estimate.interval.told
    return {
        name: {
            "value": round(100 * estimate.value, 2),
            "interval": None if low is None or high is None else [round(100 * low, 2), round(100 * high, 2)],
            "n": estimate.n,
            "images": estimate.clusters,
        }
    }
