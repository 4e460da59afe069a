"""BERTScore is greedy matching over cosines, the same from both sides as F1; marks are matched to but do not count."""

import numpy as np
import pytest

from measures.bert_score import BertScore, TokenFeatures, bert_score, co_caption_bert_scores


def tokens(rng, n):
    """Tokens in random directions between a mark of the beginning and one of the end."""
    rows = rng.normal(size=(n + 2, 5))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return TokenFeatures(rows.astype(np.float32), np.array([False, *[True] * n, False]))


def plainly(one, other):
    """The mean, over the tokens of one that count, of the cosine to the nearest token or mark of the other."""
    best = []
    for row, counts in zip(one.rows, one.counts, strict=True):
        if counts:
            best.append(
                max(sum(float(a) * float(b) for a, b in zip(row, mine, strict=True)) for mine in other.rows)
            )
    return sum(best) / len(best)


@pytest.mark.parametrize("seed", range(5))
def test_the_score_is_that_of_plain_loops_and_the_same_from_both_sides(seed):
    rng = np.random.default_rng(seed)
    one, other = tokens(rng, 4 + seed), tokens(rng, 7)
    found, back = bert_score(one, other), bert_score(other, one)
    assert found.precision == pytest.approx(plainly(one, other), abs=1e-6)
    assert found.recall == pytest.approx(plainly(other, one), abs=1e-6)
    assert found.f1 == pytest.approx(
        2 * found.precision * found.recall / (found.precision + found.recall), abs=1e-12
    )
    assert (back.precision, back.recall) == pytest.approx((found.recall, found.precision), abs=1e-12)
    assert back.f1 == pytest.approx(found.f1, abs=1e-12)
    assert bert_score(one, one).f1 == pytest.approx(1, abs=1e-6)


def test_a_text_without_tokens_and_scores_of_two_signs_come_to_nothing():
    marks = tokens(np.random.default_rng(0), 0)
    some = tokens(np.random.default_rng(1), 3)
    assert bert_score(marks, some) == bert_score(some, marks) == BertScore(0.0, 0.0, 0.0)
    up = TokenFeatures(np.array([[1.0, 0.0]]), np.array([True]))
    down = TokenFeatures(np.array([[-1.0, 0.0]]), np.array([True]))
    assert bert_score(up, down) == BertScore(-1.0, -1.0, -1.0)
    rows = np.array([[np.sqrt(0.5), np.sqrt(0.5)], [-1.0, 0.0], [-1.0, 0.0]])
    mixed = bert_score(
        TokenFeatures(rows, np.full(3, True)), TokenFeatures(np.array([[1.0, 0.0]]), np.full(1, True))
    )
    assert mixed.precision < 0 < mixed.recall
    assert mixed.f1 == 0


def test_co_captions_are_all_pairs_of_an_image():
    rng = np.random.default_rng(3)
    captions = [tokens(rng, n) for n in (3, 5, 4)]
    found = co_caption_bert_scores(captions)
    pairs = [(0, 1), (0, 2), (1, 2)]
    assert found.tolist() == [bert_score(captions[one], captions[other]).f1 for one, other in pairs]
    assert len(co_caption_bert_scores(captions[:1])) == 0
