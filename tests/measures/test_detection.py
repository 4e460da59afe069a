"""d' and the rank correlation, against published values and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from measures.detection import d_prime, spearman


def test_d_prime_of_the_textbook_example() -> None:
    found = d_prime(20, 25, 10, 25)  # Macmillan & Creelman: z(.8) - z(.4) = 1.095 without the correction
    assert found.d_prime == pytest.approx(1.095 * 0.95, abs=0.05)
    assert found.criterion is not None
    assert found.criterion < 0  # leans to "good"
    assert found.interval is not None
    assert found.interval.low < 1.0 < found.interval.high


def test_the_log_linear_correction_keeps_perfect_rates_finite() -> None:
    found = d_prime(25, 25, 0, 10)
    assert found.d_prime == pytest.approx(2.0699 + 1.6906, abs=5e-4)  # z(25.5/26) - z(.5/11)


def test_d_prime_is_undefined_without_distractors() -> None:
    found = d_prime(3, 5, 0, 0)
    assert found.d_prime is None
    assert "distractors" in found.reason
    with pytest.raises(ValueError, match="between 0 and their totals"):
        d_prime(6, 5, 0, 1)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=5, max_size=40))
def test_the_rank_correlation_is_scipys_and_lies_in_its_interval(pairs: list[tuple[int, int]]) -> None:
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found.value is None
        assert "does not vary" in found.reason
        return
    assert found.value is not None
    assert found.value == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert found.n == len(pairs)
    assert found.interval is not None
    assert found.interval.low <= found.value <= found.interval.high


def test_the_interval_of_the_rank_correlation_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    true = 6 / np.pi * np.arcsin(0.5 / 2)  # of a bivariate normal with correlation 0.5
    hits = 0
    for _ in range(500):
        x = rng.standard_normal(60)
        y = 0.5 * x + np.sqrt(0.75) * rng.standard_normal(60)
        interval = spearman(x.tolist(), y.tolist()).interval
        assert interval is not None
        hits += interval.low <= true <= interval.high
    assert hits / 500 == pytest.approx(0.95, abs=0.03)


def test_values_that_are_missing_are_left_out_and_few_values_get_no_interval() -> None:
    found = spearman([1.0, 2.0, 3.0, float("nan")], [1.0, 3.0, 2.0, 4.0])
    assert found.n == 3
    assert found.value == pytest.approx(0.5)
    assert found.interval is None
    assert spearman([1.0], [2.0]).value is None
    perfect = spearman([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]).interval
    assert perfect is not None
    assert "no width" in perfect.note
