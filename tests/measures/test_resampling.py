"""Figures over clustered items against plain resampling, item by item, and against scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from measures.resampling import (
    clustered_mean,
    clustered_pearson,
    clustered_spearman,
    multiplicities,
)


def drawn(clusters, seed, resamples):
    """The items of each resample, one by one, from the same draws."""
    return [
        np.repeat(np.arange(len(clusters)), row.astype(int))
        for block in multiplicities(clusters, seed=seed, resamples=resamples)
        for row in block
    ]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=3, max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_resample_gives_what_the_items_that_were_drawn_give_by_themselves(rows):
    x, y, clusters = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    for estimate, plain in (
        (clustered_mean(x, clusters, seed=3, resamples=40), lambda at: x[at].mean()),
        (clustered_pearson(x, y, clusters, seed=3, resamples=40), lambda at: scipys(pearsonr, x[at], y[at])),
        (
            clustered_spearman(x, y, clusters, seed=3, resamples=40),
            lambda at: scipys(spearmanr, x[at], y[at]),
        ),
    ):
        everything = plain(np.arange(len(x)))
        assert estimate.value == pytest.approx(everything, abs=1e-9, nan_ok=True)
        assert (estimate.n, estimate.clusters) == (len(x), len(set(clusters)))
        if np.isnan(everything) or len(set(clusters)) < 2:
            assert np.isnan(estimate.interval.low)
            continue
        told = np.array([plain(at) for at in drawn(clusters, 3, 40)])
        finite = told[np.isfinite(told)]
        assert estimate.interval.undefined == len(told) - len(finite)
        if len(finite):
            low, high = np.quantile(finite, [0.025, 0.975])
            assert (estimate.interval.low, estimate.interval.high) == pytest.approx((low, high), abs=1e-9)


def scipys(function, x, y):
    if len(x) < 2 or len(set(x)) == 1 or len(set(y)) == 1:
        return float("nan")
    return function(x, y).statistic


def test_whole_clusters_are_drawn_as_many_as_there_are():
    clusters = [7, 7, 7, 2, 2, 9]
    for block in multiplicities(clusters, seed=1, resamples=50):
        assert (block[:, 0] == block[:, 1]).all()
        assert (block[:, 0] == block[:, 2]).all()
        assert (block[:, 3] == block[:, 4]).all()
        assert (block[:, [0, 3, 5]].sum(axis=1) == 3).all()


def test_captions_that_succeed_together_widen_the_interval():
    values = np.repeat([0.0, 1.0] * 20, 5)
    alone = clustered_mean(values, np.arange(200), seed=1).interval
    together = clustered_mean(values, np.repeat(np.arange(40), 5), seed=1).interval
    assert together.width > 2 * alone.width


def test_the_interval_of_a_clustered_correlation_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    hits = 0
    for seed in range(120):
        shared = rng.standard_normal((40, 2))
        noise = rng.standard_normal((120, 2))
        both = np.repeat(shared, 3, axis=0) + noise
        x, y = both[:, 0], 0.6 * both[:, 0] + 0.8 * both[:, 1]
        interval = clustered_pearson(x, y, np.repeat(np.arange(40), 3), seed=seed, resamples=200).interval
        hits += interval.low <= 0.6 <= interval.high
    assert hits / 120 == pytest.approx(0.94, abs=0.06)


def test_nothing_and_nonsense():
    assert np.isnan(clustered_mean([], []).value)
    assert clustered_mean([], []).n == 0
    assert np.isnan(clustered_spearman([1, 1, 1], [1, 2, 3], [0, 1, 2]).value)
    with pytest.raises(ValueError, match="3 values, but clusters of 2"):
        clustered_mean([1, 2, 3], [0, 1])
    with pytest.raises(ValueError, match="finite"):
        clustered_pearson([1, np.nan], [1, 2], [0, 1])


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_a_correlation_does_not_depend_on_the_size_of_the_values(scale):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=12), rng.normal(size=12)
    images = np.arange(12) // 3
    told, plain = clustered_pearson(x * scale, y, images), clustered_pearson(x, y, images)
    assert told.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert (told.interval.low, told.interval.high) == pytest.approx((plain.interval.low, plain.interval.high))
    assert np.isnan(clustered_pearson(np.full(12, 0.1 * scale), y, images).value)
