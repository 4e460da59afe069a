"""Shares, their intervals and what many shares can claim, against published values and exact sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from measures.proportions import (
    answers_needed,
    clopper_pearson,
    expected_minimum,
    minimum_distribution,
    newcombe,
    sidak_level,
    simultaneous_wilson,
    wilson,
)
from measures.shrinkage import LARGEST_STRENGTH, shrink

counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_ten_of_ten_good_is_at_least_72_percent() -> None:
    interval = wilson(10, 10)
    assert interval.low == pytest.approx(0.7225, abs=5e-5)
    assert interval.high == 1.0
    assert interval.method == "Wilson"


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
)
def test_wilson_gives_the_values_printed_by_newcombe_1998(k: int, n: int, low: float, high: float) -> None:
    interval = wilson(k, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684)]
)
def test_clopper_pearson_gives_the_values_printed_by_newcombe_1998(
    k: int, n: int, low: float, high: float
) -> None:
    interval = clopper_pearson(k, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_both_intervals_agree_with_statsmodels(count: tuple[int, int], level: float) -> None:
    k, n = count
    for ours, theirs in ((wilson, "wilson"), (clopper_pearson, "beta")):
        low, high = proportion_confint(k, n, alpha=1 - level, method=theirs)
        assert ours(k, n, level).low == pytest.approx(max(low, 0.0), abs=1e-9)
        assert ours(k, n, level).high == pytest.approx(min(high, 1.0), abs=1e-9)


@given(counts)
def test_an_interval_holds_its_share_and_mirrors(count: tuple[int, int]) -> None:
    k, n = count
    interval, mirrored = wilson(k, n), wilson(n - k, n)
    assert 0.0 <= interval.low <= k / n <= interval.high <= 1.0
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-12)


def test_no_answers_say_nothing() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert (clopper_pearson(0, 0).low, clopper_pearson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="0 <= k <= n"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, level=95)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_of_shares_is_newcombes_method_10(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    interval = newcombe(*first, *second)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)
    with pytest.raises(ValueError, match="both sides"):
        newcombe(0, 0, 1, 2)


def test_simultaneous_bounds_are_wider_and_leave_out_what_was_not_answered() -> None:
    intervals = simultaneous_wilson([9, 0, 10], [10, 0, 10])
    assert sidak_level(2) == pytest.approx(0.974679, abs=1e-6)
    assert intervals[0].low == pytest.approx(wilson(9, 10, sidak_level(2)).low)
    assert intervals[0].low < wilson(9, 10).low
    assert "over 2 shares" in intervals[0].method
    assert (intervals[1].low, intervals[1].high) == (0.0, 1.0)


def test_at_least_85_percent_needs_22_good_answers() -> None:
    assert answers_needed(0.85) == 22
    assert wilson(22, 22).low >= 0.85 > wilson(21, 21).low
    with_one_failure = answers_needed(0.85, failures=1)
    assert with_one_failure is not None
    assert with_one_failure > 22
    assert wilson(with_one_failure - 1, with_one_failure).low >= 0.85
    assert wilson(with_one_failure - 2, with_one_failure - 1).low < 0.85
    for_all = answers_needed(0.85, pairs=100)
    assert for_all is not None
    assert for_all > 60
    assert answers_needed(0.999999, limit=1000) is None


def test_a_hundred_equal_pairs_of_ten_answers_have_an_expected_minimum_of_65_percent() -> None:
    assert expected_minimum([10] * 100, 0.92) == pytest.approx(0.6514, abs=5e-5)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_the_distribution_of_the_minimum_is_exact(totals: list[int], share: float) -> None:
    answered = [n for n in totals if n]
    if not answered:
        with pytest.raises(ValueError, match="at least one answered"):
            minimum_distribution(totals, share)
        return
    values, chances = minimum_distribution(totals, share)
    assert chances.sum() == pytest.approx(1.0)
    for value, reached in zip(values, np.cumsum(chances), strict=True):
        above = math.prod(1 - binom.cdf(math.floor(value * n + 1e-9), n, share) for n in answered)
        assert 1 - reached == pytest.approx(above, abs=1e-9)


def test_shrinking_pulls_small_shares_more_and_keeps_their_order() -> None:
    found = shrink([1, 10, 45, 50, 20], [2, 20, 50, 100, 40])
    assert 0.5 < found.mean < 0.8
    assert found.estimates[2] > found.estimates[0]
    assert abs(found.estimates[0] - found.mean) < abs(found.estimates[3] - found.mean)
    assert all(
        each.low < value < each.high for each, value in zip(found.intervals, found.estimates, strict=True)
    )


def test_shrinking_finds_the_spread_that_was_put_in() -> None:
    rng = np.random.default_rng(11)
    true = rng.beta(18, 2, 4000)
    good = rng.binomial(12, true)
    found = shrink(good.tolist(), [12] * 4000)
    assert found.mean == pytest.approx(0.9, abs=0.01)
    assert found.strength == pytest.approx(20, rel=0.15)
    covered = np.mean([i.low <= t <= i.high for i, t in zip(found.intervals, true, strict=True)])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_shrinking_says_where_there_is_no_spread() -> None:
    alike = shrink([5, 5, 5, 5], [10, 10, 10, 10])
    assert "beyond chance" in alike.reason
    assert alike.estimates == pytest.approx((0.5,) * 4, abs=1e-3)
    perfect = shrink([10, 10, 0], [10, 10, 0])
    assert perfect.strength == LARGEST_STRENGTH
    assert perfect.mean < 1.0
    with pytest.raises(ValueError, match="at least two"):
        shrink([1, 0], [2, 0])
