"""The plane: the same seed gives the same places, groups stay groups, and where UMAP is missing that is said."""

import importlib.util
import sys

import numpy as np
import pytest

from ml_workers.layout import FEWEST_POINTS, LayoutMissing, is_available, plane_layout
from ml_workers.pools.clusters import ClusterRule, own_cluster

pytestmark = pytest.mark.models


def groups(seed, *, n_groups=4, each=12, d=16):
    """Points around well separated directions, and which one each belongs to."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.eye(d)[:n_groups], each, axis=0) + 0.05 * rng.normal(size=(n_groups * each, d))
    return rows, np.repeat(np.arange(n_groups), each)


def test_the_same_seed_gives_the_same_places_and_another_seed_others():
    rows, _belongs = groups(0)
    places = plane_layout(rows, seed=5)
    assert places.shape == (len(rows), 2)
    assert np.array_equal(places, plane_layout(rows, seed=5))
    assert not np.array_equal(places, plane_layout(rows, seed=6))


def test_what_is_near_in_the_space_is_near_on_the_plane():
    rows, belongs = groups(1)
    places = plane_layout(rows, seed=0)
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (belongs[apart.argmin(axis=1)] == belongs).all()


def test_the_cluster_of_an_image_is_found_on_the_plane_and_the_seed_repeats_it():
    rows, belongs = groups(3, n_groups=3, each=20)
    rule = ClusterRule(is_on_plane=True, min_cluster_size=8, min_samples=3)
    found = own_cluster(rows[0], rows[1:], rule=rule, seed=7)
    assert found.members.tolist() == (belongs[1:] == 0).tolist()
    assert found.clusters == 3
    assert own_cluster(rows[0], rows[1:], rule=rule, seed=7).members.tolist() == found.members.tolist()


def test_length_plays_no_part_because_nearness_is_by_cosine():
    rows, _belongs = groups(2)
    assert np.allclose(plane_layout(rows, seed=1), plane_layout(rows * 4.0, seed=1), atol=1e-3)


@pytest.mark.parametrize("n", [FEWEST_POINTS, 9, 15, 16, 17])
def test_few_points_have_places_too(n):
    places = plane_layout(np.random.default_rng(n).normal(size=(n, 8)), seed=0)
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()


@pytest.mark.parametrize(
    "rows", [np.ones((20, 8)), np.repeat(np.eye(5), 6, axis=0), np.zeros((18, 4))], ids=["one", "five", "nil"]
)
def test_equal_points_do_no_harm(rows):
    assert np.isfinite(plane_layout(rows, seed=0)).all()


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="4 are the fewest"):
        plane_layout(np.eye(3), seed=0)


def test_a_worker_without_umap_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not is_available()
    with pytest.raises(LayoutMissing, match="extra `layout`"):
        plane_layout(np.eye(5), seed=0)
