"""Bland and Altman's limits after standardising, by hand and by simulation."""

import math

import numpy as np
import pytest
from scipy.stats import zscore

from measures.method_comparison import bias_by_level, bland_altman, standardised


def test_differences_are_those_of_z_scores_and_do_not_depend_on_either_scale():
    rng = np.random.default_rng(1)
    first, second = rng.random(50), rng.random(50)
    told = bland_altman(first, second)
    expected = zscore(first, ddof=1) - zscore(second, ddof=1)
    assert told.differences == pytest.approx(expected)
    assert told.means == pytest.approx((zscore(first, ddof=1) + zscore(second, ddof=1)) / 2)
    assert told.differences.mean() == pytest.approx(0, abs=1e-12)
    assert told.deviation == pytest.approx(np.std(expected, ddof=1))
    scaled = bland_altman(100 * first + 7, second / 3 - 2)
    assert scaled.upper_limit == pytest.approx(told.upper_limit)
    correlation = np.corrcoef(first, second)[0, 1]
    assert told.deviation == pytest.approx(math.sqrt(2 - 2 * correlation)), (
        "it is the correlation in other words"
    )


def test_nineteen_of_twenty_differences_lie_within_the_limits_and_the_interval_holds_the_true_limit():
    rng = np.random.default_rng(2)
    held = 0
    true = 1.959964 * math.sqrt(2 - 2 * 0.6)
    for _ in range(400):
        x = rng.standard_normal(100)
        y = 0.6 * x + 0.8 * rng.standard_normal(100)
        told = bland_altman(x, y)
        held += told.upper_interval.low <= true <= told.upper_interval.high
    assert held / 400 > 0.93
    assert np.mean(np.abs(told.differences) <= told.upper_limit) == pytest.approx(0.95, abs=0.05)


def test_the_bias_of_a_level_is_the_mean_difference_there_with_its_n():
    told = bland_altman([1, 2, 3, 4.0], [2, 1, 4, 3.0])
    found = bias_by_level(told, ["easy", "easy", "hard", ""], [1, 1, 2, 3])
    assert found["easy"].value == pytest.approx(told.differences[:2].mean())
    assert (found["easy"].n, found["hard"].n, found["medium"].n) == (2, 1, 0)
    assert math.isnan(found["medium"].value)


def test_what_does_not_vary_has_no_scale_and_nonsense_is_refused():
    assert np.isnan(standardised([0.1, 0.1, 0.1])).all()
    assert math.isnan(bland_altman([1.0], [2.0]).deviation)
    assert math.isnan(bland_altman([], []).upper_limit)
    with pytest.raises(ValueError, match="3 scores, but 2 others"):
        bland_altman([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="finite"):
        bland_altman([1, math.inf], [1, 2])


@pytest.mark.parametrize("scale", [1e-300, 1e-14, 1.0, 1e14, 1e300])
def test_scores_of_any_size_differ_by_the_same(scale):
    first, second = np.array([0.1, 0.4, 0.2, 0.9, 0.5]), np.array([3.0, 1.0, 2.0, 5.0, 4.0])
    told = bland_altman(first * scale, second)
    assert told.upper_limit == pytest.approx(bland_altman(first, second).upper_limit)
    assert np.isnan(standardised(np.full(4, 0.1 * scale))).all(), "equal values vary by rounding alone"
