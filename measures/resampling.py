"""Figures over items that come in clusters (captions of one image), with intervals from drawing whole clusters.

A bootstrap over single items would print intervals that are too narrow: captions of one image succeed together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from measures.intervals import Interval

Floats = NDArray[np.floating]

RESAMPLES = 1_000
LEVEL = 0.95
# Multiplicities held at a time: 16 MB of doubles.
MOST_AT_ONCE = 2_000_000
METHOD = "bootstrap over images"


@dataclass(frozen=True)
class Estimate:
    """A figure over n items of `clusters` clusters, NaN where it is undefined, with its interval."""

    value: float
    interval: Interval
    n: int
    clusters: int


def multiplicities(clusters: ArrayLike, *, seed: int, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """How often each item is drawn (rows, n) where as many whole clusters are drawn as there are, block by block."""
    _names, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    rng = np.random.default_rng(seed)
    at_once = max(1, MOST_AT_ONCE // len(cluster))
    for start in range(0, resamples, at_once):
        drawn = rng.integers(n_clusters, size=(min(at_once, resamples - start), n_clusters))
        counts = np.array([np.bincount(row, minlength=n_clusters) for row in drawn], dtype=np.float64)
        yield counts[:, cluster]


def _estimate(
    figure: Callable[[Floats], Floats], n: int, clusters: ArrayLike, seed: int, resamples: int
) -> Estimate:
    """The figure of all items, and its percentiles over resamples; those in which it is undefined are counted."""
    n_clusters = len(np.unique(np.asarray(clusters)))
    none = Interval(float("nan"), float("nan"), LEVEL, METHOD)
    if not n:
        return Estimate(float("nan"), none, 0, 0)
    value = float(figure(np.ones((1, n)))[0])
    if not np.isfinite(value) or n_clusters < 2:
        return Estimate(value, none, n, n_clusters)
    found = np.concatenate(
        [figure(block) for block in multiplicities(clusters, seed=seed, resamples=resamples)]
    )
    told = found[np.isfinite(found)]
    low, high = (
        np.quantile(told, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(told) else (float("nan"), float("nan"))
    )
    undefined = len(found) - len(told)
    interval = Interval(
        float(low), float(high), LEVEL, METHOD, replicates=resamples, undefined=undefined, seed=seed
    )
    return Estimate(value, interval, n, n_clusters)


def clustered_mean(
    values: ArrayLike, clusters: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Mean of values (n,) with a 95% percentile interval over resamples of whole clusters.

    NaN without values, no interval within one cluster. Raises ValueError where lengths differ or a value is not finite.
    """
    numbers = _finite(values, clusters)
    return _estimate(
        lambda weights: weights @ numbers / weights.sum(axis=1), len(numbers), clusters, seed, resamples
    )


def clustered_pearson(
    first: ArrayLike, second: ArrayLike, clusters: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Pearson's correlation of two sequences (n,), otherwise as `clustered_mean`; NaN where one is constant."""
    x, y = _at_most_one(_finite(first, clusters)), _at_most_one(_finite(second, clusters))

    def figure(weights: Floats) -> Floats:
        return _pearson(np.broadcast_to(x, weights.shape), np.broadcast_to(y, weights.shape), weights)

    return _estimate(figure, len(x), clusters, seed, resamples)


def clustered_spearman(
    first: ArrayLike, second: ArrayLike, clusters: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Spearman's correlation (mean ranks for ties), otherwise as `clustered_pearson`; every resample is ranked anew."""
    x, y = _Ranked(_finite(first, clusters)), _Ranked(_finite(second, clusters))
    return _estimate(
        lambda weights: _pearson(x.ranks(weights), y.ranks(weights), weights),
        len(x.group),
        clusters,
        seed,
        resamples,
    )


def _finite(values: ArrayLike, clusters: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != np.asarray(clusters).shape:
        raise ValueError(f"{len(numbers)} values, but clusters of {len(np.asarray(clusters))}.")
    if not np.isfinite(numbers).all():
        raise ValueError("A value is not a finite number.")
    return numbers


def _at_most_one(values: Floats) -> Floats:
    """The same values on a scale on which the largest is 1, which changes no correlation and keeps squares in reach."""
    return np.asarray(values / (float(np.abs(values).max(initial=0.0)) or 1.0))


def _pearson(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Weighted correlations (rows,); NaN where one side does not vary."""
    total = weights.sum(axis=1, keepdims=True)
    x_off = x - (weights * x).sum(axis=1, keepdims=True) / total
    y_off = y - (weights * y).sum(axis=1, keepdims=True) / total
    x_var, y_var = (weights * x_off * x_off).sum(axis=1), (weights * y_off * y_off).sum(axis=1)
    # What is left by rounding where all values are equal is no variance.
    least = 1e-20 * weights.sum(axis=1)
    varies = (x_var > least) & (y_var > least)
    lengths = np.sqrt(np.where(varies, x_var * y_var, 1.0))
    products = (weights * x_off * y_off).sum(axis=1) / lengths
    return np.where(varies, np.clip(products, -1.0, 1.0), np.nan)


class _Ranked:
    """Values whose mean ranks are asked for under many multiplicities."""

    def __init__(self, values: Floats) -> None:
        self.group = (rankdata(values, method="dense") - 1).astype(np.int64)
        self._order = np.argsort(self.group, kind="stable")
        # Where each group of equal values begins in that order.
        self._starts = np.searchsorted(self.group[self._order], np.unique(self.group))

    def ranks(self, weights: Floats) -> Floats:
        """Mean rank of each item (rows, n) among all that were drawn."""
        sizes = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        middle = np.cumsum(sizes, axis=1) - sizes + (sizes + 1) / 2
        return np.asarray(middle[:, self.group])
