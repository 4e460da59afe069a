"""Average precision and AUROC against their definitions, one threshold at a time, ties and edges included."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures import binary

SCORES = st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 3.0]), max_size=9)


def precision_by_thresholds(positive, negative, weight=1.0):
    """Sum over thresholds, from high to low, of the recall gained times the precision; negatives weigh `weight`."""
    total, last = 0.0, 0
    for threshold in sorted({*positive, *negative}, reverse=True):
        hits = sum(one >= threshold for one in positive)
        false = weight * sum(one >= threshold for one in negative)
        if hits > last:
            total += (hits - last) / len(positive) * hits / (hits + false)
        last = hits
    return total


def average_precision_of(positive, negative):
    return binary.average_precision(binary.scored(positive, negative))


@given(SCORES, SCORES)
@settings(max_examples=200, deadline=None)
def test_figures_equal_their_definitions_even_among_ties(positive, negative):
    pairs = binary.scored(positive, negative)
    if not positive:
        assert math.isnan(binary.average_precision(pairs))
        assert math.isnan(binary.auroc(pairs))
        return
    assert binary.average_precision(pairs) == pytest.approx(precision_by_thresholds(positive, negative))
    assert pairs.chance == pytest.approx(len(positive) / (len(positive) + len(negative)))
    if not negative:
        assert binary.average_precision(pairs) == pytest.approx(1)
        assert math.isnan(binary.auroc(pairs))
        assert math.isnan(binary.matched_average_precision(pairs))
        return
    wins = np.mean([(p > n) + 0.5 * (p == n) for p in positive for n in negative])
    assert binary.auroc(pairs) == pytest.approx(wins)
    even = precision_by_thresholds(positive, negative, len(positive) / len(negative))
    assert binary.matched_average_precision(pairs, 0.5) == pytest.approx(even)


@given(SCORES, SCORES, st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_pairs_and_a_rising_change_of_the_scores_change_nothing(positive, negative, seed):
    rng = np.random.default_rng(seed)
    first = binary.scored(positive, negative)
    again = binary.scored(
        np.exp(rng.permutation(np.array(positive))), np.exp(rng.permutation(np.array(negative)))
    )
    for figure in (binary.average_precision, binary.auroc, binary.matched_average_precision):
        assert figure(first) == pytest.approx(figure(again), nan_ok=True)


def test_a_score_that_says_nothing_earns_the_chance_level_and_half():
    pairs = binary.scored(np.zeros(3), np.zeros(9))
    assert binary.average_precision(pairs) == pytest.approx(pairs.chance) == pytest.approx(0.25)
    assert binary.auroc(pairs) == pytest.approx(0.5)
    assert binary.matched_average_precision(pairs, 0.1) == pytest.approx(0.1)


def test_at_its_own_prevalence_the_matched_figure_is_the_plain_one():
    rng = np.random.default_rng(5)
    pairs = binary.scored(rng.normal(1, 1, 30), rng.normal(0, 1, 90))
    assert binary.matched_average_precision(pairs, 0.25) == pytest.approx(binary.average_precision(pairs))


def test_the_interval_draws_whole_images_and_holds_what_resampling_by_hand_gives():
    rng = np.random.default_rng(6)
    positive, negative = np.repeat(rng.normal(0.7, 1, 20), 5), rng.normal(0, 1, 400)
    images = np.concatenate([np.repeat(np.arange(20), 5), np.repeat(np.arange(20), 20)])
    pairs = binary.scored(positive, negative)
    got = binary.average_precision_interval(pairs, images, resamples=400, seed=9)
    assert got == binary.average_precision_interval(pairs, images, resamples=400, seed=9)
    assert got.low < binary.average_precision(pairs) < got.high
    single = binary.average_precision_interval(pairs, np.arange(500), resamples=400, seed=9)
    assert got.width > single.width, "captions of one image agree, so single ones promise too much"
    drawer = np.random.default_rng(9)
    values = []
    for drawn in drawer.integers(20, size=(400, 20)):
        first = np.concatenate([np.flatnonzero(images[:100] == image) for image in drawn])
        second = np.concatenate([np.flatnonzero(images[100:] == image) for image in drawn])
        values.append(average_precision_of(positive[first], negative[second]))
    assert (got.low, got.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_all_intervals_come_from_the_same_resamples_and_equal_resampling_by_hand():
    rng = np.random.default_rng(8)
    positive, negative = np.round(rng.normal(0.5, 1, 30), 1), np.round(rng.normal(0, 1, 12), 1)
    images = np.concatenate([np.repeat(np.arange(10), 3), rng.integers(0, 10, 12)])
    got = binary.binary_intervals(
        binary.scored(positive, negative), images, prevalence=0.3, resamples=200, seed=2
    )
    drawer, drawn = np.random.default_rng(2), []
    for chosen in drawer.integers(10, size=(200, 10)):
        first = np.concatenate([np.flatnonzero(images[:30] == image) for image in chosen])
        second = np.concatenate([np.flatnonzero(images[30:] == image) for image in chosen])
        pairs = binary.scored(positive[first], negative[second])
        drawn.append(
            (
                binary.average_precision(pairs),
                binary.auroc(pairs),
                binary.matched_average_precision(pairs, 0.3),
            )
        )
    by_hand = np.nanquantile(drawn, [0.025, 0.975], axis=0).T
    for told, ends in zip(
        (got.average_precision, got.auroc, got.matched_average_precision), by_hand, strict=True
    ):
        assert (told.low, told.high) == pytest.approx(tuple(ends))
        assert (told.replicates, told.seed) == (200, 2)


def test_without_negatives_average_precision_is_certain_and_the_others_have_no_interval():
    got = binary.binary_intervals(binary.scored([1.0, 2.0], []), ["a", "b"], resamples=50)
    assert got.average_precision.told == (None, None), "every resample gives 1, which says nothing"
    assert got.auroc.told == got.matched_average_precision.told == (None, None)
    assert got.auroc.undefined == 50


def test_resamples_without_a_positive_are_counted_and_left_out():
    pairs = binary.scored([2.0], [1.0, 0.0, 3.0])
    got = binary.average_precision_interval(pairs, ["a", "b", "c", "d"], resamples=200, seed=1)
    assert 0 < got.undefined < 200
    assert 0 <= got.low <= got.high <= 1
    assert math.isnan(binary.average_precision_interval(binary.scored([], [1.0]), ["a"]).low)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(ValueError, match="finite"):
        binary.scored([np.nan], [0.0])
    with pytest.raises(ValueError, match="prevalence"):
        binary.matched_average_precision(binary.scored([1.0], [0.0]), 1.0)


def test_all_figures_come_with_their_counts():
    told = binary.binary_figures([3.0, 1.0], [2.0, 0.0], [1, 2], [1, 2], seed=3)
    assert (told.n_positive, told.n_negative, told.chance, told.matched_prevalence) == (2, 2, 0.5, 0.5)
    assert told.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert told.auroc == pytest.approx(0.75)
    assert told.interval.auroc.seed == 3
    assert [name for name, *_rest in told.named] == ["AUPRC", "chance", "AUROC", "matched AP"]
