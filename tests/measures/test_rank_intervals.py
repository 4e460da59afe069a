"""Intervals of ranks against resampling by hand, and where they have nothing to say."""

import numpy as np
import pytest

from measures import ranking
from measures.rank_intervals import median_interval, rank_intervals, recall_intervals

NAMES = ("mean_rank", "median_rank", "median_nearest_rank", "map_at_r", "full_map")


def figures_by_hand(queries):
    """All figures of a list of queries, each the rising ranks of its relevant items."""
    pooled = np.concatenate(queries)
    at_r = [
        sum((i + 1) / rank for i, rank in enumerate(one) if rank <= len(one)) / len(one) for one in queries
    ]
    full = [np.mean([(i + 1) / rank for i, rank in enumerate(one)]) for one in queries]
    return {
        "recall": np.mean([one[0] <= 2 for one in queries]),
        "mean_rank": np.mean(pooled),
        "median_rank": np.median(pooled),
        "median_nearest_rank": np.median([one[0] for one in queries]),
        "map_at_r": np.mean(at_r),
        "full_map": np.mean(full),
    }


@pytest.mark.parametrize("most_relevant", [1, 4])
def test_every_interval_is_that_of_drawing_whole_images_by_hand(most_relevant, monkeypatch):
    monkeypatch.setattr("measures.rank_intervals.MOST_AT_ONCE", 500)
    rng = np.random.default_rng(3)
    scores = np.round(rng.normal(size=(40, 25)), 1)  # ties
    relevant = [rng.choice(25, size=rng.integers(1, most_relevant + 1), replace=False) for _ in range(40)]
    relevant[7] = np.array([], dtype=int)  # takes part in nothing
    clusters = np.repeat(np.arange(10), 4)
    found = ranking.ranks_from_scores(scores, relevant)
    got = rank_intervals(found, [2], clusters=clusters, seed=5, resamples=300)
    own = [found.ranks[a:b] for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]
    drawer, drawn = np.random.default_rng(5), []
    for _ in range(300):
        taken = [
            own[query]
            for image in drawer.integers(10, size=10)
            for query in np.flatnonzero(clusters == image)
        ]
        drawn.append(figures_by_hand([one for one in taken if len(one)]))
    for name in NAMES:
        by_hand = np.quantile([one[name] for one in drawn], [0.025, 0.975])
        assert getattr(got, name) == pytest.approx(tuple(by_hand)), name
    assert got.recall[2] == pytest.approx(np.quantile([one["recall"] for one in drawn], [0.025, 0.975]))
    assert median_interval(found, clusters=clusters, seed=5, resamples=300) == got.median_rank


def test_one_image_no_query_and_equal_ranks_have_no_interval():
    one_image = ranking.ranks_from_scores(np.eye(3), [[0], [2], [1]])
    alone = rank_intervals(one_image, [1], clusters=[4, 4, 4])
    nobody = rank_intervals(ranking.ranks_from_scores(np.eye(2), [[], []]), [1])
    same = rank_intervals(ranking.ranks_from_scores(np.eye(4), [[0], [1], [2], [3]]), [1])
    for told in (alone, nobody, same):
        assert all(np.isnan(getattr(told, name)).all() for name in NAMES)
    assert np.isnan(nobody.recall[1]).all()
    assert same.recall[1] == pytest.approx([0.510, 1], abs=0.001), "Wilson's, of four answers"


def test_the_interval_over_whole_images_is_wider_than_over_single_captions_that_agree():
    scores = np.eye(40)[np.repeat(np.arange(40), 5)]
    scores[:100] *= -1  # every caption of the first twenty images fails
    owner = np.repeat(np.arange(40), 5)
    found = ranking.ranks_from_scores(scores, list(owner[:, None]))
    low, high = recall_intervals(found, [1], clusters=owner, seed=3)[1]
    narrow_low, narrow_high = recall_intervals(found, [1], seed=3)[1]
    assert low < 0.5 < high
    assert high - low > 1.5 * (narrow_high - narrow_low)
    assert recall_intervals(found, [1], clusters=owner, seed=3)[1] == (low, high)


def test_where_all_queries_succeed_the_interval_is_that_of_as_many_answers_as_images():
    scores = np.eye(10)[np.repeat(np.arange(10), 5)]
    owner = np.repeat(np.arange(10), 5)
    found = ranking.ranks_from_scores(scores, list(owner[:, None]))
    low, high = recall_intervals(found, [1], clusters=owner)[1]
    assert [low, high] == pytest.approx([0.722, 1], abs=0.001)
    worst = ranking.ranks_from_scores(-scores, list(owner[:, None]))
    assert list(recall_intervals(worst, [1], clusters=owner)[1]) == pytest.approx([0, 0.278], abs=0.001)


def made_up_ranks(rng: np.random.Generator, images: int) -> ranking.RelevantRanks:
    """Log-normal ranks of five captions an image, which hang together."""
    of_image, of_caption = rng.normal(size=(images, 1)), rng.normal(size=(images, 5))
    ranks = np.clip(np.ceil(np.exp(1.2 + 0.9 * of_image + 0.9 * of_caption)), 1, 5_000).astype(np.int64)
    return ranking.RelevantRanks(np.arange(5 * images + 1), ranks.ravel(), 5_000)


@pytest.mark.soak
def test_intervals_hold_the_true_value_about_as_often_as_the_page_on_the_benchmark_says():
    endless = made_up_ranks(np.random.default_rng(1), 200_000)
    true = {
        "mean_rank": ranking.mean_rank(endless),
        "median_rank": ranking.median_rank(endless),
        "full_map": ranking.mean_average_precision(endless),
    }
    rng, held, trials = np.random.default_rng(2), dict.fromkeys([*true, "recall"], 0), 200
    for seed in range(trials):
        found, clusters = made_up_ranks(rng, 200), np.repeat(np.arange(200), 5)
        told = rank_intervals(found, [5], clusters=clusters, seed=seed, resamples=300)
        for name, value in true.items():
            low, high = getattr(told, name)
            held[name] += low <= value <= high
        held["recall"] += told.recall[5][0] <= ranking.recall_at_k(endless, 5) <= told.recall[5][1]
    assert all(n / trials >= 0.88 for n in held.values()), held
