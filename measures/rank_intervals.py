"""Intervals of figures over ranks, all from one bootstrap that draws whole clusters of queries (images).

Captions of one image succeed together, so drawing single captions would print intervals that are too narrow. An
interval is its two ends; they are NaN where it says nothing: without queries, within one cluster, and where every
resample gives the same (but for recalls, for which Wilson's interval stands in).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.proportions import wilson
from measures.ranking import Floats, Indices, RelevantRanks, average_precisions, nearest_ranks

RESAMPLES = 1_000
ENDS = (0.025, 0.975)
# Weights of ranks held at a time: 16 MB of integers.
MOST_AT_ONCE = 2_000_000

Ends = tuple[float, float]
NOTHING: Ends = (float("nan"), float("nan"))


class _Drawn(NamedTuple):
    """How often each cluster was drawn (resamples, c), and the cluster of each query that takes part (q,)."""

    times: Indices
    cluster: Indices


@dataclass(frozen=True)
class RankIntervals:
    """95% percentile intervals of the figures of one direction, each as its two ends."""

    recall: dict[int, Ends]
    mean_rank: Ends
    median_rank: Ends
    median_nearest_rank: Ends
    map_at_r: Ends
    full_map: Ends


def rank_intervals(
    found: RelevantRanks,
    ks: Sequence[int],
    *,
    clusters: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> RankIntervals:
    """Intervals of all figures from the same resamples.

    `clusters` gives each query's cluster (the image of a caption); without it each query is its own. A resample weighs
    every query, and every rank of it, by how often its cluster was drawn.
    """
    drawn = _drawn(found, clusters, seed, resamples)
    if drawn is None:
        return RankIntervals(dict.fromkeys(ks, NOTHING), *[NOTHING] * 5)
    relevant = np.diff(found.offsets)
    relevant = relevant[relevant > 0]
    sums = np.add.reduceat(found.ranks, np.cumsum(relevant) - relevant)
    ones = np.ones(len(relevant))
    nearest = _ends(_medians(drawn.times, nearest_ranks(found), drawn.cluster))
    # Where every query has one relevant item, that one is the nearest too.
    is_single = len(found.ranks) == len(relevant)
    all_ranks = None if is_single else _medians(drawn.times, found.ranks, np.repeat(drawn.cluster, relevant))
    return RankIntervals(
        recall=_recalls(found, ks, drawn),
        mean_rank=_ends(_ratio(drawn, sums, relevant)),
        median_rank=nearest if all_ranks is None else _ends(all_ranks),
        median_nearest_rank=nearest,
        map_at_r=_ends(_ratio(drawn, average_precisions(found, within_r=True), ones)),
        full_map=_ends(_ratio(drawn, average_precisions(found, within_r=False), ones)),
    )


def recall_intervals(
    found: RelevantRanks,
    ks: Sequence[int],
    *,
    clusters: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[int, Ends]:
    """Intervals of `recall_at_k` for each k, as in `rank_intervals`.

    Where all queries succeed, or all fail, every resample is the same and says nothing: Wilson's interval over as many
    answers as there are clusters stands in (ours). NaN ends without queries.
    """
    drawn = _drawn(found, clusters, seed, resamples)
    return dict.fromkeys(ks, NOTHING) if drawn is None else _recalls(found, ks, drawn)


def median_interval(
    found: RelevantRanks, *, clusters: ArrayLike | None = None, seed: int = 0, resamples: int = RESAMPLES
) -> Ends:
    """The interval of `median_rank` alone, as in `rank_intervals`."""
    drawn = _drawn(found, clusters, seed, resamples)
    if drawn is None:
        return NOTHING
    relevant = np.diff(found.offsets)
    return _ends(_medians(drawn.times, found.ranks, np.repeat(drawn.cluster, relevant[relevant > 0])))


def _drawn(found: RelevantRanks, clusters: ArrayLike | None, seed: int, resamples: int) -> _Drawn | None:
    used = np.diff(found.offsets) > 0
    if not used.any():
        return None
    names = np.arange(len(used)) if clusters is None else np.asarray(clusters)
    _, cluster = np.unique(names[used], return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    rng = np.random.default_rng(seed)
    times = np.array(
        [
            np.bincount(rng.integers(n_clusters, size=n_clusters), minlength=n_clusters)
            for _ in range(resamples)
        ]
    )
    return _Drawn(times, cluster)


def _ratio(drawn: _Drawn, above: ArrayLike, below: ArrayLike) -> Floats:
    """In each resample the sum of what queries have above, over that of what they have below."""
    upper, lower = np.bincount(drawn.cluster, weights=above), np.bincount(drawn.cluster, weights=below)
    return np.asarray(drawn.times @ upper / (drawn.times @ lower))


def _recalls(found: RelevantRanks, ks: Sequence[int], drawn: _Drawn) -> dict[int, Ends]:
    nearest = nearest_ranks(found)
    n_clusters = drawn.times.shape[1]
    intervals: dict[int, Ends] = {}
    for k in ks:
        hits = nearest <= k
        if hits.all() or not hits.any():
            told = wilson(float(hits[0]) * n_clusters, n_clusters)
            intervals[k] = (told.low, told.high)
        else:
            low, high = np.quantile(_ratio(drawn, hits, np.ones(len(hits))), ENDS)
            intervals[k] = (float(low), float(high))
    return intervals


def _medians(times: Indices, ranks: Indices, cluster: Indices) -> Floats:
    """The median of the ranks (r,) in each resample, every rank as often as its cluster was drawn."""
    order = np.argsort(ranks, kind="stable")
    values, of_value = ranks[order], cluster[order]
    at_once = max(1, MOST_AT_ONCE // len(values))
    found = np.empty(len(times))
    for start in range(0, len(times), at_once):
        reached = np.cumsum(times[start : start + at_once, of_value], axis=1)
        for row, counts in enumerate(reached, start):
            middle = [(counts[-1] - 1) // 2, counts[-1] // 2]
            found[row] = values[np.searchsorted(counts, middle, side="right")].mean()
    return found


def _ends(values: NDArray[np.floating]) -> Ends:
    if float(np.ptp(values)) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return NOTHING
    low, high = np.quantile(values, ENDS)
    return float(low), float(high)
