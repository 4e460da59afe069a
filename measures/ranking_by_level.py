"""Retrieval by the difficulty of captions, and the columns that IMP's Table 4 prints.

Primary are the figures *inside* a level: the queries are those of the level, the gallery is everything. Beside them
stand two columns of Table 4 under names of their own, because they answer other questions
(docs/algorithms/benchmark.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.rank_intervals import RESAMPLES, Ends, median_interval, recall_intervals
from measures.ranking import (
    Floats,
    Indices,
    RelevantRanks,
    captions_of_images,
    median_rank,
    ranks_of_each,
    recall_at_k,
    relevant_ranks,
)
from measures.retrieval import DirectionFigures, RetrievalFigures, direction_figures


@dataclass(frozen=True)
class LevelFigures:
    """Retrieval at one level of difficulty; shares are 0 to 1, ranks 1-based.

    `image_to_text`: queries are the images with a caption of the level, relevant are these captions alone, and the
    gallery holds all captions. `text_to_image`: queries are the captions of the level, the gallery holds all images.
    `share_of_all_queries[k]`: captions of the level that found their image among the first k, of the captions of
    *all* levels together; over the levels these add up to the recall (text to image, Table 4).
    `median_rank_of_all_captions`: median rank of all captions, of whatever level, of the images with a caption of the
    level, `n_ranks_of_all_captions` in number (image to text, Table 4). Each has its interval beside it.
    """

    level: str
    n_captions: int
    n_all_queries: int
    image_to_text: DirectionFigures
    text_to_image: DirectionFigures
    share_of_all_queries: dict[int, float]
    share_interval: dict[int, Ends]
    median_rank_of_all_captions: float
    median_interval: Ends
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


# A query that cannot succeed ranks behind every gallery.
_NEVER = np.iinfo(np.int64).max


def _only_chosen_succeed(found: RelevantRanks, is_chosen: ArrayLike) -> RelevantRanks:
    """The same queries, but those that are not chosen find nothing: their recall is the chosen ones' share of all."""
    chosen = np.asarray(is_chosen, dtype=bool)[found.queries]
    return RelevantRanks(found.offsets, np.where(chosen, found.ranks, _NEVER), found.gallery_size)


@dataclass(frozen=True)
class _Asked:
    """Whose captions are asked about, at which K, and how intervals are drawn."""

    owner: Indices
    of_level: NDArray[np.str_]
    ks: Sequence[int]
    seed: int
    resamples: int

    def from_images(self, found: RelevantRanks) -> DirectionFigures:
        return direction_figures(found, ks=self.ks, seed=self.seed, resamples=self.resamples)

    def from_captions(self, found: RelevantRanks) -> DirectionFigures:
        return direction_figures(
            found, ks=self.ks, clusters=self.owner, seed=self.seed, resamples=self.resamples
        )

    def level(
        self, level: str, inside: RelevantRanks, from_images: RelevantRanks, from_captions: RelevantRanks
    ) -> LevelFigures:
        """All figures of one level; `inside` are the ranks of its captions alone, the others those of everything."""
        is_of_level = self.of_level == level
        all_ranks = chosen_queries(from_images, np.diff(inside.offsets) > 0)
        successes = _only_chosen_succeed(from_captions, is_of_level)
        return LevelFigures(
            level=level,
            n_captions=int(np.count_nonzero(is_of_level)),
            n_all_queries=from_captions.n_queries,
            image_to_text=self.from_images(inside),
            text_to_image=self.from_captions(chosen_queries(from_captions, is_of_level)),
            share_of_all_queries={k: recall_at_k(successes, k) for k in self.ks},
            share_interval=recall_intervals(
                successes, self.ks, clusters=self.owner, seed=self.seed, resamples=self.resamples
            ),
            median_rank_of_all_captions=median_rank(all_ranks),
            median_interval=median_interval(all_ranks, seed=self.seed, resamples=self.resamples),
            n_ranks_of_all_captions=all_ranks.n_relevant,
        )


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
    asked = _Asked(owner, np.asarray(level_of_caption, dtype=str), ks, seed, resamples)
    all_of = captions_of_images(owner, len(image_features))
    parts: list[Sequence[Indices]] = [
        [captions[asked.of_level[captions] == level] for captions in all_of] for level in levels
    ]
    from_images, *inside = ranks_of_each(image_features, caption_features, [all_of, *parts])
    from_captions = relevant_ranks(caption_features, image_features, list(owner[:, None]))
    return LevelledRetrieval(
        overall=RetrievalFigures(asked.from_images(from_images), asked.from_captions(from_captions)),
        levels=[
            asked.level(level, found, from_images, from_captions)
            for level, found in zip(levels, inside, strict=True)
        ],
    )
