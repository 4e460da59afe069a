"""Retrieval in one direction and both ways: all figures over ranks, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from measures.rank_intervals import RESAMPLES, Ends, RankIntervals, rank_intervals
from measures.ranking import (
    Floats,
    RelevantRanks,
    captions_of_images,
    mean_average_precision,
    mean_average_precision_at_r,
    mean_rank,
    median_rank,
    nearest_ranks,
    recall_at_k,
    relevant_ranks,
)


@dataclass(frozen=True)
class DirectionFigures:
    """Retrieval in one direction; recalls and precisions are shares (0 to 1), ranks are 1-based."""

    n_queries: int
    n_relevant: int
    n_gallery: int
    recall: dict[int, float]
    mean_rank: float
    median_rank: float
    median_nearest_rank: float
    map_at_r: float
    full_map: float
    interval: RankIntervals

    @property
    def recall_interval(self) -> dict[int, Ends]:
        """The two ends of each recall's interval, by K."""
        return self.interval.recall


def direction_figures(
    found: RelevantRanks,
    *,
    ks: Sequence[int] = (1, 5, 10),
    clusters: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> DirectionFigures:
    """All figures of one direction from its ranks; `clusters` and `resamples` as in `rank_intervals`."""
    nearest = nearest_ranks(found)
    return DirectionFigures(
        n_queries=found.n_queries,
        n_relevant=found.n_relevant,
        n_gallery=found.gallery_size,
        recall={k: recall_at_k(found, k) for k in ks},
        mean_rank=mean_rank(found),
        median_rank=median_rank(found),
        median_nearest_rank=float(np.median(nearest)) if len(nearest) else float("nan"),
        map_at_r=mean_average_precision_at_r(found),
        full_map=mean_average_precision(found),
        interval=rank_intervals(found, ks, clusters=clusters, seed=seed, resamples=resamples),
    )


@dataclass(frozen=True)
class RetrievalFigures:
    """Retrieval both ways over the same images and captions."""

    image_to_text: DirectionFigures
    text_to_image: DirectionFigures


def retrieval_figures(
    image_features: Floats, caption_features: Floats, image_of_caption: ArrayLike, *, seed: int = 0
) -> RetrievalFigures:
    """Both directions for features (n, d) and (m, d); `image_of_caption[j]` is the image of caption j."""
    owner = np.asarray(image_of_caption, dtype=np.int64)
    captions_of = captions_of_images(owner, len(image_features))
    from_images = relevant_ranks(image_features, caption_features, captions_of)
    from_captions = relevant_ranks(caption_features, image_features, list(owner[:, None]))
    return RetrievalFigures(
        image_to_text=direction_figures(from_images, seed=seed),
        text_to_image=direction_figures(from_captions, clusters=owner, seed=seed),
    )
