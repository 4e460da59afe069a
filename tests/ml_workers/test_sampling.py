"""Farthest points come first, what is in a batch before them, and copies of an image last."""

import numpy as np
import pytest

from ml_workers.sampling import farthest_order, random_order, spreads_of_choice


def plainly_farthest(points, first):
    """The same order by the whole table of distances."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    order = list(first)
    while len(order) < len(points):
        nearest = apart[:, order].min(axis=1)
        nearest[order] = -1
        order.append(int(np.argmax(nearest)))
    return order


@pytest.mark.parametrize("seed", range(4))
def test_each_next_point_is_the_farthest_from_those_before_it(seed):
    points = np.random.default_rng(seed).normal(size=(50, 2))
    order = farthest_order(points, seed=seed)
    assert sorted(order) == list(range(50))
    assert order.tolist() == plainly_farthest(points, [int(order[0])])
    assert order.tolist() == farthest_order(points, seed=seed).tolist()


def test_the_order_begins_with_what_is_given():
    points = np.random.default_rng(9).normal(size=(20, 3))
    assert farthest_order(points, seed=0, first=[4, 7]).tolist() == plainly_farthest(points, [4, 7])
    assert random_order(20, seed=0, first=[4, 7])[:2].tolist() == [4, 7]
    assert sorted(random_order(20, seed=0, first=[4, 7])) == list(range(20))
    assert farthest_order(points, seed=0, first=list(range(20))).tolist() == list(range(20))


def test_a_random_order_is_that_of_its_seed():
    assert random_order(30, seed=1).tolist() == random_order(30, seed=1).tolist()
    assert random_order(30, seed=1).tolist() != random_order(30, seed=2).tolist()


def test_copies_of_a_point_come_after_everything_that_differs():
    different = np.eye(6)
    points = np.concatenate([different, different])
    order = farthest_order(points, seed=3).tolist()
    assert {place % 6 for place in order[:6]} == set(range(6))
    assert sorted(order) == list(range(12))


def test_nothing_has_an_order_too():
    assert farthest_order(np.empty((0, 2)), seed=0).tolist() == []


def test_farthest_points_are_farther_apart_than_random_ones_and_both_are_told_with_n():
    rng = np.random.default_rng(5)
    plane = rng.normal(size=(200, 2))
    rows = rng.normal(size=(200, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chosen = farthest_order(plane, seed=0)[:20]
    told = spreads_of_choice(rows, plane, chosen, draws=50, seed=0)
    assert told["plane"]["chosen"]["n"] == 20
    assert told["plane"]["chosen"]["lowest"] > told["plane"]["random"]["lowest"]["high"]
    assert told["space"]["random"]["median"]["draws"] == 50
    whole = spreads_of_choice(rows, plane, np.arange(200), draws=50, seed=0)
    assert whole["plane"]["random"] is None
    assert spreads_of_choice(rows, None, chosen, draws=20, seed=0)["plane"] is None
    assert spreads_of_choice(rows, plane, chosen[:1], draws=20, seed=0) == {"space": None, "plane": None}


def test_features_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        farthest_order(np.array([[0.0, np.nan], [1.0, 1.0]]), seed=1)
