"""Telling matching pairs from others by a score: average precision, its chance level, AUROC, and intervals over images.

Equal scores enter together (ours, as scikit-learn and torchmetrics do): precision is taken where a run of equal scores
ends, so the order of equal items changes nothing. Average precision is the sum over these runs of the recall gained
times the precision reached; nothing is interpolated.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.intervals import Interval

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Share of positives at which average precisions of levels with different numbers of positives are compared (ours).
MATCHED_PREVALENCE = 0.5
RESAMPLES = 1_000
MOST_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Scored:
    """Pairs by falling score: which are positive, and where each run of equal scores ends (its last place)."""

    is_positive: NDArray[np.bool_]
    ends: Indices
    order: Indices

    @property
    def n_positive(self) -> int:
        """Matching pairs."""
        return int(np.count_nonzero(self.is_positive))

    @property
    def n_negative(self) -> int:
        """Pairs that do not match."""
        return len(self.is_positive) - self.n_positive

    @property
    def chance(self) -> float:
        """The share of positives: the average precision of a score that says nothing; NaN without pairs."""
        return self.n_positive / len(self.is_positive) if len(self.is_positive) else float("nan")


def scored(positive: ArrayLike, negative: ArrayLike) -> Scored:
    """Sort the scores (n+,) of matching pairs and (n-,) of others; ValueError where one is not finite."""
    first, second = np.asarray(positive, dtype=np.float64), np.asarray(negative, dtype=np.float64)
    scores = np.concatenate([first, second])
    if not np.isfinite(scores).all():
        raise ValueError("A score is not a finite number.")
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(falling) else order
    return Scored(order < len(first), ends.astype(np.int64), order.astype(np.int64))


def _runs(pairs: Scored, weights: Floats) -> tuple[Floats, Floats]:
    """Weight of positives and of negatives up to the end of each run, from weights (..., n) by falling score."""
    positive = np.cumsum(np.where(pairs.is_positive, weights, 0.0), axis=-1)[..., pairs.ends]
    negative = np.cumsum(np.where(pairs.is_positive, 0.0, weights), axis=-1)[..., pairs.ends]
    return positive, negative


def _gained(reached: Floats) -> Floats:
    return np.diff(reached, axis=-1, prepend=0.0)


def _average_precision(positive: Floats, negative: Floats) -> Floats:
    total = positive[..., -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(positive > 0, positive / (positive + negative), 0.0)
        return np.asarray((_gained(positive) * precision).sum(axis=-1) / total)


def _auroc(positive: Floats, negative: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        above = positive - _gained(positive) / 2
        area = (_gained(negative) * above).sum(axis=-1)
        return np.asarray(area / (positive[..., -1] * negative[..., -1]))


def _matched(prevalence: float) -> Callable[[Floats, Floats], Floats]:
    def at_prevalence(positive: Floats, negative: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            first = prevalence * positive / positive[..., -1:]
            second = (1 - prevalence) * negative / negative[..., -1:]
        return _average_precision(first, second)

    return at_prevalence


def _of_all(pairs: Scored, figure: Callable[[Floats, Floats], Floats]) -> float:
    if not pairs.n_positive:
        return float("nan")
    return float(figure(*_runs(pairs, np.ones(len(pairs.order)))))


def average_precision(pairs: Scored) -> float:
    """Area under the precision-recall curve (AUPRC) as average precision, 0 to 1; NaN without positives."""
    return _of_all(pairs, _average_precision)


def auroc(pairs: Scored) -> float:
    """Chance that a positive scores above a negative, equal ones counted half, 0 to 1; NaN without one of them."""
    return _of_all(pairs, _auroc) if pairs.n_negative else float("nan")


def matched_average_precision(pairs: Scored, prevalence: float = MATCHED_PREVALENCE) -> float:
    """Average precision as if `prevalence` of the pairs were positive: its chance level is `prevalence`.

    Positives weigh `prevalence` and negatives the rest, shared equally among them; nothing is drawn. NaN without
    positives or without negatives. Raises ValueError for a prevalence outside (0, 1).
    """
    if not 0 < prevalence < 1:
        raise ValueError("The prevalence lies between 0 and 1.")
    return _of_all(pairs, _matched(prevalence)) if pairs.n_negative else float("nan")


@dataclass(frozen=True)
class BinaryIntervals:
    """Percentile intervals of three figures from the same resamples of whole images."""

    average_precision: Interval
    auroc: Interval
    matched_average_precision: Interval


def binary_intervals(
    pairs: Scored,
    clusters: ArrayLike,
    *,
    prevalence: float = MATCHED_PREVALENCE,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> BinaryIntervals:
    """Intervals by a bootstrap that draws whole clusters (images).

    `clusters` (n+ + n-,) names the cluster of each positive, then of each negative. A resample in which a figure is
    undefined (no positive; but for average precision also no negative) is counted for that figure and left out of it.
    NaN ends without positives, and without negatives where those are needed.
    """
    figures = (_average_precision, _auroc, _matched(prevalence))
    if not pairs.n_positive:
        found = np.full((len(figures), resamples), np.nan)
    else:
        blocks = [
            [figure(*runs) for figure in figures]
            for runs in (
                _runs(pairs, weights) for weights in _drawn_weights(pairs, clusters, resamples, seed)
            )
        ]
        found = np.concatenate(blocks, axis=1)
    if not pairs.n_negative:
        found[1:] = np.nan
    return BinaryIntervals(*(_interval(values, level, seed) for values in found))


def _drawn_weights(pairs: Scored, clusters: ArrayLike, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each pair is drawn (rows, n), by falling score, block by block."""
    _, cluster = np.unique(np.asarray(clusters)[pairs.order], return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    rng = np.random.default_rng(seed)
    at_once = max(1, MOST_AT_ONCE // max(len(cluster), 1))
    for start in range(0, resamples, at_once):
        drawn = rng.integers(n_clusters, size=(min(at_once, resamples - start), n_clusters))
        counts = np.array([np.bincount(row, minlength=n_clusters) for row in drawn], dtype=np.float64)
        yield counts[:, cluster]


def _interval(values: Floats, level: float, seed: int) -> Interval:
    told = values[np.isfinite(values)]
    low, high = np.quantile(told, [(1 - level) / 2, (1 + level) / 2]) if len(told) else (np.nan, np.nan)
    return Interval(
        float(low),
        float(high),
        level,
        "bootstrap over images",
        replicates=len(values),
        undefined=len(values) - len(told),
        seed=seed,
    )


def average_precision_interval(
    pairs: Scored, clusters: ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """The interval of `average_precision` alone, as in `binary_intervals`."""
    return binary_intervals(pairs, clusters, level=level, resamples=resamples, seed=seed).average_precision


@dataclass(frozen=True)
class BinaryFigures:
    """How well scores tell positives from negatives; all but the counts from 0 to 1, NaN where undefined.

    `chance` is a property of the set and no estimate, so it has no interval.
    """

    n_positive: int
    n_negative: int
    average_precision: float
    chance: float
    auroc: float
    matched_average_precision: float
    matched_prevalence: float
    interval: BinaryIntervals

    @property
    def named(self) -> list[tuple[str, float, float | None, float | None]]:
        """The figures by the names of tables, each with its ends, nothing where the bootstrap says nothing."""
        ends = self.interval
        return [
            ("AUPRC", self.average_precision, *ends.average_precision.told),
            ("chance", self.chance if self.n_positive else math.nan, None, None),
            ("AUROC", self.auroc, *ends.auroc.told),
            ("matched AP", self.matched_average_precision, *ends.matched_average_precision.told),
        ]


def binary_figures(
    positive: ArrayLike,
    negative: ArrayLike,
    positive_clusters: ArrayLike,
    negative_clusters: ArrayLike,
    *,
    prevalence: float = MATCHED_PREVALENCE,
    seed: int = 0,
) -> BinaryFigures:
    """All figures from the scores of positives and negatives and the image of each (IMP §5.3, Table 5)."""
    pairs = scored(positive, negative)
    clusters = np.concatenate([np.asarray(positive_clusters), np.asarray(negative_clusters)])
    return BinaryFigures(
        n_positive=pairs.n_positive,
        n_negative=pairs.n_negative,
        average_precision=average_precision(pairs),
        chance=pairs.chance,
        auroc=auroc(pairs),
        matched_average_precision=matched_average_precision(pairs, prevalence),
        matched_prevalence=prevalence,
        interval=binary_intervals(pairs, clusters, prevalence=prevalence, seed=seed),
    )
