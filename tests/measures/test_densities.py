"""Densities add up to one, and means of similarities carry intervals over whole images."""

import numpy as np
import pytest

from measures.densities import BIN, co_caption_cosines, density, spread_of_images


def test_co_captions_are_all_pairs_of_an_image():
    rows = np.eye(3)
    rows[2] = [np.sqrt(0.5), np.sqrt(0.5), 0]
    found = co_caption_cosines(rows)
    assert sorted(found.tolist()) == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.5)])
    assert len(co_caption_cosines(rows[:1])) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_density_adds_up_to_one_and_bins_are_the_same_for_every_set(seed):
    values = np.random.default_rng(seed).uniform(-1, 1, size=500)
    made = density(values)
    assert sum(made.density) * BIN == pytest.approx(1)
    assert sum(made.counts) == 500
    assert all(abs(left / BIN - round(left / BIN)) < 1e-9 for left in made.lefts)
    for left, count in zip(made.lefts, made.counts, strict=True):
        assert count == ((values >= left - 1e-12) & (values < left + BIN - 1e-12)).sum()


def test_the_ends_have_their_bins_and_nothing_has_none():
    assert density([1.0, 1.0, -1.0]).lefts[0] == -1.0
    assert density([1.0]).lefts == (0.98,)
    assert density([0.3]).lefts == (0.3,)
    assert density([]) == density(np.array([]))
    assert density([]).lefts == ()


def test_a_spread_counts_similarities_and_images_and_draws_whole_images_again():
    of_image = {1: np.array([0.1, 0.3]), 2: np.array([0.5]), 3: np.array([]), 4: np.array([0.2, 0.2, 0.2])}
    made = spread_of_images(of_image, seed=1)
    whole = [0.1, 0.3, 0.5, 0.2, 0.2, 0.2]
    assert (made.n, made.n_images) == (6, 3)
    assert made.mean == pytest.approx(np.mean(whole))
    assert made.sd == pytest.approx(np.std(whole, ddof=1))
    assert made.low is not None
    assert made.high is not None
    assert made.low <= np.mean(whole) <= made.high
    assert made == spread_of_images(of_image, seed=1)
    one = spread_of_images({1: np.array([0.4])}, seed=0)
    assert (one.n, one.mean, one.sd, one.low) == (1, 0.4, None, None)
    assert spread_of_images({}, seed=0).mean is None
