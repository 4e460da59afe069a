"""Where the relevant items of a ranked gallery lie: recall, ranks and average precision.

Every figure comes from one list: the 1-based ranks of all relevant items of every query, under one rule for
ties that never flatters (ours): scores fall, and among equal scores the irrelevant items come first, then
the relevant ones in gallery order. A query without a relevant item takes part in no figure.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.products import Gallery

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]

QUERIES_A_CHUNK = 256


@dataclass(frozen=True)
class RelevantRanks:
    """Ranks of the relevant items: query i has `ranks[offsets[i]:offsets[i + 1]]`, rising."""

    offsets: Indices
    ranks: Indices
    gallery_size: int

    @property
    def n_queries(self) -> int:
        """Queries with at least one relevant item: the n of every figure over queries."""
        return int(np.count_nonzero(np.diff(self.offsets)))

    @property
    def n_relevant(self) -> int:
        """Relevant items of all queries together: the n of the pooled ranks."""
        return len(self.ranks)

    @property
    def queries(self) -> Indices:
        """For each rank the number of its query."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), np.diff(self.offsets))


def _ranks_of_query(scores: Floats, rising: Floats, relevant: Indices) -> Indices:
    """Ranks of one query's relevant items, given its scores, and the same scores sorted."""
    if not len(relevant):
        return relevant
    wanted = np.sort(scores[relevant])[::-1]
    at_least = len(rising) - np.searchsorted(rising, wanted, side="left")
    above = len(rising) - np.searchsorted(rising, wanted, side="right")
    # Items of the same score form a block that ends at `at_least`; its relevant ones are the last of it.
    order = np.arange(len(wanted))
    relevant_above = np.searchsorted(-wanted, -wanted, side="left")
    relevant_at_least = np.searchsorted(-wanted, -wanted, side="right")
    irrelevant_tied = (at_least - above) - (relevant_at_least - relevant_above)
    ranks: Indices = (above + irrelevant_tied + (order - relevant_above) + 1).astype(np.int64)
    return ranks


def _as_relevant(relevant: Sequence[ArrayLike], n_queries: int, gallery_size: int) -> list[Indices]:
    if len(relevant) != n_queries:
        raise ValueError(f"{n_queries} queries, but relevant items for {len(relevant)}.")
    items = [np.unique(np.asarray(one, dtype=np.int64)) for one in relevant]
    if any(len(one) and (one[0] < 0 or one[-1] >= gallery_size) for one in items):
        raise ValueError("A relevant item is not in the gallery.")
    return items


def _sorted_finite(scores: Floats) -> Floats:
    if not np.isfinite(scores).all():
        raise ValueError("A score is not a finite number.")
    return np.sort(scores, axis=1)


def _pooled(blocks: list[Indices], gallery_size: int) -> RelevantRanks:
    offsets = np.concatenate([[0], np.cumsum([len(block) for block in blocks])]).astype(np.int64)
    ranks = np.concatenate(blocks) if blocks else np.empty(0, dtype=np.int64)
    return RelevantRanks(offsets=offsets, ranks=ranks.astype(np.int64), gallery_size=gallery_size)


def ranks_from_scores(scores: Floats, relevant: Sequence[ArrayLike]) -> RelevantRanks:
    """Ranks of the relevant items under a full score matrix.

    `scores` is (n queries, m gallery items), higher is better; `relevant[i]` holds the gallery numbers that
    are relevant to query i, each counted once. Raises ValueError on scores that are not finite and on
    numbers outside the gallery.
    """
    n_queries, gallery_size = scores.shape
    items = _as_relevant(relevant, n_queries, gallery_size)
    rising = _sorted_finite(scores)
    return _pooled([_ranks_of_query(scores[i], rising[i], items[i]) for i in range(n_queries)], gallery_size)


def relevant_ranks(
    queries: Floats, gallery: Floats, relevant: Sequence[ArrayLike], *, chunk: int = QUERIES_A_CHUNK
) -> RelevantRanks:
    """Exact ranks under the inner product of features, `chunk` queries at a time.

    `queries` is (n, d), `gallery` (m, d); with normalised rows the score is the cosine. Memory beside the
    inputs is about 2 * chunk * m floats. Otherwise as `ranks_from_scores`.
    """
    return ranks_of_each(queries, gallery, [relevant], chunk=chunk)[0]


def ranks_of_each(
    queries: Floats,
    gallery: Floats,
    relevants: Sequence[Sequence[ArrayLike]],
    *,
    chunk: int = QUERIES_A_CHUNK,
) -> list[RelevantRanks]:
    """As `relevant_ranks` for several notions of what is relevant, with every score computed once.

    All of them take their scores from the same product, so that figures of parts add up exactly. Equal rows of the
    gallery get equal scores, so that the rule for ties holds for equal texts.
    """
    wanted = [_as_relevant(relevant, len(queries), len(gallery)) for relevant in relevants]
    blocks: list[list[Indices]] = [[] for _ in wanted]
    items_of_gallery = Gallery(gallery)
    for start in range(0, len(queries), chunk):
        scores = items_of_gallery.scores(queries[start : start + chunk])
        rising = _sorted_finite(scores)
        for items, found in zip(wanted, blocks, strict=True):
            found += [_ranks_of_query(scores[i], rising[i], items[start + i]) for i in range(len(scores))]
    return [_pooled(found, len(gallery)) for found in blocks]


def nearest_ranks(found: RelevantRanks) -> Indices:
    """For each query with a relevant item, the rank of its best one."""
    starts = found.offsets[:-1][np.diff(found.offsets) > 0]
    return found.ranks[starts]


def recall_at_k(found: RelevantRanks, k: int) -> float:
    """Share of queries with a relevant item among the first k (0 to 1); NaN without queries."""
    nearest = nearest_ranks(found)
    return float(np.mean(nearest <= k)) if len(nearest) else float("nan")


def mean_rank(found: RelevantRanks) -> float:
    """Mean over the pooled ranks of all relevant items (IMP §5.1, meanR); NaN without any."""
    return float(np.mean(found.ranks)) if len(found.ranks) else float("nan")


def median_rank(found: RelevantRanks) -> float:
    """Median over the pooled ranks of all relevant items (IMP §5.1, medR); NaN without any."""
    return float(np.median(found.ranks)) if len(found.ranks) else float("nan")


def average_precisions(found: RelevantRanks, *, within_r: bool) -> Floats:
    """Mean precision at the relevant items of each query that has any, or at those among its first R alone."""
    relevant = np.diff(found.offsets)
    queries = found.queries
    order = np.arange(len(found.ranks)) - found.offsets[queries] + 1
    precision = order / np.maximum(found.ranks, 1)
    if within_r:
        precision = np.where(found.ranks <= relevant[queries], precision, 0.0)
    sums = np.bincount(queries, weights=precision, minlength=len(relevant))
    return np.asarray(sums[relevant > 0] / relevant[relevant > 0], dtype=np.float64)


def mean_average_precision_at_r(found: RelevantRanks) -> float:
    """mAP@R: mean over queries of (1/R) * sum over i = 1..R of P(i) * rel(i) (ECCV Caption)."""
    values = average_precisions(found, within_r=True)
    return float(np.mean(values)) if len(values) else float("nan")


def mean_average_precision(found: RelevantRanks) -> float:
    """Full mAP: mean precision at the relevant items, over queries; with R = 1 the reciprocal rank."""
    values = average_precisions(found, within_r=False)
    return float(np.mean(values)) if len(values) else float("nan")


def captions_of_images(owner: Indices, n_images: int) -> list[Indices]:
    """For each image the numbers of its captions, rising, from the image of each caption."""
    by_owner = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[by_owner], np.arange(n_images + 1))
    return [by_owner[low:high] for low, high in itertools.pairwise(bounds)]
