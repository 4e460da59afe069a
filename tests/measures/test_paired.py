"""Two models on the same questions, two captions under one model, and the rank of each single pair."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.pair_ranks import pair_ranks
from measures.paired import paired_outcomes, two_way_choice
from measures.proportions import wilson
from measures.ranking import relevant_ranks


def exact_p(first: int, second: int) -> Fraction:
    """Twice the smaller tail of a fair coin, at most 1, in whole numbers."""
    n, least = first + second, min(first, second)
    tail = sum((Fraction(math.comb(n, k), 2**n) for k in range(least + 1)), Fraction(0))
    return min(Fraction(1), 2 * tail)


@given(st.integers(0, 30), st.integers(0, 12), st.integers(0, 12), st.integers(0, 30))
def test_mcnemars_p_is_that_of_a_fair_coin_over_the_questions_that_differ(both, first, second, neither):
    told = paired_outcomes(both, first, second, neither)
    assert told.p == pytest.approx(float(exact_p(first, second)), rel=1e-9)
    assert told.n == both + first + second + neither
    swapped = paired_outcomes(both, second, first, neither)
    assert swapped.p == pytest.approx(told.p)
    if told.n:
        assert told.difference == pytest.approx((first - second) / told.n)
        assert swapped.interval.low == pytest.approx(-told.interval.high)
        assert told.interval.low <= told.interval.high


def test_the_interval_of_the_difference_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(1000):
        both, first, second, neither = rng.multinomial(80, [0.5, 0.2, 0.1, 0.2])
        interval = paired_outcomes(int(both), int(first), int(second), int(neither)).interval
        hits += interval.low <= 0.1 <= interval.high
    assert hits / 1000 == pytest.approx(0.95, abs=0.025)


def test_no_questions_say_nothing_and_negative_counts_are_refused():
    none = paired_outcomes(0, 0, 0, 0)
    assert (none.p, none.interval.low, none.interval.high) == (1.0, -1.0, 1.0)
    assert math.isnan(none.difference)
    with pytest.raises(ValueError, match="negative"):
        paired_outcomes(1, -1, 0, 0)


def test_a_choice_is_right_where_the_good_caption_scores_higher_and_a_tie_is_not():
    told = two_way_choice([0.3, 0.2, 0.1, 0.5], [0.1, 0.2, 0.4, 0.2])
    assert (told.n, told.right, told.ties, told.share) == (4, 2, 1, 0.5)
    assert told.interval == wilson(2, 4)
    assert math.isnan(two_way_choice([], []).share)
    with pytest.raises(ValueError, match="2 good captions, but 1 others"):
        two_way_choice([1, 2], [1])
    with pytest.raises(ValueError, match="finite"):
        two_way_choice([math.nan], [1])


@given(st.integers(0, 2**31), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_the_ranks_of_pairs_are_those_of_plain_sorting_and_sorted_those_of_all_figures(seed, chunk):
    rng = np.random.default_rng(seed)
    queries = rng.integers(-1, 2, (5, 3)).astype(float)
    gallery = rng.integers(-1, 2, (9, 3)).astype(float)
    relevant = [rng.permutation(9)[: rng.integers(0, 5)] for _ in range(5)]
    found = pair_ranks(queries, gallery, relevant, chunk=chunk)
    pooled = relevant_ranks(queries, gallery, relevant)
    for row in range(5):
        scores = gallery @ queries[row]
        order = sorted(range(9), key=lambda at: (-scores[at], at in relevant[row], at))
        assert list(found[row]) == [order.index(item) + 1 for item in relevant[row]]
        assert sorted(found[row]) == list(pooled.ranks[pooled.offsets[row] : pooled.offsets[row + 1]])
