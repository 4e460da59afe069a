"""Chosen captions differ more than random ones, and a small pool is flagged instead of padded."""

from itertools import combinations

import numpy as np
import pytest

from ml_workers.diversity import PLANE_FROM, choose_diverse, mean_pairwise_similarity


def pool(seed, n, d=6):
    rows = np.random.default_rng(seed).normal(size=(n, d)) + 0.7
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def similarity(features, chosen):
    return np.mean([features[i] @ features[j] for i, j in combinations(chosen, 2)])


@pytest.mark.parametrize("seed", range(3))
def test_min_similarity_finds_the_least_similar_five_of_all(seed):
    features = pool(seed, 11)
    best = min(similarity(features, one) for one in combinations(range(11), 5))
    found = choose_diverse(features, method="min_similarity")
    assert found.is_exact
    assert found.similarity == pytest.approx(best)
    assert found.similarity == pytest.approx(similarity(features, found.chosen))


@pytest.mark.parametrize("method", ["kmeans", "min_similarity"])
def test_the_choice_is_more_diverse_than_random_fives_of_the_same_pool(method):
    # One of each cluster at random: a single choice may be as similar as a random one, twenty are not.
    found = [choose_diverse(pool(1, 60), method=method, seed=seed) for seed in range(20)]
    assert np.mean([one.similarity - one.random_similarity for one in found]) < -0.03
    for one in found:
        assert len(set(one.chosen)) == 5
        assert one.random_interval[0] < one.random_similarity < one.random_interval[1]
        assert not one.is_exact


def test_kmeans_takes_one_of_each_of_five_groups():
    centres = np.eye(5)
    features = np.repeat(centres, 4, axis=0) + np.random.default_rng(0).normal(scale=0.01, size=(20, 5))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    found = choose_diverse(features, method="kmeans", seed=9)
    assert sorted(i // 4 for i in found.chosen) == [0, 1, 2, 3, 4]


def test_the_same_seed_gives_the_same_captions():
    features = pool(2, 40)
    assert choose_diverse(features, seed=3) == choose_diverse(features, seed=3)
    assert len({choose_diverse(features, seed=seed).chosen for seed in range(6)}) > 1


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_fewer_than_five_captions_are_all_taken_and_flagged_never_padded(n):
    found = choose_diverse(pool(0, n), seed=0)
    assert found.chosen == tuple(range(n))
    assert not found.is_complete
    assert np.isnan(found.similarity) == (n < 2)


def test_five_captions_are_a_complete_choice_of_all():
    found = choose_diverse(pool(0, 5))
    assert (found.is_complete, found.chosen) == (True, (0, 1, 2, 3, 4))


@pytest.mark.parametrize("method", ["kmeans", "min_similarity"])
def test_equal_captions_still_give_five_different_places(method):
    features = np.repeat(np.eye(3), [6, 1, 1], axis=0)
    found = choose_diverse(features, method=method)
    assert len(set(found.chosen)) == 5


def test_the_mean_over_random_choices_is_the_mean_over_all_pairs_of_the_pool():
    features = pool(5, 9)
    every = np.mean([similarity(features, one) for one in combinations(range(9), 5)])
    assert choose_diverse(features).random_similarity == pytest.approx(every)
    assert np.isnan(mean_pairwise_similarity(features @ features.T, np.array([0])))


def test_with_fifteen_captions_the_clusters_are_those_of_the_plane_and_below_those_of_the_features():
    features = pool(6, PLANE_FROM)
    plane = np.stack([np.repeat(np.arange(5) * 10.0, 3), np.zeros(PLANE_FROM)], axis=1)
    found = choose_diverse(features, plane=plane, seed=2)
    assert found.is_on_plane
    assert found.clusters == tuple(np.repeat(np.arange(5), 3))
    assert sorted(place // 3 for place in found.chosen) == [0, 1, 2, 3, 4]
    small = choose_diverse(features[:-1], plane=plane[:-1], seed=2)
    assert not small.is_on_plane
    assert small == choose_diverse(features[:-1], seed=2)
    assert len(small.clusters) == PLANE_FROM - 1


def test_what_is_not_clustered_has_no_clusters():
    plane = np.zeros((20, 2))
    assert choose_diverse(pool(1, 20), method="min_similarity", plane=plane).clusters == ()
    assert choose_diverse(pool(1, 5), plane=plane[:5]).clusters == ()


def test_features_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        choose_diverse(np.full((8, 3), np.nan), method="min_similarity")
