"""Nearest distances equal the plain computation, and what random choices give is repeated by its seed."""

import numpy as np
import pytest

from measures.spread import (
    ROWS_AT_ONCE,
    nearest_cosine_distances,
    nearest_distances,
    random_spreads,
    spread,
)


def unit_rows(seed, n, d=5):
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_nearest_distances_are_those_of_the_whole_table():
    points = np.random.default_rng(0).normal(size=(40, 2))
    table = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag(np.full(40, np.inf))
    assert nearest_distances(points) == pytest.approx(table.min(axis=1))


def test_nearest_cosine_distances_are_those_of_the_whole_table_over_several_blocks():
    rows = unit_rows(1, ROWS_AT_ONCE + 30)
    table = rows @ rows.T - np.diag(np.full(len(rows), np.inf))
    assert nearest_cosine_distances(rows) == pytest.approx(1 - table.max(axis=1), abs=1e-12)


def test_copies_are_at_distance_nought_and_opposites_at_two():
    assert nearest_cosine_distances(np.array([[1.0, 0.0], [1.0, 0.0]])) == pytest.approx([0, 0])
    assert nearest_cosine_distances(np.array([[1.0, 0.0], [-1.0, 0.0]])) == pytest.approx([2, 2])
    assert nearest_distances(np.zeros((3, 2))) == pytest.approx([0, 0, 0])


def test_a_spread_names_its_n():
    made = spread(np.array([0.1, 0.2, 0.6]))
    assert (made.n, made.lowest, made.median) == (3, 0.1, 0.2)
    assert made.mean == pytest.approx(0.3)


def test_random_choices_are_drawn_by_seed_and_never_contain_a_point_twice():
    points = np.random.default_rng(2).normal(size=(30, 2))
    seen: list[np.ndarray] = []

    def distances(places):
        seen.append(places)
        return nearest_distances(points[places])

    first = random_spreads(30, 6, distances, draws=25, seed=4)
    assert first == random_spreads(30, 6, distances, draws=25, seed=4)
    assert first != random_spreads(30, 6, distances, draws=25, seed=5)
    assert all(len(set(places)) == 6 for places in seen)
    assert first["median"].low <= first["median"].mean <= first["median"].high
    assert first["median"].draws == 25


@pytest.mark.parametrize(("n", "wanted", "draws"), [(5, 5, 20), (5, 1, 20), (5, 3, 0)])
def test_choices_that_are_none_are_refused(n, wanted, draws):
    with pytest.raises(ValueError, match="at least two points"):
        random_spreads(n, wanted, lambda places: places * 1.0, draws=draws, seed=0)


def test_one_point_has_no_nearest():
    with pytest.raises(ValueError, match="at least two"):
        nearest_distances(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="no distance"):
        spread(np.array([]))
