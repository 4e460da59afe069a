"""Thresholds against every possible threshold, counted one by one."""

import numpy as np
import pytest

from ml_workers.calibration import InBatchCurve, calibrate, calibration_batches


def unit(rng, n, d=8):
    rows = rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def noisy_pairs(seed=0, n=300):
    rng = np.random.default_rng(seed)
    images = unit(rng, n)
    texts = images + 1.5 * unit(rng, n)
    return images, texts / np.linalg.norm(texts, axis=1, keepdims=True)


def best_f1_by_trying_all(images, texts, batches):
    positive, negative = [], []
    for batch in batches:
        cosines = images[batch] @ texts[batch].T
        positive += list(np.diagonal(cosines))
        negative += list(cosines[~np.eye(len(batch), dtype=bool)])
    yes, no = np.array(positive), np.array(negative)
    best = 0.0
    for threshold in np.concatenate([yes, no]):
        true, false = (yes >= threshold).sum(), (no >= threshold).sum()
        best = max(best, 2 * true / (true + false + len(positive)))
    return best


def test_the_threshold_has_the_best_f1_of_all_thresholds():
    images, texts = noisy_pairs()
    found = calibrate(images, texts, image_keys=range(300), text_keys=range(300), batch_size=100, seed=1)
    expected = best_f1_by_trying_all(images, texts, calibration_batches(np.arange(300), 100, 1))
    assert found.f1 == pytest.approx(expected, abs=0.003)
    assert (found.batches, found.n_positive, found.n_negative) == (3, 300, 3 * 100 * 99)


def test_larger_batches_hold_more_negatives_and_push_the_threshold_up():
    images, texts = noisy_pairs(n=1_024)
    keys = range(1_024)
    small, large = (
        calibrate(images, texts, image_keys=keys, text_keys=keys, batch_size=size, seed=0)
        for size in (8, 512)
    )
    assert large.threshold > small.threshold
    assert large.precision < small.precision or large.recall < small.recall


def test_the_same_seed_gives_the_same_calibration_and_batches_hold_each_pair_once():
    images, texts = noisy_pairs()
    keys = range(300)
    one, two = (
        calibrate(images, texts, image_keys=keys, text_keys=keys, batch_size=64, seed=5) for _ in range(2)
    )
    assert one == two
    batches = list(calibration_batches(np.arange(300), 64, 5))
    assert [len(batch) for batch in batches] == [64] * 4
    assert len(set(np.concatenate(batches))) == 256


def test_captions_of_one_image_and_equal_captions_are_never_negatives():
    images = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    texts = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    curve = InBatchCurve()
    curve.add(images, texts, np.array([0, 0, 1]), np.array([0, 1, 2]))
    found = curve.best(batch_size=3, seed=0)
    assert found.n_left_out == 2
    assert found.n_negative == 4
    assert (found.precision, found.recall, found.f1) == (1.0, 1.0, 1.0)


def test_a_pair_that_comes_twice_counts_once():
    images, texts = noisy_pairs(n=20)
    twice = np.concatenate([images, images[:5]]), np.concatenate([texts, texts[:5]])
    keys = [*range(20), *range(5)]
    found = calibrate(*twice, image_keys=keys, text_keys=keys, batch_size=1_024)
    assert found.n_positive == 20
    assert found.batch_size == 20


def test_the_curve_starts_at_full_recall_and_recall_never_rises():
    images, texts = noisy_pairs()
    curve = calibrate(images, texts, image_keys=range(300), text_keys=range(300), batch_size=100).curve
    recalls = [point.recall for point in curve]
    assert recalls[0] == 1.0
    assert recalls == sorted(recalls, reverse=True)


def test_too_few_pairs_and_features_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="two different pairs"):
        calibrate(np.eye(1), np.eye(1), image_keys=["a"], text_keys=["b"])
    with pytest.raises(ValueError, match="finite"):
        calibrate(np.full((2, 2), np.nan), np.eye(2), image_keys=[0, 1], text_keys=[0, 1])
    with pytest.raises(ValueError, match="No batch"):
        InBatchCurve().best(batch_size=2, seed=0)
