"""Polysemy by radius: angles, clusters and means over query images are those of the plain computation."""

import numpy as np
import pytest

from measures.polysemy import (
    RADII,
    cluster_figures,
    geodesic_distances,
    mean_over_queries,
    polysemy_curve,
)


def test_the_geodesic_distance_is_the_angle():
    query = np.array([1.0, 0.0])
    captions = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [np.sqrt(0.5), np.sqrt(0.5)]])
    assert geodesic_distances(query, captions) == pytest.approx([0, np.pi / 2, np.pi, np.pi / 4])
    assert geodesic_distances(query, query[None] * (1 + 1e-7)) == pytest.approx([0], abs=1e-3)


def test_a_cluster_counts_the_query_image_and_has_no_cosine_of_itself():
    cosines = [1.0, 0.9, 0.8, 0.7, 0.6]
    angles = [np.array([1.0]), np.array([1.2, 1.4]), np.array([]), np.array([2.0]), np.array([0.4])]
    found = cluster_figures(cosines, angles)
    assert (found[1].image_cosine, found[1].geodesic, found[1].n_captions) == (None, 1.0, 1)
    assert found[5].image_cosine == pytest.approx(np.mean([0.9, 0.8, 0.7, 0.6]))
    assert found[5].geodesic == pytest.approx(np.mean([1.0, 1.2, 1.4, 2.0, 0.4]))
    assert found[5].n_captions == 5
    assert (found[10].image_cosine, found[10].geodesic) == (None, None), "the set holds five images only"
    with pytest.raises(ValueError, match="angles"):
        cluster_figures(cosines, angles[:2])


def test_a_mean_leaves_out_what_is_undefined_and_its_interval_is_repeated_by_the_seed():
    values = [0.2, None, 0.4, 0.6, 0.8]
    made = mean_over_queries(values, seed=3)
    assert made.n == 4
    assert made.mean == pytest.approx(0.5)
    assert made.low is not None
    assert made.high is not None
    assert 0.2 <= made.low < 0.5 < made.high <= 0.8
    assert made == mean_over_queries(values, seed=3)
    assert mean_over_queries([None, None], seed=0).mean is None
    one = mean_over_queries([0.3], seed=0)
    assert (one.n, one.mean, one.low) == (1, 0.3, None)


def test_the_interval_covers_the_mean_of_most_samples():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(60):
        made = mean_over_queries(rng.normal(0.5, 0.1, size=40).tolist(), seed=seed, replicates=400)
        assert made.low is not None
        assert made.high is not None
        covered += made.low <= 0.5 <= made.high
    assert covered >= 50


def test_the_curve_has_a_row_for_each_radius_with_its_n():
    queries = [
        cluster_figures([1.0, 0.5], [np.array([angle]), np.array([angle])], radii=(1, 2, 5))
        for angle in (0.5, 1.0, 1.5)
    ]
    rows = polysemy_curve(queries, seed=0, radii=(1, 2, 5))
    assert [row["radius"] for row in rows] == [1, 2, 5]
    assert rows[0]["image_cosine"] is None
    assert (rows[1]["image_cosine_n"], rows[1]["n_captions"]) == (3, 6)
    assert rows[1]["geodesic"] == pytest.approx(1.0)
    assert (rows[2]["geodesic"], rows[2]["geodesic_n"]) == (None, 0)
    assert RADII == (1, 5, 10, 25, 50, 100)
