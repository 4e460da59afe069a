"""Retrieval by the difficulty of captions, and the columns that IMP's Table 4 prints.

Primary are the figures *inside* a level: the queries are those of the level, the gallery is everything. Beside them
stand two columns of Table 4 under names of their own, because they answer other questions
(docs/algorithms/benchmark.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from measures.ranking import (
    RESAMPLES,
    DirectionFigures,
    Floats,
    Indices,
    RelevantRanks,
    RetrievalFigures,
    captions_of_images,
    direction_figures,
    median_rank,
    nearest_ranks,
    ranks_of_each,
    relevant_ranks,
)


@dataclass(frozen=True)
class LevelFigures:
    """Retrieval at one level of difficulty; shares are 0 to 1, ranks 1-based.

    `image_to_text`: queries are the images with a caption of the level, relevant are these captions alone, and the
    gallery holds all captions. `text_to_image`: queries are the captions of the level, the gallery holds all images.
    `share_of_all_queries[k]`: captions of the level that found their image among the first k, of the captions of
    *all* levels together; over the levels these add up to the recall (text to image, Table 4).
    `median_rank_of_all_captions`: median rank of all captions, of whatever level, of the images with a caption of the
    level, `n_ranks_of_all_captions` in number (image to text, Table 4).
    """

    level: str
    n_captions: int
    n_all_queries: int
    image_to_text: DirectionFigures
    text_to_image: DirectionFigures
    share_of_all_queries: dict[int, float]
    median_rank_of_all_captions: float
    n_ranks_of_all_captions: int


@dataclass(frozen=True)
class LevelledRetrieval:
    """Retrieval both ways over everything, and at each level."""

    overall: RetrievalFigures
    levels: list[LevelFigures]


def chosen_queries(found: RelevantRanks, is_chosen: ArrayLike) -> RelevantRanks:
    """The same ranks with the queries that are not chosen left without relevant items, so in no figure."""
    chosen = np.asarray(is_chosen, dtype=bool)
    sizes = np.where(chosen, np.diff(found.offsets), 0)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return RelevantRanks(offsets, found.ranks[chosen[found.queries]], found.gallery_size)


def _shares_of_all(found: RelevantRanks, n_all: int, ks: Sequence[int]) -> dict[int, float]:
    nearest = nearest_ranks(found)
    return {k: float(np.count_nonzero(nearest <= k) / n_all) if n_all else float("nan") for k in ks}


def retrieval_by_level(
    image_features: Floats,
    caption_features: Floats,
    image_of_caption: ArrayLike,
    level_of_caption: Sequence[str],
    *,
    levels: Sequence[str] = ("easy", "medium", "hard"),
    ks: Sequence[int] = (1, 5, 10),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> LevelledRetrieval:
    """Figures of both directions, overall and at each level, from features (n, d) and (m, d).

    `image_of_caption[j]` is the image of caption j and `level_of_caption[j]` its level; a caption of no known level
    (an empty text, say) is in the gallery and in the overall figures only. Raises ValueError where the lengths differ.
    """
    owner = np.asarray(image_of_caption, dtype=np.int64)
    if not len(owner) == len(level_of_caption) == len(caption_features):
        raise ValueError("Every caption needs an image and a level, if only an empty one.")
    of_level = np.asarray(level_of_caption)
    all_of = captions_of_images(owner, len(image_features))
    parts: list[Sequence[Indices]] = [
        [captions[of_level[captions] == level] for captions in all_of] for level in levels
    ]
    from_images, *inside = ranks_of_each(image_features, caption_features, [all_of, *parts])
    from_captions = relevant_ranks(caption_features, image_features, list(owner[:, None]))

    def figures(level: str, found: RelevantRanks) -> LevelFigures:
        has_level = np.diff(found.offsets) > 0
        all_ranks = chosen_queries(from_images, has_level)
        of_captions = chosen_queries(from_captions, of_level == level)
        return LevelFigures(
            level=level,
            n_captions=int(np.count_nonzero(of_level == level)),
            n_all_queries=from_captions.n_queries,
            image_to_text=direction_figures(found, ks=ks, seed=seed, resamples=resamples),
            text_to_image=direction_figures(
                of_captions, ks=ks, clusters=owner, seed=seed, resamples=resamples
            ),
            share_of_all_queries=_shares_of_all(of_captions, from_captions.n_queries, ks),
            median_rank_of_all_captions=median_rank(all_ranks),
            n_ranks_of_all_captions=all_ranks.n_relevant,
        )

    return LevelledRetrieval(
        overall=RetrievalFigures(
            image_to_text=direction_figures(from_images, ks=ks, seed=seed, resamples=resamples),
            text_to_image=direction_figures(
                from_captions, ks=ks, clusters=owner, seed=seed, resamples=resamples
            ),
        ),
        levels=[figures(level, found) for level, found in zip(levels, inside, strict=True)],
    )
