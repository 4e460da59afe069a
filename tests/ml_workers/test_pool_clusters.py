"""The cluster that an image falls into among its neighbours, held against planted groups and a direct computation."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from ml_workers.nearest import unit_rows
from ml_workers.pools.clusters import ClusterRule, own_cluster
from ml_workers.pools.counts import cluster_counts

IN_FEATURES = ClusterRule(is_on_plane=False, min_cluster_size=8, min_samples=3)


def planted(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """An image, its neighbours, and the group of each: three tight ones, the image in the first, and far strays."""
    chance = np.random.default_rng(seed)
    axes = np.linalg.qr(chance.normal(size=(16, 16)))[0]
    centres = axes[0] + 0.4 * axes[1:5]
    groups = np.repeat([0, 1, 2, -1], [20, 30, 12, 6])
    points = centres[groups] + 0.02 * chance.normal(size=(68, 16))
    points[groups == -1] = chance.normal(size=(6, 16)) - 2 * axes[0]
    order = chance.permutation(68)
    image = centres[0] + 0.02 * chance.normal(size=16)
    return unit_rows(image[None, :])[0][0], unit_rows(points[order])[0], groups[order]


def reachable(points: NDArray[np.float32], place: int, rule: ClusterRule) -> NDArray[np.bool_]:
    """What hangs together with a point below the longest gap of the tree of mutual reachability, computed directly."""
    away = cdist(points, points)
    core = np.sort(away, axis=1)[:, rule.min_samples - 1]
    tree = minimum_spanning_tree(np.maximum(away, np.maximum.outer(core, core))).toarray()
    edges = np.sort(tree[tree > 0])
    cut = edges[np.argmax(np.diff(edges))]
    joined = (tree > 0) & (tree <= cut)
    joined |= joined.T | np.eye(len(points), dtype=np.bool_)
    found = joined[place]
    while (more := joined[found].any(axis=0)).sum() > found.sum():
        found = more
    return np.asarray(found)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_cluster_is_what_hangs_together_with_the_image(seed: int) -> None:
    image, neighbours, groups = planted(seed)
    found = own_cluster(image, neighbours, rule=IN_FEATURES, seed=0)
    assert found.members.tolist() == (groups == 0).tolist()
    tight = np.flatnonzero(groups >= 0)
    directly = reachable(np.vstack([image[None, :], neighbours[tight]]), 0, IN_FEATURES)[1:]
    assert found.members[tight].tolist() == directly.tolist()
    assert found.clusters == 3
    assert found.noise == (groups == -1).sum()


def test_an_image_among_strays_is_in_no_cluster_and_neither_are_too_few_points() -> None:
    _image, neighbours, groups = planted(4)
    stray = neighbours[np.flatnonzero(groups == -1)[0]]
    alone = own_cluster(-stray, neighbours, rule=IN_FEATURES, seed=0)
    assert not alone.members.any()
    assert alone.clusters == 3
    few = own_cluster(neighbours[0], neighbours[1:7], rule=IN_FEATURES, seed=0)
    assert not few.members.any()
    assert (few.clusters, few.noise) == (0, 6)


def test_clusters_that_split_below_epsilon_are_one_and_two_are_left_at_any_distance() -> None:
    chance = np.random.default_rng(5)
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [20.0, 0.0], [24.0, 0.0]])
    groups = np.repeat([0, 1, 2, 3], 15)
    points = centres[groups] + 0.1 * chance.normal(size=(60, 2))
    image, near = points[0], points[1:]
    for epsilon, own in ((0.0, [0]), (1.0, [0]), (2.2, [0, 1]), (50.0, [0, 1])):
        rule = ClusterRule(is_on_plane=False, min_cluster_size=8, min_samples=3, epsilon=epsilon)
        found = own_cluster(image, near, rule=rule, seed=0)
        assert found.members.tolist() == np.isin(groups[1:], own).tolist()
        # The gap on the other side is wider: it is closed by a larger epsilon only.
        assert found.clusters == {0.0: 4, 1.0: 4, 2.2: 3, 50.0: 2}[epsilon]
        assert found.noise == 0


def test_a_stray_between_merged_clusters_comes_in_with_them() -> None:
    groups = [np.stack([start + 0.1 * np.arange(10), np.zeros(10)], axis=1) for start in (0.0, 3.0, 30.0)]
    points = np.concatenate([*groups, [[1.95, 2.5]]])
    split, merged = (
        own_cluster(
            points[0],
            points[1:],
            seed=0,
            rule=ClusterRule(False, min_cluster_size=6, min_samples=2, epsilon=far),
        )
        for far in (0.0, 2.2)
    )
    assert (split.members.sum(), split.noise) == (9, 1)
    assert merged.members.tolist() == [True] * 19 + [False] * 10 + [True]
    assert (merged.clusters, merged.noise) == (2, 0)


def test_what_clusters_hold_is_counted_over_their_images() -> None:
    clusters = np.zeros(3, dtype=np.dtype([("members", "?", (4,)), ("clusters", "<i4"), ("noise", "<i4")]))
    clusters["members"][0] = [True, False, True, False]
    clusters["members"][1] = [False, True, True, True]
    clusters["clusters"], clusters["noise"] = [2, 1, 0], [1, 0, 3]
    cosines = np.array([[0.9, 0.8, 0.7, 0.6], [0.9, 0.5, 0.4, 0.3], [0.2, 0.2, 0.2, -np.inf]], np.float32)
    told = cluster_counts(clusters, cosines)
    assert (told["images"], told["in_a_cluster"], told["captions"]) == (3, 2, 5)
    assert (told["sizes"], told["found"]) == ([2, 2, 3], [0, 1, 2])
    assert (told["noise"], told["neighbours"], told["n_outside"]) == (4, 11, 3)
    assert told["cosine_inside"] == pytest.approx((0.9 + 0.7 + 0.5 + 0.4 + 0.3) / 5)
    assert told["cosine_outside"] == pytest.approx((0.8 + 0.6 + 0.9) / 3)
    left = {one["threshold"]: one["pairs"] for one in told["thresholds"]}
    assert (left[0.3], left[0.45], left[0.9]) == (5, 3, 1)
    none = cluster_counts(clusters[2:], cosines[2:])
    assert (none["sizes"], none["cosine_inside"], none["thresholds"]) == (None, None, [])
