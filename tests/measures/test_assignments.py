"""Kappa of two assignments equals scikit-learn's, is symmetric, and says when it is undefined."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from measures.assignments import assignment_kappa, cross_table


@pytest.mark.parametrize("seed", range(6))
def test_both_kappas_are_those_of_an_independent_implementation(seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, size=80)
    second = np.where(rng.random(80) < 0.7, first, rng.integers(0, 3, size=80))
    found = assignment_kappa(first, second)
    assert found.n == 80
    assert found.same == pytest.approx((first == second).mean())
    assert found.plain == pytest.approx(cohen_kappa_score(first, second, labels=[0, 1, 2]))
    weighted = cohen_kappa_score(first, second, labels=[0, 1, 2], weights="quadratic")
    assert found.quadratic == pytest.approx(weighted)


def test_agreement_is_symmetric_and_one_with_itself():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 3, size=(2, 50))
    assert assignment_kappa(first, second) == assignment_kappa(second, first)
    assert assignment_kappa(first, first).plain == pytest.approx(1)


def test_near_misses_count_for_more_than_far_ones_with_weights_alone():
    levels = np.array([0, 0, 1, 1, 2, 2])
    near, far = np.array([0, 1, 1, 1, 2, 2]), np.array([0, 2, 1, 1, 2, 2])
    nearer, farther = assignment_kappa(levels, near), assignment_kappa(levels, far)
    assert nearer.quadratic is not None
    assert farther.quadratic is not None
    assert nearer.same == farther.same
    assert nearer.quadratic > farther.quadratic


def test_kappa_is_undefined_where_everything_is_on_one_level_and_without_items():
    one = assignment_kappa([1, 1, 1], [1, 1, 1])
    assert (one.n, one.same, one.plain, one.quadratic) == (3, 1.0, None, None)
    assert assignment_kappa([], []).same is None


def test_assignments_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="same items"):
        cross_table([0, 1], [0], 3)
    with pytest.raises(ValueError, match="0 to 2"):
        cross_table([0, 3], [0, 1], 3)
