"""Ranking figures against plain sorting, one query at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures import ranking
from measures.retrieval import retrieval_figures


def ranks_by_sorting(scores, relevant):
    """The definition, spelled out: score falls, irrelevant first among equals, then gallery order."""
    found = []
    for row, wanted in zip(scores, relevant, strict=True):
        order = sorted(range(len(row)), key=lambda j: (-row[j], j in set(wanted), j))
        found.append([place + 1 for place, j in enumerate(order) if j in set(wanted)])
    return found


@st.composite
def scored_queries(draw):
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 9))
    # A handful of values makes ties the rule instead of the exception.
    scores = draw(
        st.lists(
            st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), min_size=m, max_size=m), min_size=n, max_size=n
        )
    )
    relevant = draw(st.lists(st.sets(st.integers(0, m - 1)), min_size=n, max_size=n))
    return np.array(scores), [sorted(one) for one in relevant]


@given(scored_queries())
@settings(max_examples=200, deadline=None)
def test_ranks_and_figures_equal_plain_sorting_even_among_ties(case):
    scores, relevant = case
    found = ranking.ranks_from_scores(scores, relevant)
    expected = ranks_by_sorting(scores, relevant)
    assert [
        list(found.ranks[a:b]) for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)
    ] == expected
    answered = [one for one in expected if one]
    pooled = [rank for one in answered for rank in one]
    if not answered:
        assert np.isnan(ranking.recall_at_k(found, 1))
        assert np.isnan(ranking.mean_average_precision(found))
        return
    for k in (1, 2, 5):
        assert ranking.recall_at_k(found, k) == pytest.approx(np.mean([min(one) <= k for one in answered]))
    assert ranking.mean_rank(found) == pytest.approx(np.mean(pooled))
    assert ranking.median_rank(found) == pytest.approx(np.median(pooled))
    full = [np.mean([(i + 1) / rank for i, rank in enumerate(one)]) for one in answered]
    assert ranking.mean_average_precision(found) == pytest.approx(np.mean(full))
    at_r: list[float] = []
    for one in answered:
        hits = [place in one for place in range(1, len(one) + 1)]
        at_r.append(float(sum(np.mean(hits[: i + 1]) for i in range(len(one)) if hits[i])) / len(one))
    assert ranking.mean_average_precision_at_r(found) == pytest.approx(np.mean(at_r))
    assert found.n_queries == len(answered)
    assert found.n_relevant == len(pooled)


@given(scored_queries(), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_gallery_changes_no_figure(case, seed):
    scores, relevant = case
    shuffled = np.random.default_rng(seed).permutation(scores.shape[1])
    place = np.argsort(shuffled)
    found = ranking.ranks_from_scores(scores, relevant)
    again = ranking.ranks_from_scores(scores[:, shuffled], [place[one] for one in relevant])
    assert np.array_equal(found.ranks, again.ranks)


def test_a_constant_score_earns_the_worst_possible_recall():
    found = ranking.ranks_from_scores(np.zeros((3, 10)), [[0], [4, 5], [9]])
    assert list(found.ranks) == [10, 9, 10, 10]
    assert ranking.recall_at_k(found, 8) == 0


def test_queries_without_relevant_items_are_left_out_of_every_figure():
    found = ranking.ranks_from_scores(np.array([[1.0, 0.0], [0.0, 1.0]]), [[0], []])
    assert found.n_queries == 1
    assert ranking.recall_at_k(found, 1) == 1
    assert ranking.mean_average_precision_at_r(found) == 1


def test_with_one_relevant_item_the_full_map_is_the_reciprocal_rank_and_map_at_r_is_recall_at_one():
    scores = np.random.default_rng(1).normal(size=(50, 20))
    found = ranking.ranks_from_scores(scores, [[i % 20] for i in range(50)])
    assert ranking.mean_average_precision(found) == pytest.approx(np.mean(1 / ranking.nearest_ranks(found)))
    assert ranking.mean_average_precision_at_r(found) == pytest.approx(ranking.recall_at_k(found, 1))


@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
def test_chunks_of_any_size_give_the_ranks_of_the_whole_matrix(chunk):
    rng = np.random.default_rng(2)
    # Small integers keep every sum exact, whatever the order of summation.
    queries, gallery = rng.integers(-3, 4, (17, 5)).astype(float), rng.integers(-3, 4, (40, 5)).astype(float)
    relevant = [rng.choice(40, size=rng.integers(0, 6), replace=False) for _ in range(17)]
    whole = ranking.ranks_from_scores(queries @ gallery.T, relevant)
    parts = ranking.relevant_ranks(queries, gallery, relevant, chunk=chunk)
    assert np.array_equal(whole.ranks, parts.ranks)
    assert np.array_equal(whole.offsets, parts.offsets)


def test_scores_that_are_not_finite_and_items_outside_the_gallery_are_refused():
    with pytest.raises(ValueError, match="finite"):
        ranking.ranks_from_scores(np.array([[np.nan, 1.0]]), [[0]])
    with pytest.raises(ValueError, match="not in the gallery"):
        ranking.ranks_from_scores(np.array([[0.0, 1.0]]), [[2]])
    with pytest.raises(ValueError, match="2 queries"):
        ranking.ranks_from_scores(np.zeros((2, 2)), [[0]])


def test_perfect_features_reach_every_caption_both_ways():
    images = np.eye(4, dtype=np.float32)
    owner = np.array([0, 1, 2, 3, 0, 1, 2, 3])
    figures = retrieval_figures(images, images[owner], owner)
    assert figures.image_to_text.recall == {1: 1.0, 5: 1.0, 10: 1.0}
    assert figures.image_to_text.map_at_r == 1.0
    assert figures.image_to_text.mean_rank == 1.5  # two captions an image, at ranks 1 and 2
    assert figures.text_to_image.median_rank == 1
    assert (figures.text_to_image.n_queries, figures.text_to_image.n_gallery) == (8, 4)
